import { expect, test } from "vitest";
import { gaussian, whiten } from "./distribution";

const latent = {
  mean: [1, -2],
  std: [2, 1],
  covariance: [
    [4, 1.2],
    [1.2, 1],
  ],
  percentiles: { at: [], values: [] },
  explained: [],
  labels: [],
  known_radius: 3,
};

function generator(): () => number {
  let seed = 7;
  return () => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
}

test("many throws lie as the training latents do: same mean, same covariance", () => {
  const random = generator();
  const draws = Array.from({ length: 20_000 }, () => gaussian(latent, 1, random));
  const mean = [0, 1].map((i) => draws.reduce((sum, d) => sum + d[i]!, 0) / draws.length);
  const covariance = (i: number, k: number): number =>
    draws.reduce((sum, d) => sum + (d[i]! - mean[i]!) * (d[k]! - mean[k]!), 0) / draws.length;
  expect(mean[0]).toBeCloseTo(1, 1);
  expect(mean[1]).toBeCloseTo(-2, 1);
  expect(Math.abs(covariance(0, 0) - 4)).toBeLessThan(0.15);
  expect(Math.abs(covariance(0, 1) - 1.2)).toBeLessThan(0.06);
});

test("distances count in the distribution's own measure", () => {
  expect(whiten(latent, [2, 0.6])).toBeCloseTo(1, 10);
  expect(whiten(latent, [0, 0])).toBe(0);
});

test("a dimension that never varied stays where it is", () => {
  const flat = {
    ...latent,
    covariance: [
      [0, 0],
      [0, 1],
    ],
  };
  expect(gaussian(flat, 1, generator())[0]).toBe(1);
});
