// A fitted mapping, evaluated as Python evaluates it (docs/mapping-format.md).
//
// `MappingData` is the JSON as it travels; `prepare` checks it and lays its numbers out flat, once;
// `evaluate` runs once per latent frame on the audio thread and allocates nothing.

/** The JSON of docs/mapping-format.md. */
export interface MappingData {
  format: number;
  algorithm: string;
  axes: number;
  dims: number;
  active: boolean[];
  values: number[];
  low: number[] | null;
  high: number[] | null;
  parts: PartData[];
  /** RMS miss at each demonstration, in latent units; null where it cannot be used. */
  errors: (number | null)[];
  /** Sentences for the musician. */
  warnings: string[];
}

export interface PartData {
  inputs: number[];
  outputs: number[];
  centre: number[];
  scale: number[];
  bias: number[];
  terms: TermData[];
  confidence: { length: number; level: number; pin: number; noise: number[] } | null;
}

export type TermData =
  | { kind: "radial"; centres: number[][]; layers: LayerData[] }
  | { kind: "network"; weights: number[][][][]; biases: number[][][] }
  | { kind: "nearest"; count: number; power: number; centres: number[][]; values: number[][] }
  | { kind: "polynomial"; factors: number[][]; weights: number[][] };

export interface LayerData {
  profile: Profile;
  length: number;
  weights: number[][];
}

export type Profile = "matern52" | "exponential" | "thin_plate";

/** Adds its outputs at the place `u` to `sum`. */
interface Term {
  add(u: Float64Array, sum: Float64Array): void;
}

interface Part {
  inputs: Int32Array;
  outputs: Int32Array;
  centre: Float64Array;
  scale: Float64Array;
  bias: Float64Array;
  terms: Term[];
  u: Float64Array; // scratch
  sum: Float64Array; // scratch
  confidence: Confidence | null;
}

interface Confidence {
  length: number;
  noise: Float64Array;
  centres: Float64Array;
  /** Lower Cholesky factor, row by row; made when first asked for, which the audio thread never does. */
  factor: Float64Array | null;
  solved: Float64Array; // scratch
}

/** A mapping ready to play. */
export interface Prepared {
  readonly algorithm: string;
  readonly axes: number;
  readonly dims: number;
  /** False where a dimension is left to the sliders. */
  readonly active: readonly boolean[];
  readonly values: Float64Array;
  readonly low: Float64Array | null;
  readonly high: Float64Array | null;
  readonly parts: readonly Part[];
}

/** Coordinates are kept within this many half-ranges; a gesture beyond it is a broken sensor. */
const FAR = 100;

/**
 * Writes the latents at `point` (axes, each 0..1) into `out` (dims). Dimensions that are off are left
 * as the caller had them. A coordinate that is not a number counts as the middle of its axis.
 */
export function evaluate(
  mapping: Prepared,
  point: ArrayLike<number>,
  out: Float64Array | Float32Array | number[],
): void {
  const { active, values, low, high, parts } = mapping;
  for (let d = 0; d < mapping.dims; d++) if (active[d]) out[d] = values[d]!;
  for (let p = 0; p < parts.length; p++) {
    const part = parts[p]!;
    const { sum, outputs, terms } = part;
    locate(part, point);
    sum.set(part.bias);
    for (let t = 0; t < terms.length; t++) terms[t]!.add(part.u, sum);
    for (let o = 0; o < outputs.length; o++) {
      const d = outputs[o]!;
      let value = sum[o]!;
      if (low !== null && high !== null) value = Math.min(high[d]!, Math.max(low[d]!, value));
      out[d] = value;
    }
  }
}

/** Whether `uncertainty` has an answer. */
export function knowsUncertainty(mapping: Prepared): boolean {
  return mapping.parts.some((part) => part.confidence !== null);
}

/**
 * How unsure the map is at `point`: 0 = sure, 1 = knows nothing there; null where the algorithm cannot
 * tell. For drawing: the first call factors a matrix.
 */
export function uncertainty(mapping: Prepared, point: ArrayLike<number>): number | null {
  let variance = 0;
  let outputs = 0;
  for (const part of mapping.parts) {
    const sure = part.confidence;
    if (sure === null) continue;
    locate(part, point);
    variance += part.outputs.length * openVariance(sure, part.u);
    outputs += part.outputs.length;
  }
  return outputs === 0 ? null : Math.sqrt(variance / outputs);
}

