// Where a voice's latents come from: the mapping, a latent given directly, or nothing yet (the sliders,
// or the model's mean). Any change of source is blended in, so that it cannot click.

import type { Foresight } from "../steer/foresight";
import { BLEND_SECONDS, Blend, type Prepared } from "../steer/mapping";
import type { Following } from "./hearing";

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
  private started = false;
  private foresight: Foresight | null = null;

  constructor(
    readonly dims: number,
    mean: ArrayLike<number>,
    /** Seconds between two frames. */
    frameSeconds: number,
  ) {
    this.base = Float64Array.from({ length: dims }, (_, i) => mean[i] ?? 0);
    this.latent = new Float64Array(dims);
    this.direct = new Float64Array(dims);
    this.seen = new Float64Array(dims);
    this.blend = new Blend(null, null, dims);
    this.step = Math.min(1, frameSeconds / BLEND_SECONDS);
  }

  setMapping(mapping: Prepared | null): void {
    if (mapping !== null && mapping.dims !== this.dims) return; // learned for another model
    if (this.started) this.blend.towards(mapping);
    else this.blend = new Blend(null, mapping, this.dims);
  }

  /** Follow `latent` instead of the mapping; null returns to it. */
  setDirect(latent: ArrayLike<number> | null): void {
    this.isDirect = latent !== null;
    if (latent !== null) for (let i = 0; i < this.dims; i++) this.direct[i] = latent[i] ?? 0;
    if (!this.started) this.share = this.isDirect ? 1 : 0;
  }

  /** What is known of the places that the mapping reaches; null: nothing. */
  setForesight(foresight: Foresight | null): void {
    this.foresight = foresight;
  }

  /** What to turn the voice down by at a gesture, 0..1; a latent given directly is heard as it is. */
  trim(gesture: Float64Array): number {
    if (this.foresight === null || this.share === 1 || this.foresight.map.axes !== gesture.length) return 1;
    const gain = this.foresight.gain(gesture);
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
    this.blend.advance(this.step);
    this.started = true;
  }

  /** The latent that this gesture means now; nothing moves on. */
  private look(gesture: Float64Array, into: Float64Array): void {
    into.set(this.base);
    this.blend.evaluate(gesture, into);
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
    this.share = this.isDirect ? 1 : 0;
  }
}
