// A walk as a link: where the axes were, five times a second, in a few bytes each. Not to the sample, as a take
// is, but along the same way; and whoever has the link has the walk, without a server that keeps it.

import { makeTake, type Take } from "../protocol/messages";
import { newId } from "../state/identity";

/** Points a second. */
const RATE = 5;
const STEPS = 4095;
/** A walk of half an hour. */
const MOST_POINTS = RATE * 1800;
const MOST_AXES = 16;
const MOST_LETTERS = 64_000;
const VERSION = 1;
/** Between two points the walk goes straight, in so many steps. */
const BETWEEN = 6;

export const SHARED = "#walk=";

/** A take as letters for an address. */
export async function pack(take: Take): Promise<string> {
  const frame = take.hop / take.sample_rate;
  const points = Math.min(MOST_POINTS, Math.max(1, Math.ceil(take.length * frame * RATE)));
  const bytes: number[] = [VERSION, take.axes.length];
  write(bytes, points);
  const last = new Int32Array(take.axes.length);
  for (let k = 0, row = 0; k < points; k++) {
    const at = k / RATE / frame;
    while (row + 1 < take.frames.length && take.frames[row + 1]! <= at) row++;
    for (let i = 0; i < last.length; i++) {
      const value = Math.round((take.points[row]?.[i] ?? 0.5) * STEPS);
      const by = value - last[i]!;
      last[i] = value;
      write(bytes, by < 0 ? -2 * by - 1 : 2 * by);
    }
  }
  return letters(await through(new CompressionStream("deflate-raw"), Uint8Array.from(bytes)));
}

/** The take again, over these axes; null where it is no walk for them. */
export async function unpack(
  text: string,
  axes: readonly string[],
  hop: number,
  rate: number,
): Promise<Take | null> {
  if (text.length > MOST_LETTERS || !/^[\w-]+$/.test(text)) return null;
  try {
    const packed = bytesOf(text);
    const bytes = await through(new DecompressionStream("deflate-raw"), packed, MOST_POINTS * MOST_AXES * 2);
    const read = reader(bytes);
    if (bytes[0] !== VERSION || bytes[1] !== axes.length || axes.length > MOST_AXES) return null;
    read.at = 2;
    const count = read();
    if (count < 1 || count > MOST_POINTS) return null;
    const rows: number[][] = [];
    const last = new Int32Array(axes.length);
    for (let k = 0; k < count; k++) {
      for (let i = 0; i < last.length; i++) {
        const by = read();
        last[i] = last[i]! + (by % 2 === 1 ? -(by + 1) / 2 : by / 2);
      }
      rows.push(Array.from(last, (value) => Math.max(0, Math.min(1, value / STEPS))));
    }
    return takeOf(rows, axes, hop, rate);
  } catch {
    return null;
  }
}

function takeOf(rows: readonly number[][], axes: readonly string[], hop: number, rate: number): Take {
  const frames: number[] = [];
  const points: number[][] = [];
  const perPoint = rate / hop / RATE;
  rows.forEach((row, k) => {
    const next = rows[k + 1] ?? row;
    for (let j = 0; j < BETWEEN; j++) {
      const frame = Math.round((k + j / BETWEEN) * perPoint);
      if (frame === frames.at(-1)) continue;
      frames.push(frame);
      points.push(row.map((x, i) => x + ((next[i]! - x) * j) / BETWEEN));
    }
  });
  const length = Math.max(1, Math.round(rows.length * perPoint));
  return makeTake({
    id: newId(),
    name: "a walk",
    hop,
    sample_rate: rate,
    length,
    axes: [...axes],
    frames,
    points,
  });
}

/** Whole numbers, small ones in one byte. */
function write(bytes: number[], value: number): void {
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest >>>= 7;
  }
  bytes.push(rest);
}

interface Reader {
  (): number;
  at: number;
}

function reader(bytes: Uint8Array): Reader {
  const read = (() => {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[read.at++];
      if (byte === undefined) throw new Error("too short");
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new Error("too large");
  }) as Reader;
  read.at = 0;
  return read;
}

async function through(
  way: CompressionStream | DecompressionStream,
  bytes: Uint8Array<ArrayBuffer>,
  most = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough<Uint8Array>(way);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const source = stream.getReader(); ; ) {
    const { done, value } = await source.read();
    if (done) break;
    length += value.length;
    if (length > most) throw new Error("too long");
    parts.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function letters(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const whole = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(whole, (letter) => letter.charCodeAt(0));
}
