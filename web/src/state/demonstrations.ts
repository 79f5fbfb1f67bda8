// "This place should reach that sound": placing, moving and keeping demonstrations.

import type { Demonstration, Kept, Piece } from "../protocol/messages";
import { changeItem, editVoice, pointOn, voiceOf } from "./edit";
import { currentLatent } from "./explore";
import { newId } from "./identity";
import type { Store } from "./store";

/** Colours that stay apart on dark and light ground; a new demonstration takes the next one. */
export const COLOURS = [
  "#7fb2ff",
  "#ffb454",
  "#6fd6a8",
  "#f48fb1",
  "#c5a3ff",
  "#ffd866",
  "#5ccfe6",
  "#ff8f6b",
] as const;

export interface Placing {
  readonly latent?: readonly number[];
  readonly label?: string;
  readonly colour?: string;
  readonly voiceId?: string;
}

/** Place the current sound (or `latent`) at `point`; the new demonstration is selected. */
export function addDemonstration(
  store: Store,
  point: ArrayLike<number>,
  placing: Placing = {},
): string | null {
  const voice = voiceOf(store, placing.voiceId);
  const piece = store.state.piece;
  if (voice === null || piece === null) return null;
  const latent = placing.latent ?? currentLatent(store, voice.id);
  if (latent === null || !latent.every(Number.isFinite)) {
    store.set({
      notice: {
        kind: "error",
        sentence: "There is no sound to place yet. Move a slider or throw the dice, then place it.",
      },
    });
    return null;
  }
  const demonstration: Demonstration = {
    id: newId(),
    point: pointOn(piece.axes.length, point, rests(piece)),
    latent: [...latent],
    label: placing.label ?? "",
    colour: placing.colour ?? COLOURS[voice.demonstrations.length % COLOURS.length]!,
    weight: 1,
    muted: false,
  };
  editVoice(store, "place a sound", voice.id, (v) => ({
    ...v,
    demonstrations: [...v.demonstrations, demonstration],
  }));
  store.set({ selection: new Set([demonstration.id]) });
  return demonstration.id;
}

/**
 * Adds demonstrations that came out of a file; their sounds are filled up with 0, their points with the rests of
 * the axes. Throws an Error with a sentence where they have more axes or dimensions than there are.
 */
export function addDemonstrations(
  store: Store,
  brought: readonly Pick<Demonstration, "point" | "latent" | "label">[],
): void {
  const voice = voiceOf(store);
  const piece = store.state.piece;
  const dims = voice === null ? undefined : currentLatent(store, voice.id)?.length;
  if (voice === null || piece === null || dims === undefined)
    throw new Error("There is no voice to demonstrate to yet. Add one, and open the file again.");
  const first = brought[0];
  if (first === undefined) throw new Error("There are no demonstrations in this file.");
  if (first.latent.length > dims)
    throw new Error(`The file has ${first.latent.length} outputs, but this model has ${dims} dimensions.`);
  if (first.point.length > piece.axes.length)
    throw new Error(
      `The file has ${first.point.length} inputs, but this piece has ${piece.axes.length} axes. Add axes first.`,
    );
  const rest = rests(piece);
  const added = brought.map(({ point, latent, label }, i): Demonstration => {
    const whole = new Array<number>(dims).fill(0);
    latent.forEach((value, d) => {
      whole[d] = value;
    });
    return {
      id: newId(),
      point: pointOn(piece.axes.length, point, rest),
      latent: whole,
      label,
      colour: COLOURS[(voice.demonstrations.length + i) % COLOURS.length]!,
      weight: 1,
      muted: false,
    };
  });
  editVoice(store, "open demonstrations", voice.id, (v) => ({
    ...v,
    demonstrations: [...v.demonstrations, ...added],
  }));
  store.set({ selection: new Set(added.map((d) => d.id)) });
}

/** Demonstrations that came of miming a take, instead of those that are there or beside them. */
export function addMimed(
  store: Store,
  voiceId: string,
  mimed: readonly Demonstration[],
  instead: boolean,
): void {
  if (mimed.length === 0) return;
  editVoice(store, "play along", voiceId, (v) => ({
    ...v,
    demonstrations: instead ? [...mimed] : [...v.demonstrations, ...mimed],
  }));
  store.set({ selection: new Set(mimed.map((d) => d.id)) });
}

export type DemonstrationChange = Partial<
  Pick<Demonstration, "point" | "latent" | "label" | "colour" | "weight" | "muted">
>;

/** Move demonstrations to new points (one value per axis). A drag is one undo step. */
export function moveDemonstrations(store: Store, points: ReadonlyMap<string, ArrayLike<number>>): void {
  const piece = store.state.piece;
  if (piece === null) return;
  const rest = rests(piece);
  const key = `move ${[...points.keys()].sort().join(" ")}`;
  changeMany(
    store,
    points.size > 1 ? "move demonstrations" : "move a demonstration",
    points.keys(),
    (d) => ({ ...d, point: pointOn(piece.axes.length, points.get(d.id)!, rest) }),
    key,
  );
}

