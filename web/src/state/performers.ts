// Other performers on the piece: who they are and where their hands are; and this page's hand, shown to them.

import type { Performer } from "../gesture/performer";
import type { HandSeen, HandsSeen, PerformerHere, PerformersHere } from "../protocol/messages";

/** At which a hand is shown while it moves, and again while it rests on an axis. */
const SHOW_MS = 1000 / 30;
const AGAIN_MS = 200;
/** What was moved from elsewhere counts as touched for a while (gesture/performer.ts); it is not this hand. */
const ELSEWHERE_MS = 450;
/** Who has not moved for so long has let go. */
const STILL_MS = 600;

/** A performer besides this page's. */
export interface Other {
  readonly who: PerformerHere;
  /** Axes that their hand moves now. */
  readonly axes: readonly string[];
  /** One value per axis of the piece; null: not seen yet. */
  readonly point: readonly number[] | null;
}

export interface PerformersOn {
  readonly performer: Performer;
  /** The axes of the piece that is open. */
  axes(): readonly string[];
  /** Others' moves are this page's as well. */
  together(): boolean;
  show(axes: readonly string[], point: readonly number[]): boolean;
  /** Others moved axes that are to move here. */
  moved(axes: readonly string[], values: readonly number[]): void;
}

export class Performers {
  here: readonly PerformerHere[] = [];
  me = 0;
  private readonly hands = new Map<number, HandSeen & { readonly at: number }>();
  private readonly elsewhere = new Map<string, number>();
  private readonly listeners = new Set<() => void>();
  private shown = "";
  private shownAt = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private due = 0;

  constructor(
    private readonly on: PerformersOn,
    private readonly now: () => number = () => performance.now(),
  ) {
    on.performer.listen(() => this.show());
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Another piece is open, or the connection is new: nobody is known. */
  anew(): void {
    this.here = [];
    this.hands.clear();
    this.shown = "";
    this.tell();
  }

  hear(message: PerformersHere | HandsSeen): void {
    if (message.type === "performers_here") {
      this.here = message.performers;
      this.me = message.me;
      const there = new Set(this.here.map((each) => each.number));
      for (const number of this.hands.keys()) if (!there.has(number)) this.hands.delete(number);
      this.shown = "";
      this.show();
    } else this.see(message.hands);
    this.tell();
  }

  /** Axes that something beside this page moved just now. */
  movedElsewhere(axes: readonly string[]): void {
    const now = this.now();
    for (const axis of axes) this.elsewhere.set(axis, now);
  }

  get others(): readonly Other[] {
    const now = this.now();
    return this.here
      .filter((who) => who.number !== this.me)
      .map((who) => {
        const hand = this.hands.get(who.number);
        const holds = hand !== undefined && now - hand.at < STILL_MS;
        return { who, axes: holds ? hand.axes : [], point: hand?.point ?? null };
      });
  }

  /** Who has an axis that this page's hand is on as well; null: nobody. */
  get inTheWay(): { readonly who: PerformerHere; readonly axis: string } | null {
    if (this.here.length < 2) return null;
    const mine = new Set(this.mine());
    for (const { who, axes } of this.others)
      for (const axis of axes) if (mine.has(axis)) return { who, axis };
    return null;
  }

  private see(hands: readonly HandSeen[]): void {
    const at = this.now();
    const ids = this.on.axes();
    for (const hand of hands) {
      if (hand.number === this.me) continue;
      this.hands.set(hand.number, { ...hand, at });
      if (!this.on.together() || hand.point.length !== ids.length) continue;
      const axes = hand.axes.filter((axis) => ids.includes(axis));
      if (axes.length === 0) continue;
      this.movedElsewhere(axes);
      this.on.moved(
        axes,
        axes.map((axis) => hand.point[ids.indexOf(axis)]!),
      );
    }
  }

  /** Axes that this page's hand is on, or has just moved. */
  private mine(): readonly string[] {
    const { performer } = this.on;
    const now = this.now();
    return this.on.axes().filter((axis) => {
      if (performer.isHeld(axis)) return true;
      const other = this.elsewhere.get(axis) ?? Number.NEGATIVE_INFINITY;
      return performer.isTouched(performer.indexOf(axis)) && now - other > ELSEWHERE_MS;
    });
  }

  /** Show the hand if anybody is there to see it, and something has changed. */
  private show(): void {
    if (this.here.length < 2) return;
    const now = this.now();
    if (now < this.shownAt + SHOW_MS) {
      this.again(this.shownAt + SHOW_MS - now);
      return;
    }
    const axes = this.mine();
    const point = Array.from(this.on.performer.values, (value) => Math.round(value * 1e5) / 1e5);
    const shown = JSON.stringify([axes, point]);
    if (shown !== this.shown || (axes.length > 0 && now >= this.shownAt + AGAIN_MS)) {
      if (!this.on.show(axes, point)) return;
      this.shown = shown;
      this.shownAt = now;
    }
    if (axes.length > 0) this.again(AGAIN_MS);
  }

  /** Look again after so long, or sooner if that was asked before. */
  private again(wait: number): void {
    const due = this.now() + wait;
    if (this.timer !== null && this.due <= due) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.show();
    }, wait);
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
