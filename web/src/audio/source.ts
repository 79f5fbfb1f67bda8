// Where a voice's latents come from: the mapping, a latent given directly, or nothing yet (the sliders,
// or the model's mean). A change of source or mapping is blended over 50 ms so that it cannot click.

export const BLEND_SECONDS = 0.05;

/** Write the latent for a gesture; `base` is what dimensions that are switched off have. */
export type Evaluate = (gesture: Float64Array, base: Float64Array, into: Float64Array) => void;

export class Source {
  /** The sliders, or the model's mean. */
  readonly base: Float64Array;
  private mapping: Evaluate | null = null;
  private before: Evaluate | null = null;
  private readonly direct: Float64Array;
  private isDirect = false;
  /** What the blend starts from, where that is no mapping. */
  private readonly frozen: Float64Array;
  private readonly old: Float64Array;
  /** The latent of the last frame asked for. */
  readonly latent: Float64Array;
  private left = 0;
  private started = false;

  /** `frames`: latent frames that a blend takes. */
  constructor(
    readonly dims: number,
    mean: ArrayLike<number>,
    private readonly frames: number,
  ) {
    this.base = Float64Array.from({ length: dims }, (_, i) => mean[i] ?? 0);
    this.direct = new Float64Array(dims);
    this.frozen = new Float64Array(dims);
    this.old = new Float64Array(dims);
    this.latent = new Float64Array(dims);
  }

  setMapping(mapping: Evaluate | null): void {
    if (this.isDirect) {
      this.mapping = mapping;
      return;
    }
    this.blendFrom(this.left > 0 ? null : this.mapping);
    this.mapping = mapping;
  }

  /** Follow `latent` instead of the mapping; null returns to it. */
  setDirect(latent: ArrayLike<number> | null): void {
    if ((latent !== null) !== this.isDirect) {
      this.blendFrom(this.isDirect || this.left > 0 ? null : this.mapping);
      this.isDirect = latent !== null;
    }
    if (latent !== null) for (let i = 0; i < this.dims; i++) this.direct[i] = latent[i] ?? 0;
  }

  /** Make `latent` the next frame's. */
  next(gesture: Float64Array): void {
    const into = this.latent;
    if (this.isDirect) into.set(this.direct);
    else this.evaluate(this.mapping, gesture, into);
    if (this.left > 0) {
      const share = this.left / (this.frames + 1);
      if (this.before === null) this.old.set(this.frozen);
      else this.evaluate(this.before, gesture, this.old);
      for (let i = 0; i < this.dims; i++) into[i] = into[i]! + share * (this.old[i]! - into[i]!);
      this.left--;
      if (this.left === 0) this.before = null;
    }
    this.started = true;
  }

  /** No blend under way: for a fresh start that must sound the same every time. */
  settle(): void {
    this.left = 0;
    this.before = null;
  }

  private blendFrom(mapping: Evaluate | null): void {
    if (!this.started) return;
    this.before = mapping;
    this.frozen.set(this.latent);
    this.left = this.frames;
  }

  private evaluate(mapping: Evaluate | null, gesture: Float64Array, into: Float64Array): void {
    if (mapping === null) into.set(this.base);
    else mapping(gesture, this.base, into);
  }
}
