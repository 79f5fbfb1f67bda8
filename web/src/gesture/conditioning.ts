// What is done to one controller's values: range, deadzone, curve, filter, slew. The same as
// src/isobath/gesture/conditioning.py, to the last bit: additions, products and quotients in the same order;
// tests/golden/conditioning.json holds both to it.

import type { Conditioning } from "../protocol/messages";

const TURN = 6.283185307179586;
/** Cutoff of the filter that smooths the speed of a hand (Casiez et al. 2012). */
const SPEED_HZ = 1;
/** Seconds that one step counts at most. */
const LONGEST_STEP = 0.05;
/** A filter so close to its goal has arrived. */
const NEAR = 1e-5;
/** So far outside its range, in ranges, a value counts as outside. */
const BEYOND = 0.05;
/** A value of more is no gesture. */
const LARGEST = 1e9;

export function clip(x: number, lo: number, hi: number): number {
  return x < lo ? lo : x > hi ? hi : x;
}

function ranged(x: number, c: Conditioning): number {
  const width = c.hi - c.lo;
  return width === 0 ? 0.5 : (x - c.lo) / width;
}

function deadened(x: number, wide: number, place: number): number {
  const width = clip(wide, 0, 0.49);
  const at = clip(place, 0, 1);
  if (width === 0) return x;
  if (x > at + width) return at + ((x - at - width) * (1 - at)) / (1 - at - width);
  if (x < at - width) return at - ((at - width - x) * at) / (at - width);
  return at;
}

function curved(x: number, curve: number): number {
  if (curve === 0) return x;
  const b = 0.5 + 0.5 * clip(curve, -0.98, 0.98);
  return x / ((1 / b - 2) * (1 - x) + 1);
}

/** Where on its axis, 0..1, a controller's value means, before filter and slew. */
export function goalOf(x: number, c: Conditioning): number {
  let y = clip(ranged(x, c), 0, 1);
  if (c.invert) y = 1 - y;
  return clip(curved(deadened(y, c.deadzone, c.deadzone_at), c.curve), 0, 1);
}

/** How far a first-order low-pass of this cutoff goes towards its goal in a step. */
function share(seconds: number, hz: number): number {
  return 1 / (1 + 1 / (TURN * hz * seconds));
}

/** One controller on one axis. */
export class Conditioner {
  /** What was said last. */
  raw = 0;
  /** Where that means, 0..1. */
  goal = 0;
  /** Where the axis is, 0..1. */
  value = 0;
  heard = false;
  /** Values that were no gesture. */
  ignored = 0;
  /** Values beyond the calibrated range. */
  outside = 0;
  private speed = 0;

  constructor(public conditioning: Conditioning) {}

  /** The controller says a value; false if it is none. */
  feed(raw: number): boolean {
    if (!(raw >= -LARGEST && raw <= LARGEST)) {
      this.ignored++;
      return false;
    }
    const place = ranged(raw, this.conditioning);
    if (place < -BEYOND || place > 1 + BEYOND) this.outside++;
    this.raw = raw;
    this.goal = goalOf(raw, this.conditioning);
    if (!this.heard) {
      this.heard = true;
      this.value = this.goal;
    }
    return true;
  }

  /** Where the axis is, so long after the last step. */
  step(seconds: number): number {
    const dt = clip(seconds, 0, LONGEST_STEP);
    if (dt === 0 || this.value === this.goal) return this.value;
    this.value = this.slewed(this.filtered(dt), dt);
    if (Math.abs(this.value - this.goal) <= NEAR) {
      this.value = this.goal;
      this.speed = 0;
    }
    return this.value;
  }

  /** Nothing moves until the controller does. */
  get settled(): boolean {
    return this.value === this.goal;
  }

  /** Other settings for the same controller. */
  recondition(conditioning: Conditioning): void {
    this.conditioning = conditioning;
    if (this.heard) this.goal = goalOf(this.raw, conditioning);
  }

  private filtered(dt: number): number {
    const c = this.conditioning;
    if (c.cutoff_hz <= 0) return this.goal;
    const speed = (this.goal - this.value) / dt;
    this.speed += share(dt, SPEED_HZ) * (speed - this.speed);
    const cutoff = c.cutoff_hz + Math.max(0, c.beta) * Math.abs(this.speed);
    return this.value + share(dt, cutoff) * (this.goal - this.value);
  }

  private slewed(to: number, dt: number): number {
    const slew = this.conditioning.slew_seconds;
    if (slew <= 0) return to;
    const most = dt / slew;
    return this.value + clip(to - this.value, -most, most);
  }
}

/** 0..1 with a soft beginning and end. */
export function eased(x: number): number {
  return x * x * (3 - 2 * x);
}
