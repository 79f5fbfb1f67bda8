import { expect, test } from "vitest";
import { playKey, stepOf } from "./keys";
import { Performer } from "./performer";
import { placeOn, pressureOf } from "./pointers";

const axis = (id: string, rest = 0.5) => ({ id, name: id, rest });

test("a pad's corners are the corners of its axes, y upwards, and beyond the edge is the edge", () => {
  const pad = { left: 100, top: 50, width: 200, height: 400 };
  expect(placeOn(pad, 100, 450)).toEqual({ x: 0, y: 0 });
  expect(placeOn(pad, 300, 50)).toEqual({ x: 1, y: 1 });
  expect(placeOn(pad, 200, 250)).toEqual({ x: 0.5, y: 0.5 });
  expect(placeOn(pad, -9, 9999)).toEqual({ x: 0, y: 0 });
});

test("a pen has pressure; a mouse and a screen that cannot feel have none", () => {
  expect(pressureOf({ pointerType: "pen", pressure: 0.3 })).toBe(0.3);
  expect(pressureOf({ pointerType: "mouse", pressure: 0.5 })).toBeNull();
  expect(pressureOf({ pointerType: "touch", pressure: 1 })).toBeNull();
  expect(pressureOf({ pointerType: "touch", pressure: 0.37 })).toBe(0.37);
});

test("every move is told at once, a move that moves nothing is not", () => {
  const performer = new Performer();
  performer.setAxes([axis("x"), axis("y", 0.25)]);
  const seen: number[][] = [];
  performer.listen((p) => seen.push([...p.values]));
  performer.set2("x", 0.1, "y", 2);
  performer.set("x", 0.1);
  performer.set("nowhere", 0.3);
  performer.set("x", Number.NaN);
  expect(seen).toEqual([[0.1, 1]]);
});

test("axes that stay keep their values when others come and go", () => {
  const performer = new Performer();
  performer.setAxes([axis("x"), axis("y")]);
  performer.set("y", 0.9);
  performer.setAxes([axis("z", 0.2), axis("y")]);
  expect([...performer.values]).toEqual([0.2, 0.9]);
});

test("an axis is touched until the last hand leaves it", () => {
  const performer = new Performer();
  performer.setAxes([axis("x")]);
  performer.touch("x");
  performer.touch("x");
  performer.release("x");
  expect(performer.isTouched(0)).toBe(true);
  performer.release("x");
  performer.release("x");
  expect(performer.isTouched(0)).toBe(false);
});

test("a key has no hand to lift: its axis counts as touched for a moment after it moved", () => {
  let now = 0;
  const performer = new Performer(() => now);
  performer.setAxes([axis("x"), axis("y")]);
  performer.set("x", 0.7);
  expect([performer.isTouched(0), performer.isTouched(1)]).toEqual([true, false]);
  now = 500;
  expect(performer.isTouched(0)).toBe(false);
  performer.touch("y");
  performer.set("y", 0.7);
  performer.release("y");
  expect(performer.isTouched(1)).toBe(false);
});

test("arrows move a pad, shift moves it finely, home rests it, and other keys are not ours", () => {
  const performer = new Performer();
  const x = axis("x");
  const y = axis("y", 0.25);
  performer.setAxes([x, y]);
  expect(playKey(performer, { x, y }, "ArrowRight", false)).toBe(true);
  expect(performer.at("x")).toBeCloseTo(0.52);
  playKey(performer, { x, y }, "ArrowDown", true);
  expect(performer.at("y")).toBeCloseTo(0.248);
  playKey(performer, { x, y }, "Home", false);
  expect([...performer.values]).toEqual([0.5, 0.25]);
  expect(stepOf("q", false)).toBeNull();
});

test("a fader follows both pairs of arrows", () => {
  const performer = new Performer();
  const y = axis("y");
  performer.setAxes([y]);
  playKey(performer, { x: null, y }, "ArrowRight", false);
  playKey(performer, { x: null, y }, "ArrowUp", false);
  expect(performer.at("y")).toBeCloseTo(0.54);
});
