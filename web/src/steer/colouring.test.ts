import { describe, expect, it } from "vitest";
import { colouringOf, cssColour, DARK, LIGHT, oklabToRgb } from "./colouring";

describe("colours of the map", () => {
  it("have no edges where they leave what a screen can show", () => {
    const before = new Uint8ClampedArray(4);
    const now = new Uint8ClampedArray(4);
    for (const { lightness, chroma } of [DARK, LIGHT]) {
      for (let step = 0; step <= 3600; step++) {
        const hue = (step / 1800) * Math.PI;
        oklabToRgb(lightness, 1.5 * chroma * Math.cos(hue), 1.5 * chroma * Math.sin(hue), now, 0);
        if (step > 0)
          for (let c = 0; c < 3; c++) expect(Math.abs(now[c]! - before[c]!)).toBeLessThanOrEqual(6);
        before.set(now);
      }
    }
  });
  it("keep greys grey", () => {
    const rgba = new Uint8ClampedArray(4);
    oklabToRgb(0.6, 0, 0, rgba, 0);
    expect(new Set(rgba.slice(0, 3)).size).toBe(1);
  });
  it("give a map of one sound the colour of its place in the model", () => {
    const one = (latent: number[]): string => {
      const everywhere = Float64Array.from({ length: 400 }, (_, i) => latent[i % 4]!);
      return cssColour(latent, colouringOf(everywhere, 4, null, [0, 0, 0, 0]), LIGHT);
    };
    expect(one([1.5, 0, 0, 0])).not.toBe(one([-1.5, 0, 0, 0]));
    expect(one([1.5, 0, 0, 0])).not.toBe(one([0, 0, 0, 0]));
  });
});
