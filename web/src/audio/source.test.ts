import { expect, test } from "vitest";
import { type Evaluate, Source } from "./source";

const gesture = Float64Array.of(0.5);
const constant =
  (value: number): Evaluate =>
  (_, __, into) => {
    into.fill(value);
  };

function frames(source: Source, count: number): number[] {
  return Array.from({ length: count }, () => {
    source.next(gesture);
    return source.latent[0]!;
  });
}

test("without a mapping the base is heard, and dimensions nobody learned keep it", () => {
  const source = new Source(2, [0.1, 0.2], 4);
  source.next(gesture);
  expect([...source.latent]).toEqual([0.1, 0.2]);
  source.setMapping((_, base, into) => {
    into.set(base);
    into[0] = 9;
  });
  for (let i = 0; i < 10; i++) source.next(gesture);
  expect([...source.latent]).toEqual([9, 0.2]);
});

test("the first mapping of all is heard at once", () => {
  const source = new Source(1, [0], 4);
  source.setMapping(constant(1));
  expect(frames(source, 2)).toEqual([1, 1]);
});

test("a new mapping comes in over the blend, without a step larger than its share", () => {
  const source = new Source(1, [0], 4);
  source.setMapping(constant(0));
  frames(source, 1);
  source.setMapping(constant(1));
  const heard = frames(source, 6);
  const expected = [0.2, 0.4, 0.6, 0.8, 1, 1];
  heard.forEach((x, i) => {
    expect(x).toBeCloseTo(expected[i]!, 12);
  });
});

test("a mapping that comes during a blend starts from what is heard", () => {
  const source = new Source(1, [0], 4);
  source.setMapping(constant(0));
  frames(source, 1);
  source.setMapping(constant(1));
  const [, half] = frames(source, 2);
  source.setMapping(constant(-1));
  const next = frames(source, 1)[0]!;
  expect(Math.abs(next - half!)).toBeLessThanOrEqual(1.5 / 4);
  expect(frames(source, 5).at(-1)).toBe(-1);
});

test("a latent given directly takes over by a blend, is then followed at once, and hands back by a blend", () => {
  const source = new Source(1, [0], 1);
  source.setMapping(constant(0));
  frames(source, 1);
  source.setDirect([2]);
  expect(frames(source, 2)).toEqual([1, 2]);
  source.setDirect([4]);
  expect(frames(source, 1)).toEqual([4]);
  source.setDirect(null);
  expect(frames(source, 2)).toEqual([2, 0]);
});

test("a take begins settled, whatever was being blended", () => {
  const source = new Source(1, [0], 4);
  source.setMapping(constant(0));
  frames(source, 1);
  source.setMapping(constant(1));
  source.settle();
  expect(frames(source, 1)).toEqual([1]);
});
