// What is being made, as the server tells it while somebody looks.

import { extended, type Line } from "../make/thin";
import type { Link } from "../net/link";
import type { Checkpoint, Curve, Making, RunFollowed } from "../protocol/messages";
import type { Store } from "./store";

/** The training that is looked at. */
export interface Followed {
  readonly run: string;
  /** By the name of the figure, in the order in which they appeared. */
  readonly curves: ReadonlyMap<string, Line>;
  readonly validation: ReadonlyMap<string, Line>;
  readonly checkpoints: readonly Checkpoint[];
}

export class MakingStore {
  making: Making | null = null;
  followed: Followed | null = null;
  private run: string | null = null;
  private looking = false;
  private leave: (() => void) | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly link: Link,
    private readonly store: Store,
  ) {}

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }

  /** Begin to look; again after each time the connection was away. */
  look(): void {
    if (this.looking) return;
    this.looking = true;
    this.link.making = (message) => this.receive(message);
    this.leave = this.store.subscribe((state, previous) => {
      const back = state.connection.state === "online" && previous.connection.state !== "online";
      if (back) this.link.watchMaking(true, this.run);
    });
    this.link.watchMaking(true, this.run);
  }

  lookAway(): void {
    this.looking = false;
    this.leave?.();
    this.leave = null;
    this.link.watchMaking(false, null);
  }

  /** Look at the curves of a training, or of none. */
  follow(run: string | null): void {
    if (run === this.run) return;
    this.run = run;
    if (this.followed?.run !== run) this.followed = null;
    if (this.looking) this.link.watchMaking(true, run);
  }

  receive(message: Making | RunFollowed): void {
    if (message.type === "making") {
      this.making = message;
    } else if (message.run === this.run) {
      const before = message.anew || this.followed?.run !== message.run ? null : this.followed;
      this.followed = {
        run: message.run,
        curves: grown(before?.curves, message.curves),
        validation: grown(before?.validation, message.validation),
        checkpoints: message.checkpoints ?? before?.checkpoints ?? [],
      };
    }
    this.changed();
  }
}

function grown(before: ReadonlyMap<string, Line> | undefined, added: readonly Curve[]): Map<string, Line> {
  const found = new Map(before);
  for (const curve of added) found.set(curve.name, extended(found.get(curve.name), curve));
  return found;
}
