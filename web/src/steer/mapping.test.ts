import { describe, expect, test } from "vitest";
import { Blend, evaluate, knowsUncertainty, type MappingData, prepare, uncertainty } from "./mapping";

interface Golden {
  mapping: MappingData;
  base: number[];
  places: (number | null)[][];
  latents: number[][];
  uncertainty: number[] | null;
}

const files = import.meta.glob<Golden>("../../../tests/golden/mapping_*.json", {
  eager: true,
  import: "default",
});
const golden = Object.entries(files).map(
  ([path, file]) => [path.replace(/.*mapping_|\.json/g, ""), file] as const,
);
const named = (name: string): Golden => golden.find(([each]) => each === name)![1];
const point = (place: (number | null)[]): number[] => place.map((value) => value ?? Number.NaN);
const copy = (data: MappingData): MappingData => structuredClone(data);

test("there is a golden mapping of every kind", () => {
  expect(golden.map(([name]) => name).sort()).toEqual([
    "gp",
    "gp_smooth",
    "inverse_distance",
    "linear",
    "neighbours",
    "per_output",
    "perceptron",
    "perceptron_deep",
    "polynomial",
    "ridge",
    "terrain",
    "thin_plate",
  ]);
});

describe.each(golden)("%s", (_name, file) => {
  const mapping = prepare(file.mapping);

  test("gives the same latents as Python", () => {
    file.places.forEach((place, row) => {
      const out = Float64Array.from(file.base);
      evaluate(mapping, point(place), out);
      const expected = file.latents[row]!;
      for (let d = 0; d < mapping.dims; d++) {
        const scale = Math.max(1, Math.abs(expected[d]!));
        expect(Math.abs(out[d]! - expected[d]!) / scale).toBeLessThan(1e-9);
      }
    });
  });

  test("is as unsure as Python", () => {
    expect(knowsUncertainty(mapping)).toBe(file.uncertainty !== null);
    file.places.forEach((place, row) => {
      const unsure = uncertainty(mapping, point(place));
      if (file.uncertainty === null) expect(unsure).toBeNull();
      else expect(Math.abs(unsure! - file.uncertainty[row]!)).toBeLessThan(1e-6);
    });
  });

  test("is finite wherever the gesture is, and however broken", () => {
    for (const broken of [Number.NaN, Number.POSITIVE_INFINITY, -1e300, 1e6]) {
      const out = new Float64Array(mapping.dims);
      evaluate(mapping, [broken, 0.5, broken], out);
      expect(out.every(Number.isFinite)).toBe(true);
    }
  });

  test("plays the same into single precision", () => {
    const out = new Float32Array(file.base);
    evaluate(mapping, point(file.places[4]!), out);
    file.latents[4]!.forEach((value, d) => {
      expect(out[d]).toBeCloseTo(value, 5);
    });
  });
});

test("a dimension that is off is left to the sliders, a locked one stays", () => {
  const file = named("per_output");
  const mapping = prepare(file.mapping);
  const out = Float64Array.from([1, 2, 3, 4]);
  evaluate(mapping, [0.2, 0.4, 0.6], out);
  expect(mapping.active).toEqual([true, true, false, true]);
  expect(out[1]).toBe(-0.75);
  expect(out[2]).toBe(3);
});

test("evaluating allocates nothing that lasts, and quickly", () => {
  const mapping = prepare(named("gp").mapping);
  const out = new Float64Array(mapping.dims);
  const place = Float64Array.from([0.3, 0.6, 0.9]);
  const times = Array.from({ length: 10 }, () => {
    const start = performance.now();
    for (let i = 0; i < 1000; i++) evaluate(mapping, place, out);
    return (performance.now() - start) / 1000;
  });
  expect(Math.min(...times)).toBeLessThan(0.05);
});

describe("what is not a mapping is refused with a sentence", () => {
  const broken: [string, unknown, RegExp][] = [
    ["nothing", null, /not a JSON object/],
    ["a list", [], /not a JSON object/],
    ["another format", { ...named("gp").mapping, format: 2 }, /format is 2/],
    ["no parts", { ...named("gp").mapping, parts: undefined }, /'parts' is missing/],
    ["too few values", { ...named("gp").mapping, values: [1] }, /'values' does not have the shape 4/],
  ];
  const changes: [string, (data: MappingData) => void, RegExp][] = [
    ["an output that does not exist", (data) => data.parts[0]!.outputs.splice(0, 1, 99), /index below/],
    ["infinity", (data) => data.parts[0]!.bias.fill(Number.POSITIVE_INFINITY), /not finite/],
    ["a term of the future", (data) => Object.assign(data.parts[0]!.terms[0]!, { kind: "spline" }), /spline/],
    [
      "no layers for its activations",
      (data) =>
        Object.assign(data.parts[0]!.terms[0]!, {
          kind: "layers",
          weights: [],
          biases: [],
          activations: ["tanh"],
        }),
      /1 to 8 layers/,
    ],
    ["a row too short", (data) => data.parts[0]!.centre.pop(), /'centre'/],
  ];
  for (const [name, change, sentence] of changes) {
    const data = copy(named("gp").mapping);
    change(data);
    broken.push([name, data, sentence]);
  }
  test.each(broken)("%s", (_name, data, sentence) => {
    expect(() => prepare(data)).toThrow(sentence);
    expect(() => prepare(data)).toThrow(/not a mapping Isobath can read/);
  });
});

describe("a blend", () => {
  const a = prepare(named("gp").mapping);
  const b = prepare(named("per_output").mapping);
  const place = [0.25, 0.5, 0.75];
  const heard = (blend: Blend): number[] => {
    const out = Float64Array.from([5, 5, 5, 5]);
    blend.evaluate(place, out);
    return [...out];
  };
  const alone = (mapping: typeof a): number[] => heard(new Blend(null, mapping, 4));

  test("goes in a straight line from one mapping to the next", () => {
    const blend = new Blend(null, a, 4);
    blend.towards(b);
    expect(heard(blend)).toEqual(alone(a));
    blend.advance(0.25);
    heard(blend).forEach((value, d) => {
      expect(value).toBeCloseTo(alone(a)[d]! + 0.25 * (alone(b)[d]! - alone(a)[d]!), 12);
    });
    blend.advance(0.8);
    expect(heard(blend)).toEqual(alone(b));
  });

  test("lets the newest of those that wait follow, without a jump", () => {
    const blend = new Blend(null, a, 4);
    blend.towards(b);
    blend.advance(0.5);
    const middle = heard(blend);
    blend.towards(null);
    blend.towards(a);
    expect(heard(blend)).toEqual(middle);
    blend.advance(0.5);
    expect(heard(blend)).toEqual(alone(b));
    blend.advance(1);
    expect(heard(blend)).toEqual(alone(a));
  });

  test("of nothing leaves the sliders alone", () => {
    expect(heard(new Blend(null, null, 4))).toEqual([5, 5, 5, 5]);
    const blend = new Blend(null, a, 4);
    blend.towards(null);
    blend.advance(1);
    expect(heard(blend)).toEqual([5, 5, 5, 5]);
  });
});
