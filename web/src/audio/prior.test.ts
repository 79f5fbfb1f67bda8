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

test("a step of the network is shared out over the frames of a patch", () => {
  const about = {
    model: "m",
    dims: 2,
    hop: 64,
    patch: 8,
    width: 8,
    layers: 4,
    heads: 2,
    window: 6,
    mixtures: 2,
  };
  const values = about.patch * about.dims;
  const said = about.mixtures * (1 + 2 * values);
  let read = 0;
  const counted = (size: number): Float64Array =>
    new Proxy(
      Float64Array.from({ length: size }, (_, i) => Math.sin(i) / 4),
      {
        get(target, key) {
          if (typeof key === "string" && /^[0-9]+$/.test(key)) read++;
          return Reflect.get(target, key, target);
        },
      },
    );
  const plain = (size: number) => new Float64Array(size).fill(1);
  const tensors: Record<string, Float64Array> = {
    ...{ in: counted(8 * values), in_bias: plain(8), out: counted(said * 8), out_bias: plain(said) },
    ...{
      norm: plain(8),
      basis: plain(values * values),
      spread: plain(values),
      std: plain(2),
      mean: plain(2),
    },
  };
  for (let i = 0; i < about.layers; i++) {
    Object.assign(tensors, { [`${i}.norm_a`]: plain(8), [`${i}.norm_b`]: plain(8) });
    Object.assign(tensors, { [`${i}.qkv`]: counted(192), [`${i}.join`]: counted(64) });
    Object.assign(tensors, { [`${i}.up`]: counted(256), [`${i}.down`]: counted(256) });
  }
  const dream = new Dreaming({ about, tensors }, 1, 1);
  const reads = Array.from({ length: 10 * about.patch }, (_, frame) => {
    read = 0;
    dream.at(frame);
    return read;
  });
  const later = reads.slice(about.patch); // the first patch is dreamt at once
  const largest = Math.max(192 + 64 + 256 + 256, 8 * values, said * 8);
  expect(Math.max(...later)).toBeLessThanOrEqual(largest);
  expect(later.filter((count) => count > 0).length).toBeGreaterThan(9 * (about.layers + 1));
});

test("what is no prior is refused", () => {
  expect(() => readPrior(new ArrayBuffer(16))).toThrow();
});
