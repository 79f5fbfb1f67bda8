// MIDI's clock, 24 ticks to a quarter: another machine's leads the jam, or the jam's leads others. Follower is
// the page's copy of ClockFollower in src/isobath/symbolic/jam/clock.py, and tests/golden/midi-clock.json
// holds both to it. No port and no clock here: times are given.

import { type BarClock, SLOWEST_BPM, STEPS_PER_BAR } from "./clock";

export const TICK = 0xf8;
export const START = 0xfa;
export const GO_ON = 0xfb;
export const STOP = 0xfc;
export const LOCATE = 0xf2;
const TICKS_PER_STEP = 6;
/** Shares of an error that a tick moves phase and period by; critically damped. */
const PHASE = 0.08;
const PERIOD = 0.0033;
/** Ticks until it is believed. */
const ENOUGH = 6;
const GONE_SECONDS = 0.5;
const AHEAD_STEPS = 4;
const FURTHEST_STEPS = 0x3fff;

/** When another machine's ticks are, without their jitter. */
export class Follower {
  /** Number of the next tick. */
  tick = 0;
  /** When that is expected. */
  expected = 0;
  /** Seconds between two. */
  period = 0;
  /** Since it was told where its bars are: a clock that is only heard ticking has beats at best. */
  placed = false;
  /** It stands, though it may tick on. */
  standing = false;
  private seen = 0;
  private last = Number.NEGATIVE_INFINITY;

  start(): void {
    this.tick = 0;
    this.placed = true;
    this.standing = false;
  }

  /** From where it is. */
  goOn(): void {
    this.standing = false;
  }

  stop(): void {
    this.standing = true;
  }

  /** Song position: sixteenths from the beginning. */
  locate(sixteenths: number): void {
    this.tick = Math.max(0, sixteenths) * TICKS_PER_STEP;
    this.placed = true;
  }

  hear(seconds: number): void {
    const between = seconds - this.last;
    this.last = seconds;
    if (this.seen === 0 || !(between > 0 && between < 60 / SLOWEST_BPM / 6)) {
      this.seen = 1;
      this.expected = seconds;
    } else if (this.seen === 1 || Math.abs(seconds - this.expected) > 0.5 * this.period) {
      this.seen = 2;
      this.period = between;
      this.expected = seconds + between;
    } else {
      const error = seconds - this.expected;
      const share = Math.max(PHASE, 1 / (this.seen + 1)); // quickly at first, then steadily
      this.period += Math.max(PERIOD, (share * share) / 2) * error;
      this.expected += share * error + this.period;
      this.seen += 1;
    }
    if (!this.standing) this.tick += 1;
  }

  /** Its tempo; null before two ticks. */
  get bpm(): number | null {
    return this.seen >= 2 && this.period > 0 ? 2.5 / this.period : null;
  }

  /** Whether it ticks, steadily enough to go with. */
  ticks(now: number): boolean {
    return this.seen >= ENOUGH && !this.standing && now - this.last < GONE_SECONDS;
  }

  /** When so many sixteenths after the next tick are. */
  after(steps: number): number {
    return this.expected + steps * TICKS_PER_STEP * this.period;
  }

  /** Sixteenths from the beginning to the next tick. */
  get steps(): number {
    return this.tick / TICKS_PER_STEP;
  }
}

/** What leads a jam: a follower whose bars lie on those of the jam, wherever either began. */
export class Leader {
  readonly follower = new Follower();
  /** Sixteenths that the jam is ahead of the other machine; whole bars. null: not known yet. */
  private ahead: number | null = null;

  /** The other machine says where it is: its bars are to be found anew. */
  replace(): void {
    this.ahead = null;
  }

  /** Its first bar line from a moment on, at which a jam may begin; null: nothing ticks. */
  barFrom(seconds: number, now: number): { readonly seconds: number; readonly bpm: number } | null {
    const { follower } = this;
    if (!follower.ticks(now) || follower.bpm === null) return null;
    const least =
      follower.steps + Math.max(0, (seconds - follower.expected) / (TICKS_PER_STEP * follower.period));
    const every = follower.placed ? STEPS_PER_BAR : AHEAD_STEPS;
    const line = every * Math.ceil(least / every - 1e-6);
    return { seconds: follower.after(line - follower.steps), bpm: follower.bpm };
  }

  /** Take a jam's clock along. heard: when something at a moment of the follower's is in the jam's clock. */
  lead(clock: BarClock, now: number, heard: (seconds: number) => number): void {
    const { follower } = this;
    if (!follower.ticks(now)) return;
    const next = heard(follower.expected);
    const every = follower.placed ? STEPS_PER_BAR : AHEAD_STEPS;
    this.ahead ??= every * Math.round((clock.position(next) - follower.steps) / every);
    const position = follower.steps + this.ahead + AHEAD_STEPS;
    clock.steer(position, heard(follower.after(AHEAD_STEPS)), heard(now));
  }
}

/** A message and when it is due, in seconds of the jam's clock. */
export interface Due {
  readonly seconds: number;
  readonly bytes: readonly number[];
}

/** What others follow. */
export class Sender {
  /** The next tick; null: nothing has begun. */
  private next: number | null = null;

  /** What is due up to a moment. It begins with a bar line of the jam that is to come; from: the first. */
  due(clock: BarClock, from: number, now: number, until: number): Due[] {
    const found: Due[] = [];
    if (this.next === null) {
      const line = STEPS_PER_BAR * Math.ceil(clock.position(now) / STEPS_PER_BAR);
      const first = Math.max(from, line);
      const seconds = clock.seconds(first);
      if (seconds > until) return found;
      this.next = first * TICKS_PER_STEP;
      const place = Math.min(FURTHEST_STEPS, first);
      if (first > 0) found.push({ seconds, bytes: [LOCATE, place & 127, place >> 7] });
      found.push({ seconds, bytes: [first > 0 ? GO_ON : START] });
    }
    for (;;) {
      const seconds = clock.seconds(this.next / TICKS_PER_STEP);
      if (seconds > until) return found;
      found.push({ seconds: Math.max(now, seconds), bytes: [TICK] });
      this.next += 1;
    }
  }

  /** What says that it is over; nothing, where nothing had begun. */
  stop(): readonly number[] | null {
    const began = this.next !== null;
    this.next = null;
    return began ? [STOP] : null;
  }
}
