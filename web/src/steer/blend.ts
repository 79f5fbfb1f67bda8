// One mapping becoming the next, without a click; blend.py is the same in Python.

import { evaluate, type Prepared } from "./mapping-evaluate";

/** How long one mapping takes to become the next. */
export const BLEND_SECONDS = 0.05;

/**
 * What is heard while one mapping becomes the next: both are played and crossfaded. A mapping that
 * arrives during a blend waits for its end, and of those that wait only the newest is kept. null is a
 * mapping that leaves everything as it is.
 */
export class Blend {
  private waiting: Prepared | null = null;
  private waits = false;
  private readonly from: Float64Array;

  constructor(
    public old: Prepared | null,
    public current: Prepared | null,
    dims: number,
    /** 0: only `old`; 1: only `current`. */
    public position = 1,
  ) {
    this.from = new Float64Array(dims);
  }

  /** From now on towards `next`. */
  towards(next: Prepared | null): void {
    if (this.position < 1) {
      this.waiting = next;
      this.waits = true;
      return;
    }
    this.old = this.current;
    this.current = next;
    this.position = 0;
  }

  /** `amount` (hop / (sample rate · BLEND_SECONDS)) further along; call it after each frame. */
  advance(amount: number): void {
    this.position = Math.min(1, this.position + amount);
    if (this.position < 1) return;
    this.old = null;
    if (!this.waits) return;
    const next = this.waiting;
    this.waiting = null;
    this.waits = false;
    this.towards(next);
  }

  /** Latents at `point` into `out`, which holds what dimensions have that no mapping decides. */
  evaluate(point: ArrayLike<number>, out: Float64Array | Float32Array): void {
    const { old, current, position, from } = this;
    if (position >= 1) {
      if (current !== null) evaluate(current, point, out);
      return;
    }
    for (let d = 0; d < from.length; d++) from[d] = out[d]!;
    if (old !== null) evaluate(old, point, from);
    if (current !== null) evaluate(current, point, out);
    for (let d = 0; d < from.length; d++) out[d] = from[d]! + position * (out[d]! - from[d]!);
  }
}
