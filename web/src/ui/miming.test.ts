import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Mime, makePiece, makeVoice } from "../protocol/messages";
import { Store } from "../state/store";
import type { App } from "./app";
import type { MimedSound } from "./mimed-sound";
import { Miming } from "./miming";

vi.mock("./announcer", () => ({ announce: () => {} }));
vi.mock("./transport", () => ({ playTake: () => {}, stopTakes: () => {} }));

const FRAMES = 200;
const sound: MimedSound = {
  name: "wave.wav",
  model: "drums",
  audio: new Blob([]),
  file: {
    name: "wave.wav",
    dims: 2,
    frames: FRAMES,
    hop: 100,
    sample_rate: 10_000,
    seconds: 2,
    truncated: false,
    latents: new Uint8Array(new Float32Array(2 * FRAMES).map((_, i) => i).buffer),
  },
};

class Element extends EventTarget {
  static last: Element;
  currentTime = 0;
  pause = vi.fn();
  constructor() {
    super();
    Element.last = this;
  }
  play(): Promise<void> {
    return Promise.resolve();
  }
}

function setUp() {
  const store = new Store();
  const axes = [{ id: "x", name: "x", rest: 0.5 }];
  const voice = makeVoice({ id: "v", model: "drums" });
  const piece = makePiece({ id: "p", name: "p", axes, voices: [voice] } as Parameters<typeof makePiece>[0]);
  store.open({ piece, revision: 1, serial: 0, history: { undo: [], redo: [], earlier: 0 } });
  const moved = new Set<() => void>();
  const asked: Omit<Mime, "type" | "request">[] = [];
  const latents: [number, number[] | null][] = [];
  const instrument = Object.assign(new EventTarget(), {
    state: "running",
    mimed: false,
    fade: vi.fn(),
    setLatent: (slot: number, latent: number[] | null) => latents.push([slot, latent]),
  });
  const performer = {
    values: Float64Array.of(0.5),
    miming: false,
    listen: (listener: () => void) => {
      moved.add(listener);
      return () => moved.delete(listener);
    },
  };
  const link = {
    taught: (_: unknown) => {},
    mime: (mime: Omit<Mime, "type" | "request">) => asked.push(mime),
  };
  const app = { store, instrument, performer, link } as unknown as App;
  const move = (x: number): void => {
    performer.values[0] = x;
    for (const listener of moved) listener();
  };
  return { app, store, instrument, performer, link, asked, latents, move, miming: new Miming(app) };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  vi.stubGlobal("Audio", Element);
  vi.stubGlobal("URL", { createObjectURL: () => "blob:", revokeObjectURL: () => {} });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a recording sounds by itself while it is mimed, and its moments are told with what the model heard", () => {
  const { instrument, performer, link, asked, miming, move, store } = setUp();
  miming.beginSound(sound, "recording");
  expect(miming.stage).toEqual({ kind: "count", left: 3 });
  vi.advanceTimersByTime(1800);
  expect(performer.miming && instrument.mimed).toBe(true);
  expect(instrument.fade).toHaveBeenLastCalledWith(0, expect.anything()); // one hears the recording alone
  Element.last.currentTime = 0.5;
  move(0.2);
  Element.last.currentTime = 0.505; // too soon to be told
  move(0.3);
  Element.last.currentTime = 1.5;
  move(0.9);
  Element.last.dispatchEvent(new Event("ended"));
  expect(performer.miming || instrument.mimed).toBe(false);
  expect(instrument.fade).toHaveBeenLastCalledWith(1, expect.anything());
  expect(asked).toEqual([
    {
      voice: "v",
      take: "",
      latents: sound.file.latents,
      hop: 100,
      sample_rate: 10_000,
      seconds: [0, 0.5, 1.5],
      points: [[0.5], [0.2], [0.9]],
      most: 24,
    },
  ]);
  const demonstration = { id: "d", point: [0.2], latent: [1, 2], label: "0.5 s", colour: "#fff", weight: 1 };
  const demonstrations = [{ ...demonstration, muted: false }];
  link.taught({ type: "mimed", request: 1, demonstrations, lag_seconds: 0, conflicts: 0 });
  expect(store.state.piece?.voices[0]?.demonstrations).toEqual(demonstrations);
  expect(miming.stage.kind).toBe("idle");
});

test("the model plays along a recording's way, and its map again afterwards", () => {
  const { asked, latents, miming, move } = setUp();
  miming.beginSound(sound, "model");
  vi.advanceTimersByTime(1800 + 500);
  expect(latents.at(-1)).toEqual([0, [100, 101]]); // frame 50: half a second of hops of 10 ms
  move(0.7);
  vi.advanceTimersByTime(1500);
  expect(latents.at(-1)).toEqual([0, null]);
  expect(asked[0]?.points).toEqual([[0.5], [0.7]]);
  expect(asked[0]?.seconds[1]).toBeCloseTo(0.5, 1);
});

test("what this browser cannot play is told, and nothing is placed", () => {
  const { asked, miming } = setUp();
  miming.beginSound(sound, "recording");
  vi.advanceTimersByTime(1800);
  Element.last.dispatchEvent(new Event("error"));
  expect(miming.result).toContain("as the model has it");
  expect([asked.length, miming.stage.kind]).toEqual([0, "idle"]);
});
