import { expect, test } from "vitest";
import { half, unpacked } from "./unpack";

/** A blob of two tensors: three halves from byte 192 on, one float behind them. */
function blob(): Uint8Array {
  const bytes = new Uint8Array(256);
  const words = new DataView(bytes.buffer);
  words.setUint32(4 * 9, 2, true);
  words.setUint32(4 * 10, 128, true);
  for (const [at, word] of [1, 3, 192, 0, 0, 1, 252, 0].entries()) words.setUint32(128 + 4 * at, word, true);
  bytes.set([1, 2, 3, 4, 5, 6], 192);
  bytes.set([7, 8, 9, 10], 252);
  return bytes;
}

const sent = sentAs;

async function sentAs(bytes: Uint8Array): Promise<ArrayBuffer> {
  const apart = bytes.slice();
  apart.set(
    [1, 3, 5, 0, 2, 4].map((at) => bytes[192 + at]!),
    192,
  );
  apart.set([10, 9, 8, 7], 252);
  const stream = new Blob([apart.buffer as ArrayBuffer])
    .stream()
    .pipeThrough(new CompressionStream("deflate-raw"));
  const pressed = new Uint8Array(await new Response(stream).arrayBuffer());
  const data = new Uint8Array(8 + pressed.length);
  new DataView(data.buffer).setUint32(0, 0x5a4f5349, true);
  new DataView(data.buffer).setUint32(4, bytes.length, true);
  data.set(pressed, 8);
  return data.buffer;
}

test("the bytes of every tensor come back into their places", async () => {
  expect([...new Uint8Array(await unpacked(await sent(blob())))]).toEqual([...blob()]);
});

test("what does not arrive whole is told", async () => {
  const data = await sent(blob());
  await expect(unpacked(new ArrayBuffer(4))).rejects.toThrow("whole");
  new DataView(data).setUint32(4, 9, true);
  await expect(unpacked(data)).rejects.toThrow("whole");
  new DataView(data).setUint32(0, 9, true);
  await expect(unpacked(data)).rejects.toThrow("whole");
});

test("whole steps become the halves that they are", () => {
  const value = (bits: number): number => {
    const [sign, power, rest] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    return power === 0 ? sign * rest * 2 ** -24 : sign * (1 + rest / 1024) * 2 ** (power - 15);
  };
  for (const [steps, exponent] of [
    [1, -24],
    [-3, -24],
    [1023, -24],
    [1024, -24],
    [-2047, -20],
    [32752, -13],
    [1, 0],
    [-16384, -14],
  ] as const)
    expect(value(half(steps, exponent))).toBe(steps * 2 ** exponent);
  expect(half(0, -12)).toBe(0);
});

test("weights on a grid come as steps", async () => {
  const bytes = blob();
  const words = new DataView(bytes.buffer);
  words.setUint32(128 + 12, 64 - 2, true); // steps of a quarter
  for (const [i, steps] of [4, -2, 9].entries()) words.setInt16(192 + 2 * i, steps, true);
  const steps = bytes.slice(192, 198);
  bytes.set([steps[0]!, steps[1]!, steps[2]!, steps[3]!, steps[4]!, steps[5]!], 192);
  const found = new DataView(await unpacked(await sentAs(bytes)));
  expect([0, 2, 4].map((at) => found.getUint16(192 + at, true))).toEqual([0x3c00, 0xb800, 0x4080]);
  expect(found.getUint32(128 + 12, true)).toBe(0);
});
