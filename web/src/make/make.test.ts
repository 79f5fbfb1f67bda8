import { describe, expect, it } from "vitest";
import { blocksOf } from "./card";
import { along, roundStep, scaleOf, ticks, valueAt } from "./scale";
import { spectrogram, transform } from "./spectrum";
import { extended, nearest, smoothed, thin } from "./thin";
import { count, figure, goneHow, span } from "./words";

describe("a scale", () => {
  it("is logarithmic only where everything is above nothing", () => {
    expect(scaleOf([1, 10, 100], true).log).toBe(true);
    expect(scaleOf([0, 10, 100], true).log).toBe(false);
    expect(scaleOf([Number.NaN, 2, 4], true).low).toBeLessThan(2);
    expect(scaleOf([], true)).toEqual({ low: 0, high: 1, log: false });
  });

  it("finds a value again", () => {
    for (const scale of [scaleOf([0.3, 70], true), scaleOf([-3, 8], false), scaleOf([5, 5], true)])
      for (const share of [0, 0.25, 1]) expect(along(scale, valueAt(scale, share))).toBeCloseTo(share, 9);
  });

  it("does not go below nothing without a reason", () => {
    expect(scaleOf([0.1, 9], false).low).toBe(0);
    expect(scaleOf([-0.1, 9], false).low).toBeLessThan(-0.1);
  });

  it("has round ticks inside it", () => {
    expect(ticks({ low: 0, high: 1000, log: false }, 5)).toEqual([0, 200, 400, 600, 800, 1000]);
    expect(ticks({ low: 0.4, high: 25, log: true }, 4)).toEqual([0.5, 1, 2, 5, 10, 20]);
    expect(ticks({ low: 1e-6, high: 1e4, log: true }, 5)).toEqual([1e-6, 0.001, 1, 1000]);
    for (const scale of [scaleOf([0.97, 1.04], true), scaleOf([123, 456], true)]) {
      const found = ticks(scale, 4);
      expect(found.length).toBeGreaterThan(1);
      for (const tick of found) expect(along(scale, tick)).toBeGreaterThanOrEqual(-1e-9);
    }
    expect(roundStep(0.03)).toBe(0.05);
    expect(roundStep(Number.NaN)).toBe(1);
  });
});

describe("a thinned curve", () => {
  const steps = Array.from({ length: 10_000 }, (_, i) => i);
  const values = steps.map((step) => (step === 4321 ? 99 : 1 + (step % 2)));

  it("keeps every peak and is as short as the screen", () => {
    const found = thin({ steps, values }, 0, 9999, 300);
    expect(found.steps.length).toBe(300);
    expect(Math.max(...found.most)).toBe(99);
    expect(Math.min(...found.least)).toBe(1);
    expect(found.means[0]).toBeCloseTo(1.5, 1);
  });

  it("leaves empty columns out, and what lies outside", () => {
    const found = thin({ steps: [0, 50, 100, 900], values: [4, 3, 2, 1] }, 0, 100, 10);
    expect(found).toEqual({ steps: [0, 50, 100], means: [4, 3, 2], least: [4, 3, 2], most: [4, 3, 2] });
    expect(thin({ steps: [], values: [] }, 0, 1, 10).steps).toEqual([]);
    expect(thin({ steps: [1, 2], values: [Number.NaN, 5] }, 0, 2, 10).means).toEqual([5]);
  });

  it("is smoothed without being shifted or shortened", () => {
    expect(smoothed([5, 5, 5, 5], 3)).toEqual([5, 5, 5, 5]);
    expect(smoothed([0, 3, 6, 9], 1)).toEqual([0, 3, 6, 9]);
    expect(smoothed([0, 10, 0], 5)).toEqual([0, 10 / 3, 0]);
  });

  it("is continued, and what was done again takes the place of what it was", () => {
    const line = { steps: [1, 2, 3], values: [9, 8, 7] };
    expect(extended(line, { steps: [3, 4], values: [6, 5] })).toEqual({
      steps: [1, 2, 3, 4],
      values: [9, 8, 6, 5],
    });
    expect(extended(undefined, line)).toBe(line);
    expect(extended(line, { steps: [], values: [] })).toBe(line);
  });

  it("knows which step is nearest", () => {
    expect([0, 14, 15.1, 99].map((at) => nearest([10, 20, 30], at))).toEqual([0, 0, 1, 2]);
    expect(nearest([], 3)).toBe(-1);
  });
});

