// The surface as a chart: what the mapping predicts over two axes, as grids to draw.
//
// Every grid has rows x columns nodes, the outer ones on the edges of the pad, row 0 at the top (y = 1) as
// in ImageData. All of this is pure; the pad draws it.

import { type Knowledge, loudnessAt, remoteness } from "./knowledge";
import { evaluate, knowsUncertainty, type Prepared, uncertainty } from "./mapping";

export { type Colouring, colouringOf, cssColour, DARK, LIGHT, type Palette, paint } from "./colouring";
export { type Contour, contours, levelsBetween } from "./contours";
export { type Described, type Knowledge, knowledgeOf, loudnessAt, remoteness } from "./knowledge";

/** Which two axes are looked at, and where the others rest. */
export interface View {
  readonly x: number; // index of the axis
  readonly y: number;
  readonly rest: ArrayLike<number>; // one value per axis
  readonly columns: number;
  readonly rows: number;
}

export interface Terrain {
  readonly columns: number;
  readonly rows: number;
  readonly dims: number;
  readonly latents: Float64Array; // rows x columns x dims
}

/**
 * The latents the mapping predicts all over the view. `base` (dims) is what dimensions have that the
 * mapping leaves alone. Give the last terrain as `reuse` to draw without new memory.
 */
export function survey(
  mapping: Prepared,
  view: View,
  base: ArrayLike<number> | null = null,
  reuse: Terrain | null = null,
): Terrain {
  const { columns, rows } = view;
  const { dims } = mapping;
  const size = columns * rows * dims;
  const latents = reuse !== null && reuse.latents.length === size ? reuse.latents : new Float64Array(size);
  const latent = new Float64Array(dims);
  everywhere(view, mapping.axes, (point, node) => {
    for (let d = 0; d < dims; d++) latent[d] = base?.[d] ?? 0;
    evaluate(mapping, point, latent);
    latents.set(latent, node * dims);
  });
  return { columns, rows, dims, latents };
}

/** Predicted loudness in dBFS at every node; null where the model does not say. */
export function loudness(terrain: Terrain, knowledge: Knowledge): Float32Array | null {
  if (knowledge.loudness === null || knowledge.dims !== terrain.dims) return null;
  const { columns, rows, dims, latents } = terrain;
  const db = new Float32Array(columns * rows);
  // Loudness bends slowly over the map: every third node is asked, the others lie between.
  const [across, down] = [anchors(columns), anchors(rows)];
  for (const r of down) {
    for (const c of across) db[r * columns + c] = loudnessAt(knowledge, latents, (r * columns + c) * dims)!;
    for (let k = 1; k < across.length; k++)
      between(db, r * columns + across[k - 1]!, r * columns + across[k]!, 1);
  }
  for (let c = 0; c < columns; c++)
    for (let k = 1; k < down.length; k++)
      between(db, down[k - 1]! * columns + c, down[k]! * columns + c, columns);
  return db;
}

/** Every third of `count`, and the last. */
function anchors(count: number): number[] {
  const chosen: number[] = [];
  for (let i = 0; i < count - 1; i += 3) chosen.push(i);
  return [...chosen, count - 1];
}

/** A straight line over the nodes between `from` and `to`. */
function between(grid: Float32Array, from: number, to: number, step: number): void {
  const slope = ((grid[to]! - grid[from]!) * step) / (to - from);
  for (let node = from + step; node < to; node += step) grid[node] = grid[node - step]! + slope;
}

/** How far out every node's latent is: 1 = the edge of what the model knows (known_radius). */
export function remotenessGrid(terrain: Terrain, knowledge: Knowledge): Float32Array {
  const { columns, rows, dims, latents } = terrain;
  const grid = new Float32Array(columns * rows);
  if (knowledge.dims === dims)
    for (let node = 0; node < grid.length; node++) grid[node] = remoteness(knowledge, latents, node * dims);
  return grid;
}

