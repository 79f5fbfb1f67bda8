// How the actions reach into the piece: the smallest copy that changes one thing.

import type { Piece, Voice } from "../protocol/messages";
import type { Merge } from "./history";
import type { Store } from "./store";

/** The voice being edited, or the one named. */
export function voiceOf(store: Store, voiceId?: string): Voice | null {
  const { piece, voice } = store.state;
  if (piece === null) return null;
  if (voiceId !== undefined) return piece.voices.find((v) => v.id === voiceId) ?? null;
  return piece.voices[voice] ?? null;
}

export function changeVoice(piece: Piece, voiceId: string, change: (voice: Voice) => Voice): Piece {
  const voices = changeItem(piece.voices, voiceId, change);
  return voices === piece.voices ? piece : { ...piece, voices };
}

export function editVoice(
  store: Store,
  label: string,
  voiceId: string,
  change: (voice: Voice) => Voice,
  merge: Merge = null,
): void {
  store.edit(label, (piece) => changeVoice(piece, voiceId, change), merge);
}

/** The list with one item changed; the same list when nothing changed. */
export function changeItem<T extends { readonly id: string }, L extends readonly T[]>(
  list: L & readonly T[],
  id: string,
  change: (item: T) => T,
): T[] {
  let changed = false;
  const next = list.map((item) => {
    if (item.id !== id) return item;
    const after = change(item);
    changed ||= after !== item;
    return after;
  });
  return changed ? next : (list as unknown as T[]);
}

export function clamp01(x: number): number {
  return x > 0 ? Math.min(x, 1) : 0;
}

/** One value per axis, 0..1, whatever came in. */
export function pointOn(axes: number, point: ArrayLike<number>, rest: readonly number[]): number[] {
  return Array.from({ length: axes }, (_, i) => {
    const x = point[i];
    return x === undefined || Number.isNaN(x) ? (rest[i] ?? 0.5) : clamp01(x);
  });
}
