// The ground for the eye: its corners, their light and how they face, and where a ray meets it.

import { COLUMNS, heightOf, ROWS } from "../audio/ground";
import { between, decoded, light, type Rgb } from "../draw/colours";
import type { Shape } from "../draw/shapes";
import type { World } from "../protocol/messages";
import type { Land } from "./land";
import type { Ray } from "./picking";

/** How much of the world's own colour lies over what the sound says. */
const PLAIN = 0.25;

/** Every vertex of the land, in metres. */
export function groundShape(world: World, { heights, colours }: Land): Shape {
  const [width, , depth] = world.size;
  const plain = light(world.air.ground);
  const positions = new Float32Array(3 * ROWS * COLUMNS);
  const normals = new Float32Array(3 * ROWS * COLUMNS);
  const tints = new Float32Array(3 * ROWS * COLUMNS);
  const [east, south] = [width / (COLUMNS - 1), depth / (ROWS - 1)];
  const height = (row: number, column: number): number => heights[row * COLUMNS + column]!;
  for (let row = 0; row < ROWS; row++)
    for (let column = 0; column < COLUMNS; column++) {
      const at = 3 * (row * COLUMNS + column);
      positions.set([column * east - width / 2, height(row, column), row * south - depth / 2], at);
      const [left, right] = [Math.max(0, column - 1), Math.min(COLUMNS - 1, column + 1)];
      const [north, below] = [Math.max(0, row - 1), Math.min(ROWS - 1, row + 1)];
      const x = (height(row, left) - height(row, right)) / ((right - left) * east);
      const z = (height(north, column) - height(below, column)) / ((below - north) * south);
      const length = Math.hypot(x, 1, z);
      normals.set([x / length, 1 / length, z / length], at);
      if (colours === null) tints.set(plain, at);
      else {
        const tint: Rgb = [decoded(colours[at]!), decoded(colours[at + 1]!), decoded(colours[at + 2]!)];
        tints.set(between(tint, plain, PLAIN), at);
      }
    }
  return { positions, normals, colours: tints, faces: FACES };
}

const FACES = Uint16Array.from(
  Array.from({ length: (ROWS - 1) * (COLUMNS - 1) }, (_, i) => {
    const a = Math.floor(i / (COLUMNS - 1)) * COLUMNS + (i % (COLUMNS - 1));
    const b = a + COLUMNS;
    return [a, b, a + 1, b, b + 1, a + 1];
  }).flat(),
);

/** Metres to where a ray comes down on the ground; null: nowhere, or it begins under it. */
export function toGround({ from, way }: Ray, world: World, { heights }: Land): number | null {
  const [width, , depth] = world.size;
  const ground = { heights, width, depth };
  const over = (metres: number): number =>
    from[1] + way[1] * metres - heightOf(ground, from[0] + way[0] * metres, from[2] + way[2] * metres);
  // As far as the ray is over the ground at all.
  let [begins, ends] = [0, Number.POSITIVE_INFINITY];
  for (const [at, along, half] of [
    [from[0], way[0], width / 2],
    [from[2], way[2], depth / 2],
  ] as const) {
    if (Math.abs(along) < 1e-9) {
      if (Math.abs(at) > half) return null;
      continue;
    }
    const [a, b] = [(-half - at) / along, (half - at) / along];
    begins = Math.max(begins, Math.min(a, b));
    ends = Math.min(ends, Math.max(a, b));
  }
  // Straight down there is no end of it; the lowest ground is.
  if (way[1] < 0) {
    const lowest = heights.reduce((least, height) => Math.min(least, height), 0);
    ends = Math.min(ends, (from[1] - lowest) / -way[1] + 1);
  }
  if (begins >= ends || !Number.isFinite(ends) || over(begins) < 0) return null;
  const step = Math.min(width / COLUMNS, depth / ROWS) / 2;
  let above = begins;
  for (let metres = begins + step; above < ends; metres += step) {
    const next = Math.min(metres, ends);
    if (over(next) <= 0) return cross(over, above, next);
    above = next;
  }
  return null;
}

/** Between a place above the ground and one that is not. */
function cross(over: (metres: number) => number, above: number, below: number): number {
  let [a, b] = [above, below];
  for (let i = 0; i < 30; i++) {
    const middle = (a + b) / 2;
    if (over(middle) > 0) a = middle;
    else b = middle;
  }
  return b;
}
