// What a model knows about its own latent space: how far out a latent is, and how loud it sounds.

/** The part of docs/model-format.md that this needs. */
export interface Described {
  readonly dims: number;
  readonly latent: {
    readonly mean: readonly number[];
    readonly covariance: readonly (readonly number[])[];
    readonly known_radius: number;
  };
  readonly loudness: {
    readonly points: readonly (readonly number[])[];
    readonly db: readonly number[];
  } | null;
}

export interface Knowledge {
  readonly dims: number;
  readonly mean: Float64Array;
  /** Inverse of the covariance's Cholesky factor, lower, row by row: |factor (z - mean)| is the distance. */
  readonly whiten: Float64Array;
  readonly radius: number;
  readonly loudness: Loudness | null;
}

interface Loudness {
  readonly points: Float64Array; // n, dims
  readonly missed: Float64Array; // n: dB that the straight line misses
  readonly line: Float64Array; // dims + 1: slope and dB at 0
  readonly nearness: number; // 1 / (2 width²)
  readonly low: number;
  readonly high: number;
}

/** Once per model. */
export function knowledgeOf(model: Described): Knowledge {
  const { dims, latent } = model;
  return {
    dims,
    mean: Float64Array.from(latent.mean),
    whiten: whitening(latent.covariance, dims),
    radius: latent.known_radius > 0 ? latent.known_radius : Math.sqrt(dims) + 2,
    loudness: model.loudness === null ? null : loudnessOf(model.loudness.points, model.loudness.db, dims),
  };
}

/** Mahalanobis distance of the latent at `offset`, 1 = the edge of what the model knows. */
export function remoteness(knowledge: Knowledge, latents: ArrayLike<number>, offset = 0): number {
  const { dims, mean, whiten, radius } = knowledge;
  let total = 0;
  for (let i = 0; i < dims; i++) {
    let value = 0;
    for (let j = 0; j <= i; j++) value += whiten[i * dims + j]! * (latents[offset + j]! - mean[j]!);
    total += value * value;
  }
  return Math.sqrt(total) / radius;
}

/**
 * How loud the decoder is at the latent at `offset`, dBFS after A-weighting; null where the model does not
 * say. A straight line through the model's own measurements, plus kernel regression (Nadaraya 1964) of
 * what the line misses.
 */
export function loudnessAt(knowledge: Knowledge, latents: ArrayLike<number>, offset = 0): number | null {
  const { dims, loudness } = knowledge;
  if (loudness === null) return null;
  const db = lineAt(loudness.line, latents, offset, dims) + smoothed(loudness, latents, offset, dims, -1);
  return Math.min(loudness.high, Math.max(loudness.low, db));
}

function lineAt(line: Float64Array, latents: ArrayLike<number>, offset: number, dims: number): number {
  let db = line[dims]!;
  for (let d = 0; d < dims; d++) db += line[d]! * latents[offset + d]!;
  return db;
}

/** Below this, in dBFS(A), a sound is silent, and one silence is like another. */
const SILENT = -72;
const BANK = 4096;
const distances = new Float64Array(BANK);

/** Mean of what the line misses, each measurement weighted by nearness; `without` leaves one out. */
function smoothed(
  field: Pick<Loudness, "points" | "missed" | "nearness">,
  latents: ArrayLike<number>,
  offset: number,
  dims: number,
  without: number,
): number {
  const { points, missed, nearness } = field;
  const count = missed.length;
  let nearest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    let squared = 0;
    for (let d = 0, p = i * dims; d < dims; d++, p++) {
      const away = points[p]! - latents[offset + d]!;
      squared += away * away;
    }
    if (i === without) squared = Number.POSITIVE_INFINITY;
    distances[i] = squared;
    if (squared < nearest) nearest = squared;
  }
  let total = 0;
  let weights = 0;
  for (let i = 0; i < count; i++) {
    const exponent = (distances[i]! - nearest) * nearness;
    if (exponent > 20) continue;
    const weight = Math.exp(-exponent);
    weights += weight;
    total += weight * missed[i]!;
  }
  return weights > 0 ? total / weights : 0;
}

