// A voice's source as the kernel's struct of floats (ib_source in kernel/player.h).

import type { Manner, Source } from "../protocol/messages";

const DIMS = 128; // IB_DIMS
const MOST_MATCH_DB = 24;
export const SOURCE_FLOATS = 2 * DIMS + 5;
const AT = {
  amount: DIMS,
  from: 2 * DIMS,
  gain: 2 * DIMS + 1,
  matchGain: 2 * DIMS + 2,
  matchLufs: 2 * DIMS + 3,
  wet: 2 * DIMS + 4,
} as const;
const MANNERS: Readonly<Record<Manner, number>> = { follow: 0, absolute: 1, bias: 2, scale: 3 };

/** Whether a source is sound that a voice's own encoder hears. */
export function listens(source: Source): boolean {
  return source.kind === "input" || source.kind === "sound" || source.kind === "voice";
}

/** `matchLufs`: the model's `match_lufs`; `hasEar`: its encoder is there and listening. */
export function sourceFloats(source: Source, matchLufs: number, hasEar: boolean): Float32Array {
  const values = new Float32Array(SOURCE_FLOATS);
  for (let i = 0; i < DIMS; i++) {
    values[i] = MANNERS[source.manner[i] ?? "follow"];
    values[AT.amount + i] = source.amount[i] ?? 1;
  }
  values[AT.from] = source.kind === "prior" ? 2 : hasEar && listens(source) ? 1 : 0;
  values[AT.gain] = 10 ** (Math.min(Math.max(source.gain_db, -60), 24) / 20);
  values[AT.wet] = source.wet;
  values[AT.matchGain] = 1;
  if (!source.match || !listens(source)) return values;
  if (source.kind === "sound" && source.loudness !== null) {
    const db = Math.min(Math.max(matchLufs - source.loudness, -MOST_MATCH_DB), MOST_MATCH_DB);
    values[AT.matchGain] = 10 ** (db / 20);
  } else values[AT.matchLufs] = matchLufs;
  return values;
}
