// Looking for sounds: sliders over the latent, dice, nudges, and scrubbing an encoded file.
// What is found lives in `state.explore`, outside undo; keeping or placing it makes it part of the piece.

import { encodedFrame, type ModelDescription } from "../net/models";
import type { Encoded, Voice } from "../protocol/messages";
import { type Knowledge, knowledgeOf, loudnessAt } from "../steer/knowledge";
import { gaussian, whiten } from "./distribution";
import { voiceOf } from "./edit";
import type { Explore, State, Store } from "./store";
import { setShapingAt } from "./voices";

/** The explored sound of a voice: what its sliders show. Starts at the model's mean. */
export function exploreOf(state: State, voice: Voice): Explore {
  const found = state.explore.get(voice.id);
  if (found !== undefined) return found;
  const mean = state.descriptions.get(voice.model)?.latent.mean ?? [];
  return { latent: mean, file: null, frame: 0 };
}

/** The sound that "place" and "keep" take: the explored latent, with held dimensions at their sliders. */
export function currentLatent(store: Store, voiceId?: string): readonly number[] | null {
  const voice = voiceOf(store, voiceId);
  if (voice === null) return null;
  const { latent } = exploreOf(store.state, voice);
  if (latent.length === 0) return null;
  return latent.map((x, i) => (isLocked(voice, i) ? (voice.shaping.hold[i] ?? x) : x));
}

/** What is heard: "explore" the sound being looked for, "play" the mapping. */
export function listen(store: Store, to: "explore" | "play"): void {
  if (store.state.listen !== to) store.set({ listen: to });
}

/** Move one slider. */
export function setDimension(store: Store, dimension: number, value: number, voiceId?: string): void {
  const voice = voiceOf(store, voiceId);
  if (voice === null || !Number.isFinite(value)) return;
  const latent = [...exploreOf(store.state, voice).latent];
  if (dimension < 0 || dimension >= latent.length) return;
  latent[dimension] = value;
  if (isLocked(voice, dimension)) setShapingAt(store, "hold", dimension, value, voice.id);
  setExplored(store, latent, voice.id);
}

/** Look at a whole sound: a kept one, a demonstration's, a frame of a file. Locked dimensions move too. */
export function setExplored(store: Store, latent: readonly number[], voiceId?: string): void {
  const voice = voiceOf(store, voiceId);
  if (voice === null || !latent.every(Number.isFinite)) return;
  put(store, voice, { ...exploreOf(store.state, voice), latent: [...latent] });
  listen(store, "explore");
}

/**
 * A random sound from the model's own distribution, drawn through its covariance. `adventure` 1 draws
 * as the training sounds lie; 0 the mean; above 1 beyond them. Dimensions locked by shaping stay. Sounds
 * too soft to hear are passed over.
 */
export function throwDice(store: Store, adventure = 1, random: () => number = Math.random): void {
  const found = drawing(store);
  if (found === null) return;
  const { voice, model } = found;
  const here = exploreOf(store.state, voice).latent;
  const draw = () => keepLocked(voice, here, gaussian(model.latent, adventure, random));
  setExplored(store, audible(model, draw), voice.id);
}

/** What is softer than this, in dBFS, passes for silence. */
const AUDIBLE_DB = -45;
const THROWS = 24;

/**
 * Models know much silence: the rests and the ends of notes. Nobody throws for silence, so a throw that is
 * expected to be too soft to hear is thrown again; if all are, the loudest counts.
 */
function audible(model: ModelDescription, draw: () => number[]): number[] {
  const knowledge = known.get(model) ?? knowledgeOf(model);
  known.set(model, knowledge);
  let best = draw();
  let loudest = loudnessAt(knowledge, best) ?? 0;
  for (let i = 1; i < THROWS && loudest < AUDIBLE_DB; i++) {
    const next = draw();
    const db = loudnessAt(knowledge, next) ?? 0;
    if (db > loudest) [best, loudest] = [next, db];
  }
  return best;
}

const known = new WeakMap<ModelDescription, Knowledge>();

/** A step to a neighbouring sound, `amount` standard deviations long. */
export function nudge(store: Store, amount = 0.25, random: () => number = Math.random): void {
  const found = drawing(store);
  if (found === null) return;
  const { voice, model } = found;
  const here = exploreOf(store.state, voice).latent;
  const step = gaussian({ ...model.latent, mean: model.latent.mean.map(() => 0) }, 1, random);
  const length = Math.sqrt(whiten(model.latent, step)) || 1;
  const there = here.map((x, i) => x + ((step[i] ?? 0) * amount * Math.sqrt(here.length)) / length);
  setExplored(store, keepLocked(voice, here, there), voice.id);
}

/** An encoded file to scrub through. */
export function setFile(store: Store, file: Encoded | null, voiceId?: string): void {
  const voice = voiceOf(store, voiceId);
  if (voice === null) return;
  put(store, voice, { ...exploreOf(store.state, voice), file, frame: 0 });
  if (file !== null) scrub(store, 0, voice.id);
}

/** Put the needle at a frame of the file. */
export function scrub(store: Store, frame: number, voiceId?: string): void {
  const voice = voiceOf(store, voiceId);
  if (voice === null) return;
  const explore = exploreOf(store.state, voice);
  const file = explore.file;
  if (file === null || file.frames === 0) return;
  const at = Math.min(file.frames - 1, Math.max(0, Math.round(frame)));
  put(store, voice, { latent: encodedFrame(file, at), file, frame: at });
  listen(store, "explore");
}

function put(store: Store, voice: Voice, explore: Explore): void {
  store.set({ explore: new Map(store.state.explore).set(voice.id, explore) });
}

function drawing(store: Store): { voice: Voice; model: ModelDescription } | null {
  const voice = voiceOf(store);
  const model = voice === null ? undefined : store.state.descriptions.get(voice.model);
  return voice === null || model === undefined ? null : { voice, model };
}

function isLocked(voice: Voice, dimension: number): boolean {
  return (voice.shaping.held[dimension] ?? 0) > 0.5;
}

function keepLocked(voice: Voice, before: readonly number[], after: readonly number[]): number[] {
  return after.map((x, i) => (isLocked(voice, i) ? (before[i] ?? x) : x));
}
