import { expect, test } from "vitest";
import { BLEND_SECONDS, type Prepared, prepare } from "../steer/mapping";
import { Source } from "./source";

const gesture = Float64Array.of(0.5);
const QUARTER = BLEND_SECONDS / 4;

/** A mapping of `dims` dimensions that gives `value` on the first and leaves the others alone. */
function constant(value: number, dims = 1): Prepared {
  const active = Array.from({ length: dims }, (_, i) => i === 0);
  return prepare({
    format: 1,
    algorithm: "linear",
    axes: 1,
    dims,
    active,
    values: active.map(() => 0),
    low: null,
    high: null,
    parts: [{ inputs: [], outputs: [0], centre: [], scale: [], bias: [value], terms: [], confidence: null }],
    errors: [],
    warnings: [],
  });
}

function frames(source: Source, count: number): number[] {
  return Array.from({ length: count }, () => {
    source.next(gesture);
    return source.latent[0]!;
  });
}

test("without a mapping the base is heard, and dimensions nobody learned keep it", () => {
  const source = new Source(2, [0.1, 0.2], QUARTER);
  source.next(gesture);
  expect([...source.latent]).toEqual([0.1, 0.2]);
  source.setMapping(constant(9, 2));
  frames(source, 10);
  expect([...source.latent]).toEqual([9, 0.2]);
});

test("the first mapping of all is heard at once", () => {
  const source = new Source(1, [0], QUARTER);
  source.setMapping(constant(1));
  expect(frames(source, 2)).toEqual([1, 1]);
});

test("a new mapping comes in over the blend", () => {
  const source = new Source(1, [0], QUARTER);
  source.setMapping(constant(0));
  frames(source, 1);
  source.setMapping(constant(1));
  expect(frames(source, 6)).toEqual([0, 0.25, 0.5, 0.75, 1, 1]);
});

test("mappings that come one after another never make a step, and the newest is heard in the end", () => {
  const source = new Source(1, [0], QUARTER);
  source.setMapping(constant(0));
  let last = frames(source, 1)[0]!;
  for (let k = 1; k <= 40; k++) {
    source.setMapping(constant(k % 2 === 0 ? 1 : -1));
    const [next] = frames(source, 1);
    expect(Math.abs(next! - last)).toBeLessThanOrEqual(0.5);
    last = next!;
  }
  source.setMapping(constant(0.75));
  expect(frames(source, 20).at(-1)).toBe(0.75);
});

test("a latent given directly takes over by a blend, is then followed at once, and hands back by a blend", () => {
  const source = new Source(1, [0], BLEND_SECONDS / 2);
  source.setMapping(constant(0));
  frames(source, 1);
  source.setDirect([2]);
  expect(frames(source, 2)).toEqual([1, 2]);
  source.setDirect([4]);
  expect(frames(source, 1)).toEqual([4]);
  source.setDirect(null);
  expect(frames(source, 2)).toEqual([2, 0]);
});

test("a take begins settled, whatever was being blended or waited for it", () => {
  const source = new Source(1, [0], QUARTER);
  source.setMapping(constant(0));
  frames(source, 1);
  source.setMapping(constant(1));
  frames(source, 1);
  source.setMapping(constant(2));
  source.setDirect([9]);
  source.setDirect(null);
  source.settle();
  expect(frames(source, 1)).toEqual([2]);
});

test("a mapping learned for a model of another size is not played", () => {
  const source = new Source(1, [0.5], QUARTER);
  source.setMapping(constant(7, 3));
  expect(frames(source, 1)).toEqual([0.5]);
});
