// A model as it was sent: its tensors byte by byte apart, behind a deflate stream (src/isobath/models/sending.py).

const MAGIC = 0x5a4f5349;
const TENSORS = 9;
const TABLE = 10;
const HALF = 1;
/** A table's fourth word is this and the exponent of the step, for weights on a grid. */
const GRID = 64;

/** The kernel's bytes of a model. */
export async function unpacked(data: ArrayBuffer): Promise<ArrayBuffer> {
  const head = new DataView(data);
  if (data.byteLength < 8 || head.getUint32(0, true) !== MAGIC)
    throw new Error("The model did not arrive whole. Reload the page.");
  const stream = new Blob([data.slice(8)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const blob = await new Response(stream).arrayBuffer();
  if (blob.byteLength !== head.getUint32(4, true))
    throw new Error("The model did not arrive whole. Reload the page.");
  together(blob);
  return blob;
}

/** Each tensor's bytes in their places: the highest came first. */
function together(blob: ArrayBuffer): void {
  const bytes = new Uint8Array(blob);
  const words = new DataView(blob);
  const table = words.getUint32(4 * TABLE, true);
  for (let i = 0; i < words.getUint32(4 * TENSORS, true); i++) {
    const entry = table + 16 * i;
    const width = words.getUint32(entry, true) === HALF ? 2 : 4;
    const count = words.getUint32(entry + 4, true);
    const from = words.getUint32(entry + 8, true);
    const grid = words.getUint32(entry + 12, true);
    const planes = bytes.slice(from, from + width * count);
    for (let plane = 0; plane < width; plane++)
      for (let k = 0, at = from + width - 1 - plane; k < count; k++, at += width)
        bytes[at] = planes[plane * count + k]!;
    if (grid === 0) continue;
    for (let at = from; at < from + 2 * count; at += 2)
      words.setUint16(at, half(words.getInt16(at, true), grid - GRID), true);
    words.setUint32(entry + 12, 0, true);
  }
}

/** The bits of `steps` times 2 to the `exponent` in half precision, which holds it without rounding. */
export function half(steps: number, exponent: number): number {
  if (steps === 0) return 0;
  const sign = steps < 0 ? 0x8000 : 0;
  const size = Math.abs(steps);
  const top = 31 - Math.clz32(size);
  const power = top + exponent + 15;
  if (power <= 0) return sign | (size * 2 ** (exponent + 24));
  return sign | (power << 10) | ((size * 2 ** (10 - top)) & 0x3ff);
}
