// A voice's shaping, gain and pan as the kernel's struct of floats (ib_shaping in kernel/player.h).

import type { Shaping } from "../protocol/messages";
import { SHAPING as AT, SHAPING_FLOATS } from "./player";

const DIMS = AT.held - AT.hold;

/** Lists that are empty or too short go on with neutral values; for `hold` that is the model's mean. */
export function shapingFloats(
  shaping: Shaping,
  gainDb: number,
  pan: number,
  muted: boolean,
  mean: readonly number[],
): Float32Array {
  const values = new Float32Array(SHAPING_FLOATS);
  const lists: readonly [number, readonly number[], number][] = [
    [AT.hold, mean.map((x, i) => shaping.hold[i] ?? x), 0],
    [AT.held, shaping.held, 0],
    [AT.scale, shaping.scale, 1],
    [AT.bias, shaping.bias, 0],
    [AT.noise, shaping.noise, 0],
  ];
  for (const [at, list, neutral] of lists) for (let i = 0; i < DIMS; i++) values[at + i] = list[i] ?? neutral;
  values[AT.drift] = shaping.drift;
  values[AT.driftSeconds] = shaping.drift_seconds;
  values[AT.smoothingSeconds] = shaping.smoothing_seconds;
  values[AT.clamp] = shaping.clamp;
  values[AT.gain] = muted ? 0 : 10 ** (gainDb / 20);
  values[AT.pan] = pan;
  return values;
}
