// A prior dreams the latents of a model: the page's copy of src/isobath/models/prior.py, which says how.
// Both draw the same numbers from seed, step and index, calculate in double precision, and round what goes
// in again to a grid; so a dream is the same here and in `isobath render`.

import type { Dream } from "./hearing";

const GRID = 4096;
const WIDEST = 5;
const ROTARY_BASE = 10000;

export interface AboutPrior {
  readonly model: string;
  readonly dims: number;
  readonly hop: number;
  readonly patch: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly window: number;
  readonly mixtures: number;
}

export type PriorTensors = Readonly<Record<string, Float64Array>>;

export interface Prior {
  readonly about: AboutPrior;
  readonly tensors: PriorTensors;
}

/** A half-precision number from its 16 bits. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

function numbers(type: string, bytes: ArrayBuffer): Float64Array | null {
  if (type === "F16") return Float64Array.from(new Uint16Array(bytes), half);
  if (type === "F32") return Float64Array.from(new Float32Array(bytes));
  return null;
}

/** A prior file (safetensors), as the server sends it. Throws where it is none. */
export function readPrior(file: ArrayBuffer): Prior {
  const length = Number(new DataView(file).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, length)));
  const about: AboutPrior = JSON.parse(header.__metadata__.isobath_prior);
  const tensors: Record<string, Float64Array> = {};
  for (const [name, entry] of Object.entries<{ dtype: string; data_offsets: [number, number] }>(header)) {
    if (name === "__metadata__") continue;
    const [from, to] = entry.data_offsets;
    const values = numbers(entry.dtype, file.slice(8 + length + from, 8 + length + to));
    if (values === null) throw new Error(`the prior's ${name} has the type ${entry.dtype}`);
    tensors[name] = values;
  }
  return { about, tensors };
}

/** Number `index` in (0, 1) of a step. */
function uniform(seed: number, step: number, index: number): number {
  let x = (Math.imul(step, 0x9e3779b1) + Math.imul(index, 0x85ebca77) + seed) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
  x = (x ^ (x >>> 16)) >>> 0;
  return (x + 0.5) / 2 ** 32;
}

/** out = matrix (rows x columns) times x, plus what `out` holds where `add`. */
function times(out: Float64Array, matrix: Float64Array, x: Float64Array, rows: number, add: boolean): void {
  const columns = x.length;
  for (let r = 0, at = 0; r < rows; r++) {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += matrix[at++]! * x[c]!;
    out[r] = add ? out[r]! + sum : sum;
  }
}

function normed(out: Float64Array, x: Float64Array, gain: Float64Array): void {
  let sum = 0;
  for (const value of x) sum += value * value;
  const scale = 1 / Math.sqrt(sum / x.length + 1e-6);
  for (let i = 0; i < x.length; i++) out[i] = x[i]! * scale * gain[i]!;
}

/** One dream, from its beginning; asked for frame 0 it begins again. */
export class Dreaming implements Dream {
  private readonly keys: Float64Array[];
  private readonly values: Float64Array[];
  private readonly x: Float64Array;
  private readonly h: Float64Array;
  private readonly qkv: Float64Array;
  private readonly heard: Float64Array;
  private readonly wide: Float64Array;
  private readonly said: Float64Array;
  private readonly scores: Float64Array;
  private readonly sums: Float64Array;
  private readonly entering: Float64Array;
  private readonly drawn: Float64Array;
  private readonly patch: Float64Array;
  private readonly latent: Float32Array;
  private position = 0;
  private step = 0;
  /** The frame after the patch that is held. */
  private ahead = 0;

  constructor(
    private readonly prior: Prior,
    private readonly seed: number,
    public temperature: number,
  ) {
    const { width, layers, window, mixtures, patch, dims } = prior.about;
    const values = patch * dims;
    const ring = () => Array.from({ length: layers }, () => new Float64Array(window * width));
    this.keys = ring();
    this.values = ring();
    this.x = new Float64Array(width);
    this.h = new Float64Array(width);
    this.qkv = new Float64Array(3 * width);
    this.heard = new Float64Array(width);
    this.wide = new Float64Array(4 * width);
    this.said = new Float64Array(mixtures * (1 + 2 * values));
    this.scores = new Float64Array(window);
    this.sums = new Float64Array(mixtures);
    this.entering = new Float64Array(values);
    this.drawn = new Float64Array(values);
    this.patch = new Float64Array(values);
    this.latent = new Float32Array(dims);
  }

  at(frame: number): Float32Array {
    const { patch, dims } = this.prior.about;
    if (frame < this.ahead - patch) this.begin();
    while (frame >= this.ahead) this.dream();
    const { mean, std } = this.prior.tensors;
    const row = (frame - this.ahead + patch) * dims;
    for (let d = 0; d < dims; d++) this.latent[d] = this.patch[row + d]! * std![d]! + mean![d]!;
    return this.latent;
  }

  private begin(): void {
    this.position = this.step = this.ahead = 0;
    this.entering.fill(0);
  }

