// A model as it was sent: its tensors byte by byte apart, behind a deflate stream (src/isobath/models/sending.py).

const MAGIC = 0x5a4f5349;
const TENSORS = 9;
const TABLE = 10;
const HALF = 1;

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
    const width = words.getUint32(table + 16 * i, true) === HALF ? 2 : 4;
    const count = words.getUint32(table + 16 * i + 4, true);
    const from = words.getUint32(table + 16 * i + 8, true);
    const planes = bytes.slice(from, from + width * count);
    for (let plane = 0; plane < width; plane++)
      for (let k = 0, at = from + width - 1 - plane; k < count; k++, at += width)
        bytes[at] = planes[plane * count + k]!;
  }
}