describe("words", () => {
  it("say how long", () => {
    expect([0.2, 89, 91, 5400, 11_400, 7200, 190_000, 2e7].map(span)).toEqual([
      "1 s",
      "89 s",
      "2 min",
      "1 h 30 min",
      "3 h 10 min",
      "2 h",
      "2 days 4 h",
      "231 days",
    ]);
    expect(span(Number.POSITIVE_INFINITY)).toBe("unknown");
  });

  it("say how much", () => {
    expect(count(1234567)).toBe("1,234,567");
    expect([123.4, 12.34, 1.234, 0.1234, -0.00001].map(figure)).toEqual([
      "123",
      "12.3",
      "1.23",
      "0.123",
      "\u22121.0e\u22125",
    ]);
  });

  it("say how a curve has gone", () => {
    const steps = Array.from({ length: 100 }, (_, i) => 50 * i);
    const falling = goneHow("Spectral", { steps, values: steps.map((step) => 10 / (1 + step / 500)) });
    expect(falling).toMatch(
      /^Spectral: from 10\.0 to 0\.9\d+; it fell by 9\.6 % lately\. Lowest 0\.9\d+, at step 4,950\.$/u,
    );
    expect(goneHow("x", { steps, values: steps.map(() => 2) })).toContain("hardly moves");
    expect(goneHow("x", { steps: [1], values: [1] })).toContain("too little");
  });
});

describe("a spectrum", () => {
  it("of a tone lies where the tone is", () => {
    const tone = Float32Array.from(
      { length: 44100 },
      (_, i) => 0.5 * Math.sin((2 * Math.PI * 1000 * i) / 44100),
    );
    const rows = 48;
    const found = spectrogram(tone, 44100, 10, rows, 16000);
    const column = found.subarray(5 * rows, 6 * rows);
    const loudest = column.indexOf(Math.max(...column));
    expect(60 * (16000 / 60) ** (loudest / rows)).toBeGreaterThan(800);
    expect(60 * (16000 / 60) ** (loudest / rows)).toBeLessThan(1100);
    expect(column[loudest]).toBeGreaterThan(0.85);
    expect(column[4]).toBeLessThan(0.2);
  });

  it("is that of the slow way", () => {
    const given = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i * i));
    const real = Float32Array.from(given);
    const imaginary = new Float32Array(16);
    transform(real, imaginary);
    for (let k = 0; k < 16; k++) {
      let [r, m] = [0, 0];
      given.forEach((value, n) => {
        r += value * Math.cos((-2 * Math.PI * k * n) / 16);
        m += value * Math.sin((-2 * Math.PI * k * n) / 16);
      });
      expect(real[k]).toBeCloseTo(r, 4);
      expect(imaginary[k]).toBeCloseTo(m, 4);
    }
  });
});

describe("a model card", () => {
  it("is blocks of plain words", () => {
    const card =
      "# Roof\n\nA **rainy** _old_ a_b_c.flac [roof](http://x).\n\n![picture](a.png)\n\n| figure | value |\n|---|---|\n| STFT | 0.71 |\n\n- one\n- two\n  more\n";
    expect(blocksOf(card)).toEqual([
      { kind: "heading", text: "Roof" },
      { kind: "paragraph", text: "A rainy old a_b_c.flac roof." },
      { kind: "table", head: ["figure", "value"], rows: [["STFT", "0.71"]] },
      { kind: "list", items: ["one", "two more"] },
    ]);
    expect(blocksOf("<script>alert(1)</script>")).toEqual([
      { kind: "paragraph", text: "<script>alert(1)</script>" },
    ]);
    expect(blocksOf("")).toEqual([]);
  });
});
