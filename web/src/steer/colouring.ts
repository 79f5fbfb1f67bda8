// Latents as colours: places that sound alike look alike.
//
// The three principal components of the predicted latents become the three axes of OKLab (Ottosson
// 2020), where equal distances look equally different. The axes are turned to agree as well as they can
// with those of before (orthogonal Procrustes, Schönemann 1966), so that a refit does not repaint the map.

export interface Colouring {
  readonly dims: number;
  readonly centre: Float64Array; // dims
  readonly basis: Float64Array; // dims x 3, columns orthonormal
  readonly scale: number; // 1 / latent distance that reaches full colour
}

/** How strong the colours are; a page has one for dark and one for light. */
export interface Palette {
  readonly lightness: number; // OKLab L of the middle, 0..1
  readonly relief: number; // most that L rises or falls
  readonly chroma: number; // most colourful
}

export const DARK: Palette = { lightness: 0.46, relief: 0.13, chroma: 0.12 };
export const LIGHT: Palette = { lightness: 0.82, relief: 0.09, chroma: 0.1 };

/** Latents closer together than this all over the map are one colour, not a rainbow of nothing. */
const QUIET = 0.1;

/** Maps that spread less than this are coloured by where in the model they are, not by what is in them. */
const SPREAD = 0.5;

/**
 * The colouring of a grid of latents (n x dims, flat), as like `before` as can be. A map of one sound only has
 * no colours of its own; given the model's mean as `home`, it has the colour of its place in the model.
 */
export function colouringOf(
  latents: Float64Array,
  dims: number,
  before: Colouring | null,
  home: ArrayLike<number> | null = null,
): Colouring {
  const same = before !== null && before.dims === dims ? before : null;
  const centre = meanOf(latents, dims);
  const covariance = covarianceOf(latents, dims, centre);
  const basis = same === null ? firstBasis(dims) : same.basis.slice();
  for (let round = 0; round < 40; round++) orthonormalise(times(covariance, basis, dims), basis, dims);
  const ritz = principalTurn(covariance, basis, dims);
  turn(basis, same === null ? ritz.vectors : procrustes(basis, same.basis, dims), dims);
  if (same === null) settleSigns(basis, dims);
  const spread = Math.sqrt(Math.max(0, ritz.largest));
  const alike = home === null ? 0 : Math.max(0, 1 - spread / SPREAD);
  if (home !== null) for (let d = 0; d < dims; d++) centre[d]! += alike * (home[d]! - centre[d]!);
  return { dims, centre, basis, scale: 1 / (1.8 * Math.max(QUIET, alike, spread)) };
}

/** Paints a grid of latents as RGBA, opaque. */
export function paint(
  latents: Float64Array,
  colouring: Colouring,
  palette: Palette,
  into: Uint8ClampedArray,
): void {
  const count = latents.length / colouring.dims;
  for (let i = 0; i < count; i++) colourAt(latents, i * colouring.dims, colouring, palette, into, 4 * i);
}

/** One latent's colour, as CSS writes it. */
export function cssColour(latent: ArrayLike<number>, colouring: Colouring, palette: Palette): string {
  const rgba = new Uint8ClampedArray(4);
  colourAt(latent, 0, colouring, palette, rgba, 0);
  return `rgb(${rgba[0]} ${rgba[1]} ${rgba[2]})`;
}

function colourAt(
  latents: ArrayLike<number>,
  offset: number,
  colouring: Colouring,
  palette: Palette,
  into: Uint8ClampedArray,
  at: number,
): void {
  const { dims, centre, basis, scale } = colouring;
  let first = 0;
  let second = 0;
  let third = 0;
  for (let d = 0; d < dims; d++) {
    const away = latents[offset + d]! - centre[d]!;
    first += away * basis[3 * d]!;
    second += away * basis[3 * d + 1]!;
    third += away * basis[3 * d + 2]!;
  }
  const reach = Math.sqrt(first * first + second * second) * scale;
  const held = reach > 0 ? (Math.tanh(reach) / reach) * scale * palette.chroma : 0;
  const lightness = palette.lightness + palette.relief * Math.tanh(third * scale * 1.5);
  oklabToRgb(lightness, first * held, second * held, into, at);
}

const linear = new Float64Array(3);

/** OKLab to linear sRGB, in `linear`; true if a screen has the colour. */
function toLinear(L: number, a: number, b: number): boolean {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  linear[0] = 4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s;
  linear[1] = -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s;
  linear[2] = -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s;
  return (
    Math.min(linear[0], linear[1], linear[2]) >= -1e-4 && Math.max(linear[0], linear[1], linear[2]) <= 1.0001
  );
}

