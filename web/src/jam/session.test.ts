// Ten minutes in counted time: no bar is missed, nothing drifts, and a model that fails stops nothing.

import { expect, test } from "vitest";
import { type JamHit, type JamPhrase, makeJamSetting } from "../protocol/messages";
import { Tap } from "./clock";
import { captured, Jam, MARGIN_SECONDS, type Wanted } from "./session";

const ONE: JamPhrase = { steps: 32, hits: [{ step: 0, piece: 0, velocity: 0.5, offset: 0 }], tokens: [] };

function played(jam: Jam, until: number, delay: (wanted: Wanted) => number) {
  const events = [];
  let waiting: { at: number; wanted: Wanted }[] = [];
  let now = 0;
  for (; jam.clock.position(now) < until; now += 0.004) {
    for (const { at, wanted } of waiting.filter((each) => each.at <= now)) jam.give(wanted, ONE, at);
    waiting = waiting.filter((each) => each.at > now);
    const { events: due, asks } = jam.advance(now);
    for (const event of due) expect(event.seconds).toBeGreaterThanOrEqual(now - 0.005);
    events.push(...due);
    for (const wanted of asks) waiting.push({ at: now + delay(wanted), wanted });
  }
  return events;
}

test.each([40, 120, 240])("ten minutes at %i beats miss no bar and do not drift", (bpm) => {
  const jam = new Jam(makeJamSetting({ bpm }), 0, 1, false);
  const phrases = (10 * bpm) / 8;
  const budget = 60 / bpm / 8 - MARGIN_SECONDS - 0.009;
  const events = played(jam, phrases * 32, ({ number }) => (budget * (number % 7)) / 7);
  const answers = events.filter((each) => each.kind === "drum");
  expect(jam.missed).toBe(0);
  expect(answers.length).toBe(phrases / 2);
  answers.forEach((each, i) => {
    expect(each.seconds).toBeCloseTo((240 / bpm) * (1 + 2 * (2 * i + 1)), 6);
  });
});

test("a late or failed answer is the last one again", () => {
  const jam = new Jam(makeJamSetting({ bpm: 120 }), 0, 0, false);
  played(jam, 32 * 12, ({ number }) => (number === 3 ? 9 : 0));
  expect(jam.missed).toBe(1);
  const machine = jam.turns.filter((turn) => turn.who === "machine");
  expect(machine.map((turn) => turn.repeated)).toEqual([false, false, true, false, false, false]);
});

test("the modes have their turns", () => {
  const players = (mode: "trade" | "lead" | "machines" | "follow" | "loop" | "morph") => {
    const jam = new Jam(makeJamSetting({ mode, bpm: 300 }), 0, 0, false);
    for (let beat = 0; beat < 48; beat++) jam.hear(jam.clock.seconds(beat * 4), 0, 0.5);
    played(jam, 32 * 5 + 1, () => 0);
    return jam.turns.map((turn) => turn.who[0]).join("");
  };
  expect(players("trade")).toBe("hmhmhm");
  expect(players("lead")).toBe("mhmhm");
  expect(players("machines")).toBe("msmsms");
  expect(players("follow")).toBe("hmhmhmhmhm");
  expect(players("loop")).toBe("hmhmhmhmhm");
  expect(players("morph")).toBe("hhmhmhmhm");
});

test("hits go to their sixteenth with what they were off, the louder of two stays", () => {
  const hits = [
    { position: 31.6, piece: 0, velocity: 0.4 },
    { position: 36.2, piece: 1, velocity: 0.9 },
    { position: 36.1, piece: 1, velocity: 0.3 },
    { position: 63.7, piece: 2, velocity: 1 },
  ];
  const found = captured(hits, 32, 32);
  expect(found.hits.map((hit: JamHit) => [hit.step, hit.piece])).toEqual([
    [0, 0],
    [4, 1],
  ]);
  expect(found.hits[0]!.offset).toBeCloseTo(0.8);
  expect(found.hits[1]!.offset).toBeCloseTo(-0.4);
  const jam = new Jam(makeJamSetting({}), 0);
  expect([jam.hear(Number.NaN, 0, 1), jam.hear(0, 9, 1), jam.hear(0, 0, 0), jam.hear(0, 0, 1)]).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

test("a tempo is tapped", () => {
  const tap = new Tap();
  expect([0, 0.5, 1, 1.5].map((at) => tap.tap(at))).toEqual([null, 120, 120, 120]);
  expect(tap.tap(60)).toBeNull();
});
