// Poses as bytes (src/isobath/protocol/room.py says what the bits mean): what a walker sends, and what all are told.

import { POSE_BYTES } from "../protocol/messages";

/** Shares 0..1 of the world along x, y, z (0 west, lowest, north); azimuth and elevation in turns. */
export interface Shares {
  x: number;
  y: number;
  z: number;
  azimuth: number;
  elevation: number;
}

const MINE = 1;
const THEIRS = 2;
const WIDE = 2 ** 20 - 1;
const HIGH = 2 ** 16 - 1;
const AZIMUTHS = 2 ** 12;
const ELEVATIONS = 2 ** 10 - 1;
const HEAD = 4;

const within = (share: number): number => (share > 0 ? Math.min(share, 1) : 0);

/** What this page's walker sends. */
export function writePose(at: Shares, state = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(11);
  const view = new DataView(bytes.buffer);
  const turn = Math.round((at.azimuth - Math.floor(at.azimuth)) * AZIMUTHS) % AZIMUTHS;
  const tilt = Math.round(within(2 * at.elevation + 0.5) * ELEVATIONS);
  view.setUint8(0, MINE);
  view.setUint32(1, ((Math.round(within(at.x) * WIDE) << 12) | turn) >>> 0, true);
  view.setUint32(5, ((Math.round(within(at.z) * WIDE) << 12) | (tilt << 2) | (state & 3)) >>> 0, true);
  view.setUint16(9, Math.round(within(at.y) * HIGH), true);
  return bytes;
}

/** A frame of the server, walker by walker, then the latents of the crowd; false: the bytes are no frame. */
export function readPoses(
  data: ArrayBuffer,
  walker: (id: number, at: Shares, state: number) => void,
  crowd: (latents: Float32Array[]) => void,
): boolean {
  const view = new DataView(data);
  if (data.byteLength < HEAD || view.getUint8(0) !== THEIRS) return false;
  const count = view.getUint8(1);
  const end = HEAD + count * POSE_BYTES;
  if (data.byteLength < end) return false;
  for (let at = HEAD; at < end; at += POSE_BYTES) {
    const a = view.getUint32(at, true);
    const b = view.getUint32(at + 4, true);
    const shares = {
      x: (a >>> 12) / WIDE,
      y: view.getUint16(at + 8, true) / HIGH,
      z: (b >>> 12) / WIDE,
      azimuth: (a & (AZIMUTHS - 1)) / AZIMUTHS,
      elevation: (0.5 * ((b >>> 2) & ELEVATIONS)) / ELEVATIONS - 0.25,
    };
    walker(view.getUint16(at + 10, true), shares, b & 3);
  }
  if (data.byteLength > end) crowd(readCrowd(view, end));
  return true;
}

function readCrowd(view: DataView, from: number): Float32Array[] {
  const voices = view.getUint8(from);
  let at = from + 1 + voices;
  const latents: Float32Array[] = [];
  for (let voice = 0; voice < voices; voice++) {
    const dims = view.getUint8(from + 1 + voice);
    if (at + 2 * dims > view.byteLength) break;
    latents.push(Float32Array.from({ length: dims }, (_, i) => half(view.getUint16(at + 2 * i, true))));
    at += 2 * dims;
  }
  return latents;
}

/** A 16-bit float. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const share = bits & 1023;
  const size =
    exponent === 0
      ? share * 2 ** -24
      : exponent === 31
        ? 0 // no number, or none that is any use
        : (1 + share / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}
