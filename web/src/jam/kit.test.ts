// The page's kit, string and mixer sound as Python's do: tests/golden/kit.json holds what was made there.

import { expect, test } from "vitest";
import golden from "../../../tests/golden/kit.json";
import { hit, noise } from "./kit";
import { Mixer } from "./mixer";
import { note } from "./pluck";

const NEAR = 1e-4;

function near(made: Float32Array, wanted: number[], every: number): void {
  wanted.forEach((value, i) => {
    expect(Math.abs(made[i * every]! - value)).toBeLessThan(NEAR);
  });
}

test("noise is the same hash", () => {
  golden.noise.forEach(([index, seed, value]) => {
    expect(noise(index!, seed!)).toBeCloseTo(value!, 12);
  });
});

test("every piece of the kit is the same, soft and hard", () => {
  for (const { piece, velocity, rate, tune, variant, samples, every, values } of golden.hits) {
    const made = hit(piece, velocity, rate, tune, variant);
    expect(made.length).toBe(samples);
    near(made, values, every);
  }
});

test("every note is the same", () => {
  for (const { pitch, velocity, seconds, rate, samples, every, values } of golden.notes) {
    const made = note(pitch, velocity, seconds, rate);
    expect(made.length).toBe(samples);
    near(made, values, every);
  }
});

test("the mixer puts them on the same samples, and chokes alike", () => {
  const { rate, block, sounds, every, left, right } = golden.mix;
  const mixer = new Mixer(rate);
  for (const { piece, velocity, at, pan, group, chokes } of sounds) {
    mixer.add(hit(piece, velocity, rate), at, { pan, group, chokes });
  }
  const made = { left: [] as number[], right: [] as number[] };
  while (made.left.length < left.length * every) {
    const [a, b] = [new Float32Array(block), new Float32Array(block)];
    mixer.mix(a, b);
    made.left.push(...a);
    made.right.push(...b);
  }
  near(Float32Array.from(made.left), left, every);
  near(Float32Array.from(made.right), right, every);
  expect(mixer.late).toBe(0);
});

test("what was put for the case that nothing better comes is forgotten, unless it has begun", () => {
  const mixer = new Mixer(1000);
  const sound = new Float32Array(50).fill(0.5);
  const [left, right] = [new Float32Array(100), new Float32Array(100)];
  for (const at of [20, 120]) mixer.add(sound, at, { provisional: true });
  mixer.add(sound, 160);
  mixer.mix(left, right);
  mixer.forget();
  expect(left.findIndex((value) => value > 0)).toBe(20);
  mixer.mix(left, right);
  expect(left.findIndex((value) => value > 0)).toBe(60);
});
