import { describe, expect, it } from "vitest";
import type { ModelDescription } from "../net/models";
import type { MappingData } from "./mapping";
import { Strips } from "./strips";

/** Dimension 0 follows axis 1, everything else stays at nought. */
const MAPPING: MappingData = {
  format: 1,
  algorithm: "linear",
  axes: 2,
  dims: 4,
  active: [true, true, true, true],
  values: [0, 0, 0, 0],
  low: null,
  high: null,
  parts: [
    {
      inputs: [0, 1],
      outputs: [0, 1, 2, 3],
      centre: [0.5, 0.5],
      scale: [2, 2],
      bias: [0, 0, 0, 0],
      terms: [{ kind: "polynomial", factors: [[1]], weights: [[3, 0, 0, 0]] }],
      confidence: null,
    },
  ],
  errors: [],
  warnings: [],
};
const MODEL = { latent: { mean: [0, 0, 0, 0] } } as unknown as ModelDescription;

const colours = (mapping: MappingData) =>
  new Strips().colours(
    { mapping, model: MODEL, axes: [0, 1], here: [0.5, 0.5], base: [0, 0, 0, 0], dark: false },
    8,
  );

describe("the colours along a fader", () => {
  it("are one colour where the fader changes nothing, and change where it does", () => {
    const [idle, busy] = colours(MAPPING)!;
    expect(new Set(Array.from({ length: 8 }, (_, k) => idle!.slice(4 * k, 4 * k + 3).join())).size).toBe(1);
    expect(busy!.slice(0, 3).join()).not.toBe(busy!.slice(28, 31).join());
  });
  it("are none for a mapping that cannot be read", () => {
    expect(colours({ ...MAPPING, format: 99 })).toBeNull();
  });
});
