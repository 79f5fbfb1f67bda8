// Voices of the piece: models, shaping, and how each one learns.

import type { Manner, MappingSettings, Output, Piece, Shaping, Source, Voice } from "../protocol/messages";
import { makeOutput, makeShaping, makeVoice } from "../protocol/messages";
import { editVoice, voiceOf } from "./edit";
import { newId } from "./identity";
import type { Side, Store } from "./store";

export const VOICES = 8; // as IB_VOICES in kernel/player.h

export function newVoice(model: string, seed = 1): Voice {
  return makeVoice({ id: newId(), model, seed });
}

export function addVoice(store: Store, model: string): string | null {
  const piece = store.state.piece;
  if (piece === null || piece.voices.length >= VOICES) return null;
  const voice = newVoice(model, piece.voices.length + 1);
  store.edit("add a voice", (p) => ({ ...p, voices: [...p.voices, voice] }));
  store.set({ voice: piece.voices.length });
  return voice.id;
}

export function removeVoice(store: Store, voiceId: string): void {
  store.edit("remove a voice", (p) => ({ ...p, voices: p.voices.filter((v) => v.id !== voiceId) }));
}

export function editedVoice(store: Store, index: number): void {
  store.set({ voice: index, selection: new Set() });
}

export type VoiceChange = Partial<
  Pick<Voice, "gain_db" | "pan" | "muted" | "solo" | "follows" | "seed" | "side" | "bars">
>;

export function setVoice(store: Store, voiceId: string, change: VoiceChange): void {
  editVoice(
    store,
    "voice",
    voiceId,
    (v) => ({ ...v, ...change }),
    `voice ${voiceId} ${Object.keys(change).join()}`,
  );
}

/**
 * Another model on a voice. Demonstrations of a model with another latent size make no sense to it, so
 * they stay only if `sameDims`.
 */
export function setModel(store: Store, voiceId: string, model: string): void {
  const dims = (name: string) => store.state.models.find((m) => m.name === name)?.dims;
  editVoice(store, "change the model", voiceId, (v) => {
    if (v.model === model) return v;
    const fits = dims(model) !== undefined && dims(model) === dims(v.model);
    return {
      ...v,
      model,
      source: fits ? v.source : { ...v.source, manner: [], amount: [] },
      shaping: fits ? v.shaping : makeShaping({ clamp: v.shaping.clamp }),
      demonstrations: fits ? v.demonstrations : [],
      mapping: fits ? v.mapping : { ...v.mapping, outputs: [] },
      other: v.other === null || fits ? v.other : { ...v.other, outputs: [] },
      fitted: null,
      fitted_other: null,
      safety: null,
    };
  });
  const explore = new Map(store.state.explore);
  explore.delete(voiceId);
  store.set({ explore });
}

export function setShaping(store: Store, change: Partial<Shaping>, voiceId?: string): void {
  const voice = voiceOf(store, voiceId);
  if (voice === null) return;
  editVoice(
    store,
    "shaping",
    voice.id,
    (v) => ({ ...v, shaping: { ...v.shaping, ...change } }),
    `shaping ${voice.id} ${Object.keys(change).join()}`,
  );
}

/** What a voice listens to, and how. */
export function setSource(store: Store, voiceId: string, change: Partial<Source>): void {
  const keys = Object.keys(change).join();
  editVoice(
    store,
    "kind" in change ? "change what a voice hears" : "source",
    voiceId,
    (v) => ({ ...v, source: { ...v.source, ...change } }),
    "kind" in change || "sound" in change ? null : `source ${voiceId} ${keys}`,
  );
}

/** How the performer meets the source on one dimension, and how much. */
export function setMeeting(
  store: Store,
  voiceId: string,
  dimension: number,
  change: { readonly manner?: Manner; readonly amount?: number },
): void {
  editVoice(
    store,
    "how a source is met",
    voiceId,
    (v) => {
      const manner = Array.from(
        { length: Math.max(v.source.manner.length, dimension + 1) },
        (_, i) => v.source.manner[i] ?? ("follow" as const),
      );
      const amount = Array.from(
        { length: Math.max(v.source.amount.length, dimension + 1) },
        (_, i) => v.source.amount[i] ?? 1,
      );
      manner[dimension] = change.manner ?? manner[dimension]!;
      amount[dimension] = change.amount ?? amount[dimension]!;
      return { ...v, source: { ...v.source, manner, amount } };
    },
    `source ${voiceId} ${dimension} ${Object.keys(change).join()}`,
  );
}

/** The same manner on every dimension. */
export function setAllManners(store: Store, voiceId: string, manner: Manner, dims: number): void {
  editVoice(store, "how a source is met", voiceId, (v) => ({
    ...v,
    source: { ...v.source, manner: new Array<Manner>(dims).fill(manner) },
  }));
}

type PerDimension = "hold" | "held" | "scale" | "bias" | "noise";
const NEUTRAL: Record<PerDimension, number> = { hold: 0, held: 0, scale: 1, bias: 0, noise: 0 };

