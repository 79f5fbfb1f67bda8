import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Heard } from "../protocol/messages";
import { BANDS } from "./descriptors";
import { tellHeard } from "./telling";

class FakeInstrument extends EventTarget {
  sampleRate = 44100;
  level = -30;
  spectrum(into: Float32Array): void {
    into.fill(this.level);
  }
  sound(latent: number[]): void {
    this.dispatchEvent(new CustomEvent("meters", { detail: { latent: Float32Array.from(latent) } }));
  }
}

class FakeLink {
  heeded = true;
  readonly told: Omit<Heard, "type">[] = [];
  heard(heard: Omit<Heard, "type">): void {
    this.told.push(heard);
  }
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("from the first sound on it is told 30 times a second, in numbers the server takes", () => {
  const [instrument, link] = [new FakeInstrument(), new FakeLink()];
  tellHeard(instrument, link, { values: Float64Array.of(0.25, 0.75), pose: [1, 0, -2, 0.25, 0] });
  vi.advanceTimersByTime(1000);
  expect(link.told).toEqual([]);
  instrument.sound([0.5, -1]);
  vi.advanceTimersByTime(1000);
  expect(link.told.length).toBeGreaterThanOrEqual(29);
  expect(link.told.length).toBeLessThanOrEqual(31);
  const heard = link.told.at(-1)!;
  expect(heard.latent).toEqual([0.5, -1]);
  expect(heard.axes).toEqual([0.25, 0.75]);
  expect(heard.pose).toEqual([1, 0, -2, 0.25, 0]);
  expect(heard.bands).toHaveLength(BANDS);
  expect(Array.isArray(heard.bands) && Array.isArray(heard.latent)).toBe(true);
  for (const each of [heard.loudness, heard.brightness, ...heard.bands]) {
    expect(each).toBeGreaterThan(0);
    expect(each).toBeLessThanOrEqual(1);
  }
});

test("a beginning is told once, and silence as zeros", () => {
  const [instrument, link] = [new FakeInstrument(), new FakeLink()];
  tellHeard(instrument, link, { values: Float64Array.of(0.25, 0.75), pose: [1, 0, -2, 0.25, 0] });
  instrument.sound([]);
  instrument.level = Number.NEGATIVE_INFINITY;
  vi.advanceTimersByTime(500);
  expect(link.told.at(-1)).toMatchObject({ loudness: 0, brightness: 0, onset: 0 });
  const before = link.told.length;
  instrument.level = -40;
  vi.advanceTimersByTime(500);
  expect(link.told.slice(before).filter((each) => each.onset > 0)).toHaveLength(1);
});

test("nothing is told while nobody heeds it", () => {
  const [instrument, link] = [new FakeInstrument(), new FakeLink()];
  tellHeard(instrument, link, { values: Float64Array.of(0.25, 0.75), pose: [1, 0, -2, 0.25, 0] });
  instrument.sound([1]);
  link.heeded = false;
  vi.advanceTimersByTime(500);
  expect(link.told).toEqual([]);
  link.heeded = true;
  vi.advanceTimersByTime(500);
  expect(link.told.length).toBeGreaterThan(10);
});
