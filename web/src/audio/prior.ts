// A prior dreams the latents of a model: the page's copy of src/isobath/models/prior.py, which says how.
// Both draw the same numbers from seed, step and index, calculate in double precision, and what goes in
// again is rounded to a grid, or whole codes; so a dream is the same here and in `isobath render`.
// Nothing is allocated while it dreams.

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
  /** How many each dimension's book holds, where the latents are codes; 0 or absent: they are numbers. */
  readonly codes?: number;
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

/** out = matrix (rows x columns) times x, plus what `out` holds where `add`; from row `first` on. */
function times(
  out: Float64Array,
  matrix: Float64Array,
  x: Float64Array,
  rows: number,
  add: boolean,
  first = 0,
): void {
  const columns = x.length;
  for (let r = 0, at = first * columns; r < rows; r++) {
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

/** Which of several, at `chance` (0..1) of the weights of `logits`; at 0 degrees the likeliest. */
function choose(logits: Float64Array, sums: Float64Array, chance: number, temperature: number): number {
  const k = sums.length;
  let best = 0;
  for (let i = 1; i < k; i++) if (logits[i]! > logits[best]!) best = i;
  if (temperature <= 0) return best;
  const most = logits[best]!;
  let total = 0;
  for (let i = 0; i < k; i++) {
    total += Math.exp((logits[i]! - most) / temperature);
    sums[i] = total;
  }
  const mark = chance * total;
  for (let i = 0; i < k; i++) if (sums[i]! >= mark) return i;
  return k - 1;
}

/** What a prior says at each step, and how the next patch comes of it (src/isobath/models/saying.py). */
interface Speech {
  /** The patch that was drawn last. */
  readonly patch: Float64Array;
  /** What goes into the network after that patch, or at the beginning, into `x`. */
  enter(x: Float64Array, begun: boolean): void;
  /** Take in what comes out of the network, as far as that needs no patch. */
  hear(x: Float64Array): void;
  /** The next patch, from what comes out of the network. */
  draw(x: Float64Array, seed: number, step: number, temperature: number): void;
  /** A number of the patch as the latent has it. */
  latent(value: number, dimension: number): number;
}

/** A mixture of Gaussians in the principal axes of a patch. */
class Numbers implements Speech {
  readonly patch: Float64Array;
  private readonly h: Float64Array;
  private readonly said: Float64Array;
  private readonly sums: Float64Array;
  private readonly turned: Float64Array;

  constructor(
    about: AboutPrior,
    private readonly t: PriorTensors,
  ) {
    const values = about.patch * about.dims;
    this.patch = new Float64Array(values);
    this.turned = new Float64Array(values);
    this.h = new Float64Array(about.width);
    this.said = new Float64Array(about.mixtures * (1 + 2 * values));
    this.sums = new Float64Array(about.mixtures);
  }

  enter(x: Float64Array, begun: boolean): void {
    const { t, turned } = this;
    const values = turned.length;
    if (begun) times(turned, t.basis!, this.patch, values, false);
    for (let i = 0; i < values; i++) turned[i] = begun ? turned[i]! / t.spread![i]! : 0;
    x.set(t.in_bias!);
    times(x, t.in!, turned, x.length, true);
  }

  hear(x: Float64Array): void {
    normed(this.h, x, this.t.norm!);
    this.said.set(this.t.out_bias!);
    times(this.said, this.t.out!, this.h, this.said.length, true);
  }

  draw(_: Float64Array, seed: number, step: number, temperature: number): void {
    const { t, said, turned } = this;
    const v = turned.length;
    const k = this.sums.length;
    const chosen = choose(said, this.sums, uniform(seed, step, 0), temperature);
    const means = k + chosen * v;
    const logs = k + (k + chosen) * v;
    for (let i = 0; i < v; i++) {
      turned[i] = said[means + i]!;
      if (temperature <= 0) continue;
      const radius = Math.sqrt(-2 * Math.log(uniform(seed, step, 1 + i)));
      const normal = radius * Math.cos(2 * Math.PI * uniform(seed, step, 1 + v + i));
      const spread = Math.exp(Math.min(2, Math.max(-5, said[logs + i]!)));
      turned[i] = turned[i]! + temperature * spread * normal;
    }
    for (let i = 0; i < v; i++) {
      let sum = 0;
      for (let j = 0; j < v; j++) sum += t.basis![j * v + i]! * (turned[j]! * t.spread![j]!);
      this.patch[i] = Math.floor(Math.min(WIDEST, Math.max(-WIDEST, sum)) * GRID + 0.5) / GRID;
    }
  }

  latent(value: number, dimension: number): number {
    return this.patch[value]! * this.t.std![dimension]! + this.t.mean![dimension]!;
  }
}

/** A class for every code of the patch, each drawn knowing those before it. */
class Codes implements Speech {
  readonly patch: Float64Array;
  private readonly h: Float64Array;
  private readonly logits: Float64Array;
  private readonly sums: Float64Array;
  private readonly row: Float64Array;

  constructor(
    about: AboutPrior,
    private readonly t: PriorTensors,
    private readonly codes: number,
  ) {
    this.patch = new Float64Array(about.patch * about.dims);
    this.h = new Float64Array(about.width);
    this.row = new Float64Array(about.width);
    this.logits = new Float64Array(codes);
    this.sums = new Float64Array(codes);
  }

  enter(x: Float64Array, begun: boolean): void {
    x.set(this.t.in_bias!);
    if (!begun) return;
    for (let i = 0; i < this.patch.length; i++) {
      this.recall(i);
      for (let j = 0; j < x.length; j++) x[j] = x[j]! + this.row[j]!;
    }
  }

  hear(): void {
    // Each code is told to those after it, so all is drawn in one.
  }

  draw(x: Float64Array, seed: number, step: number, temperature: number): void {
    const { t, codes, logits } = this;
    for (let i = 0; i < this.patch.length; i++) {
      normed(this.h, x, t.norm!);
      for (let n = 0; n < codes; n++) logits[n] = t.out_bias![i * codes + n]!;
      times(logits, t.out!, this.h, codes, true, i * codes);
      this.patch[i] = choose(logits, this.sums, uniform(seed, step, i), temperature);
      this.recall(i);
      times(x, t.within!, this.row, x.length, true);
    }
  }

  latent(value: number): number {
    return this.patch[value]!;
  }

  /** What the table holds of a code of the patch, into `row`. */
  private recall(value: number): void {
    const at = (value * this.codes + this.patch[value]!) * this.row.length;
    for (let j = 0; j < this.row.length; j++) this.row[j] = this.t.in![at + j]!;
  }
}

interface Layer {
  readonly normA: Float64Array;
  readonly qkv: Float64Array;
  readonly join: Float64Array;
  readonly normB: Float64Array;
  readonly up: Float64Array;
  readonly down: Float64Array;
}

function layerOf(t: PriorTensors, i: number): Layer {
  const of = (name: string): Float64Array => t[`${i}.${name}`]!;
  return {
    normA: of("norm_a"),
    qkv: of("qkv"),
    join: of("join"),
    normB: of("norm_b"),
    up: of("up"),
    down: of("down"),
  };
}

/** One dream, from its beginning; asked for frame 0 it begins again. */
export class Dreaming implements Dream {
  private readonly speech: Speech;
  private readonly layers: readonly Layer[];
  private readonly turns: Float64Array;
  private readonly keys: Float64Array[];
  private readonly values: Float64Array[];
  private readonly x: Float64Array;
  private readonly h: Float64Array;
  private readonly qkv: Float64Array;
  private readonly heard: Float64Array;
  private readonly wide: Float64Array;
  private readonly scores: Float64Array;
  private readonly latent: Float32Array;
  private position = 0;
  private step = 0;
  /** Parts of the next step that are done: some with every frame, so that no moment has to bear a whole one. */
  private thought = 0;
  /** The frame after the patch that is held. */
  private ahead = 0;

  constructor(
    private readonly prior: Prior,
    private readonly seed: number,
    public temperature: number,
  ) {
    const { about, tensors } = prior;
    const { width, layers, window, dims } = about;
    this.speech = about.codes ? new Codes(about, tensors, about.codes) : new Numbers(about, tensors);
    this.layers = Array.from({ length: layers }, (_, i) => layerOf(tensors, i));
    const half = width / about.heads / 2;
    this.turns = Float64Array.from({ length: half }, (_, j) => ROTARY_BASE ** (-j / half));
    const ring = () => Array.from({ length: layers }, () => new Float64Array(window * width));
    this.keys = ring();
    this.values = ring();
    this.x = new Float64Array(width);
    this.h = new Float64Array(width);
    this.qkv = new Float64Array(3 * width);
    this.heard = new Float64Array(width);
    this.wide = new Float64Array(4 * width);
    this.scores = new Float64Array(window);
    this.latent = new Float32Array(dims);
  }

  at(frame: number): Float32Array {
    const { patch, dims } = this.prior.about;
    if (frame < this.ahead - patch) this.position = this.step = this.ahead = this.thought = 0;
    while (frame >= this.ahead) this.dream();
    const row = (frame - this.ahead + patch) * dims;
    for (let d = 0; d < dims; d++) this.latent[d] = this.speech.latent(row + d, d);
    const share = (frame - this.ahead + patch + 1) / patch;
    while (this.thought < Math.floor(share * (this.layers.length + 2))) this.think();
    return this.latent;
  }

  /** The next patch. */
  private dream(): void {
    while (this.thought < this.layers.length + 2) this.think();
    this.speech.draw(this.x, this.seed, this.step, this.temperature);
    this.thought = 0;
    this.step++;
    this.ahead += this.prior.about.patch;
  }

  /** A part of a step: what goes in, a layer, or what comes out. */
  private think(): void {
    const part = this.thought++;
    if (part === 0) this.speech.enter(this.x, this.step > 0);
    else if (part <= this.layers.length) this.pass(part - 1);
    else {
      this.position++;
      this.speech.hear(this.x);
    }
  }

  private pass(i: number): void {
    const w = this.x.length;
    const layer = this.layers[i]!;
    normed(this.h, this.x, layer.normA);
    times(this.qkv, layer.qkv, this.h, 3 * w, false);
    this.attend(i);
    times(this.x, layer.join, this.heard, w, true);
    normed(this.h, this.x, layer.normB);
    times(this.wide, layer.up, this.h, 4 * w, false);
    for (let j = 0; j < this.wide.length; j++) this.wide[j] = this.wide[j]! / (1 + Math.exp(-this.wide[j]!));
    times(this.x, layer.down, this.wide, w, true);
  }

  /** Turn the pairs (j, j + half) of every head by the position. */
  private turn(at: number): void {
    const size = this.prior.about.width / this.prior.about.heads;
    for (let head = 0; head < this.prior.about.heads; head++)
      for (let j = 0; j < size / 2; j++) {
        const angle = this.position * this.turns[j]!;
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
    const keys = this.keys[layer]!;
    const values = this.values[layer]!;
    const slot = (this.position % window) * w;
    for (let j = 0; j < w; j++) {
      keys[slot + j] = this.qkv[w + j]!;
      values[slot + j] = this.qkv[2 * w + j]!;
    }
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
}
