// A page with no Isobath behind it: the server's part, played here. It opens the one piece that was published
// (src/isobath/server/alone.py), keeps what the visitor does in this browser, and learns by itself.

import { known, url } from "../net/http";
import type { SocketEvents } from "../net/socket";
import type { Wire } from "../net/wire";
import {
  type Fit,
  type FromPage,
  type FromServer,
  type ModelSummary,
  type Opened,
  type Piece,
  type PieceSummary,
  PROTOCOL,
} from "../protocol/messages";
import { keepPiece, keptPiece } from "./keeping";
import { learn } from "./learning";

/** `world/world.json`. */
interface World {
  readonly format: number;
  readonly isobath: string;
  /** Fingerprint of what was published. */
  readonly of: string;
  readonly opened: Opened;
  readonly models: readonly ModelSummary[];
  readonly files: Readonly<Record<string, string>>;
}

const SAVE_MS = 400;
const AGAIN_MS = 3000;
const NEEDS_ISOBATH =
  "This page stands alone, so that needs Isobath itself. What is here can be walked, played, recorded and changed.";

export class Alone implements Wire {
  private world: World | null = null;
  private piece: Piece | null = null;
  private revision = 0;
  private saving: ReturnType<typeof setTimeout> | null = null;
  private attempts = 0;
  private ended = false;

  constructor(
    private readonly address: string,
    private readonly events: SocketEvents,
  ) {
    addEventListener("pagehide", () => this.save());
  }

  connect(): void {
    void this.open();
  }

  hurry(): void {
    if (this.world === null) void this.open();
  }

  end(): void {
    this.ended = true;
  }

  private async open(): Promise<void> {
    try {
      const answer = await fetch(url(this.address), { cache: "no-cache" });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const world = (await answer.json()) as World;
      const { id } = world.opened.piece;
      this.piece = (await keptPiece(id, world.of)) ?? world.opened.piece;
      this.world = world;
      known(world.files);
      this.events.opened();
    } catch {
      this.events.lost(++this.attempts);
      if (!this.ended) setTimeout(() => this.hurry(), AGAIN_MS);
    }
  }

  send(message: FromPage): boolean {
    const { world, piece } = this;
    if (world === null || piece === null) return false;
    const say = (answer: FromServer): void => queueMicrotask(() => this.events.received(answer));
    switch (message.type) {
      case "hello":
        say(this.welcome(world, piece));
        break;
      case "change":
      case "undo":
      case "redo":
        if (message.piece !== null && message.piece.id === piece.id) this.keep(message.piece);
        say({ type: "saved", number: message.number, revision: ++this.revision });
        break;
      case "fit":
        say(learned(message));
        break;
      case "list_pieces":
        say({ type: "pieces", pieces: [summaryOf(piece)], request: message.request });
        break;
      case "ping":
        say({ type: "pong", sent: message.sent });
        break;
      default:
        // What nobody here can do, where somebody waits for it. Ground and loudness stay as they were measured.
        if ("request" in message && !message.type.startsWith("survey"))
          say({
            type: "problem",
            kind: "server",
            sentence: NEEDS_ISOBATH,
            request: message.request,
            number: null,
          });
    }
    return true;
  }

  private welcome(world: World, piece: Piece): FromServer {
    return {
      type: "welcome",
      version: world.isobath,
      protocol: PROTOCOL,
      acknowledged: 0,
      models: world.models,
      pieces: [summaryOf(piece)],
      opened: { ...world.opened, piece },
      first_run: false,
      notes: [],
      osc: false,
      reads: [],
      room: null,
      set_list: null,
    };
  }

  private keep(piece: Piece): void {
    this.piece = piece;
    this.saving ??= setTimeout(() => this.save(), SAVE_MS);
  }

  private save(): void {
    if (this.saving === null || this.piece === null || this.world === null) return;
    clearTimeout(this.saving);
    this.saving = null;
    void keepPiece(this.piece, this.world.of);
  }
}

function summaryOf(piece: Piece): PieceSummary {
  return {
    id: piece.id,
    name: piece.name,
    about: piece.about,
    models: [...new Set(piece.voices.map((voice) => voice.model))],
    demonstrations: piece.voices.reduce((sum, voice) => sum + voice.demonstrations.length, 0),
    takes: piece.takes.length,
    created: 0,
    changed: 0,
    example: false,
    trashed: false,
    world: piece.world !== null,
  };
}

function learned(fit: Fit): FromServer {
  const began = performance.now();
  const { request, slot } = fit;
  try {
    const { mapping, errors } = learn(fit);
    const milliseconds = performance.now() - began;
    return { type: "fitted", request, slot, mapping, errors, warnings: [], milliseconds };
  } catch (problem) {
    const sentence = problem instanceof Error ? problem.message : String(problem);
    return { type: "fit_failed", request, slot, sentence };
  }
}