export function relabel(store: Store, id: string, label: string): void {
  changeMany(store, "relabel", [id], (d) => (d.label === label ? d : { ...d, label }), `relabel ${id}`);
}

export function recolour(store: Store, ids: Iterable<string>, colour: string): void {
  changeMany(store, "recolour", ids, (d) => ({ ...d, colour }), "recolour");
}

/** 0 and up; 1 is the usual weight. */
export function weigh(store: Store, ids: Iterable<string>, weight: number): void {
  const list = [...ids];
  const value = Math.min(100, Math.max(0, Number.isFinite(weight) ? weight : 1));
  changeMany(store, "weight", list, (d) => ({ ...d, weight: value }), `weight ${list.join(" ")}`);
}

export function mute(store: Store, ids: Iterable<string>, muted: boolean): void {
  changeMany(store, muted ? "mute" : "unmute", ids, (d) => ({ ...d, muted }), null);
}

/** Give a demonstration another sound: the current one, or `latent`. */
export function resound(store: Store, id: string, latent?: readonly number[]): void {
  const sound = latent ?? currentLatent(store);
  if (sound === null) return;
  changeMany(store, "change the sound", [id], (d) => ({ ...d, latent: [...sound] }), null);
}

export function deleteDemonstrations(store: Store, ids: Iterable<string>): void {
  const gone = new Set(ids);
  store.edit(gone.size > 1 ? "delete demonstrations" : "delete a demonstration", (piece) => ({
    ...piece,
    voices: piece.voices.map((v) =>
      v.demonstrations.some((d) => gone.has(d.id))
        ? { ...v, demonstrations: v.demonstrations.filter((d) => !gone.has(d.id)) }
        : v,
    ),
  }));
}

/** Copies a little beside the originals; the copies are selected. */
export function duplicateDemonstrations(store: Store, ids: Iterable<string>): void {
  const chosen = new Set(ids);
  const copies: string[] = [];
  store.edit("duplicate", (piece) => ({
    ...piece,
    voices: piece.voices.map((v) => {
      const added = v.demonstrations
        .filter((d) => chosen.has(d.id))
        .map((d) => {
          const id = newId();
          copies.push(id);
          return { ...d, id, point: d.point.map((x) => (x <= 0.95 ? x + 0.05 : x - 0.05)) };
        });
      return added.length > 0 ? { ...v, demonstrations: [...v.demonstrations, ...added] } : v;
    }),
  }));
  if (copies.length > 0) store.set({ selection: new Set(copies) });
}

export function select(store: Store, ids: Iterable<string>, how: "only" | "add" | "toggle" = "only"): void {
  const next = new Set(how === "only" ? [] : store.state.selection);
  for (const id of ids) {
    if (how === "toggle" && next.has(id)) next.delete(id);
    else next.add(id);
  }
  store.set({ selection: next });
}

/** Put the current sound on the shelf. */
export function keep(store: Store, label = "", latent?: readonly number[]): string | null {
  const sound = latent ?? currentLatent(store);
  const piece = store.state.piece;
  if (sound === null || piece === null) return null;
  const kept: Kept = {
    id: newId(),
    latent: [...sound],
    label,
    colour: COLOURS[piece.shelf.length % COLOURS.length]!,
  };
  store.edit("keep a sound", (p) => ({ ...p, shelf: [...p.shelf, kept] }));
  return kept.id;
}

/** Place a kept sound on the surface; it stays on the shelf. */
export function place(store: Store, keptId: string, point: ArrayLike<number>): string | null {
  const kept = store.state.piece?.shelf.find((k) => k.id === keptId);
  if (kept === undefined) return null;
  return addDemonstration(store, point, { latent: kept.latent, label: kept.label, colour: kept.colour });
}

export function changeKept(store: Store, id: string, change: Partial<Pick<Kept, "label" | "colour">>): void {
  store.edit(
    "rename a kept sound",
    (p) => ({ ...p, shelf: changeItem(p.shelf, id, (k: Kept) => ({ ...k, ...change })) }),
    `kept ${id}`,
  );
}

export function deleteKept(store: Store, id: string): void {
  store.edit("take off the shelf", (p) => ({ ...p, shelf: p.shelf.filter((k) => k.id !== id) }));
}

function rests(piece: Piece): number[] {
  return piece.axes.map((axis) => axis.rest);
}

function changeMany(
  store: Store,
  label: string,
  ids: Iterable<string>,
  change: (d: Demonstration) => Demonstration,
  merge: string | null,
): void {
  const chosen = new Set(ids);
  store.edit(
    label,
    (piece) => {
      let any = false;
      const voices = piece.voices.map((v) => {
        let touched = false;
        const demonstrations = v.demonstrations.map((d) => {
          if (!chosen.has(d.id)) return d;
          const after = change(d);
          touched ||= after !== d;
          return after;
        });
        any ||= touched;
        return touched ? { ...v, demonstrations } : v;
      });
      return any ? { ...piece, voices } : piece;
    },
    merge,
  );
}