/** One dimension's bias, scale, noise, hold or lock. */
export function setShapingAt(
  store: Store,
  what: PerDimension,
  dimension: number,
  value: number,
  voiceId?: string,
): void {
  const voice = voiceOf(store, voiceId);
  if (voice === null || !Number.isFinite(value)) return;
  const dims = Math.max(store.state.descriptions.get(voice.model)?.dims ?? 0, dimension + 1);
  editVoice(
    store,
    what,
    voice.id,
    (v) => {
      const list = Array.from({ length: dims }, (_, i) => v.shaping[what][i] ?? NEUTRAL[what]);
      list[dimension] = value;
      return { ...v, shaping: { ...v.shaping, [what]: list } };
    },
    `shaping ${voice.id} ${what} ${dimension}`,
  );
}

/** Lock a dimension where it is (or let it go): the mapping and the dice leave it alone. */
export function lock(store: Store, dimension: number, value: number | null, voiceId?: string): void {
  const voice = voiceOf(store, voiceId);
  if (voice === null) return;
  const dims = Math.max(store.state.descriptions.get(voice.model)?.dims ?? 0, dimension + 1);
  editVoice(store, value === null ? "unlock a dimension" : "lock a dimension", voice.id, (v) => {
    const hold = Array.from({ length: dims }, (_, i) => v.shaping.hold[i] ?? 0);
    const held = Array.from({ length: dims }, (_, i) => v.shaping.held[i] ?? 0);
    if (value !== null) hold[dimension] = value;
    held[dimension] = value === null ? 0 : 1;
    return { ...v, shaping: { ...v.shaping, hold, held } };
  });
}

/** Settings of one side's mapping; side "b" is made from "a" the first time. */
export function setMapping(
  store: Store,
  change: Partial<MappingSettings>,
  side?: Side,
  voiceId?: string,
): void {
  const voice = voiceOf(store, voiceId);
  if (voice === null) return;
  const which = side ?? voice.side;
  editVoice(
    store,
    "mapping",
    voice.id,
    (v) =>
      which === "a"
        ? { ...v, mapping: { ...v.mapping, ...change } }
        : { ...v, other: { ...(v.other ?? v.mapping), ...change } },
    `mapping ${voice.id} ${which} ${Object.keys(change).join()}`,
  );
}

/** How one latent dimension is learned, on both sides. */
export function setOutput(store: Store, dimension: number, change: Partial<Output>, voiceId?: string): void {
  const voice = voiceOf(store, voiceId);
  if (voice === null) return;
  const dims = Math.max(store.state.descriptions.get(voice.model)?.dims ?? 0, dimension + 1);
  const outputs = (settings: MappingSettings): MappingSettings => {
    const list = Array.from({ length: dims }, (_, i) => settings.outputs[i] ?? makeOutput());
    list[dimension] = { ...list[dimension]!, ...change };
    return { ...settings, outputs: list };
  };
  editVoice(
    store,
    "output",
    voice.id,
    (v) => ({ ...v, mapping: outputs(v.mapping), other: v.other === null ? null : outputs(v.other) }),
    `output ${voice.id} ${dimension} ${Object.keys(change).join()}`,
  );
}

/** Compare two algorithms on the same demonstrations: hear side `side`. */
export function setSide(store: Store, side: Side, voiceId?: string): void {
  const voice = voiceOf(store, voiceId);
  if (voice === null) return;
  editVoice(store, `hear side ${side.toUpperCase()}`, voice.id, (v) => ({
    ...v,
    side,
    other: v.other ?? (side === "b" ? { ...v.mapping, algorithm: "perceptron" } : null),
  }));
}

/** End the comparison and keep the side that is heard. */
export function endComparison(store: Store, voiceId?: string): void {
  const voice = voiceOf(store, voiceId);
  if (voice === null) return;
  editVoice(store, "end the comparison", voice.id, (v) => ({
    ...v,
    mapping: v.side === "b" && v.other !== null ? v.other : v.mapping,
    fitted: v.side === "b" ? v.fitted_other : v.fitted,
    other: null,
    fitted_other: null,
    side: "a",
  }));
}

/** How much of what is known to be too loud a voice is turned down by before it is heard, 0..1. */
export function setForesight(store: Store, foresight: number, voiceId: string): void {
  const change = (v: Voice) => ({ ...v, foresight });
  editVoice(store, "foresight", voiceId, change, `foresight ${voiceId}`);
}

export function setMaster(store: Store, change: Partial<Piece["master"]>): void {
  store.edit(
    "master",
    (p) => ({ ...p, master: { ...p.master, ...change } }),
    `master ${Object.keys(change)}`,
  );
}

export function setRefit(store: Store, refit: Piece["refit"]): void {
  store.edit("refit", (p) => (p.refit === refit ? p : { ...p, refit }));
}
