import { expect, test } from "vitest";
import { toInt24, WavWriter } from "./wav";

test("samples become 24-bit integers, and what cannot be written is silence or the rail", () => {
  expect([0, 0.5, -1, 1, 2, -2, Number.NaN].map(toInt24)).toEqual([
    0, 4194304, -8388608, 8388607, 8388607, -8388608, 0,
  ]);
});

test("a file says what it holds and holds what came in", async () => {
  const writer = new WavWriter(2, 44100);
  writer.add([Float32Array.of(0.5, -0.25, 9), Float32Array.of(-0.5, 0.25, 9)], 2);
  writer.add([Float32Array.of(1 / 8388608), Float32Array.of(0)], 1);
  const bytes = new Uint8Array(await writer.blob().arrayBuffer());
  const view = new DataView(bytes.buffer);
  expect(String.fromCharCode(...bytes.subarray(0, 4), ...bytes.subarray(8, 16))).toBe("RIFFWAVEfmt ");
  expect(view.getUint32(4, true)).toBe(bytes.length - 8);
  expect([view.getUint16(22, true), view.getUint32(24, true), view.getUint16(34, true)]).toEqual([
    2, 44100, 24,
  ]);
  expect(view.getUint32(40, true)).toBe(18);
  const sample = (i: number): number =>
    (view.getUint8(44 + 3 * i) | (view.getInt16(45 + 3 * i, true) << 8)) / 8388608;
  expect([0, 1, 2, 3, 4, 5].map(sample)).toEqual([0.5, -0.5, -0.25, 0.25, 1 / 8388608, 0]);
  expect(writer.seconds).toBeCloseTo(3 / 44100);
});
