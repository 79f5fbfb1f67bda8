// A session goes on where it ended, with one clock for both, and its places are where they were.

import { expect, test } from "vitest";
import { type JamPhrase, makeJamSetting } from "../protocol/messages";
import { isWorthKeeping, keptOf, turnsOf, whereNext } from "./keeping";
import { Jam } from "./session";
import { pointsOf, reachOf, roundUnits, seenAt } from "./trails";

const ONE: JamPhrase = { steps: 32, hits: [{ step: 0, piece: 0, velocity: 0.5, offset: 0 }], tokens: [] };
const SPACE = {
  model: "drums-2",
  phrases: [],
  places: [],
  shares: [0.5, 0.2, 0.1] as const,
  mean: [1, 0, 0, 0],
  view: [
    [1, 0, 0, 0],
    [0, 2, 0, 0],
    [0, 0, 0, 1],
  ],
  reach: [
    [1, 0.5],
    [4, 2],
  ] as const,
};

function traded(start: number, begin: number): Jam {
  const jam = new Jam(makeJamSetting({ bpm: 120 }), start, { countIn: 1, begin });
  jam.advance(start + 2.1);
  jam.hear(start + 2.5, 1, 0.8);
  const { asks } = jam.advance(jam.clock.seconds(begin + 31.6));
  const now = jam.clock.seconds(begin + 31.7);
  jam.give(asks[0]!, { phrase: ONE, place: [[1, 2, 3, 4]], seen: [[0, 4, 4]] }, now);
  jam.advance(jam.clock.seconds(begin + 32.1));
  return jam;
}

test("a session goes on at the bar line after its last phrase, on the same clock", () => {
  const settings = makeJamSetting({ bpm: 120 });
  const first = keptOf(traded(10, 0), "drums-2", settings, "", null);
  expect(first.clock).toEqual([{ position: -16, seconds: 0, bpm: 120 }]);
  expect(first.played).toEqual([{ position: 4, pitch: 38, velocity: 0.8, length: 0.5 }]);
  expect(first.turns.map(({ who, position }) => [who, position])).toEqual([
    ["human", 0],
    ["machine", 32],
  ]);
  const begin = whereNext(first.turns, 1);
  expect(begin).toBe(80);
  const both = keptOf(traded(99, begin), "drums-2", settings, "x", first);
  expect(both.turns.map(({ position }) => position)).toEqual([0, 32, 80, 112]);
  expect(both.clock).toEqual([
    { position: -16, seconds: 0, bpm: 120 },
    { position: 64, seconds: 10, bpm: 120 },
  ]);
  expect(both.played.map(({ position }) => position)).toEqual([4, 84]);
});

test("a session between two machines is kept, one that no human began is not", () => {
  const settings = makeJamSetting({ bpm: 120, mode: "machines" });
  const jam = new Jam(settings, 0, { countIn: 1 });
  const players: string[] = [];
  for (let seconds = 0; seconds < 12; seconds += 0.05) {
    const { asks } = jam.advance(seconds);
    for (const ask of asks) {
      players.push(ask.who);
      jam.give(ask, { phrase: ONE, place: [[1, 2, 3, 4]], seen: [[0, 4, 4]] }, seconds);
    }
  }
  expect(players.slice(0, 2)).toEqual(["machine", "second"]);
  const kept = keptOf(jam, "drums-2", settings, "", null);
  expect(kept.played).toEqual([]);
  expect(isWorthKeeping(kept)).toBe(true);
  expect(isWorthKeeping({ ...kept, turns: kept.turns.slice(0, 1) })).toBe(false);
  expect(isWorthKeeping(keptOf(traded(0, 0), "drums-2", settings, "", null))).toBe(true);
});

test("places of a session that was kept are seen where they were", () => {
  const session = keptOf(traded(0, 0), "drums-2", makeJamSetting({}), "", null);
  const turns = turnsOf(session, SPACE);
  expect(turns.map(({ seen }) => seen)).toEqual([[], [[0, 4, 4]]]);
  expect(pointsOf(turns).map(({ index, who, spot }) => [index, who, spot])).toEqual([
    [1, "machine", [0, 4, 4]],
  ]);
  expect(seenAt(SPACE, [3, 1, 9, 0])).toEqual([2, 2, 0]);
});

test("how far so many hits are, and how long a scale is", () => {
  expect([0, 0.5, 1, 2.5, 4, 9].map((hits) => reachOf(SPACE.reach, hits))).toEqual([
    0, 0.25, 0.5, 1.25, 2, 2,
  ]);
  expect([0.7, 1, 3.2, 7.9, 41].map(roundUnits)).toEqual([0.5, 1, 2, 5, 20]);
});
