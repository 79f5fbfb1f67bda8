// Where a voice's latents come from: the mapping, a latent given directly, or nothing yet (the sliders,
// or the model's mean). Any change of source is blended in, so that it cannot click.

import type { Foresight } from "../steer/foresight";
import { BLEND_SECONDS, Blend, type Prepared } from "../steer/mapping";
import type { Following } from "./hearing";

/** From frozen latents back to the gesture's. */
export const THAW_SECONDS = 0.3;

export class Source {
  /** What is heard without a mapping, and on the dimensions it leaves alone. */
  readonly base: Float64Array;
  /** The latent of the last frame asked for. */
  readonly latent: Float64Array;
  /** What a voice that follows this one last saw. */
  private readonly seen: Float64Array;
  private blend: Blend;
  private readonly direct: Float64Array;
  private isDirect = false;
  /** 0: the mapping is heard; 1: the latent given directly. */
  private share = 0;
  private readonly step: number;
  /** How far the blend goes with a frame: slower on the way to a scene. */
  private pace: number;
  private long = false;
  private started = false;
  private foresight: Foresight | null = null;
  private oldForesight: Foresight | null = null;
  /** From where the mapping would be to what is heard; it dies away. */
  private readonly offset: Float64Array;
  private left = 0;
  private fall = 1;
  private at: Float64Array = new Float64Array(0);

  constructor(
    readonly dims: number,
    mean: ArrayLike<number>,
    /** Seconds between two frames. */
    private readonly frameSeconds: number,
  ) {
    this.base = Float64Array.from({ length: dims }, (_, i) => mean[i] ?? 0);
    this.latent = new Float64Array(dims);
    this.direct = new Float64Array(dims);
    this.seen = new Float64Array(dims);
    this.blend = new Blend(null, null, dims);
    this.step = Math.min(1, frameSeconds / BLEND_SECONDS);
    this.pace = this.step;
    this.offset = new Float64Array(dims);
  }

  /** `seconds`: of a scene that takes its time. What interrupts such a way sets out from what is heard. */
  setMapping(mapping: Prepared | null, seconds = 0): void {
    if (mapping !== null && mapping.dims !== this.dims) return; // learned for another model
    if (!this.started) this.blend = new Blend(null, mapping, this.dims);
    else if (seconds > BLEND_SECONDS || (this.long && this.blend.position < 1)) this.turn(mapping, seconds);
    else {
      this.long = false;
      this.pace = this.step;
      this.blend.towards(mapping);
    }
  }

  private turn(mapping: Prepared | null, seconds: number): void {
    const { blend, offset, base } = this;
    const heard = Float64Array.from(base);
    blend.evaluate(this.at, heard);
    for (let i = 0; i < this.dims; i++) heard[i] = heard[i]! + this.left * offset[i]!;
    if (seconds > BLEND_SECONDS) {
      const start = blend.position < 0.5 ? blend.old : blend.current;
      this.blend = new Blend(start, mapping, this.dims, 0);
      this.pace = Math.min(1, this.frameSeconds / seconds);
      this.fall = this.pace;
      this.long = true;
    } else {
      this.blend = new Blend(blend.old, mapping, this.dims, blend.position);
      this.fall = this.step;
    }
    const then = Float64Array.from(base);
    this.blend.evaluate(this.at, then);
    for (let i = 0; i < this.dims; i++) offset[i] = heard[i]! - then[i]!;
    this.left = 1;
  }

  /** Glide from the latent that was held to what the gesture means. */
  thaw(gesture: Float64Array): void {
    const held = Float64Array.from(this.latent);
    this.left = 0;
    this.look(gesture, this.offset);
    for (let i = 0; i < this.dims; i++) this.offset[i] = held[i]! - this.offset[i]!;
    this.left = 1;
    this.fall = Math.min(1, this.frameSeconds / THAW_SECONDS);
  }

  /** Follow `latent` instead of the mapping; null returns to it. */
  setDirect(latent: ArrayLike<number> | null): void {
    this.isDirect = latent !== null;
    if (latent !== null) for (let i = 0; i < this.dims; i++) this.direct[i] = latent[i] ?? 0;
    if (!this.started) this.share = this.isDirect ? 1 : 0;
  }

  /** What is known of the places that the mapping reaches; null: nothing. */
  setForesight(foresight: Foresight | null): void {
    this.oldForesight = this.foresight;
    this.foresight = foresight;
  }

  /** What to turn the voice down by at a gesture, 0..1; a latent given directly is heard as it is. */
  trim(gesture: Float64Array): number {
    if (this.share === 1) return 1;
    let gain = gainOf(this.foresight, gesture);
    if (this.long && this.blend.position < 1) {
      const old = gainOf(this.oldForesight, gesture);
      gain = old + this.blend.position * (gain - old);
    }
    return this.share === 0 ? gain : gain + this.share * (1 - gain);
  }

  /** Make `latent` the next frame's; with a leader, its latent translated instead of the own mapping's. */
  next(gesture: Float64Array, following: Following | null = null, leader: Source | null = null): void {
    const { latent } = this;
    this.share = Math.min(1, Math.max(0, this.share + (this.isDirect ? this.step : -this.step)));
    if (following === null || leader === null) this.look(gesture, latent);
    else {
      leader.look(gesture, leader.seen);
      latent.set(this.base);
      const both = Math.min(following.ratio.length, this.dims, leader.dims);
      for (let d = 0; d < both; d++) latent[d] = following.shift[d]! + following.ratio[d]! * leader.seen[d]!;
      this.mixDirect(latent);
    }
    this.left = Math.max(0, this.left - this.fall);
    this.blend.advance(this.pace);
    if (this.blend.position >= 1) {
      this.long = false;
      this.pace = this.step;
    }
    if (this.at.length !== gesture.length) this.at = new Float64Array(gesture.length);
    this.at.set(gesture);
    this.started = true;
  }

  /** The latent that this gesture means now; nothing moves on. */
  private look(gesture: Float64Array, into: Float64Array): void {
    into.set(this.base);
    this.blend.evaluate(gesture, into);
    if (this.left > 0) for (let i = 0; i < this.dims; i++) into[i] = into[i]! + this.left * this.offset[i]!;
    this.mixDirect(into);
  }

  private mixDirect(latent: Float64Array): void {
    const { direct } = this;
    if (this.share === 1) latent.set(direct);
    else if (this.share > 0)
      for (let i = 0; i < this.dims; i++) latent[i] = latent[i]! + this.share * (direct[i]! - latent[i]!);
  }

  /** End every blend: for a fresh start that must sound the same every time. */
  settle(): void {
    do this.blend.advance(1);
    while (this.blend.position < 1);
    this.left = 0;
    this.long = false;
    this.pace = this.step;
    this.started = false;
    this.share = this.isDirect ? 1 : 0;
  }
}

function gainOf(foresight: Foresight | null, gesture: Float64Array): number {
  return foresight === null || foresight.map.axes !== gesture.length ? 1 : foresight.gain(gesture);
}
