import { expect, test } from "vitest";
import {
  makeClockSource,
  makeGamepadSource,
  makeHeeded,
  makeHidSource,
  makeMidiSource,
  makeOscSource,
} from "../protocol/messages";
import { heededOf, sourceNamed, wordsFor } from "./naming";

test("sources are called what people call them", () => {
  const what = (message: Parameters<typeof makeMidiSource>[0]["message"], number: number | null = 60) =>
    wordsFor(makeMidiSource({ message, number, channel: 2, port: "Keys" })).what;
  expect(what("control", 7)).toBe("Controller 7");
  expect(what("note")).toBe("Note C4");
  expect(what("key_pressure", 61)).toBe("Pressure of C♯4");
  expect(what("bend")).toBe("Pitch bend");
  expect(wordsFor(makeMidiSource({ message: "bend", channel: 0 })).where).toBe(
    "any MIDI port, the newest note",
  );
  const pad = "Wireless Controller (STANDARD GAMEPAD Vendor: 054c Product: 09cc)";
  expect(wordsFor(makeGamepadSource({ device: pad }))).toEqual({
    what: "Stick axis 1",
    where: "Wireless Controller",
  });
  expect(wordsFor(makeClockSource({ rate: 0.25 })).where).toBe("every 4 s");
  expect(wordsFor(makeClockSource({ rate: 2, tempo: 90 })).where).toBe("2 a beat at 90");
});

test("what the server heard is found by the names it gives", () => {
  const heeded = [
    makeHeeded({ kind: "osc", name: "/hand/left/x", values: [3, 4] }),
    makeHeeded({ kind: "midi", name: "key pressure 60, channel 3, Little Keys", values: [0.5] }),
    makeHeeded({ kind: "midi", name: "bend 0, the newest note, Little Keys", values: [0.25] }),
    makeHeeded({ kind: "gamepad", name: "axis 2, Pad, blue", values: [0.75] }),
    makeHeeded({ kind: "hid", name: "Gametrak right x", values: [0.125] }),
  ];
  const heard = (source: Parameters<typeof heededOf>[0]) => heededOf(source, heeded);
  expect(heard(makeOscSource({ address: "/hand/left/x", argument: 1 }))).toBe(4);
  expect(heard(makeOscSource({ address: "/hand/{left,right}/?" }))).toBe(3);
  expect(heard(makeOscSource({ address: "/hand/*" }))).toBeNull();
  expect(heard(makeOscSource({ address: "/hand/[!a]eft/x" }))).toBe(3);
  expect(heard(makeMidiSource({ message: "key_pressure", number: null, channel: 3, port: "keys" }))).toBe(
    0.5,
  );
  expect(heard(makeMidiSource({ message: "key_pressure", number: 61, channel: 3 }))).toBeNull();
  expect(heard(makeMidiSource({ message: "bend", channel: 0 }))).toBe(0.25);
  expect(heard(makeMidiSource({ message: "bend", channel: null }))).toBeNull();
  expect(heard(makeGamepadSource({ index: 2, device: "pad, b" }))).toBe(0.75);
  expect(heard(makeHidSource({ index: 3 }))).toBe(0.125);
  expect(sourceNamed(heeded[1]!)).toEqual(
    makeMidiSource({ message: "key_pressure", number: 60, channel: 3, port: "Little Keys" }),
  );
  expect(sourceNamed(makeHeeded({ kind: "midi", name: "?" }))).toBeNull();
});