/**
 * OKLab to 8-bit sRGB, opaque. Colours no screen has lose just as much colourfulness as it takes, found by
 * halving: a coarser search would draw its steps as edges on the map.
 */
export function oklabToRgb(L: number, a: number, b: number, into: Uint8ClampedArray, at: number): void {
  if (!toLinear(L, a, b)) {
    let inside = 0;
    for (let step = 0.5; step > 0.0003; step /= 2)
      if (toLinear(L, (inside + step) * a, (inside + step) * b)) inside += step;
    toLinear(L, inside * a, inside * b);
  }
  into[at] = encoded(linear[0]!);
  into[at + 1] = encoded(linear[1]!);
  into[at + 2] = encoded(linear[2]!);
  into[at + 3] = 255;
}

/** Linear light 0..1 to an sRGB byte, from a table fine enough for the darkest steps. */
function encoded(linear: number): number {
  return SRGB[Math.max(0, Math.min(FINE, (linear * FINE + 0.5) | 0))]!;
}

const FINE = 8192;
const SRGB = Uint8ClampedArray.from({ length: FINE + 1 }, (_, i) => {
  const linear = i / FINE;
  return 255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055);
});

function meanOf(latents: Float64Array, dims: number): Float64Array {
  const mean = new Float64Array(dims);
  const count = latents.length / dims;
  for (let i = 0; i < latents.length; i += dims) for (let d = 0; d < dims; d++) mean[d]! += latents[i + d]!;
  for (let d = 0; d < dims; d++) mean[d]! /= Math.max(1, count);
  return mean;
}

/** Over at most about a thousand of the places, which is plenty for three directions. */
function covarianceOf(latents: Float64Array, dims: number, centre: Float64Array): Float64Array {
  const covariance = new Float64Array(dims * dims);
  const stride = dims * Math.max(1, Math.floor(latents.length / dims / 1024));
  const row = new Float64Array(dims);
  let count = 0;
  for (let i = 0; i + dims <= latents.length; i += stride, count++) {
    for (let d = 0; d < dims; d++) row[d] = latents[i + d]! - centre[d]!;
    for (let a = 0; a < dims; a++)
      for (let b = 0; b <= a; b++) covariance[a * dims + b]! += row[a]! * row[b]!;
  }
  for (let a = 0; a < dims; a++)
    for (let b = 0; b <= a; b++) {
      covariance[a * dims + b]! /= Math.max(1, count);
      covariance[b * dims + a] = covariance[a * dims + b]!;
    }
  return covariance;
}

/** Three directions that lean on every dimension, the first dimensions most. */
function firstBasis(dims: number): Float64Array {
  const basis = new Float64Array(3 * dims);
  for (let d = 0; d < dims; d++)
    for (let k = 0; k < 3; k++) basis[3 * d + k] = (d === k ? 1 : 0) + 0.1 * Math.cos(1 + 2.4 * d * (k + 1));
  orthonormalise(basis.slice(), basis, dims);
  return basis;
}

function times(matrix: Float64Array, basis: Float64Array, dims: number): Float64Array {
  const product = new Float64Array(3 * dims);
  for (let a = 0; a < dims; a++)
    for (let b = 0; b < dims; b++) {
      const value = matrix[a * dims + b]!;
      for (let k = 0; k < 3; k++) product[3 * a + k]! += value * basis[3 * b + k]!;
    }
  return product;
}

/** Gram and Schmidt; a direction without anything in it keeps what it was. */
function orthonormalise(from: Float64Array, into: Float64Array, dims: number): void {
  let most = 0;
  for (let i = 0; i < 3 * dims; i++) most = Math.max(most, Math.abs(from[i]!));
  for (let k = 0; k < 3; k++) {
    if (!straighten(from, into, k, dims, 1e-9 * most)) {
      for (let d = 0; d < dims; d++) from[3 * d + k] = into[3 * d + k]!;
      if (!straighten(from, into, k, dims, 1e-9)) for (let d = 0; d < dims; d++) into[3 * d + k] = 0;
    }
  }
}

