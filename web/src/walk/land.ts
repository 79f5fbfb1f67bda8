// The ground as the sound makes it: heights and colours over the walkable plane, from the surveyed map.

import { COLUMNS, heightOf, ROWS } from "../audio/ground";
import type { Sounding, World } from "../protocol/messages";
import { each, type Grid, heightsOf, LEAST, measured, range, sample } from "../state/hills";
import type { Relief } from "../steer/relief";

export { COLUMNS, ROWS };

export interface Land {
  /** Metres, ROWS x COLUMNS, row 0 in the north. */
  readonly heights: Float32Array;
  /** RGB 0..1 of each vertex; null: the world's own colour. */
  readonly colours: Float32Array | null;
}

export const FLAT: Land = { heights: new Float32Array(ROWS * COLUMNS), colours: null };

/** From dark and still to bright and restless; read by lightness alone, too. */
const TONES = ["#33566b", "#5f8c8a", "#b9b58b", "#e6cfa2", "#f4e9d3"] as const;

/**
 * What is known of the ground: what was measured by playing it, else what the model says of itself. The
 * quietest place lies at height 0.
 */
export function landOf(world: World, relief: Relief | null): Land {
  const { height, colour } = world.ground;
  const high = height === "flat" ? null : gridOf(world, relief, height);
  const heights = high === null ? FLAT.heights : heightsOf(world, high);
  return { heights, colours: coloursOf(world, relief, colour) };
}

/** Of one quality; null where nothing is known of it. */
function gridOf(world: World, relief: Relief | null, what: Exclude<Sounding, "flat">): Grid | null {
  const known = measured(world, what);
  if (known !== null) return known;
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

/** Height of the ground as it is seen. */
export function heightAt(world: World, land: Land, x: number, z: number): number {
  const [width, , depth] = world.size;
  return heightOf({ heights: land.heights, width, depth }, x, z);
}

function nearest(relief: Relief, row: number, column: number): number {
  const r = Math.round((row / (ROWS - 1)) * (relief.rows - 1));
  const c = Math.round((column / (COLUMNS - 1)) * (relief.columns - 1));
  return r * relief.columns + c;
}