  /** The next patch. */
  private dream(): void {
    const { tensors: t, about } = this.prior;
    const values = about.patch * about.dims;
    this.think();
    this.draw();
    for (let i = 0; i < values; i++) {
      let sum = 0;
      for (let j = 0; j < values; j++) sum += t.basis![j * values + i]! * (this.drawn[j]! * t.spread![j]!);
      this.patch[i] = Math.floor(Math.min(WIDEST, Math.max(-WIDEST, sum)) * GRID + 0.5) / GRID;
    }
    times(this.entering, t.basis!, this.patch, values, false);
    for (let i = 0; i < values; i++) this.entering[i] = this.entering[i]! / t.spread![i]!;
    this.step++;
    this.ahead += about.patch;
  }

  private think(): void {
    const { tensors: t, about } = this.prior;
    const w = about.width;
    this.x.set(t.in_bias!);
    times(this.x, t.in!, this.entering, w, true);
    for (let i = 0; i < about.layers; i++) {
      normed(this.h, this.x, t[`${i}.norm_a`]!);
      times(this.qkv, t[`${i}.qkv`]!, this.h, 3 * w, false);
      this.attend(i);
      times(this.x, t[`${i}.join`]!, this.heard, w, true);
      normed(this.h, this.x, t[`${i}.norm_b`]!);
      times(this.wide, t[`${i}.up`]!, this.h, 4 * w, false);
      for (let j = 0; j < this.wide.length; j++)
        this.wide[j] = this.wide[j]! / (1 + Math.exp(-this.wide[j]!));
      times(this.x, t[`${i}.down`]!, this.wide, w, true);
    }
    this.position++;
    normed(this.h, this.x, t.norm!);
    this.said.set(t.out_bias!);
    times(this.said, t.out!, this.h, this.said.length, true);
  }

  /** Turn the pairs (j, j + half) of every head by the position. */
  private turn(at: number): void {
    const size = this.prior.about.width / this.prior.about.heads;
    for (let head = 0; head < this.prior.about.heads; head++)
      for (let j = 0; j < size / 2; j++) {
        const angle = this.position * ROTARY_BASE ** (-j / (size / 2));
        const c = Math.cos(angle);
        const s = Math.sin(angle);
        const one = at + head * size + j;
        const other = one + size / 2;
        const a = this.qkv[one]!;
        const b = this.qkv[other]!;
        this.qkv[one] = a * c - b * s;
        this.qkv[other] = a * s + b * c;
      }
  }

  private attend(layer: number): void {
    const { width: w, heads, window } = this.prior.about;
    const size = w / heads;
    this.turn(0);
    this.turn(w);
    const [keys, values] = [this.keys[layer]!, this.values[layer]!];
    const slot = (this.position % window) * w;
    keys.set(this.qkv.subarray(w, 2 * w), slot);
    values.set(this.qkv.subarray(2 * w), slot);
    const known = Math.min(this.position + 1, window);
    for (let head = 0; head < heads; head++) {
      const at = head * size;
      let most = Number.NEGATIVE_INFINITY;
      for (let p = 0; p < known; p++) {
        let score = 0;
        for (let j = 0; j < size; j++) score += keys[p * w + at + j]! * this.qkv[at + j]!;
        this.scores[p] = score / Math.sqrt(size);
        most = Math.max(most, this.scores[p]!);
      }
      let total = 0;
      for (let p = 0; p < known; p++) {
        this.scores[p] = Math.exp(this.scores[p]! - most);
        total += this.scores[p]!;
      }
      for (let j = 0; j < size; j++) {
        let sum = 0;
        for (let p = 0; p < known; p++) sum += (this.scores[p]! / total) * values[p * w + at + j]!;
        this.heard[at + j] = sum;
      }
    }
  }

  private draw(): void {
    const { mixtures: k, patch, dims } = this.prior.about;
    const v = patch * dims;
    const chosen = this.choose(k);
    const means = k + chosen * v;
    const logs = k + (k + chosen) * v;
    for (let i = 0; i < v; i++) {
      this.drawn[i] = this.said[means + i]!;
      if (this.temperature <= 0) continue;
      const radius = Math.sqrt(-2 * Math.log(uniform(this.seed, this.step, 1 + i)));
      const normal = radius * Math.cos(2 * Math.PI * uniform(this.seed, this.step, 1 + v + i));
      const spread = Math.exp(Math.min(2, Math.max(-5, this.said[logs + i]!)));
      this.drawn[i] = this.drawn[i]! + this.temperature * spread * normal;
    }
  }

  /** Which Gaussian of the mixture. */
  private choose(k: number): number {
    let best = 0;
    for (let i = 1; i < k; i++) if (this.said[i]! > this.said[best]!) best = i;
    if (this.temperature <= 0) return best;
    const most = this.said[best]!;
    let total = 0;
    for (let i = 0; i < k; i++) {
      total += Math.exp((this.said[i]! - most) / this.temperature);
      this.sums[i] = total;
    }
    const chance = uniform(this.seed, this.step, 0) * total;
    for (let i = 0; i < k; i++) if (this.sums[i]! >= chance) return i;
    return k - 1;
  }
}
