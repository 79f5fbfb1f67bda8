// Ten minutes in counted time: no bar is missed, nothing drifts, and a model that fails stops nothing.

import { expect, test } from "vitest";
import { type JamHit, type JamPhrase, makeJamSetting } from "../protocol/messages";
import { captured, notesOf } from "./bars";
import { Tap } from "./clock";
import { Jam, MARGIN_SECONDS, type Wanted } from "./session";

const ONE: JamPhrase = { steps: 32, hits: [{ step: 0, piece: 0, velocity: 0.5, offset: 0 }], tokens: [] };

function played(jam: Jam, until: number, delay: (wanted: Wanted) => number) {
  const events = [];
  let waiting: { at: number; wanted: Wanted }[] = [];
  let now = 0;
  // small steps where something is decided, large ones between
  const step = () => (jam.clock.position(now) % 32 > 29 ? 0.004 : 0.04);
  for (; jam.clock.position(now) < until; now += step()) {
    for (const { at, wanted } of waiting.filter((each) => each.at <= now))
      jam.give(wanted, { phrase: ONE }, at);
    waiting = waiting.filter((each) => each.at > now);
    const { events: due, asks } = jam.advance(now);
    for (const event of due) expect(event.seconds).toBeGreaterThanOrEqual(now - 0.005);
    events.push(...due);
    for (const wanted of asks) waiting.push({ at: now + delay(wanted), wanted });
  }
  return events;
}

test.each([40, 120, 240])("ten minutes at %i beats miss no bar and do not drift", (bpm) => {
  const jam = new Jam(makeJamSetting({ bpm }), 0, { metronome: false });
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
  const jam = new Jam(makeJamSetting({ bpm: 120 }), 0, { countIn: 0, metronome: false });
  played(jam, 32 * 12, ({ number }) => (number === 3 ? 9 : 0));
  expect(jam.missed).toBe(1);
  const machine = jam.turns.filter((turn) => turn.who === "machine");
  expect(machine.map((turn) => turn.repeated)).toEqual([false, false, true, false, false, false]);
});

