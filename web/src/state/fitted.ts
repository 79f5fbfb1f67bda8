// The mapping a voice carries, and whether it still belongs to the voice's demonstrations.

import type { Voice } from "../protocol/messages";
import { evaluate, type MappingData, prepare } from "../steer/mapping";
import type { Side } from "./store";

/** The mapping that is heard on a side. */
export function fittedOf(voice: Voice, side: Side): MappingData | null {
  return (side === "a" ? voice.fitted : voice.fitted_other) as MappingData | null;
}

/** Misses by demonstration id; those that could not be used have none. */
export function errorsOf(
  demonstrations: Voice["demonstrations"],
  errors: readonly (number | null)[],
): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  demonstrations.forEach((d, i) => {
    const error = errors[i];
    if (error !== undefined && error !== null) found.set(d.id, error);
  });
  return found;
}

const SAME = 1e-3;

/**
 * Whether a stored mapping was learned from these demonstrations: it must miss each by exactly what it says.
 * A page that was closed between a change and the answer to it leaves a mapping behind that does not.
 */
export function belongs(
  mapping: MappingData,
  demonstrations: Voice["demonstrations"],
  axes: number,
): boolean {
  if (mapping.axes !== axes || mapping.errors.length !== demonstrations.length) return false;
  try {
    const ready = prepare(mapping);
    const learned = mapping.parts.flatMap((part) => part.outputs);
    const latent = new Float64Array(mapping.dims);
    return demonstrations.every((d, i) => {
      const told = mapping.errors[i];
      if (told === null || told === undefined || learned.length === 0) return true;
      evaluate(ready, d.point, latent);
      let sum = 0;
      for (const k of learned) sum += (latent[k]! - (d.latent[k] ?? Number.NaN)) ** 2;
      const miss = Math.sqrt(sum / learned.length);
      return Math.abs(miss - told) <= SAME * (1 + told);
    });
  } catch {
    return false; // damaged: learn it again
  }
}
