// Which of many controllers is moved right now, and how far one goes while it is wiggled: the same rules as
// src/isobath/gesture/noticing.py and calibration.py, for controllers that the page reads itself.

const WATCHED_SECONDS = 0.4;
const ENOUGH = 4;
/** Times as far as it trembled. */
const FURTHER = 6;
/** Share of the largest value it has said. */
const FAR = 0.08;

interface Watched {
  lo: number;
  hi: number;
  trembled: number;
  largest: number;
  readonly values: Set<number>;
}

export class Noticing {
  private readonly watched = new Map<string, Watched>();

  /** `began`: seconds of the clock that `hear` is told. */
  constructor(private readonly began: number) {}

  /** A controller says a value; true if it is the one that is moved. */
  hear(name: string, value: number, now: number): boolean {
    if (!(Math.abs(value) <= 1e9)) return false;
    const seen = this.watched.get(name);
    if (seen === undefined) {
      const largest = Math.max(Math.abs(value), 1e-9);
      this.watched.set(name, { lo: value, hi: value, trembled: 0, largest, values: new Set([value]) });
      return false;
    }
    seen.lo = Math.min(seen.lo, value);
    seen.hi = Math.max(seen.hi, value);
    seen.largest = Math.max(seen.largest, Math.abs(value));
    if (seen.values.size < ENOUGH) seen.values.add(value);
    const width = seen.hi - seen.lo;
    if (now - this.began < WATCHED_SECONDS) {
      seen.trembled = width;
      return false;
    }
    const sure = seen.values.size >= ENOUGH || width > 0.5 * seen.largest;
    return sure && width > FURTHER * seen.trembled && width > FAR * seen.largest;
  }
}

const RUNNING = 3;
const LEAST = 10;
const MARGIN = 0.01;
const LARGEST = 1e9;

/** The range of a controller, learned while it is wiggled: what three values running have reached. */
export class Calibration {
  count = 0;
  private last: number[] = [];
  private lo: number | null = null;
  private hi: number | null = null;

  hear(value: number): void {
    if (!(Math.abs(value) <= LARGEST)) return;
    this.count++;
    this.last = [...this.last, value].slice(-RUNNING);
    if (this.last.length < RUNNING) return;
    const most = Math.max(...this.last);
    const least = Math.min(...this.last);
    this.lo = this.lo === null ? most : Math.min(this.lo, most);
    this.hi = this.hi === null ? least : Math.max(this.hi, least);
  }

  /** Least and most, a little within; null: it has not been moved enough to tell. */
  get range(): { readonly lo: number; readonly hi: number } | null {
    const { lo, hi } = this;
    if (this.count < LEAST || lo === null || hi === null || hi <= lo) return null;
    const margin = MARGIN * (hi - lo);
    return { lo: lo + margin, hi: hi - margin };
  }
}
