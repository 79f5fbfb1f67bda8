import { expect, test } from "vitest";
import HILLS from "../../../tests/golden/hills.json";
import { EYES, heightOf } from "../audio/ground";
import {
  makeBox,
  makeCarried,
  makeEdge,
  makeLandmark,
  makeMappingSettings,
  makeWorld,
  type Piece,
} from "../protocol/messages";
import { deafTo } from "./facing";
import { groundOf } from "./hills";
import { isPlaced, SPACE_FLOATS, sounding, spaceOf } from "./space";

const piece = {
  axes: ["x", "facing"].map((id) => ({ id, name: id, rest: 0.5 })),
  voices: [{ id: "a" }, { id: "b" }],
} as unknown as Piece;
const bare = makeWorld();
const axes = { ...bare.axes, x: "x", z: "gone", azimuth: "facing" };

test("a world that asks for nothing needs no space", () => {
  expect(isPlaced(null)).toBe(false);
  expect(isPlaced(bare)).toBe(false);
  expect(isPlaced(makeWorld({ placement: "turn" }))).toBe(true);
  expect(isPlaced(makeWorld({ edge: makeEdge() }))).toBe(true);
  expect(isPlaced(makeWorld({ landmarks: [makeLandmark({ id: "l", carries: makeCarried() })] }))).toBe(true);
});

test("settings are told as the kernel counts them", () => {
  const bell = makeLandmark({
    id: "bell",
    position: [1, 2, 3],
    size: [4, 1, 2],
    carries: makeCarried({ kind: "voice", voice: "b", reference: 5, rolloff: 2 }),
  });
  const box = makeBox({ id: "box", filter: "high", frequency: 500 });
  const world = makeWorld({ axes, placement: "head", landmarks: [bell], boxes: [box], edge: makeEdge() });
  const { values, parts } = spaceOf(piece, world, 1);
  expect(values).toHaveLength(SPACE_FLOATS);
  expect([...values.slice(0, 6)]).toEqual([2, 0.125, Math.fround(0.04), 60, 0, 0]);
  expect([...values.slice(6, 8)]).toEqual([8, 1]);
  expect(values[9]).toBe(1);
  expect(values[10]).toBe(0); // the first voice stands nowhere
  expect([...values.slice(18, 26)]).toEqual([1, 1, 2, 3, 1.5, 5, 2, 1]);
  expect(values[202 + 11]).toBe(2);
  expect(values[202 + 12]).toBe(500);
  expect(parts.map((part) => part.axis)).toEqual([0, -1, -1, 1, -1]);
});

test("sixteen landmarks sound at most, and none without a sound", () => {
  const silent = makeLandmark({ id: "silent", carries: makeCarried() });
  const loud = Array.from({ length: 20 }, (_, i) =>
    makeLandmark({ id: `${i}`, carries: makeCarried({ sound: "a".repeat(64) }) }),
  );
  const found = sounding(makeWorld({ landmarks: [silent, ...loud] }));
  expect(found.map((each) => each.id)).toEqual(loud.slice(0, 16).map((each) => each.id));
});

test("no latent follows the head", () => {
  const learned = deafTo(makeMappingSettings({ algorithm: "gp" }), 2, 3);
  expect(learned.outputs.map((each) => each.axes)).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
  ]);
  const direct = deafTo(makeMappingSettings({ algorithm: "direct" }), 2, 4);
  expect(direct.outputs.map((each) => each.axes)).toEqual([null, null, [], []]);
});

test("what stands on a hill is heard from there, and the ear is as high as the eye", () => {
  const { columns, rows, loudness, size, relief, places } = HILLS;
  const [x, z, height] = places[3]! as [number, number, number];
  const bell = makeLandmark({ id: "bell", stands: true, position: [x, 2, z], carries: makeCarried() });
  const world = makeWorld({
    axes: { ...bare.axes, x: "x" },
    size: size as [number, number, number],
    ground: { ...bare.ground, height: "loudness", relief },
    land: { columns, rows, loudness, brightness: [], novelty: [], of: "x" },
    landmarks: [{ ...bell, carries: makeCarried({ kind: "voice", voice: "a" }) }],
  });
  const ground = groundOf(world);
  for (const [east, south, high] of places) expect(heightOf(ground, east!, south!)).toBeCloseTo(high!, 4);
  const told = spaceOf(piece, world, 1);
  expect(told.values[12]).toBeCloseTo(2 + height, 4);
  expect(told.ground).toBe(ground);
  expect(EYES).toBe(1.7);
  expect(spaceOf(piece, { ...world, ground: { ...world.ground, shown: false } }, 1).ground).toBeNull();
});
