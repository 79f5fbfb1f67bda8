import { expect, test } from "vitest";
import { Buffering, HINTS } from "./buffering";

test("a hiccup changes nothing, and neither do breaks while the page settles", () => {
  const buffering = new Buffering(0, 100);
  expect(buffering.watch(40, 101)).toBe(false);
  for (let t = 104; t < 200; t += 10) expect(buffering.watch(40 + (t - 104) / 5, t)).toBe(false);
  expect(buffering.hint).toBe(0);
});

test("sound that keeps breaking up is kept further ahead, step by step, and not without end", () => {
  const buffering = new Buffering(0, 0);
  const hints: number[] = [];
  let underruns = 0;
  for (let t = 0; t < 120; t += 0.5) {
    underruns += 2;
    if (!buffering.watch(underruns, t)) continue;
    hints.push(buffering.hint);
    buffering.begin(t);
    underruns = 0;
  }
  expect(hints).toEqual(HINTS.slice(1));
});

test("what was remembered is taken, and nonsense is the least", () => {
  expect(new Buffering(2, 0).hint).toBe(0.02);
  expect(new Buffering(99, 0).hint).toBe(HINTS.at(-1));
  expect(new Buffering(Number.NaN, 0).hint).toBe(0);
});

test("the next time begins one step lower, unless a person has fixed it", () => {
  const raised = new Buffering(2, 0);
  expect(Buffering.from(String(raised), 0).step).toBe(1);
  expect(Buffering.from(null, 0).step).toBe(0);
  expect(Buffering.from("{", 0).step).toBe(0);
  const fixed = Buffering.from('{"step": 3, "automatic": false}', 0);
  for (let t = 0; t < 60; t++) expect(fixed.watch(10 * t, t)).toBe(false);
  expect(fixed.step).toBe(3);
});
