import { expect, test } from "vitest";
import { Arena } from "./arena";

test("blocks are aligned, apart, and below what was reserved", () => {
  let reserved = 0;
  const arena = new Arena(1001, (bytes) => {
    reserved = Math.max(reserved, bytes);
  });
  const sizes = [1, 64, 65, 1000];
  const starts = sizes.map((size) => arena.take(size));
  starts.forEach((start, i) => {
    expect(start % 64).toBe(0);
    expect(start + sizes[i]!).toBeLessThanOrEqual(starts[i + 1] ?? reserved);
  });
  expect(starts[0]).toBeGreaterThanOrEqual(1001);
});

test("loading and unloading models for ever needs no more memory than the most at once", () => {
  let reserved = 0;
  const arena = new Arena(0, (bytes) => {
    reserved = Math.max(reserved, bytes);
  });
  const held: [number, number][] = [];
  let seed = 1;
  const random = (): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648;
  };
  for (let i = 0; i < 5000; i++) {
    if (held.length === 8) {
      const [start, size] = held.splice(Math.floor(random() * 8), 1)[0]!;
      arena.give(start, size);
    }
    const size = 100_000 + Math.floor(random() * 3_000_000);
    const start = arena.take(size);
    for (const [other, length] of held) expect(start + size <= other || other + length <= start).toBe(true);
    held.push([start, size]);
  }
  expect(reserved).toBeLessThan(2.5 * 8 * 3_100_000);
  for (const [start, size] of held) arena.give(start, size);
  expect(arena.take(1)).toBe(0);
});
