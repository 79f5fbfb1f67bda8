import { describe, expect, it } from "vitest";
import { light } from "../draw/colours";
import { makeWorld, type World } from "../protocol/messages";
import { COLUMNS, FLAT, type Land, ROWS } from "./land";
import { groundShape, toGround } from "./mesh";
import type { Ray, Triple } from "./picking";

const WORLD: World = makeWorld({ size: [112, 40, 84] });

/** It rises to the east, a metre in ten. */
const SLOPE: Land = {
  heights: Float32Array.from({ length: ROWS * COLUMNS }, (_, at) => (at % COLUMNS) / 10),
  colours: null,
};

const ray = (from: Triple, to: Triple): Ray => {
  const way = to.map((x, i) => x - from[i]!);
  const length = Math.hypot(...way);
  return { from, way: way.map((x) => x / length) as unknown as Triple };
};

describe("the ground for the eye", () => {
  it("has a vertex each metre here, faces up where it is flat, and leans where it rises", () => {
    const { positions, normals, colours, faces } = groundShape(WORLD, FLAT);
    expect(Array.from(positions.subarray(0, 6))).toEqual([-56, 0, -42, -55, 0, -42]);
    expect(Array.from(normals!.subarray(0, 3), Math.abs)).toEqual([0, 1, 0]);
    expect(colours![0]).toBeCloseTo(light(WORLD.air.ground)[0], 6);
    expect(faces!.length).toBe(6 * (ROWS - 1) * (COLUMNS - 1));
    const leaning = groundShape(WORLD, SLOPE).normals!;
    for (const at of [0, 57, ROWS * COLUMNS - 1])
      expect(leaning[3 * at]! / leaning[3 * at + 1]!).toBeCloseTo(-0.1, 5);
  });

  it("shows its upper side", () => {
    const { positions, faces } = groundShape(WORLD, SLOPE);
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < faces!.length; i += 3) {
      const [a, b, c] = [0, 1, 2].map((k) => 3 * faces![i + k]!) as [number, number, number];
      const along = (to: number, part: number): number => positions[to + part]! - positions[a + part]!;
      least = Math.min(least, along(b, 2) * along(c, 0) - along(b, 0) * along(c, 2));
    }
    expect(least).toBeCloseTo(1, 3);
  });

  it("is met where a look comes down on it, from above and inside the world alone", () => {
    const down = ray([0, 11.6, 0], [0, 5.6, 0]);
    expect(toGround(down, WORLD, SLOPE)).toBeCloseTo(6, 3);
    const slanted = toGround(ray([-50, 8.6, 3], [50, 10.6, 3]), WORLD, SLOPE)!;
    expect(slanted).toBeCloseTo(Math.hypot(100, 2), 3); // 8.6 + 0.02 s meets 0.6 + 0.1 s at s = 100
    expect(toGround(ray([0, 11, 0], [5, 11, 40]), WORLD, SLOPE)).toBeNull();
    expect(toGround(ray([0, 2, 0], [0, -9, 0]), WORLD, SLOPE)).toBeNull();
    expect(toGround(ray([90, 3, 0], [90, 0, 0.1]), WORLD, FLAT)).toBeNull();
    expect(toGround(ray([90, 3, 0], [30, 0, 0]), WORLD, FLAT)).toBeCloseTo(Math.hypot(60, 3), 3);
    expect(toGround(ray([0, 1.7, 0], [1, 1.7, 0]), WORLD, FLAT)).toBeNull();
  });
});
