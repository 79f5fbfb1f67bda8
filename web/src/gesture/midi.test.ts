// The page reads MIDI as Python does: tests/golden/midi.json.

import { expect, test } from "vitest";
import golden from "../../../tests/golden/midi.json";
import { MidiReader } from "./midi";

test("the same cable says the same", () => {
  const reader = new MidiReader();
  const told = golden.bytes.flatMap((byte) => reader.feed([byte]));
  expect(told.map((s) => [s.channel, s.message, s.number, s.value, s.gone])).toEqual(golden.said);
  expect(reader.garbage).toBe(golden.garbage);
});
