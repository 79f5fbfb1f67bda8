// The sound that the map reaches, as a latent that can be kept, placed or taken in hand: before shaping,
// which is applied again whenever it sounds.

import type { Voice } from "../protocol/messages";
import { exploreOf } from "../state/explore";
import { fitOf, type State } from "../state/store";
import { evaluate, type MappingData, type Prepared, prepare } from "./mapping";

const prepared = new WeakMap<MappingData, Prepared>();

function ready(mapping: MappingData): Prepared {
  let found = prepared.get(mapping);
  if (found === undefined) {
    found = prepare(mapping);
    prepared.set(mapping, found);
  }
  return found;
}

/** What the voice plays at `point`; null while nothing has been learned. */
export function mappedLatent(state: State, voice: Voice, point: ArrayLike<number>): number[] | null {
  const { mapping } = fitOf(state, voice.id, voice.side);
  if (mapping === null) return null;
  const { hold } = voice.shaping;
  const mean = state.descriptions.get(voice.model)?.latent.mean ?? [];
  const out = Array.from({ length: mapping.dims }, (_, i) => hold[i] ?? mean[i] ?? 0);
  evaluate(ready(mapping), point, out);
  return out;
}

/** What is heard now: the sound in hand, or what the map reaches here. */
export function heardLatent(state: State, voice: Voice, point: ArrayLike<number>): readonly number[] | null {
  if (state.listen === "play") {
    const mapped = mappedLatent(state, voice, point);
    if (mapped !== null) return mapped;
  }
  const { latent } = exploreOf(state, voice);
  return latent.length > 0 ? latent : null;
}
