// A voice's shaping, level and place on the way to a scene, frame by frame (docs/engine.md, "Scenes").
// src/isobath/engine/morphing.py has the same numbers.

import { BLEND_SECONDS } from "../steer/mapping";
import { SHAPING, SHAPING_FLOATS } from "./player";

export class Glide {
  /** What the kernel has now. */
  readonly now = new Float32Array(SHAPING_FLOATS);
  private readonly from = new Float32Array(SHAPING_FLOATS);
  private readonly to = new Float32Array(SHAPING_FLOATS);
  private share = 1;
  private step = 1;
  private gliding = false;
  private set = false;

  constructor(private readonly frameSeconds: number) {}

  /** True where the values are to be told at once; otherwise `next` tells them. */
  towards(values: Float32Array, seconds: number): boolean {
    this.to.set(values);
    this.gliding = this.set && seconds > BLEND_SECONDS;
    this.set = true;
    if (!this.gliding) {
      this.now.set(values);
      return true;
    }
    this.from.set(this.now);
    this.share = 0;
    this.step = this.frameSeconds / seconds;
    return false;
  }

  /** Whether `now` has changed with this frame. */
  next(): boolean {
    if (!this.gliding) return false;
    const { from, to, now, share } = this;
    if (share >= 1) {
      now.set(to);
      this.gliding = false;
      return true;
    }
    for (let i = 0; i < now.length; i++) now[i] = from[i]! + share * (to[i]! - from[i]!);
    // Of the gain, the square: two voices that change places are as loud together.
    const at = SHAPING.gain;
    now[at] = Math.sqrt((1 - share) * from[at]! ** 2 + share * to[at]! ** 2);
    this.share = share + this.step;
    return true;
  }

  /** At the end of the way; true where that changes anything. */
  settle(): boolean {
    if (!this.gliding) return false;
    this.now.set(this.to);
    this.gliding = false;
    return true;
  }
}
