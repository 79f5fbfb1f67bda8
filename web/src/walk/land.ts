// The ground as the sound makes it: heights and colours over the walkable plane, from the surveyed map.

import type { Sounding, World } from "../protocol/messages";
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

/** A grid of values over the ground, row 0 in the north. */
interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly values: ArrayLike<number>;
}

/** The least difference that is drawn in full height: what is nearly even stays nearly flat. */
const LEAST: Record<Exclude<Sounding, "flat">, number> = { loudness: 6, brightness: 0.5, novelty: 0.2 };

/** From dark and still to bright and restless; read by lightness alone, too. */
const TONES = ["#33566b", "#5f8c8a", "#b9b58b", "#e6cfa2", "#f4e9d3"] as const;

/**
 * What is known of the ground: what was measured by playing it, else what the model says of itself. The
 * quietest place lies at height 0.
 */
export function landOf(world: World, relief: Relief | null): Land {
  const { height, colour } = world.ground;
  const heights = new Float32Array(ROWS * COLUMNS);
  const high = height === "flat" ? null : gridOf(world, relief, height);
  if (high !== null && height !== "flat") {
    const [low, top] = range(high.values);
    const span = Math.max(LEAST[height], top - low);
    each((row, column, at) => {
      heights[at] = ((sample(high, row, column) - low) / span) * world.ground.relief;
    });
    for (let round = 0; round < 4; round++) soften(heights);
  }
  return { heights, colours: coloursOf(world, relief, colour) };
}

/** Of one quality; null where nothing is known of it. */
function gridOf(world: World, relief: Relief | null, what: Exclude<Sounding, "flat">): Grid | null {
  const { land } = world;
  if (land !== null && land[what].length === land.columns * land.rows && land.columns > 1 && land.rows > 1) {
    const unit = what === "loudness" ? 10 : 100;
    return { columns: land.columns, rows: land.rows, values: land[what].map((value) => value / unit) };
  }
  if (what !== "loudness" || relief === null || relief.loudness === null) return null;
  return { columns: relief.columns, rows: relief.rows, values: relief.loudness };
}

/** Loudness is coloured as on the chart, by the latent itself; the others by their own tones. */
function coloursOf(world: World, relief: Relief | null, what: Sounding): Float32Array | null {
  if (what === "flat") return null;
  const colours = new Float32Array(3 * ROWS * COLUMNS);
  if (what === "loudness") {
    if (relief === null) return null;
    each((row, column, at) => {
      const node = 4 * nearest(relief, row, column);
      for (let c = 0; c < 3; c++) colours[3 * at + c] = (relief.ground[node + c] ?? 0) / 255;
    });
    return colours;
  }
  const grid = gridOf(world, relief, what);
  if (grid === null) return null;
  const [low, high] = range(grid.values);
  const span = Math.max(LEAST[what], high - low);
  each((row, column, at) => {
    const share = ((sample(grid, row, column) - low) / span) * (TONES.length - 1);
    const tone = Math.min(TONES.length - 2, Math.floor(share));
    for (let c = 0; c < 3; c++) {
      const [a, b] = [channel(TONES[tone]!, c), channel(TONES[tone + 1]!, c)];
      colours[3 * at + c] = a + (b - a) * (share - tone);
    }
  });
  return colours;
}

function channel(colour: string, c: number): number {
  return Number.parseInt(colour.slice(1 + 2 * c, 3 + 2 * c), 16) / 255;
}

/** Where the sound changes most on the way: peaks of novelty, the strongest first, never close together. */
export function hinges(world: World, most: number): { x: number; z: number; novelty: number }[] {
  const grid = gridOf(world, null, "novelty");
  if (grid === null) return [];
  const { columns, rows, values } = grid;
  const at = (row: number, column: number): number =>
    row < 0 || column < 0 || row >= rows || column >= columns
      ? Number.NEGATIVE_INFINITY
      : values[row * columns + column]!;
  const found: { x: number; z: number; novelty: number }[] = [];
  const typical = [...(values as number[])].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const here = at(row, column);
      const around = [-1, 0, 1].flatMap((r) => [-1, 0, 1].map((c) => at(row + r, column + c)));
      if (here < Math.max(...around) || here <= 1.15 * typical) continue;
      found.push({
        x: (column / (columns - 1) - 0.5) * world.size[0],
        z: (row / (rows - 1) - 0.5) * world.size[2],
        novelty: here,
      });
    }
  const apart = Math.min(world.size[0], world.size[2]) / 8;
  const chosen: typeof found = [];
  for (const each of found.sort((a, b) => b.novelty - a.novelty))
    if (
      chosen.length < most &&
      chosen.every((other) => Math.hypot(other.x - each.x, other.z - each.z) >= apart)
    )
      chosen.push(each);
  return chosen;
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

/** A grid is rougher than the ground: between its nodes lie straight lines. */
function sample({ columns, rows, values }: Grid, row: number, column: number): number {
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

function range(values: ArrayLike<number>): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  return [low, high];
}
