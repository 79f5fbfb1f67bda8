import { expect, test, vi } from "vitest";
import { makeGamepadSource, makeMidiSource } from "../protocol/messages";
import { MidiReader } from "./midi";
import {
  hearKey,
  hearMidi,
  hearOrientation,
  hearPen,
  PadReader,
  PageSources,
  type Sink,
} from "./page-sources";

function sink() {
  const said: unknown[] = [];
  const lost: Parameters<Sink["lose"]>[0][] = [];
  const met: unknown[] = [];
  const to: Sink = {
    say: (key, value) => said.push([key, value]),
    lose: (gone) => lost.push(gone),
    wants: (key) => key.kind === "key" && key.code === "KeyQ",
    meet: (kind, name, on) => met.push([kind, name, on]),
  };
  return { said, lost, met, to };
}

test("bytes of a port are values, and a note that is let go is lost to whoever listens to it", () => {
  const { said, lost, to } = sink();
  const reader = new MidiReader();
  hearMidi(to, reader, "Keys", [0xb0, 7, 127]);
  hearMidi(to, reader, "Keys", null);
  expect(said[0]).toEqual([{ kind: "midi", port: "Keys", channel: 1, message: "control", number: 7 }, 1]);
  hearMidi(to, reader, "Keys", [0x90, 60, 127, 60, 0]);
  const velocity = makeMidiSource({ message: "velocity" });
  expect(lost.some((gone) => gone(velocity))).toBe(true);
  expect(lost.some((gone) => gone({ ...velocity, port: "Other" }))).toBe(false);
  expect(lost.some((gone) => gone({ ...velocity, number: 61 }))).toBe(false);
});

test("a gamepad says what has moved, and nothing when it appears", () => {
  const { said, lost, met, to } = sink();
  const reader = new PadReader(to);
  const pad = (x: number, a: number) => ({ index: 1, id: "Pad", axes: [x, 0], buttons: [{ value: a }] });
  reader.look([null, pad(0.3, 0)]);
  reader.look([null, pad(1, 1)]);
  reader.look([null, pad(1, 1)]);
  expect(said).toEqual([
    [{ kind: "gamepad", device: "Pad", part: "axis", index: 0 }, 1],
    [{ kind: "gamepad", device: "Pad", part: "button", index: 0 }, 1],
  ]);
  reader.look([null, null]);
  expect(lost[0]!(makeGamepadSource({ device: "pad" }))).toBe(true);
  expect(met).toEqual([
    ["gamepad", "Pad", true],
    ["gamepad", "Pad", false],
  ]);
});

test("two equal gamepads are two", () => {
  const { said, lost, met, to } = sink();
  const reader = new PadReader(to);
  const pad = (index: number, x: number) => ({ index, id: "Pad", axes: [x], buttons: [] });
  reader.look([pad(0, 0), pad(1, 0)]);
  reader.look([pad(0, 0), pad(1, 1)]);
  expect(said).toEqual([[{ kind: "gamepad", device: "Pad #2", part: "axis", index: 0 }, 1]]);
  reader.look([null, pad(1, 1)]);
  expect(met.at(-1)).toEqual(["gamepad", "Pad", false]);
  expect(lost.at(-1)!(makeGamepadSource({ device: "Pad #2" }))).toBe(false);
  reader.look([pad(0, 0), pad(1, 1)]);
  expect(met.at(-1)).toEqual(["gamepad", "Pad", true]);
});

test("two equal MIDI ports are two", async () => {
  const { said, lost, met, to } = sink();
  const port = (id: string) => ({ id, name: "Knobs", state: "connected", onmidimessage: null as unknown });
  const ports = [port("a"), port("b")];
  const access = { inputs: new Map(ports.map((each) => [each.id, each])), onstatechange: () => {} };
  vi.stubGlobal("navigator", { requestMIDIAccess: async () => access });
  expect(await new PageSources(to).open("midi")).toBeNull();
  (ports[1]!.onmidimessage as (event: unknown) => void)({ data: [0xb0, 77, 127] });
  expect(said).toEqual([[{ kind: "midi", port: "Knobs #2", channel: 1, message: "control", number: 77 }, 1]]);
  ports[0]!.state = "disconnected";
  access.onstatechange();
  expect(met.at(-1)).toEqual(["midi", "Knobs", false]);
  const second = makeMidiSource({ message: "control", number: 77, port: "Knobs #2" });
  expect(lost.some((gone) => gone(second))).toBe(false);
  vi.unstubAllGlobals();
});

test("a phone that lies flat is in the middle", () => {
  const { said, to } = sink();
  hearOrientation(to, { alpha: 90, beta: 0, gamma: 0 });
  hearOrientation(to, { alpha: null, beta: null, gamma: null });
  expect(said).toEqual([
    [{ kind: "orientation", part: "turn" }, 0.25],
    [{ kind: "orientation", part: "tilt" }, 0.5],
    [{ kind: "orientation", part: "roll" }, 0.5],
  ]);
});

test("a pen says how it is held while it is down, a finger only what the screen feels", () => {
  const { said, to } = sink();
  const pen = { pointerType: "pen", pressure: 0.25, tiltX: 45, tiltY: -90, twist: 359, buttons: 1 };
  hearPen(to, pen);
  expect(said).toEqual([
    [{ kind: "pen", part: "pressure" }, 0.25],
    [{ kind: "pen", part: "tilt_x" }, 0.75],
    [{ kind: "pen", part: "tilt_y" }, 1],
    [{ kind: "pen", part: "twist" }, 1],
  ]);
  hearPen(to, { ...pen, buttons: 0 });
  hearPen(to, { ...pen, pointerType: "touch", pressure: 1 });
  hearPen(to, { ...pen, pointerType: "mouse" });
  expect(said).toHaveLength(4);
});

test("a key that is bound moves once and does nothing else; every other one is left alone", () => {
  const { said, to } = sink();
  const down = new Set<string>();
  let stopped = 0;
  const press = (type: string, code: string, more: object = {}) =>
    hearKey(to, down, {
      type,
      code,
      repeat: false,
      ctrlKey: false,
      metaKey: false,
      altKey: false,
      target: null,
      preventDefault: () => {},
      stopPropagation: () => stopped++,
      ...more,
    });
  press("keydown", "KeyQ", { ctrlKey: true });
  press("keydown", "KeyT");
  press("keydown", "Tab");
  press("keydown", "KeyQ", { target: { matches: () => true } });
  expect([said.length, stopped]).toEqual([0, 0]);
  press("keydown", "KeyQ");
  press("keydown", "KeyQ", { repeat: true });
  press("keyup", "KeyQ");
  press("keyup", "KeyT");
  expect(said.map((each) => (each as [unknown, number])[1])).toEqual([1, 0]);
  expect(stopped).toBe(3);
});

test("what was refused may be asked for again, what is open is opened once", async () => {
  let asked = 0;
  const answers = ["no", null];
  const refuse = async () => answers[asked++] ?? null;
  const sources = new PageSources(sink().to, {
    midi: refuse,
    gamepad: refuse,
    orientation: refuse,
    pen: refuse,
    key: refuse,
  });
  expect(await sources.open("midi")).toBe("no");
  expect(await sources.open("midi")).toBeNull();
  expect(await sources.open("midi")).toBeNull();
  expect(asked).toBe(2);
});