/** u = (point - centre) * scale, in the part's scratch. */
function locate(part: Part, point: ArrayLike<number>): void {
  const { u, inputs, centre, scale } = part;
  for (let i = 0; i < u.length; i++) {
    const value = (point[inputs[i]!]! - centre[i]!) * scale[i]!;
    u[i] = Number.isNaN(value) ? 0 : Math.min(FAR, Math.max(-FAR, value));
  }
}

function matern52(t2: number): number {
  const t = Math.sqrt(t2);
  return (1 + t + t2 / 3) * Math.exp(-t);
}

interface Bumps {
  profile: Profile;
  nearness: number; // 1 / length², times 5 for matern52
  weights: Float64Array; // n, outputs
}

class Radial implements Term {
  /** Two layers over the same centres, a process and its pin, go in one sweep: the usual case. */
  private readonly pair: boolean;

  constructor(
    readonly centres: Float64Array,
    private readonly layers: Bumps[],
    readonly count: number,
    private readonly outputs: number,
  ) {
    this.pair =
      layers[0]?.profile === "matern52" && layers[1]?.profile === "exponential" && layers.length === 2;
  }

  add(u: Float64Array, sum: Float64Array): void {
    if (this.pair) this.addPair(u, sum, this.layers[0]!, this.layers[1]!);
    else for (let l = 0; l < this.layers.length; l++) this.addLayer(u, sum, this.layers[l]!);
  }

  private addPair(u: Float64Array, sum: Float64Array, body: Bumps, pin: Bumps): void {
    const { centres, count, outputs } = this;
    const near = body.weights;
    const nearer = pin.weights;
    const axes = u.length;
    for (let i = 0, c = 0, row = 0; i < count; i++, row += outputs) {
      let squared = 0;
      for (let a = 0; a < axes; a++, c++) {
        const away = u[a]! - centres[c]!;
        squared += away * away;
      }
      const height = matern52(squared * body.nearness);
      const peak = Math.exp(-Math.sqrt(squared * pin.nearness));
      for (let o = 0; o < outputs; o++) sum[o]! += height * near[row + o]! + peak * nearer[row + o]!;
    }
  }

  private addLayer(u: Float64Array, sum: Float64Array, layer: Bumps): void {
    const { profile, nearness, weights } = layer;
    const { count, outputs } = this;
    for (let i = 0, row = 0; i < count; i++, row += outputs) {
      const height = heightOf(profile, squaredDistance(u, this.centres, i) * nearness);
      for (let o = 0; o < outputs; o++) sum[o]! += height * weights[row + o]!;
    }
  }
}

function heightOf(profile: Profile, squared: number): number {
  if (profile === "matern52") return matern52(squared);
  if (profile === "exponential") return Math.exp(-Math.sqrt(squared));
  return 0.5 * squared * Math.log(Math.max(squared, 1e-300));
}

interface Layer {
  weights: Float64Array; // groups, rows, columns
  biases: Float64Array; // groups, rows
  rows: number;
  columns: number;
}

class Network implements Term {
  private before: Float64Array;
  private after: Float64Array;

  constructor(
    private readonly layers: Layer[],
    private readonly groups: number,
  ) {
    const widest = Math.max(...layers.map((layer) => Math.max(layer.rows, layer.columns)));
    this.before = new Float64Array(widest);
    this.after = new Float64Array(widest);
  }

  add(u: Float64Array, sum: Float64Array): void {
    const { layers, groups } = this;
    for (let g = 0; g < groups; g++) {
      let from = this.before;
      let to = this.after;
      for (let i = 0; i < u.length; i++) from[i] = u[i]!;
      for (let l = 0; l < layers.length; l++) {
        const { weights, biases, rows, columns } = layers[l]!;
        const last = l === layers.length - 1;
        for (let r = 0; r < rows; r++) {
          const start = (g * rows + r) * columns;
          let total = biases[g * rows + r]!;
          for (let c = 0; c < columns; c++) total += weights[start + c]! * from[c]!;
          if (last) sum[g * rows + r]! += total;
          else to[r] = Math.tanh(total);
        }
        const swap = from;
        from = to;
        to = swap;
      }
    }
  }
}

