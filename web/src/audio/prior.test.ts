// The page dreams what Python dreams: tests/golden/prior.json holds a small prior and what it dreamt there.

import { expect, test } from "vitest";
import golden from "../../../tests/golden/prior.json";
import { Dreaming, type Prior, readPrior } from "./prior";

function file(text = golden.file): ArrayBuffer {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return bytes.buffer;
}

test.each([golden, golden.codes])(
  "every dream is the same to the last bit, of numbers and of codes",
  (of) => {
    const prior: Prior = readPrior(file(of.file));
    for (const { seed, temperature, latents } of of.dreams) {
      const dream = new Dreaming(prior, seed, temperature);
      latents.forEach((row: number[], frame: number) => {
        expect(Array.from(dream.at(frame))).toEqual(row.map(Math.fround));
      });
    }
  },
);

test("asked from the beginning it dreams the same again", () => {
  const dream = new Dreaming(readPrior(file()), 3, 1);
  const once = Array.from({ length: 30 }, (_, frame) => Array.from(dream.at(frame)));
  const again = Array.from({ length: 30 }, (_, frame) => Array.from(dream.at(frame)));
  expect(again).toEqual(once);
});

test("neither names nor arrays are made while it dreams", () => {
  const text = Dreaming.prototype.constructor.toString();
  expect(text).toContain("at(frame");
  const dreaming = text.slice(text.indexOf("at(frame"));
  expect(dreaming).not.toMatch(/`|new |subarray/);
});

test("what is no prior is refused", () => {
  expect(() => readPrior(new ArrayBuffer(16))).toThrow();
});
