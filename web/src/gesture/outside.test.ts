import { expect, test, vi } from "vitest";
import { GLIDE_MS, Outside } from "./outside";
import { Performer } from "./performer";

const axis = (id: string) => ({ id, name: id, rest: 0.5 });

function both() {
  vi.useFakeTimers();
  let now = 0;
  const pass = (ms: number): void => {
    for (let k = 0; k < ms; k++) {
      now++;
      vi.advanceTimersByTime(1);
    }
  };
  const performer = new Performer(() => now);
  performer.setAxes([axis("x"), axis("y")]);
  return { performer, outside: new Outside(performer, () => now), pass };
}

test("a controller takes its axis over in a short glide, and then is followed at once", () => {
  const { performer, outside, pass } = both();
  outside.moved(["x"], [0.9]);
  expect(performer.at("x")).toBeCloseTo(0.5);
  pass(GLIDE_MS / 2);
  expect(performer.at("x")).toBeGreaterThan(0.6);
  expect(performer.at("x")).toBeLessThan(0.8);
  pass(GLIDE_MS);
  expect(performer.at("x")).toBe(0.9);
  outside.moved(["x"], [0.3]);
  expect(performer.at("x")).toBe(0.3);
  expect(performer.at("y")).toBe(0.5);
});

test("a hand on the axis goes before the controller, and keeps it until that moves again", () => {
  const { performer, outside, pass } = both();
  outside.moved(["x"], [0.5]);
  pass(200);
  performer.touch("x");
  performer.set("x", 0.1);
  outside.moved(["x", "y"], [0.8, 0.52]);
  pass(200);
  expect(performer.at("x")).toBe(0.1);
  performer.release("x");
  outside.moved(["y"], [0.6]);
  pass(200);
  expect([...performer.values]).toEqual([0.1, 0.6]);
  outside.moved(["x"], [0.81]);
  expect(performer.at("x")).toBeCloseTo(0.1);
  pass(200);
  expect(performer.at("x")).toBe(0.81);
});

test("a controller that trembles takes nothing from a hand that was there", () => {
  const { performer, outside, pass } = both();
  outside.moved(["x"], [0.8]);
  pass(200);
  performer.touch("x");
  performer.set("x", 0.2);
  performer.release("x");
  for (const told of [0.801, 0.79, 0.81, 0.799]) {
    outside.moved(["x"], [told]);
    pass(50);
    expect(performer.at("x")).toBe(0.2);
  }
  outside.moved(["x"], [0.83]);
  pass(200);
  expect(performer.at("x")).toBe(0.83);
  outside.moved(["x"], [0.829]);
  expect(performer.at("x")).toBe(0.829);
});

test("what is no place on an axis, and an axis that is not here, moves nothing", () => {
  const { performer, outside, pass } = both();
  outside.moved(["x", "gone", "y"], [Number.NaN, 0.2, 7]);
  pass(200);
  expect([...performer.values]).toEqual([0.5, 0.5]);
});