class Nearest implements Term {
  private readonly r: Float64Array;
  private readonly closest: Float64Array;

  constructor(
    private readonly neighbours: number,
    private readonly power: number,
    private readonly centres: Float64Array,
    private readonly values: Float64Array,
    private readonly count: number,
    private readonly outputs: number,
  ) {
    this.r = new Float64Array(count);
    this.closest = new Float64Array(neighbours + 1);
  }

  add(u: Float64Array, sum: Float64Array): void {
    const { r, values, count, outputs } = this;
    for (let i = 0; i < count; i++) r[i] = Math.sqrt(squaredDistance(u, this.centres, i));
    this.pull(r);
    let total = 0;
    for (let i = 0; i < count; i++) total += r[i]!;
    for (let i = 0; i < count; i++) {
      if (r[i] === 0) continue;
      for (let o = 0; o < outputs; o++) sum[o]! += (r[i]! / total) * values[i * outputs + o]!;
    }
  }

  /** Distances become pulls, in place; see Nearest in terms.py. */
  private pull(r: Float64Array): void {
    const { neighbours, power, count } = this;
    let nearest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) nearest = Math.min(nearest, r[i]!);
    if (nearest < 1e-12) {
      for (let i = 0; i < count; i++) r[i] = r[i]! < 1e-12 ? 1 : 0;
      return;
    }
    const fades = neighbours > 0 && neighbours < count;
    const edge = fades ? nearest / this.following(r) : 0;
    const tied = fades && !(1 - edge > 1e-12);
    for (let i = 0; i < count; i++) {
      if (tied) r[i] = r[i]! <= nearest * (1 + 1e-9) ? 1 : 0;
      else r[i] = (Math.max(nearest / r[i]! - edge, 0) / (1 - edge)) ** power;
    }
  }

  /** Distance of the first demonstration that is no longer heard. */
  private following(r: Float64Array): number {
    const { closest, neighbours, count } = this;
    closest.fill(Number.POSITIVE_INFINITY);
    for (let i = 0; i < count; i++) {
      const distance = r[i]!;
      if (distance >= closest[neighbours]!) continue;
      let slot = neighbours;
      while (slot > 0 && closest[slot - 1]! > distance) {
        closest[slot] = closest[slot - 1]!;
        slot--;
      }
      closest[slot] = distance;
    }
    return closest[neighbours]!;
  }
}

class Polynomial implements Term {
  constructor(
    private readonly factors: Int32Array[],
    private readonly weights: Float64Array,
    private readonly outputs: number,
  ) {}

  add(u: Float64Array, sum: Float64Array): void {
    const { factors, weights, outputs } = this;
    for (let p = 0; p < factors.length; p++) {
      const factor = factors[p]!;
      let product = 1;
      for (let k = 0; k < factor.length; k++) product *= u[factor[k]!]!;
      for (let o = 0; o < outputs; o++) sum[o]! += product * weights[p * outputs + o]!;
    }
  }
}

function squaredDistance(u: Float64Array, centres: Float64Array, row: number): number {
  const start = row * u.length;
  let total = 0;
  for (let a = 0; a < u.length; a++) {
    const offset = u[a]! - centres[start + a]!;
    total += offset * offset;
  }
  return total;
}

/** 1 - kᵀ(K + noise)⁻¹k, 0..1. */
function openVariance(sure: Confidence, u: Float64Array): number {
  const { centres, noise, solved } = sure;
  const n = noise.length;
  sure.factor ??= cholesky(sure, u.length);
  const factor = sure.factor;
  const nearness = 5 / (sure.length * sure.length);
  let explained = 0;
  for (let i = 0; i < n; i++) {
    let value = matern52(nearness * squaredDistance(u, centres, i));
    const row = i * n;
    for (let j = 0; j < i; j++) value -= factor[row + j]! * solved[j]!;
    value /= factor[row + i]!;
    solved[i] = value;
    explained += value * value;
  }
  return Math.min(1, Math.max(0, 1 - explained));
}