/** 1 where the grid is above the threshold. */
export function above(grid: ArrayLike<number>, threshold: number): Uint8Array {
  return Uint8Array.from({ length: grid.length }, (_, node) => (grid[node]! > threshold ? 1 : 0));
}

/** How unsure the map is at every node, 0..1; null where the algorithm cannot tell. */
export function uncertaintyGrid(mapping: Prepared, view: View): Float32Array | null {
  if (!knowsUncertainty(mapping)) return null;
  const grid = new Float32Array(view.columns * view.rows);
  everywhere(view, mapping.axes, (point, node) => {
    grid[node] = uncertainty(mapping, point)!;
  });
  return grid;
}

/** Where a grid is greatest: its axes' values (0..1, y up) and the value. */
export function greatest(
  grid: ArrayLike<number>,
  view: Pick<View, "columns" | "rows">,
): { x: number; y: number; value: number } {
  let best = 0;
  for (let node = 1; node < grid.length; node++) if (grid[node]! > grid[best]!) best = node;
  const x = (best % view.columns) / (view.columns - 1);
  const y = 1 - Math.floor(best / view.columns) / (view.rows - 1);
  return { x, y, value: grid[best] ?? 0 };
}

/**
 * The point (one value per axis) where a demonstration would teach the map most: the least sure, or, for
 * algorithms that cannot tell, the farthest from every demonstration. `free` are the axes that may move;
 * the others stay at `rest`. Always the same answer for the same question.
 */
export function demonstrateNext(
  mapping: Prepared | null,
  demonstrations: readonly ArrayLike<number>[],
  rest: ArrayLike<number>,
  free: readonly number[],
): number[] {
  const tells = mapping !== null && knowsUncertainty(mapping);
  const worth = (point: ArrayLike<number>): number =>
    tells ? uncertainty(mapping, point)! : nearest(point, demonstrations);
  const best = Array.from(rest);
  if (free.length === 0) return best;
  const trial = best.slice();
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < 800; i++) {
    free.forEach((axis, k) => {
      trial[axis] = i === 0 ? 0.5 : MARGIN + (1 - 2 * MARGIN) * scattered(i, k, free.length);
    });
    const value = worth(trial);
    if (value > most + 1e-9) {
      most = value;
      for (const axis of free) best[axis] = trial[axis]!;
    }
  }
  for (let step = 0.08; step > 0.004; step /= 2) {
    for (const axis of free)
      for (const to of [best[axis]! - step, best[axis]! + step]) {
        const stay = best[axis]!;
        best[axis] = Math.min(1 - MARGIN, Math.max(MARGIN, to));
        const value = worth(best);
        if (value > most + 1e-9) most = value;
        else best[axis] = stay;
      }
  }
  return best;
}

/** A suggestion on the very edge is hard to reach and teaches half as much. */
const MARGIN = 0.06;

function nearest(point: ArrayLike<number>, demonstrations: readonly ArrayLike<number>[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const other of demonstrations) {
    let squared = 0;
    for (let a = 0; a < other.length; a++) squared += (point[a]! - other[a]!) ** 2;
    least = Math.min(least, squared);
  }
  return demonstrations.length === 0 ? 0 : least;
}

/** Even scattering without chance: the additive recurrence of the generalised golden ratio (Roberts 2018). */
function scattered(i: number, k: number, count: number): number {
  let ratio = 2;
  for (let round = 0; round < 30; round++) ratio = (1 + ratio) ** (1 / (count + 1));
  return (0.5 + i * ratio ** -(k + 1)) % 1;
}

function everywhere(view: View, axes: number, visit: (point: Float64Array, node: number) => void): void {
  const point = new Float64Array(axes);
  for (let a = 0; a < axes; a++) point[a] = view.rest[a] ?? 0.5;
  for (let r = 0; r < view.rows; r++)
    for (let c = 0; c < view.columns; c++) {
      point[view.x] = c / (view.columns - 1);
      point[view.y] = 1 - r / (view.rows - 1);
      visit(point, r * view.columns + c);
    }
}
