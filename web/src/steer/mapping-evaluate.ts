// A fitted mapping, evaluated as Python evaluates it. `evaluate` runs once per latent frame on the audio thread
// and allocates nothing.

import { matern52, squaredDistance, type Term } from "./mapping-terms";

export interface Part {
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

export interface Confidence {
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