function cholesky(sure: Confidence, axes: number): Float64Array {
  const { centres, noise } = sure;
  const n = noise.length;
  const factor = new Float64Array(n * n);
  const nearness = 5 / (sure.length * sure.length);
  for (let i = 0; i < n; i++) {
    const place = centres.subarray(i * axes, (i + 1) * axes);
    for (let j = 0; j <= i; j++) {
      let value = matern52(nearness * squaredDistance(place, centres, j)) + (i === j ? noise[i]! : 0);
      for (let k = 0; k < j; k++) value -= factor[i * n + k]! * factor[j * n + k]!;
      factor[i * n + j] = i === j ? Math.sqrt(Math.max(value, 1e-12)) : value / factor[j * n + j]!;
    }
  }
  return factor;
}

// One mapping into the next --------------------------------------------------------------------

/** How long one mapping takes to become the next. */
export const BLEND_SECONDS = 0.05;

/**
 * What is heard while one mapping becomes the next: both are played and crossfaded. A mapping that
 * arrives during a blend waits for its end, and of those that wait only the newest is kept. null is a
 * mapping that leaves everything as it is. Same as Blend in blend.py.
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

// Reading what came from outside ---------------------------------------------------------------

/** No number in a mapping is larger, so that nothing it computes can overflow. */
const MOST = 1e15;

class Damaged extends Error {}

/** Checks a mapping that came from a file or the network. Throws an Error with a sentence. */
export function prepare(data: unknown): Prepared {
  try {
    return mappingOf(data);
  } catch (problem) {
    if (!(problem instanceof Damaged)) throw problem;
    throw new Error(
      `This is not a mapping Isobath can read: ${problem.message}. Fit the demonstrations again.`,
    );
  }
}

type Fields = Record<string, unknown>;

function mappingOf(data: unknown): Prepared {
  const fields = object(data, "it");
  if (fields.format !== 1) throw new Damaged(`its format is ${String(fields.format)}, and this page reads 1`);
  const axes = whole(fields, "axes", 0, 1024);
  const dims = whole(fields, "dims", 1, 4096);
  const active = list(fields, "active");
  if (active.length !== dims || !active.every((one) => typeof one === "boolean"))
    throw new Damaged("'active' is not one true or false per dimension");
  const low = fields.low == null ? null : floats(fields.low, "low", [dims]);
  const high = fields.high == null ? null : floats(fields.high, "high", [dims]);
  if ((low === null) !== (high === null)) throw new Damaged("it has only one of 'low' and 'high'");
  return {
    algorithm: String(fields.algorithm),
    axes,
    dims,
    active: active as boolean[],
    values: floats(fields.values, "values", [dims]),
    low,
    high,
    parts: list(fields, "parts").map((part) => partOf(object(part, "one of its parts"), axes, dims)),
  };
}

function partOf(fields: Fields, axes: number, dims: number): Part {
  const inputs = indices(fields.inputs, "inputs", axes);
  const outputs = indices(fields.outputs, "outputs", dims);
  const terms = list(fields, "terms").map((term) =>
    termOf(object(term, "one of its terms"), inputs.length, outputs.length),
  );
  let confidence: Confidence | null = null;
  if (fields.confidence != null) {
    const sure = object(fields.confidence, "its confidence");
    const first = terms[0];
    if (!(first instanceof Radial)) throw new Damaged("its confidence has no demonstrations to stand on");
    const { count } = first;
    confidence = {
      length: positive(sure, "length"),
      noise: floats(sure.noise, "noise", [count]),
      centres: first.centres,
      factor: null,
      solved: new Float64Array(count),
    };
  }
  return {
    inputs,
    outputs,
    centre: floats(fields.centre, "centre", [inputs.length]),
    scale: floats(fields.scale, "scale", [inputs.length]),
    bias: floats(fields.bias, "bias", [outputs.length]),
    terms,
    u: new Float64Array(inputs.length),
    sum: new Float64Array(outputs.length),
    confidence,
  };
}

function termOf(fields: Fields, ins: number, outs: number): Term {
  if (fields.kind === "radial") return radialOf(fields, ins, outs);
  if (fields.kind === "network") return networkOf(fields, ins, outs);
  if (fields.kind === "nearest") {
    const count = list(fields, "centres").length;
    if (count === 0) throw new Damaged("it has no demonstrations to be near to");
    const neighbours = Math.min(whole(fields, "count", 0, 2 ** 31), count);
    const centres = floats(fields.centres, "centres", [count, ins]);
    const values = floats(fields.values, "values", [count, outs]);
    return new Nearest(neighbours, positive(fields, "power"), centres, values, count, outs);
  }
  if (fields.kind === "polynomial") {
    const factors = list(fields, "factors").map((one) => indices(one, "factors", ins));
    return new Polynomial(factors, floats(fields.weights, "weights", [factors.length, outs]), outs);
  }
  throw new Damaged(`it has a term of kind '${String(fields.kind)}', which this page does not know`);
}

