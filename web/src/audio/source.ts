// Where a voice's latents come from: the mapping, a latent given directly, or nothing yet (the sliders,
// or the model's mean). Any change of source is blended in, so that it cannot click.

import { BLEND_SECONDS, Blend, type Prepared } from "../steer/mapping";

export class Source {
  /** What is heard without a mapping, and on the dimensions it leaves alone. */
  readonly base: Float64Array;
  /** The latent of the last frame asked for. */
  readonly latent: Float64Array;
  private blend: Blend;
  private readonly direct: Float64Array;
  private isDirect = false;
  /** 0: the mapping is heard; 1: the latent given directly. */
  private share = 0;
  private readonly step: number;
  private started = false;

  constructor(
    readonly dims: number,
    mean: ArrayLike<number>,
    /** Seconds between two frames. */
    frameSeconds: number,
  ) {
    this.base = Float64Array.from({ length: dims }, (_, i) => mean[i] ?? 0);
    this.latent = new Float64Array(dims);
    this.direct = new Float64Array(dims);
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

  /** Make `latent` the next frame's. */
  next(gesture: Float64Array): void {
    const { latent, direct } = this;
    this.share = Math.min(1, Math.max(0, this.share + (this.isDirect ? this.step : -this.step)));
    latent.set(this.base);
    this.blend.evaluate(gesture, latent);
    this.blend.advance(this.step);
    if (this.share === 1) latent.set(direct);
    else if (this.share > 0)
      for (let i = 0; i < this.dims; i++) latent[i] = latent[i]! + this.share * (direct[i]! - latent[i]!);
    this.started = true;
  }

  /** End every blend: for a fresh start that must sound the same every time. */
  settle(): void {
    do this.blend.advance(1);
    while (this.blend.position < 1);
    this.share = this.isDirect ? 1 : 0;
  }
}