function straighten(from: Float64Array, into: Float64Array, k: number, dims: number, least: number): boolean {
  for (let pass = 0; pass < 2; pass++)
    for (let other = 0; other < k; other++) {
      let along = 0;
      for (let d = 0; d < dims; d++) along += from[3 * d + k]! * into[3 * d + other]!;
      for (let d = 0; d < dims; d++) from[3 * d + k]! -= along * into[3 * d + other]!;
    }
  let length = 0;
  for (let d = 0; d < dims; d++) length += from[3 * d + k]! ** 2;
  length = Math.sqrt(length);
  if (!(length > least)) return false;
  for (let d = 0; d < dims; d++) into[3 * d + k] = from[3 * d + k]! / length;
  return true;
}

type Three = Float64Array; // 3 x 3, row by row

/** Eigenvectors (columns, largest first) of the covariance seen within the basis, by Jacobi's rotations. */
function principalTurn(
  covariance: Float64Array,
  basis: Float64Array,
  dims: number,
): { vectors: Three; largest: number } {
  const seen = crossed(basis, times(covariance, basis, dims), dims);
  const vectors = Float64Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  for (let sweep = 0; sweep < 12; sweep++)
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const off = seen[3 * p + q]!;
      if (Math.abs(off) < 1e-300) continue;
      const theta = (seen[4 * q]! - seen[4 * p]!) / (2 * off);
      const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
      const c = 1 / Math.sqrt(t * t + 1);
      const s = t * c;
      for (let k = 0; k < 3; k++) rotate(seen, 3 * k + p, 3 * k + q, c, s);
      for (let k = 0; k < 3; k++) rotate(seen, 3 * p + k, 3 * q + k, c, s);
      for (let k = 0; k < 3; k++) rotate(vectors, 3 * k + p, 3 * k + q, c, s);
    }
  const order = [0, 1, 2].sort((a, b) => seen[4 * b]! - seen[4 * a]!);
  const sorted = new Float64Array(9);
  for (let r = 0; r < 3; r++) for (let k = 0; k < 3; k++) sorted[3 * r + k] = vectors[3 * r + order[k]!]!;
  return { vectors: sorted, largest: seen[4 * order[0]!]! };
}

function rotate(matrix: Float64Array, i: number, j: number, c: number, s: number): void {
  const a = matrix[i]!;
  const b = matrix[j]!;
  matrix[i] = c * a - s * b;
  matrix[j] = s * a + c * b;
}

/** aᵀb for two sets of three directions. */
function crossed(a: Float64Array, b: Float64Array, dims: number): Three {
  const product = new Float64Array(9);
  for (let d = 0; d < dims; d++)
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++) product[3 * i + j]! += a[3 * d + i]! * b[3 * d + j]!;
  return product;
}

/** The turn of `basis` that brings it nearest to `before`: the orthogonal factor, by Newton's iteration. */
function procrustes(basis: Float64Array, before: Float64Array, dims: number): Three {
  let turned = crossed(basis, before, dims);
  for (let k = 0; k < 3; k++) turned[4 * k]! += 1e-6 * (turned[4 * k]! < 0 ? -1 : 1);
  for (let round = 0; round < 60; round++) {
    const inverse = inverseTransposed(turned);
    if (inverse === null) return Float64Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    turned = turned.map((value, i) => 0.5 * (value + inverse[i]!));
  }
  return turned;
}

function inverseTransposed(m: Three): Three | null {
  const cofactor = (r: number, c: number): number => {
    const [r1, r2, c1, c2] = [(r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3];
    return m[3 * r1 + c1]! * m[3 * r2 + c2]! - m[3 * r1 + c2]! * m[3 * r2 + c1]!;
  };
  const determinant = m[0]! * cofactor(0, 0) + m[1]! * cofactor(0, 1) + m[2]! * cofactor(0, 2);
  if (!(Math.abs(determinant) > 1e-30)) return null;
  return Float64Array.from({ length: 9 }, (_, i) => cofactor(Math.floor(i / 3), i % 3) / determinant);
}

function turn(basis: Float64Array, by: Three, dims: number): void {
  for (let d = 0; d < dims; d++) {
    const [a, b, c] = [basis[3 * d]!, basis[3 * d + 1]!, basis[3 * d + 2]!];
    for (let k = 0; k < 3; k++) basis[3 * d + k] = a * by[k]! + b * by[3 + k]! + c * by[6 + k]!;
  }
}

/** The dimension that leans most on a direction leans upwards. */
function settleSigns(basis: Float64Array, dims: number): void {
  for (let k = 0; k < 3; k++) {
    let most = 0;
    for (let d = 0; d < dims; d++) if (Math.abs(basis[3 * d + k]!) > Math.abs(most)) most = basis[3 * d + k]!;
    if (most < 0) for (let d = 0; d < dims; d++) basis[3 * d + k]! *= -1;
  }
}