function radialOf(fields: Fields, ins: number, outs: number): Term {
  const count = list(fields, "centres").length;
  const centres = floats(fields.centres, "centres", [count, ins]);
  const layers = list(fields, "layers").map((layer) => bumpsOf(object(layer, "a layer"), count, outs));
  if (layers.length === 0 || (layers.length > 1 && layers.some((layer) => layer.profile === "thin_plate")))
    throw new Damaged("its bumps have no layers, or more than one of thin plates");
  return new Radial(centres, layers, count, outs);
}

function bumpsOf(fields: Fields, count: number, outs: number): Bumps {
  const { profile } = fields;
  if (profile !== "matern52" && profile !== "exponential" && profile !== "thin_plate")
    throw new Damaged(`it has a profile '${String(profile)}', which this page does not know`);
  const length = positive(fields, "length");
  return {
    profile,
    nearness: (profile === "matern52" ? 5 : 1) / (length * length),
    weights: floats(fields.weights, "weights", [count, outs]),
  };
}

function networkOf(fields: Fields, ins: number, outs: number): Term {
  const matrices = list(fields, "weights");
  const offsets = list(fields, "biases");
  if (matrices.length === 0 || matrices.length !== offsets.length)
    throw new Damaged("its network has no layers, or not one bias per layer");
  const groups = list({ layer: matrices[0] }, "layer").length;
  let columns = ins;
  const layers = matrices.map((matrix, index) => {
    const rows = list({ layer: list({ matrix }, "matrix")[0] }, "layer").length;
    const layer = {
      weights: floats(matrix, "weights", [groups, rows, columns]),
      biases: floats(offsets[index], "biases", [groups, rows]),
      rows,
      columns,
    };
    columns = rows;
    return layer;
  });
  if (!((groups === outs && columns === 1) || (groups === 1 && columns === outs)))
    throw new Damaged(`its network ends in ${groups} x ${columns} values for ${outs} outputs`);
  return new Network(layers, groups);
}

function object(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Damaged(`${what} is not a JSON object`);
  return value as Fields;
}

function list(fields: Fields, key: string): unknown[] {
  const value = fields[key];
  if (!Array.isArray(value)) throw new Damaged(`'${key}' is missing or not a list`);
  return value;
}

function whole(fields: Fields, key: string, low: number, high: number): number {
  const value = fields[key];
  if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high)
    throw new Damaged(`'${key}' is ${String(value)}, not a whole number from ${low} to ${high}`);
  return value;
}

function positive(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value !== "number" || !(value >= 1e-9 && value <= 1e9))
    throw new Damaged(`'${key}' is ${String(value)}, not a number from 1e-9 to 1e9`);
  return value;
}

function indices(value: unknown, key: string, below: number): Int32Array {
  if (!Array.isArray(value)) throw new Damaged(`'${key}' is missing or not a list`);
  for (const one of value)
    if (typeof one !== "number" || !Number.isInteger(one) || one < 0 || one >= below)
      throw new Damaged(`'${key}' holds ${String(one)}, not an index below ${below}`);
  return Int32Array.from(value as number[]);
}

/** Finite numbers of this shape, flat. */
function floats(value: unknown, key: string, shape: number[]): Float64Array {
  const flat = new Float64Array(shape.reduce((size, length) => size * length, 1));
  let at = 0;
  const fill = (rows: unknown, depth: number): void => {
    if (depth === shape.length) {
      if (typeof rows !== "number" || !(Math.abs(rows) < MOST))
        throw new Damaged(`'${key}' holds ${String(rows)}, which is not finite, or absurdly large`);
      flat[at++] = rows;
      return;
    }
    if (!Array.isArray(rows) || rows.length !== shape[depth])
      throw new Damaged(`'${key}' does not have the shape ${shape.join(" x ")}`);
    for (const row of rows) fill(row, depth + 1);
  };
  fill(value, 0);
  return flat;
}