/** Line by least squares, then the kernel width that predicts each measurement best from the others. */
function loudnessOf(
  rows: readonly (readonly number[])[],
  measured: readonly number[],
  dims: number,
): Loudness | null {
  const count = Math.min(rows.length, measured.length, BANK);
  const db = measured.slice(0, count).map((value) => Math.max(SILENT, value));
  if (count === 0) return null;
  const points = new Float64Array(count * dims);
  for (let i = 0; i < count; i++) for (let d = 0; d < dims; d++) points[i * dims + d] = rows[i]![d] ?? 0;
  const line = leastSquares(points, db, count, dims);
  const missed = Float64Array.from(
    { length: count },
    (_, i) => db[i]! - lineAt(line, points, i * dims, dims),
  );
  const spacing = Math.sqrt(dims);
  let best = { nearness: 1, error: Number.POSITIVE_INFINITY };
  for (const share of [0.15, 0.25, 0.4, 0.6, 1]) {
    const nearness = 1 / (2 * (share * spacing) ** 2);
    let error = 0;
    for (let i = 0; i < count; i++)
      error += (missed[i]! - smoothed({ points, missed, nearness }, points, i * dims, dims, i)) ** 2;
    if (error < best.error) best = { nearness, error };
  }
  return {
    points,
    missed,
    line,
    nearness: best.nearness,
    low: Math.max(SILENT, db.reduce((a, b) => Math.min(a, b)) - 6),
    high: db.reduce((a, b) => Math.max(a, b)) + 6,
  };
}

/** Slope and offset of the straight line through (points, values), with a trace of ridge. */
function leastSquares(
  points: Float64Array,
  values: readonly number[],
  count: number,
  dims: number,
): Float64Array {
  const size = dims + 1;
  const gram = new Float64Array(size * size);
  const right = new Float64Array(size);
  const row = new Float64Array(size);
  for (let i = 0; i < count; i++) {
    row.set(points.subarray(i * dims, (i + 1) * dims));
    row[dims] = 1;
    for (let a = 0; a < size; a++) {
      right[a]! += row[a]! * values[i]!;
      for (let b = 0; b < size; b++) gram[a * size + b]! += row[a]! * row[b]!;
    }
  }
  for (let a = 0; a < dims; a++) gram[a * size + a]! += 1e-3 * count;
  gram[size * size - 1]! += 1e-9 * count;
  const factor = lowerInverse(gram, size);
  const half = new Float64Array(size);
  for (let a = 0; a < size; a++) for (let b = 0; b <= a; b++) half[a]! += factor[a * size + b]! * right[b]!;
  const solved = new Float64Array(size);
  for (let a = 0; a < size; a++)
    for (let b = a; b < size; b++) solved[a]! += factor[b * size + a]! * half[b]!;
  return solved;
}

function whitening(covariance: readonly (readonly number[])[], dims: number): Float64Array {
  const flat = new Float64Array(dims * dims);
  for (let i = 0; i < dims; i++) for (let j = 0; j < dims; j++) flat[i * dims + j] = covariance[i]?.[j] ?? 0;
  for (let i = 0; i < dims; i++) flat[i * dims + i]! += 1e-6;
  return lowerInverse(flat, dims);
}

/** Inverse of the lower Cholesky factor of a symmetric matrix. */
function lowerInverse(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let value = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) value -= lower[i * size + k]! * lower[j * size + k]!;
      lower[i * size + j] = i === j ? Math.sqrt(Math.max(value, 1e-12)) : value / lower[j * size + j]!;
    }
  const inverse = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    inverse[j * size + j] = 1 / lower[j * size + j]!;
    for (let i = j + 1; i < size; i++) {
      let value = 0;
      for (let k = j; k < i; k++) value -= lower[i * size + k]! * inverse[k * size + j]!;
      inverse[i * size + j] = value / lower[i * size + i]!;
    }
  }
  return inverse;
}
