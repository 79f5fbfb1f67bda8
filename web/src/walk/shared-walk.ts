// A walk as a link: the newest take into an address, and the walk of an address walked along.

import type { Take } from "../protocol/messages";
import { announce } from "../ui/announcer";
import type { App } from "../ui/app";
import { playTake } from "../ui/transport";
import { pack, SHARED, unpack } from "./sharing";

export class SharedWalk {
  private walkedAlong = "";

  constructor(private readonly reach: () => App) {}

  /** The take that would be shared. */
  get last(): Take | null {
    const { piece } = this.reach().store.state;
    const all = piece?.axes.length ?? 0;
    return piece?.takes.findLast((take) => take.axes.length === all && !take.muted) ?? null;
  }

  /** The walk that came in the address is walked once it can sound. */
  async walkAlong(): Promise<void> {
    const app = this.reach();
    const { piece, models } = app.store.state;
    const model = models.find((each) => each.name === piece?.voices[0]?.model);
    const text = location.hash.startsWith(SHARED) ? location.hash.slice(SHARED.length) : "";
    if (text === "" || text === this.walkedAlong || app.instrument.state !== "running") return;
    if (piece === null || model === undefined) return;
    this.walkedAlong = text;
    const axes = piece.axes.map((axis) => axis.id);
    const take = await unpack(text, axes, model.hop, model.sample_rate);
    if (take !== null) playTake(app, take);
    else announce("The walk in this address is of another piece, or cut off; walk your own.");
  }

  async share(take: Take): Promise<void> {
    const address = new URL(location.href);
    address.hash = SHARED + (await pack(take));
    try {
      await navigator.clipboard.writeText(address.href);
      announce(`The way of ${take.name} is in the clipboard, as a link.`);
    } catch {
      location.hash = address.hash;
      announce("The browser does not let it be copied; the link is in the address.");
    }
  }
}
