// How high the ground of a world is where it was measured: what is drawn, and what landmarks are heard from.

import { COLUMNS, type Ground, ROWS } from "../audio/ground";
import type { Sounding, World } from "../protocol/messages";

/** A grid of values over the ground, row 0 in the north. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly values: ArrayLike<number>;
}

/** The least difference that is drawn in full height: what is nearly even stays nearly flat. */
export const LEAST: Record<Exclude<Sounding, "flat">, number> = {
  loudness: 6,
  brightness: 0.5,
  novelty: 0.2,
};

/** One quality of the ground as it was measured; null: it was not. */
export function measured(world: World, what: Exclude<Sounding, "flat">): Grid | null {
  const { land } = world;
  if (land === null || land[what].length !== land.columns * land.rows || land.columns < 2 || land.rows < 2)
    return null;
  const unit = what === "loudness" ? 10 : 100;
  return { columns: land.columns, rows: land.rows, values: land[what].map((value) => value / unit) };
}

/** Hills of a grid, ROWS x COLUMNS; the quietest place lies at height 0. */
export function heightsOf(world: World, grid: Grid): Float32Array {
  const heights = new Float32Array(ROWS * COLUMNS);
  const { height, relief } = world.ground;
  if (height === "flat") return heights;
  const [low, top] = range(grid.values);
  const span = Math.max(LEAST[height], top - low);
  each((row, column, at) => {
    heights[at] = ((sample(grid, row, column) - low) / span) * relief;
  });
  for (let round = 0; round < 4; round++) soften(heights);
  return heights;
}

let last: { land: unknown; made: unknown; size: unknown; found: Ground } | null = null;

/** The ground as the ear has it: what was measured. The same object for as long as it is the same ground. */
export function groundOf(world: World): Ground {
  const { land, ground, size } = world;
  if (last?.land === land && last.made === ground && last.size === size) return last.found;
  const grid = ground.shown && ground.height !== "flat" ? measured(world, ground.height) : null;
  const heights = grid === null ? null : heightsOf(world, grid);
  last = { land, made: ground, size, found: { heights, width: size[0], depth: size[2] } };
  return last.found;
}

/** One pass of a 1-2-1 filter along both sides: hills without edges. */
function soften(heights: Float32Array): void {
  const line = new Float32Array(Math.max(ROWS, COLUMNS));
  const along = (from: number, step: number, count: number): void => {
    for (let i = 0; i < count; i++) line[i] = heights[from + i * step]!;
    for (let i = 1; i < count - 1; i++)
      heights[from + i * step] = 0.25 * line[i - 1]! + 0.5 * line[i]! + 0.25 * line[i + 1]!;
  };
  for (let row = 0; row < ROWS; row++) along(row * COLUMNS, 1, COLUMNS);
  for (let column = 0; column < COLUMNS; column++) along(column, COLUMNS, ROWS);
}

export function each(visit: (row: number, column: number, at: number) => void): void {
  for (let row = 0; row < ROWS; row++)
    for (let column = 0; column < COLUMNS; column++) visit(row, column, row * COLUMNS + column);
}

/** A grid is rougher than the ground: between its nodes lie straight lines. */
export function sample({ columns, rows, values }: Grid, row: number, column: number): number {
  const y = (row / (ROWS - 1)) * (rows - 1);
  const x = (column / (COLUMNS - 1)) * (columns - 1);
  const r = Math.min(rows - 2, Math.floor(y));
  const c = Math.min(columns - 2, Math.floor(x));
  const [v, u] = [y - r, x - c];
  const at = r * columns + c;
  const top = values[at]! * (1 - u) + values[at + 1]! * u;
  const bottom = values[at + columns]! * (1 - u) + values[at + columns + 1]! * u;
  return top * (1 - v) + bottom * v;
}

export function range(values: ArrayLike<number>): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  return [low, high];
}
