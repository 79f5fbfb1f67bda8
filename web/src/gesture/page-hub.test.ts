import { beforeEach, expect, test, vi } from "vitest";
import {
  type Action,
  makeConditioning,
  makeGamepadSource,
  makeInput,
  makeMidiSource,
} from "../protocol/messages";
import { type Key, matches, PageHub, sourceOf } from "./page-hub";
import { Performer } from "./performer";

let now = 0;
const pass = (seconds: number): void => {
  for (let k = 0; k < seconds * 1000; k++) {
    now += 0.001;
    vi.advanceTimersByTime(1);
  }
};
beforeEach(() => {
  vi.useFakeTimers();
  now = 0;
});

const axis = (id: string) => ({ id, name: id, rest: 0.5 });
const knob: Key = { kind: "midi", port: "Keys", channel: 1, message: "control", number: 7 };
const stick: Key = { kind: "gamepad", device: "Pad", part: "axis", index: 0 };
const BOTH = new Set(["midi", "gamepad"] as const);

function played() {
  const performer = new Performer(() => now * 1000);
  performer.setAxes([axis("x"), axis("y")]);
  const acted: [Action, boolean][] = [];
  const hub = new PageHub(
    performer,
    (action, begins) => acted.push([action, begins]),
    () => now,
  );
  const piece = {
    axes: [axis("x"), axis("y")],
    inputs: [
      makeInput({ id: "k", axis: "x", source: makeMidiSource({ message: "control", number: 7 }) }),
      makeInput({
        id: "s",
        axis: "y",
        source: makeGamepadSource({}),
        conditioning: makeConditioning({ invert: true, hold_seconds: 0 }),
      }),
    ],
    triggers: [
      {
        id: "t",
        source: makeMidiSource({ message: "note", number: 36 }),
        action: "demonstrate" as const,
        muted: false,
      },
    ],
  };
  hub.show(piece, BOTH);
  return { performer, hub, acted, piece };
}

test("a knob and a stick move their axes, a note does its action", () => {
  const { performer, hub, acted } = played();
  hub.say(knob, 1);
  hub.say(stick, 0.9);
  pass(0.2);
  expect(performer.at("x")).toBe(1);
  expect(performer.at("y")).toBeCloseTo(0.1, 12);
  const note: Key = { kind: "midi", port: "Keys", channel: 10, message: "note", number: 36 };
  hub.say(note, 1);
  hub.say(note, 1);
  hub.say(note, 0);
  expect(acted).toEqual([
    ["demonstrate", true],
    ["demonstrate", false],
  ]);
});

test("a hand goes before them, and the next move glides from where it left the axis", () => {
  const { performer, hub } = played();
  hub.say(knob, 1);
  pass(0.2);
  performer.touch("x");
  performer.set("x", 0.2);
  hub.say(knob, 0.9);
  pass(0.2);
  expect(performer.at("x")).toBe(0.2);
  performer.release("x");
  pass(0.2);
  expect(performer.at("x")).toBe(0.2);
  hub.say(knob, 0.5);
  pass(0.02);
  expect(performer.at("x")).toBeGreaterThan(0.2);
  expect(performer.at("x")).toBeLessThan(0.4);
  pass(0.2);
  expect(performer.at("x")).toBe(0.5);
});

test("a stick that is pulled out goes to rest, and a piece that changes keeps what is there", () => {
  const { performer, hub, piece } = played();
  hub.say(stick, 0);
  hub.say(knob, 0.25);
  pass(0.2);
  expect(performer.at("y")).toBe(1);
  hub.show({ ...piece, inputs: [...piece.inputs].reverse() }, BOTH);
  pass(0.2);
  expect([...performer.values]).toEqual([0.25, 1]);
  hub.lose((source) => source.kind === "gamepad");
  pass(1.5);
  expect([...performer.values]).toEqual([0.25, 0.5]);
});

test("what the server reads is left to it", () => {
  const { performer, hub, piece } = played();
  hub.show(piece, new Set());
  hub.say(knob, 1);
  pass(0.2);
  expect(performer.at("x")).toBe(0.5);
});

test("what is learned means the same value", () => {
  const velocity: Key = { kind: "midi", port: "A", channel: 0, message: "velocity", number: 60 };
  for (const key of [knob, stick, velocity, { kind: "orientation", part: "roll" } as const])
    expect(matches(sourceOf(key), key)).toBe(true);
  expect(matches(makeMidiSource({ message: "velocity" }), velocity)).toBe(false);
  expect(matches(sourceOf(knob), stick)).toBe(false);
});
