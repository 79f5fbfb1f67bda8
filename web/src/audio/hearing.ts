// What comes in to a voice besides gestures, sample by sample, as src/isobath/engine/sources.py writes it
// too (docs/engine.md, Sound as input). The kernel does the listening.
//
// Nothing in hear() allocates.

/** Writes what comes in from `start` (samples since the reset) on into both sides. */
export interface Hearing {
  hear(start: number, samples: number, left: Float32Array, right: Float32Array): void;
}

/** One channel on both sides; of more than two, the first two. */
export type Sound = readonly Float32Array[];

/** Live input as it is heard and kept: rounded to 24 bits, what is no number is silence. */
export function quantised(x: number): number {
  const whole = Math.floor(x * 8388608 + 0.5);
  if (Number.isNaN(whole)) return 0;
  return Math.max(-8388608, Math.min(8388607, whole)) / 8388608;
}

/** A sound, over and over. */
export class Looped implements Hearing {
  constructor(private readonly sound: Sound) {}

  hear(start: number, samples: number, left: Float32Array, right: Float32Array): void {
    const [first, second = first] = this.sound;
    const length = first?.length ?? 0;
    if (first === undefined || second === undefined || length === 0) {
      left.fill(0, 0, samples);
      right.fill(0, 0, samples);
      return;
    }
    let at = start % length;
    for (let i = 0; i < samples; i++) {
      left[i] = first[at]!;
      right[i] = second[at]!;
      if (++at === length) at = 0;
    }
  }
}

/** What came in while a take was recorded; silence after its end. */
export class Recorded implements Hearing {
  constructor(
    private readonly sound: Sound,
    /** Samples of the take, seldom whole of a loop in time; it begins again after them. 0: it does not. */
    private readonly loop: number,
  ) {}

  hear(start: number, samples: number, left: Float32Array, right: Float32Array): void {
    const [first, second = first] = this.sound;
    for (let i = 0; i < samples; i++) {
      const at = this.loop > 0 ? Math.floor((start + i) % this.loop) : start + i;
      left[i] = first?.[at] ?? 0;
      right[i] = second?.[at] ?? 0;
    }
  }
}

/** What comes in now: the block under way is put here before the loop renders it. */
export class Live implements Hearing {
  private block: Sound = [];
  /** Samples since the reset at the block's first. */
  private first = 0;

  put(block: Sound, first: number): void {
    this.block = block;
    this.first = first;
  }

  hear(start: number, samples: number, left: Float32Array, right: Float32Array): void {
    const [one, other = one] = this.block;
    const from = start - this.first;
    for (let i = 0; i < samples; i++) {
      left[i] = quantised(one?.[from + i] ?? 0);
      right[i] = quantised(other?.[from + i] ?? 0);
    }
  }
}

/** Latents dreamed elsewhere: the one of frame `frame` since the reset, or null while it has not come. */
export interface Dream {
  at(frame: number): Float32Array | null;
}

/** A voice that follows the latents of another: latent[d] = shift[d] + ratio[d] * theirs[d]. */
export interface Following {
  readonly leader: number; // its slot
  readonly ratio: Float64Array;
  readonly shift: Float64Array;
}

interface Statistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** As many deviations from the mean, dimension by dimension, for those that both models have. */
export function followingOf(leader: number, theirs: Statistics, ours: Statistics): Following {
  const both = Math.min(theirs.mean.length, ours.mean.length);
  const ratio = Float64Array.from({ length: both }, (_, d) => ours.std[d]! / Math.max(theirs.std[d]!, 1e-9));
  const shift = ratio.map((each, d) => ours.mean[d]! - each * theirs.mean[d]!);
  return { leader, ratio, shift };
}
