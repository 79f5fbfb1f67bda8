// The ground as the sound makes it: heights and colours over the walkable plane, from the surveyed map.

import type { World } from "../protocol/messages";
import type { Relief } from "../steer/relief";

/** Vertices of the ground along each side. */
export const COLUMNS = 113;
export const ROWS = 85;

export interface Land {
  /** Metres, ROWS x COLUMNS, row 0 in the north. */
  readonly heights: Float32Array;
  /** RGB 0..1 of each vertex; null: the world's own colour. */
  readonly colours: Float32Array | null;
}

export const FLAT: Land = { heights: new Float32Array(ROWS * COLUMNS), colours: null };

/** What the relief says, over a ground that touches height 0 where the walk begins. */
export function landOf(world: World, relief: Relief | null): Land {
  if (relief === null) return FLAT;
  const { height, colour } = world.ground;
  const heights = new Float32Array(ROWS * COLUMNS);
  if (height === "loudness" && relief.loudness !== null) {
    const [low, high] = range(relief.loudness);
    const span = Math.max(6, high - low);
    each((row, column, at) => {
      const db = sample(relief.loudness!, relief, row, column);
      heights[at] = ((db - low) / span) * world.ground.relief;
    });
    for (let round = 0; round < 4; round++) soften(heights);
  }
  if (colour === "flat") return { heights, colours: null };
  const colours = new Float32Array(3 * ROWS * COLUMNS);
  each((row, column, at) => {
    const node = 4 * nearest(relief, row, column);
    for (let c = 0; c < 3; c++) colours[3 * at + c] = (relief.ground[node + c] ?? 0) / 255;
  });
  return { heights, colours };
}

/** Height of the ground anywhere, between its vertices. */
export function heightAt(world: World, land: Land, x: number, z: number): number {
  const [width, , depth] = world.size;
  const column = Math.min(COLUMNS - 1.001, Math.max(0, (x / width + 0.5) * (COLUMNS - 1)));
  const row = Math.min(ROWS - 1.001, Math.max(0, (z / depth + 0.5) * (ROWS - 1)));
  const [c, r] = [Math.floor(column), Math.floor(row)];
  const [u, v] = [column - c, row - r];
  const at = r * COLUMNS + c;
  const h = land.heights;
  const north = h[at]! * (1 - u) + h[at + 1]! * u;
  const south = h[at + COLUMNS]! * (1 - u) + h[at + COLUMNS + 1]! * u;
  return north * (1 - v) + south * v;
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

function each(visit: (row: number, column: number, at: number) => void): void {
  for (let row = 0; row < ROWS; row++)
    for (let column = 0; column < COLUMNS; column++) visit(row, column, row * COLUMNS + column);
}

function nearest(relief: Relief, row: number, column: number): number {
  const r = Math.round((row / (ROWS - 1)) * (relief.rows - 1));
  const c = Math.round((column / (COLUMNS - 1)) * (relief.columns - 1));
  return r * relief.columns + c;
}

/** A relief may be rougher than the ground: between its nodes lie straight lines. */
function sample(grid: ArrayLike<number>, relief: Relief, row: number, column: number): number {
  const y = (row / (ROWS - 1)) * (relief.rows - 1);
  const x = (column / (COLUMNS - 1)) * (relief.columns - 1);
  const r = Math.min(relief.rows - 2, Math.floor(y));
  const c = Math.min(relief.columns - 2, Math.floor(x));
  const [v, u] = [y - r, x - c];
  const at = r * relief.columns + c;
  const top = grid[at]! * (1 - u) + grid[at + 1]! * u;
  const bottom = grid[at + relief.columns]! * (1 - u) + grid[at + relief.columns + 1]! * u;
  return top * (1 - v) + bottom * v;
}

function range(values: ArrayLike<number>): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  return [low, high];
}
