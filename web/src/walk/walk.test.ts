import { describe, expect, it } from "vitest";
import type { ModelDescription } from "../net/models";
import { makeLandmark, makeWorld, type World } from "../protocol/messages";
import type { MappingData } from "../steer/mapping";
import type { Relief } from "../steer/relief";
import { pings } from "./beacons";
import { COLUMNS, heightAt, hinges, landOf, ROWS } from "./land";
import { soundMarks } from "./placing";
import { axisValue, coordinate, EYES, eachAxis, edgeOf, startOf, takePose } from "./pose";
import { bearings, type Spot, spokenBearing, whereabouts } from "./telling";
import { STILL, Walker } from "./walker";

const WORLD: World = makeWorld({
  axes: { x: "east", y: "up", z: "north", azimuth: "turn", elevation: null },
  size: [100, 40, 80],
  start: [0, 0, 10],
});

const axes = (pose: Parameters<typeof eachAxis>[1]) => {
  const found: Record<string, number> = {};
  eachAxis(WORLD, pose, (axis, value) => {
    found[axis] = value;
  });
  return found;
};

/** Seconds of walking at 60 frames a second. */
function walk(walker: Walker, world: World, seconds: number, wish: Partial<typeof STILL>): void {
  for (let i = 0; i < seconds * 60; i++) walker.step(world, { ...STILL, ...wish }, 1 / 60);
}

describe("the pose and its axes", () => {
  it("has the origin in the middle of every axis, north and east at their ends", () => {
    expect(axes({ x: 0, y: 0, z: 0, azimuth: 0.25, elevation: 0 })).toEqual({
      east: 0.5,
      up: 0.5,
      north: 0.5,
      turn: 0.25,
    });
    expect(axisValue(WORLD, "x", 50)).toBe(1);
    expect(axisValue(WORLD, "z", -40)).toBe(1);
    expect(coordinate(WORLD, "z", 1)).toBe(-40);
  });
  it("comes back from the axes it moved", () => {
    const pose = { x: 12, y: -3, z: 20, azimuth: 0.7, elevation: 0.1 };
    const told = axes(pose);
    const back = startOf(WORLD);
    takePose(WORLD, (axis) => told[axis] ?? null, back);
    for (const part of ["x", "y", "z", "azimuth"] as const) expect(back[part]).toBeCloseTo(pose[part], 9);
    expect(back.elevation).toBe(0); // the world has no axis for it
  });
  it("looks up and down by an axis where the world has one for it", () => {
    const gazing = makeWorld({ ...WORLD, axes: { ...WORLD.axes, elevation: "gaze" } });
    const told = new Map<string, number>();
    const pose = { x: 0, y: 0, z: 0, azimuth: 0, elevation: -0.25 };
    eachAxis(gazing, pose, (axis, value) => told.set(axis, value));
    expect(told.get("gaze")).toBe(0); // straight down
    eachAxis(gazing, { ...pose, elevation: 0.1 }, (axis, value) => told.set(axis, value));
    expect(told.get("gaze")).toBeCloseTo(0.7, 9);
    const back = startOf(gazing);
    takePose(gazing, (axis) => told.get(axis) ?? null, back);
    expect(back.elevation).toBeCloseTo(0.1, 9);
  });
  it("knows the end of the world before one stands in it", () => {
    expect(edgeOf(WORLD, { ...startOf(WORLD), z: 0 })).toBe(0);
    expect(edgeOf(WORLD, { ...startOf(WORLD), x: 50 })).toBe(1);
    expect(edgeOf(WORLD, { ...startOf(WORLD), x: 46.25 })).toBeCloseTo(0.5, 6);
  });
});

describe("a walker", () => {
  it("walks at the world's speed, northwards first", () => {
    const walker = new Walker(WORLD);
    walker.flies = true;
    walk(walker, WORLD, 2, { forward: 1 });
    expect(walker.speed).toBeCloseTo(WORLD.speed, 2);
    expect(walker.pose.x).toBeCloseTo(0, 6);
    expect(walker.pose.z).toBeLessThan(10 - 1.8 * WORLD.speed);
  });
  it("goes no faster across than along", () => {
    const walker = new Walker(WORLD);
    walker.flies = true;
    walk(walker, WORLD, 2, { forward: 1, right: 1, up: 1 });
    expect(walker.speed).toBeCloseTo(WORLD.speed, 2);
  });
  it("never leaves the world, nor sinks into the ground", () => {
    const walker = new Walker(WORLD);
    walker.flies = true;
    walker.ground = () => 2;
    walk(walker, WORLD, 60, { forward: 1, up: -1, pace: 3 });
    expect(walker.pose.z).toBe(-40);
    expect(walker.pose.y).toBeCloseTo(2 + EYES, 6);
  });
  it("stands on the ground when it does not fly", () => {
    const walker = new Walker(WORLD);
    walker.ground = (x) => x / 10;
    walk(walker, WORLD, 5, { right: 1 });
    expect(walker.pose.y).toBeCloseTo(walker.pose.x / 10 + EYES, 0);
  });
  it("does not leap after a page that slept", () => {
    const walker = new Walker(WORLD);
    walker.step(WORLD, { ...STILL, forward: 1 }, 100);
    expect(Math.abs(walker.pose.z - 10)).toBeLessThan(1);
  });
});

