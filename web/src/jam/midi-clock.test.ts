// Another machine's clock: followed as the server follows it, its bars found wherever a jam begins, and ours
// for others.

import { expect, test } from "vitest";
import GOLDEN from "../../../tests/golden/midi-clock.json";
import { makeJamSetting } from "../protocol/messages";
import { BarClock } from "./clock";
import { GO_ON, Leader, LOCATE, Sender, START, STOP, TICK } from "./midi-clock";
import { HORIZON_SECONDS, Jam } from "./session";

const same = (seconds: number): number => seconds;

/** So many quarters of a steady tempo; a beat after the other is given. */
function ticked(
  leader: Leader,
  from: number,
  bpm: number,
  quarters: number,
  each = (_: number) => {},
): number {
  let at = from;
  for (let n = 0; n < 24 * quarters; n++) {
    leader.follower.hear(at);
    if (leader.follower.tick % 24 === 0) each(at);
    at += 2.5 / bpm;
  }
  return at;
}

test("the page is led as the server is", () => {
  const leader = new Leader();
  leader.follower.start();
  const clock = new BarClock(120, 0, 0);
  const led: number[][] = [];
  for (const at of GOLDEN.ticks) {
    leader.follower.hear(at);
    if (leader.follower.tick % 24) continue;
    leader.lead(clock, at, same);
    led.push([clock.position(at + 0.1), clock.bpm(at), leader.follower.bpm!]);
  }
  expect(led.length).toBe(GOLDEN.led.length);
  led.forEach((row, i) => {
    row.forEach((value, k) => {
      expect(value).toBeCloseTo(GOLDEN.led[i]![k]!, 6);
    });
  });
});

test("a jam begins with a bar of a clock that goes already, and stays on its bars", () => {
  const leader = new Leader();
  leader.follower.start();
  const now = ticked(leader, 0, 100, 13); // in the middle of its fourth bar
  const line = leader.barFrom(now + 0.3, now)!;
  expect(line.seconds).toBeCloseTo(9.6, 3);
  expect(line.bpm).toBeCloseTo(100, 3);
  const jam = new Jam(makeJamSetting({ bpm: 100 }), line.seconds, { countIn: 1 });
  ticked(leader, now, 100, 40, (at) => leader.lead(jam.clock, at, same));
  expect(jam.clock.position(line.seconds + 2.4)).toBeCloseTo(0, 2);
  expect(jam.clock.position(9.6 + 2.4 * 8)).toBeCloseTo(7 * 16, 1);
  const { tempi } = jam.clock;
  for (let i = 1; i < tempi.length; i++) expect(tempi[i]!.seconds).toBeGreaterThan(tempi[i - 1]!.seconds);
});

test("a clock that stands, or goes away, stops nothing; one that starts anew has its bars anew", () => {
  const leader = new Leader();
  const clock = new BarClock(120, 0, 0);
  expect(leader.barFrom(1, 1)).toBeNull();
  leader.lead(clock, 1, same);
  expect(clock.tempi.length).toBe(1);
  let now = ticked(leader, 1, 150, 8, (at) => leader.lead(clock, at, same));
  expect(clock.bpm(now)).toBeCloseTo(150, 1);
  leader.follower.stop();
  const { tick } = leader.follower;
  now = ticked(leader, now, 150, 1);
  expect([leader.follower.tick, leader.barFrom(now, now)]).toEqual([tick, null]);
  leader.follower.start();
  leader.replace();
  const started = now;
  now = ticked(leader, now, 90, 32, (at) => leader.lead(clock, at, same));
  const bar = clock.position(started + 8 * (240 / 90)) / 16;
  expect(Math.abs(bar - Math.round(bar))).toBeLessThan(0.01);
  expect(leader.follower.ticks(now + 1)).toBe(false);
});

test("ticks that come in heaps, as from a page that stood still, leave a clock that goes forwards", () => {
  const leader = new Leader();
  leader.follower.start();
  const clock = new BarClock(120, 0.4, 1);
  let now = 0;
  for (let n = 0; n < 24 * 60; n++) {
    const at = n * (2.5 / 133) * (n > 700 ? 1.6 : 1);
    if (at > now) now = at + (n % 97 === 0 ? 1.3 : n % 31 === 0 ? 0.4 : 0.001);
    leader.follower.hear(at);
    if (leader.follower.tick % 24 === 0) leader.lead(clock, now, same);
  }
  const { tempi } = clock;
  expect(tempi.length).toBeGreaterThan(20);
  for (let i = 1; i < tempi.length; i++) {
    expect(tempi[i]!.seconds).toBeGreaterThan(tempi[i - 1]!.seconds);
    expect(tempi[i]!.position).toBeGreaterThanOrEqual(tempi[i - 1]!.position);
  }
});

test("what is led is told to the audio thread a moment ahead, not a bar", () => {
  const jam = new Jam(makeJamSetting({ bpm: 120, mode: "lead" }), 0, { countIn: 0, metronome: false });
  jam.led = true;
  jam.spare = {
    steps: 32,
    hits: [0, 8].map((step) => ({ step, piece: 0, velocity: 1, offset: 0 })),
    tokens: [],
  };
  expect(jam.advance(0).events.map(({ seconds }) => seconds)).toEqual([0]);
  expect(jam.advance(0.9).events.map(({ seconds }) => seconds)).toEqual([1]);
  jam.change({ ...jam.settings, bpm: 60 }, 0.9);
  expect(jam.clock.bpm(9)).toBe(120);
});

test("others are told where the first bar line is, every tick once, and the end", () => {
  const clock = new BarClock(120, 0, 1);
  const sender = new Sender();
  const told: (readonly [number, number])[] = [];
  for (let now = 0; now < 6; now += 0.011)
    for (const { seconds, bytes } of sender.due(clock, 0, now, now + HORIZON_SECONDS))
      told.push([bytes[0]!, seconds]);
  expect(told[0]).toEqual([START, 2]);
  const ticks = told.slice(1);
  expect(ticks.every(([what]) => what === TICK)).toBe(true);
  ticks.forEach(([, seconds], i) => {
    expect(seconds).toBeCloseTo(2 + i / 48, 9);
  });
  expect(sender.stop()).toEqual([STOP]);
  expect(sender.stop()).toBeNull();
  const again = sender.due(clock, 0, 6.1, 8.1); // wired in the middle: from the next bar line
  expect(again.slice(0, 3).map(({ bytes }) => bytes)).toEqual([[LOCATE, 48, 0], [GO_ON], [TICK]]);
  expect(again[0]!.seconds).toBe(8);
});
