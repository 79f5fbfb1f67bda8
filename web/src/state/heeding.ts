// Which controllers the page reads itself: those that the piece asks for and the server does not read.

import type { PageHub } from "../gesture/page-hub";
import type { PageKind, PageSources } from "../gesture/page-sources";
import type { Link } from "../net/link";
import type { Piece } from "../protocol/messages";
import type { Store } from "./store";

const KINDS: readonly PageKind[] = ["midi", "gamepad", "orientation", "pen", "key"];

/** Kinds that are left to the page. */
export function ownKinds(reads: readonly string[]): ReadonlySet<PageKind> {
  return new Set(KINDS.filter((kind) => !reads.includes(kind)));
}

/** Kinds of controller that a piece asks for. */
export function wantedKinds(piece: Pick<Piece, "inputs" | "triggers">): ReadonlySet<string> {
  return new Set(
    [...piece.inputs, ...piece.triggers].filter((each) => !each.muted).map((each) => each.source.kind),
  );
}

/** Follow the piece that is open. */
export function heed(store: Store, link: Link, hub: PageHub, sources: PageSources): void {
  let shown: Piece | null = null;
  let reads: readonly string[] | null = null;
  store.subscribe(({ piece }) => {
    if (piece === null) return;
    const alike =
      shown !== null &&
      reads === link.reads &&
      piece.axes === shown.axes &&
      piece.inputs === shown.inputs &&
      piece.triggers === shown.triggers;
    shown = piece;
    reads = link.reads;
    if (alike) return;
    const own = ownKinds(reads);
    hub.show(piece, own);
    const wanted = wantedKinds(piece);
    for (const kind of own) {
      if (!wanted.has(kind)) continue;
      void sources.open(kind).then((sentence) => {
        if (sentence !== null) store.set({ notice: { kind: "information", sentence } });
      });
    }
  });
}