describe("the ground", () => {
  const relief = {
    columns: 3,
    rows: 3,
    loudness: Float32Array.from([-10, -10, -10, -20, -20, -20, -30, -30, -30]),
    ground: new Uint8ClampedArray(36).fill(255),
  } as unknown as Relief;
  it("is as high as the sound is loud, quiet in the south here", () => {
    const world = makeWorld({ ...WORLD, ground: { ...WORLD.ground, height: "loudness", relief: 12 } });
    const land = landOf(world, relief);
    expect(land.heights.length).toBe(ROWS * COLUMNS);
    expect(heightAt(world, land, 0, -40)).toBeCloseTo(12, 4);
    expect(heightAt(world, land, 0, 0)).toBeCloseTo(6, 4);
    expect(heightAt(world, land, 25, 40)).toBeCloseTo(0, 1);
  });
  it("is as it was measured, where it was, and turns where its sound turns", () => {
    const novelty = Array.from({ length: 81 }, (_, i) => (i === 9 * 2 + 6 ? 90 : i === 9 * 7 + 1 ? 60 : 10));
    const world = makeWorld({
      ...WORLD,
      ground: { ...WORLD.ground, height: "novelty", colour: "brightness", relief: 10 },
      land: { columns: 9, rows: 9, loudness: [], brightness: novelty, novelty, of: "x" },
    });
    const land = landOf(world, relief);
    expect(heightAt(world, land, 25, -20)).toBeGreaterThan(5);
    expect(heightAt(world, land, -45, -35)).toBeCloseTo(0, 1);
    expect(land.colours!.length).toBe(3 * ROWS * COLUMNS);
    const [first, second, ...rest] = hinges(world, 5);
    expect([first!.x, first!.z]).toEqual([25, -20]);
    expect([second!.x, second!.z]).toEqual([-37.5, 30]);
    expect(rest).toEqual([]);
  });
  it("is flat where nothing is known", () => {
    expect(heightAt(WORLD, landOf(WORLD, null), 3, 3)).toBe(0);
  });
});

describe("what is told", () => {
  const spot = (label: string, x: number, z: number): Spot => ({
    id: label,
    kind: "landmark",
    label,
    x,
    y: 0,
    z,
  });
  const pose = { x: 0, y: 0, z: 0, azimuth: 0, elevation: 0 };
  it("says how far and which way, the nearest first", () => {
    const near = bearings([spot("far", 0, -30), spot("stone", 5, 0)], pose);
    expect(near.map((each) => each.spot.label)).toEqual(["stone", "far"]);
    expect(spokenBearing(near[0]!)).toBe("5 metres, to the right");
    expect(spokenBearing(near[1]!)).toBe("30 metres, ahead");
    expect(spokenBearing(bearings([spot("s", 0, 9)], pose)[0]!)).toBe("9 metres, behind");
  });
  it("turns with the head", () => {
    const near = bearings([spot("stone", 5, 0)], { ...pose, azimuth: 0.25 });
    expect(spokenBearing(near[0]!)).toBe("5 metres, ahead");
    expect(whereabouts(WORLD, { ...pose, azimuth: 0.25 }, near)).toContain("Looking east");
  });
});

describe("a beacon", () => {
  const lit = (id: string, x: number, z: number) => makeLandmark({ id, beacon: true, position: [x, 0, z] });
  const pose = { x: 0, y: 0, z: 0, azimuth: 0, elevation: 0 };
  it("is heard where it stands, quicker and louder near by, lower behind", () => {
    const [near, far] = pings([lit("far", 0, 60), lit("near", 8, 0)], pose);
    expect([near!.id, far!.id]).toEqual(["near", "far"]);
    expect(near!.pan).toBeCloseTo(1, 6);
    expect(far!.pan).toBeCloseTo(0, 6);
    expect(near!.gain).toBeGreaterThan(4 * far!.gain);
    expect(near!.gain).toBeLessThan(10 ** (-30 / 20));
    expect(near!.wait).toBeLessThan(far!.wait);
    const [ahead] = pings([lit("far", 0, 60)], { ...pose, azimuth: 0.5 });
    expect(ahead!.hz).toBeCloseTo(2 * pings([lit("far", 0, 60)], pose)[0]!.hz, 6);
  });
  it("is silent where it is no beacon, or far", () => {
    expect(pings([makeLandmark({ id: "a" }), lit("b", 0, 90)], pose)).toEqual([]);
  });
});

describe("landmarks at sounds of the training", () => {
  it("stand where the map comes nearest to them, apart from one another", () => {
    const axes = ["east", "up", "north"].map((id) => ({ id, rest: 0.5 }));
    const mapping = {
      format: 1,
      algorithm: "direct",
      axes: 3,
      dims: 2,
      active: [true, true],
      values: [0, 0],
      low: null,
      high: null,
      parts: [
        {
          inputs: [0, 1, 2],
          outputs: [0, 1],
          centre: [0.5, 0.5, 0.5],
          scale: [2, 2, 2],
          bias: [0, 0],
          terms: [
            {
              kind: "polynomial",
              factors: [[0], [2]],
              weights: [
                [2, 0],
                [0, 2],
              ],
            },
          ],
          confidence: null,
        },
      ],
      errors: [],
      warnings: [],
    } as MappingData;
    const points = [
      [2, 2],
      [-1, 0],
      [-1, 0.05],
    ];
    const model = { latent: { mean: [0, 0] }, loudness: { points, db: [-20, -30, -30] } };
    const found = soundMarks(WORLD, mapping, model as unknown as ModelDescription, axes);
    const places = found.map((each) => [each.position![0], each.position![2]]);
    expect(places).toContainEqual([50, -40]); // its north-eastern corner
    expect(places).toContainEqual([-25, 0]);
    expect(places).toHaveLength(2);
  });
});
