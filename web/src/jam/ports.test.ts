// MIDI of the browser: what comes in, what goes out, a device that is lost, and pitches that are taught.

import { afterEach, expect, test, vi } from "vitest";
import { keyVelocity, pressVelocity } from "./pads";
import { NO_WIRES, NoteMap, Ports } from "./ports";
import { recall, remember } from "./remembering";

function storage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  } as unknown as Storage;
}

afterEach(() => vi.unstubAllGlobals());

async function opened() {
  const sent: number[][] = [];
  const input = {
    name: "Pads",
    state: "connected",
    type: "input",
    onmidimessage: null as ((event: unknown) => void) | null,
  };
  const output = {
    name: "Synth",
    state: "connected",
    send: (data: number[], at = 0) => sent.push([...data, Math.round(at)]),
  };
  const access = {
    inputs: new Map([["1", input]]),
    outputs: new Map([["a", output]]),
    onstatechange: null as ((event: unknown) => void) | null,
  };
  vi.stubGlobal("navigator", { requestMIDIAccess: async () => access });
  const heard: (readonly [string, ...number[]])[] = [];
  const ports = new Ports({
    note: (pitch, velocity, stamp) => heard.push(["note", pitch, Math.round(100 * velocity), stamp]),
    lost: () => heard.push(["lost"]),
    timing: (port, what, stamp, sixteenths) => heard.push([`${port} ${what}`, stamp, sixteenths]),
    changed: () => {},
  });
  await ports.open();
  const say = (...data: number[]) => input.onmidimessage?.({ data: Uint8Array.from(data), timeStamp: 7 });
  return { ports, say, heard, sent, access, input, output };
}

test("notes come in with their force and their time, and a device that goes lets go", async () => {
  const { ports, say, heard, access, input } = await opened();
  expect(ports.inputs).toEqual(["Pads"]);
  say(0x99, 38, 127);
  say(0x99, 38, 0);
  say(0x80, 60, 64);
  say(0xb0, 123, 0);
  say(0x90);
  access.onstatechange?.({ port: { ...input, state: "disconnected" } });
  expect(heard).toEqual([
    ["note", 38, 100, 7],
    ["note", 38, 0, 7],
    ["note", 60, 0, 7],
    ["lost"],
    ["note", 0, 0, 7],
    ["lost"],
  ]);
  ports.close();
  expect(input.onmidimessage).toBeNull();
});

test("the machine's notes go out at their time, on the channel of their kind, and end", async () => {
  const { ports, sent } = await opened();
  const event = { seconds: 0, who: "machine", kind: "drum", pitch: 1, velocity: 0.5, length: 0.1 } as const;
  ports.send(event, 1000);
  expect(sent).toEqual([]);
  ports.wire({ plays: "Synth" });
  sent.length = 0;
  ports.send(event, 1000);
  ports.send({ ...event, kind: "note", pitch: 64, length: 0.5 }, 2000);
  ports.send({ ...event, kind: "click" }, 3000);
  expect(sent).toEqual([
    [0x99, 38, 64, 1000],
    [0x89, 38, 0, 1100],
    [0x91, 64, 64, 2000],
    [0x81, 64, 0, 2500],
  ]);
});

test("nothing is sent to a synthesizer that was pulled out, which would refuse it", async () => {
  const { ports, sent, output } = await opened();
  ports.wire({ plays: "Synth", leads: "Synth" });
  sent.length = 0;
  output.state = "disconnected";
  ports.send({ seconds: 0, who: "machine", kind: "note", pitch: 64, velocity: 0.5, length: 0.1 }, 1000);
  ports.sendTiming([{ seconds: 2, bytes: [0xf8] }], () => 0);
  ports.hush();
  expect(sent).toEqual([]);
  expect(ports.outputs).toEqual([]);
});

test("one port plays, another leads, and the clock goes where it is wired", async () => {
  const { ports, say, heard, sent } = await opened();
  ports.wire({ hears: "Keys" });
  heard.length = 0;
  for (const each of [[0xfa], [0xf8], [0xf2, 4, 1], [0xfc], [0xfb], [0x99, 38, 127]]) say(...each);
  expect(heard).toEqual([
    ["Pads start", 7, 0],
    ["Pads tick", 7, 0],
    ["Pads place", 7, 132],
    ["Pads stop", 7, 0],
    ["Pads go on", 7, 0],
  ]);
  const ticks = [{ seconds: 2, bytes: [0xf8] }];
  ports.sendTiming(ticks, (seconds) => 1000 * seconds);
  expect(sent).toEqual([]);
  ports.wire({ leads: "Synth" });
  ports.sendTiming(ticks, (seconds) => 1000 * seconds);
  ports.wire({ leads: "" });
  expect(sent).toEqual([
    [0xf8, 2000],
    [0xfc, 0],
  ]);
});

test("a pitch that is no drum is taught once", () => {
  const kept = storage();
  const notes = new NoteMap(kept);
  expect([notes.pieceOf(36), notes.pieceOf(57), notes.pieceOf(99)]).toEqual([0, 7, -1]);
  notes.teach(99, 8);
  expect(new NoteMap(kept).pieceOf(99)).toBe(8);
  kept.setItem("isobath.jam.notes", '[[40, 99], ["x", 1], 3');
  expect(new NoteMap(kept).pieceOf(40)).toBe(1);
});

test("a press is as hard as it is low on the pad, or as its force says", () => {
  const mouse = { pointerType: "mouse", pressure: 0.5 };
  expect(pressVelocity(mouse, 0)).toBeCloseTo(0.3);
  expect(pressVelocity(mouse, 1)).toBeCloseTo(1);
  expect(pressVelocity({ pointerType: "touch", pressure: 1 }, 0.5)).toBeCloseTo(0.65);
  expect(pressVelocity({ pointerType: "touch", pressure: 0.25 }, 1)).toBeCloseTo(0.475);
  expect(pressVelocity({ pointerType: "pen", pressure: 1 }, 0)).toBeCloseTo(1);
  expect([keyVelocity(false), keyVelocity(true)]).toEqual([0.75, 1]);
});

test("what was chosen is remembered; what is out of range is not", () => {
  const kept = storage();
  expect(recall(kept)).toMatchObject({ settings: {}, kind: "drums", metronome: true, countIn: 1, late: 0 });
  const choices = {
    ...recall(kept),
    settings: { bpm: 96, bars: 4 as const },
    kind: "melody" as const,
    late: 12,
    wires: { ...NO_WIRES, follows: "Clock" },
  };
  remember(choices, kept);
  expect(recall(kept)).toEqual(choices);
  kept.setItem(
    "isobath.jam",
    '{"settings": {"bpm": 4000, "bars": 3, "mode": "x", "lead": 0.5}, "late": -1, "wires": {"hears": 3}}',
  );
  expect(recall(kept)).toMatchObject({ settings: { lead: 0.5 }, late: 0, wires: NO_WIRES });
});