test("the modes have their turns", () => {
  const players = (mode: "trade" | "lead" | "machines" | "follow" | "loop" | "morph") => {
    const jam = new Jam(makeJamSetting({ mode, bpm: 300 }), 0, { countIn: 0, metronome: false });
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
    { position: 31.6, pitch: 0, velocity: 0.4, length: 1 },
    { position: 36.2, pitch: 1, velocity: 0.9, length: 1 },
    { position: 36.1, pitch: 1, velocity: 0.3, length: 1 },
    { position: 63.7, pitch: 2, velocity: 1, length: 1 },
  ];
  const found = captured("drums", hits, 32, 32);
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

test("a tempo that jumps in the middle of a phrase waits for the bar line, and every answer is on its own", () => {
  const jam = new Jam(makeJamSetting({ bpm: 120 }), 0, { countIn: 0, metronome: false });
  const answers: number[] = [];
  for (let now = 0; jam.clock.position(now) < 32 * 4; now += 0.004) {
    if (now > 2.6 && jam.settings.bpm === 120) jam.change({ ...jam.settings, bpm: 80 }, now);
    const { events, asks } = jam.advance(now);
    for (const wanted of asks) jam.give(wanted, { phrase: ONE }, now);
    answers.push(...events.map(({ seconds }) => seconds));
  }
  expect(jam.missed).toBe(0);
  expect(answers.map((seconds) => Math.round(1e6 * seconds) / 1e6)).toEqual([4, 4 + 6 + 6]);
});

test("a tempo is tapped", () => {
  const tap = new Tap();
  expect([0, 0.5, 1, 1.5].map((at) => tap.tap(at))).toEqual([null, 120, 120, 120]);
  expect(tap.tap(60)).toBeNull();
});

test("a melody is the highest of what begins on a step, and comes back as it was", () => {
  const notes = [
    { position: 32.1, pitch: 60, velocity: 1, length: 3.8 },
    { position: 36, pitch: 55, velocity: 1, length: 2 },
    { position: 36.2, pitch: 64, velocity: 1, length: 2 },
    { position: 60, pitch: 67, velocity: 1, length: -1 },
    { position: 48, pitch: 12, velocity: 1, length: 1 },
  ];
  const { tokens, hits } = captured("melody", notes, 32, 32);
  expect(hits).toEqual([]);
  const heard = notesOf({ steps: 32, hits, tokens }).map(({ position, pitch, length }) => [
    position,
    pitch,
    length,
  ]);
  expect(heard).toEqual([
    [0, 60, 4],
    [4, 64, 2],
    [28, 67, 4],
  ]);
});

test("notes of a melody end where they are let go, and those that are stuck with their device", () => {
  const jam = new Jam(makeJamSetting({ bpm: 60 }), 0, { kind: "melody", countIn: 0 });
  expect([jam.hear(1, 60, 0.5), jam.hear(1.5, 60, 0), jam.hear(2, 64, 0.5)]).toEqual([true, false, true]);
  jam.lost(2.25);
  expect(jam.played.map(({ position, length }) => [position, length])).toEqual([
    [4, 2],
    [8, 1],
  ]);
});

test("what comes is asked for while it is still played, and where a phrase lies is kept with it", () => {
  const jam = new Jam(makeJamSetting({ bpm: 120 }), 0, { countIn: 0, metronome: false });
  jam.advance(0);
  expect(jam.ahead).toBeNull();
  jam.hear(0.5, 1, 0.7);
  expect(jam.ahead?.phrase?.hits.map(({ step }) => step)).toEqual([4]);
  const { asks } = jam.advance(jam.clock.seconds(31.6));
  expect(jam.ahead).toBeNull();
  expect(jam.coming?.position).toBe(32);
  jam.give(
    asks[0]!,
    { phrase: ONE, place: [[1]], seen: [[1, 2, 3]], heard: [[2]], heard_seen: [[4, 5, 6]] },
    3.97,
  );
  expect(jam.turns.map(({ who, place, seen }) => [who, place, seen])).toEqual([
    ["human", [[2]], [[4, 5, 6]]],
    ["machine", [[1]], [[1, 2, 3]]],
  ]);
});

test("an answer that is late is the one that was asked ahead", () => {
  const jam = new Jam(makeJamSetting({ bpm: 120 }), 0, { countIn: 0, metronome: false });
  jam.advance(0);
  jam.hear(0.5, 1, 0.7);
  const provided = jam.foresee(jam.playing!, {
    phrase: ONE,
    place: [[1]],
    heard: [[2]],
    heard_seen: [[4, 5, 6]],
  });
  expect(provided.map(({ seconds, who, pitch }) => [seconds, who, pitch])).toEqual([[4, "machine", 0]]);
  expect(jam.foreseen?.phrase).toBe(ONE);
  jam.advance(jam.clock.seconds(31.6));
  jam.advance(jam.clock.seconds(32));
  expect(jam.foreseen).toBeNull();
  expect(jam.turns.map(({ who, phrase, repeated }) => [who, phrase === ONE, repeated])).toEqual([
    ["human", false, false],
    ["machine", true, false],
  ]);
  expect([jam.missed, jam.hurried, jam.turns[0]!.place]).toEqual([0, 1, [[2]]]);
});

test("a page that stood still plays no heap of notes, and takes no answer after the bar line", () => {
  const jam = new Jam(makeJamSetting({ bpm: 120, mode: "lead" }), 0, { countIn: 1, metronome: false });
  const hits = [0, 1, 2, 8, 12].map((step) => ({ step, piece: 0, velocity: 0.5, offset: 0 }));
  jam.spare = { steps: 32, hits, tokens: [] };
  const { asks } = jam.advance(1.95);
  expect(asks.length).toBe(1);
  expect(jam.give(asks[0]!, { phrase: ONE }, 2.4)).toBe(false);
  const { events } = jam.advance(2.3);
  expect(events.map(({ seconds }) => Math.round(1000 * seconds) / 1000)).toEqual([2.25, 3, 3.5]);
});
