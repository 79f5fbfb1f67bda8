// At which rate a piece is played (docs/engine.md): the highest of its models', as in `isobath render`.

import type { State } from "./store";

const USUAL = 44100;

/** Hz; of what is known so far. */
export function rateOf({ piece, models }: Pick<State, "piece" | "models">): number {
  const names = new Set(piece?.voices.map((voice) => voice.model));
  const rates = models.filter((model) => names.has(model.name)).map((model) => model.sample_rate);
  return rates.length > 0 ? Math.max(...rates) : (models[0]?.sample_rate ?? USUAL);
}

/**
 * Samples at the player's rate by which a voice is heard later, because what its model makes (`ways` 1), and
 * hears (2), is brought to another rate: 32 of the lower rate each way, as kernel/resample.h says.
 */
export function lateness(model: number, player: number, ways: 1 | 2): number {
  return model === player ? 0 : (ways * 32 * player) / Math.min(model, player);
}
