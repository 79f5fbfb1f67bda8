import { expect, test } from "vitest";
import { makeDemonstration, makePiece, makeSafetyMap, makeVoice, type SafetyMap } from "../protocol/messages";
import { dangersTold, worst } from "./dangers";
import { Foresight, fitsTogether } from "./foresight";

function hill(change: Partial<SafetyMap> = {}): SafetyMap {
  const loudness = [-400, -300, -200, -400, -300, -150, -400, -300, -250];
  return makeSafetyMap({
    axes: 2,
    shape: [3, 3],
    loudness,
    loud_from: loudness.map(() => -260),
    trim: loudness.map((l) => Math.min(0, -260 - l)),
    roughness: [10, 20, 30, 90, 20, 10, 10, 10, 10],
    rough_from: 60,
    ...change,
  });
}

test("between nodes lie straight lines, and amounts scale decibels", () => {
  const known = new Foresight(hill(), 0.5);
  expect(known.at([0.5, 1], "loudness")).toBe(-150);
  expect(known.at([0.25, 1], "loudness")).toBe(-175);
  expect(known.gain([0.5, 1])).toBeCloseTo(10 ** (-5.5 / 20), 10);
  expect(known.gain([0, 0])).toBe(1);
  expect(known.gain([Number.NaN, 7])).toBe(known.gain([0.5, 1]));
});

test("a map that does not fit together is as good as none", () => {
  expect(fitsTogether(hill())).toBe(true);
  for (const broken of [{ shape: [3] }, { trim: [] }, { shape: [], points: [] }, { axes: 3 }])
    expect(fitsTogether(hill(broken))).toBe(false);
});

test("the worst places come first, one for each neighbourhood", () => {
  const loud = worst(hill(), "loud", 9);
  expect(loud.map(({ point }) => point)).toEqual([
    [0.5, 1],
    [0, 1],
    [1, 1],
  ]);
  expect(loud[0]).toMatchObject({ lufs: -15, over: 11, trim: -11 });
  expect(worst(hill(), "rough", 9).map(({ point }) => point)).toEqual([[0.5, 0]]);
});

test("they are told in words", () => {
  const voice = makeVoice({
    id: "v",
    model: "m",
    safety: hill(),
    demonstrations: [makeDemonstration({ id: "d", point: [0.6, 0.9], latent: [], label: "roar" })],
  });
  const piece = makePiece({
    id: "p",
    name: "",
    axes: [
      { id: "x", name: "along", rest: 0.5 },
      { id: "y", name: "across", rest: 0.5 },
    ],
    voices: [voice],
  });
  expect(dangersTold(piece, voice)).toBe(
    "Loudest beyond what is expected: along 50, across 100, near roar, by 11 loudness units. " +
      "Roughest: along 50, across 0, near roar.",
  );
  expect(dangersTold(piece, { ...voice, safety: null })).toBe("");
});
