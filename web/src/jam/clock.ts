// The bar clock: the page's copy of src/isobath/symbolic/jam/clock.py. Positions are sixteenths from the
// first bar line; seconds are those of the AudioContext, which is what is heard. Nothing is added up, so it
// does not drift.

export const STEPS_PER_BAR = 16;
export const SLOWEST_BPM = 40;
export const FASTEST_BPM = 300;
const TAPS = 5;
const TAP_PAUSE_SECONDS = 2;

export interface Stretch {
  readonly position: number;
  readonly seconds: number;
  readonly bpm: number;
}

export class BarClock {
  private stretches: Stretch[];

  /** start: seconds at which the count-in begins; begin: position of the bar line after it. */
  constructor(bpm: number, start: number, countInBars: number, begin = 0) {
    this.stretches = [{ position: begin - STEPS_PER_BAR * countInBars, seconds: start, bpm: within(bpm) }];
  }

  /** Tempi from the beginning, each with where and when it begins. */
  get tempi(): readonly Stretch[] {
    return this.stretches;
  }

  position(seconds: number): number {
    const at = this.stretches.findLast((each) => each.seconds <= seconds) ?? this.stretches[0]!;
    return at.position + ((seconds - at.seconds) * at.bpm) / 15;
  }

  seconds(position: number): number {
    const at = this.stretches.findLast((each) => each.position <= position) ?? this.stretches[0]!;
    return at.seconds + ((position - at.position) * 15) / at.bpm;
  }

  bpm(seconds: number): number {
    return (this.stretches.findLast((each) => each.seconds <= seconds) ?? this.stretches[0]!).bpm;
  }

  /** Another tempo from the next bar line on; its position. One that has not begun is replaced. */
  change(bpm: number, now: number): number {
    const line = (Math.floor(this.position(now) / STEPS_PER_BAR + 1e-9) + 1) * STEPS_PER_BAR;
    while (this.stretches.length > 1 && this.stretches.at(-1)!.seconds > now) this.stretches.pop();
    if (this.stretches.at(-1)!.bpm !== within(bpm)) {
      this.stretches.push({ position: line, seconds: this.seconds(line), bpm: within(bpm) });
    }
    return line;
  }

  /** Be at a position at a time to come, going there evenly from now: another clock leads. What cannot be
   *  reached at a tempo that a jam has is jumped to: a later position at once, an earlier one by waiting as
   *  slowly as there is. Before the count-in begins nothing is steered. */
  steer(position: number, seconds: number, now: number): void {
    if (now <= this.stretches[0]!.seconds) return;
    let here = this.position(now);
    while (this.stretches.at(-1)!.seconds >= now) this.stretches.pop();
    const ahead = Math.max(seconds - now, 1e-3);
    let bpm = (15 * (position - here)) / ahead;
    if (bpm > FASTEST_BPM) {
      here = position - (FASTEST_BPM / 15) * ahead;
      bpm = FASTEST_BPM;
    }
    this.stretches.push({ position: here, seconds: now, bpm: Math.max(bpm, SLOWEST_BPM) });
  }
}

function within(bpm: number): number {
  return Number.isFinite(bpm) ? Math.min(FASTEST_BPM, Math.max(SLOWEST_BPM, bpm)) : 120;
}

/** A tempo from taps, a quarter each. */
export class Tap {
  private taps: number[] = [];

  /** Beats a minute so far; null after the first. */
  tap(seconds: number): number | null {
    const since = seconds - (this.taps.at(-1) ?? Number.NEGATIVE_INFINITY);
    if (!(since > 0 && since < TAP_PAUSE_SECONDS)) this.taps = [];
    this.taps = [...this.taps.slice(-TAPS + 1), seconds];
    if (this.taps.length < 2) return null;
    const between = this.taps
      .slice(1)
      .map((at, i) => at - this.taps[i]!)
      .sort((a, b) => a - b);
    const half = between.length >> 1;
    const middle = between.length % 2 ? between[half]! : (between[half - 1]! + between[half]!) / 2;
    return within(60 / middle);
  }
}
