// A gesture that is held: where it was on average, and how still. The same as
// src/isobath/gesture/holding.py; tests/golden/holding.json holds both to it.

const SETTLING = 0.2;
const LONGEST_SETTLING = 0.5;
/** Spread, in axes' lengths, at which stillness is one half. */
const STILL = 0.02;

export interface Held {
  readonly point: readonly number[];
  /** Root mean square of the deviations of all axes. */
  readonly spread: number;
  /** 1 where nothing moved, towards 0 the more did. */
  readonly stillness: number;
  /** That were counted. */
  readonly seconds: number;
}

/** The average of a gesture that was at points[i] from seconds[i] on, until `end`; null: there is none. */
export function held(
  seconds: readonly number[],
  points: readonly (readonly number[])[],
  end: number,
): Held | null {
  const first = seconds[0];
  if (first === undefined || points.length === 0 || end <= first) return null;
  const begin = first + Math.min(SETTLING * (end - first), LONGEST_SETTLING);
  const whole = end - begin;
  const axes = points[0]!.length;
  const sums = new Array<number>(axes).fill(0);
  const squares = new Array<number>(axes).fill(0);
  points.forEach((point, i) => {
    const lasted = Math.max(0, (seconds[i + 1] ?? end) - Math.max(begin, seconds[i]!));
    for (let a = 0; a < axes; a++) {
      sums[a]! += lasted * point[a]!;
      squares[a]! += lasted * point[a]! * point[a]!;
    }
  });
  const means = sums.map((each) => each / whole);
  let variance = 0;
  for (let a = 0; a < axes; a++) variance += Math.max(0, squares[a]! / whole - means[a]! * means[a]!);
  const spread = (variance / Math.max(1, axes)) ** 0.5;
  return {
    point: means,
    spread,
    stillness: 1 / (1 + (spread / STILL) * (spread / STILL)),
    seconds: whole,
  };
}

/** Listens to a hold from its beginning on. */
export class Holding {
  private readonly seconds: number[] = [];
  private readonly points: number[][] = [];

  constructor(private readonly now: () => number = () => performance.now() / 1000) {}

  /** Where the performer is now. */
  move(values: ArrayLike<number>): void {
    this.seconds.push(this.now());
    this.points.push(Array.from(values));
  }

  /** The hold ends. */
  end(): Held | null {
    return held(this.seconds, this.points, this.now());
  }
}
