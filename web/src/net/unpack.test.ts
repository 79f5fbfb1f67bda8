import { expect, test } from "vitest";
import { unpacked } from "./unpack";

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

async function sent(bytes: Uint8Array): Promise<ArrayBuffer> {
  const apart = bytes.slice();
  apart.set([2, 4, 6, 1, 3, 5], 192);
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
