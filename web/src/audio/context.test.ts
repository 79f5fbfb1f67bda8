// A context where the device refuses the rate of the piece.

import { afterEach, expect, test, vi } from "vitest";
import { makeContext } from "./context";

afterEach(() => vi.unstubAllGlobals());

/** A device that plays at some rates alone, and is asked. */
function device(rates: readonly number[]): { asked: AudioContextOptions[] } {
  const asked: AudioContextOptions[] = [];
  class Context {
    readonly sampleRate: number;
    constructor(options: AudioContextOptions) {
      asked.push(options);
      this.sampleRate = options.sampleRate ?? rates[0]!;
      if (!rates.includes(this.sampleRate)) throw new DOMException("no such rate", "NotSupportedError");
    }
  }
  vi.stubGlobal("AudioContext", Context);
  return { asked };
}

test("a device that plays at the piece's rate is asked for it", () => {
  const { asked } = device([48000, 44100]);
  expect(makeContext(44100, 0.01).sampleRate).toBe(44100);
  expect(asked).toEqual([{ sampleRate: 44100, latencyHint: 0.01 }]);
});

test("one that refuses it plays at its own, with the same buffer", () => {
  const { asked } = device([48000]);
  expect(makeContext(44100, 0.01).sampleRate).toBe(48000);
  expect(asked[1]).toEqual({ latencyHint: 0.01 });
});
