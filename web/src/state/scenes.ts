// Scenes of a piece: kept, ordered, and recalled. What a piece becomes is the same in
// src/isobath/engine/scenes.py (docs/engine.md, "Scenes").

import { shapingFloats } from "../audio/shaping";
import type { SceneMessage, VoiceChange, WayMessage } from "../audio/wire";
import type { ModelDescription } from "../net/models";
import type { Piece, Scene, Take, Voice } from "../protocol/messages";
import { makeScene } from "../protocol/messages";
import { changeItem } from "./edit";
import { fittedOf } from "./fitted";
import { newId } from "./identity";
import { isSilent } from "./listening";
import type { Store } from "./store";
import { VOICES } from "./voices";

export const LONGEST_MORPH = 60;

const silenced = (voice: Voice): Voice => ({ ...voice, muted: true, solo: false });

function fits(voice: Voice, piece: Piece): boolean {
  return voice.demonstrations.every((d) => d.point.length === piece.axes.length);
}

/**
 * The piece with the voices of a scene. None is taken away: those that the scene lacks are muted, and those
 * that the piece lacks are added, as far as there is room, so that one fades while another comes.
 */
export function recalled(piece: Piece, scene: Scene): Piece {
  const kept = new Map(scene.voices.filter((v) => fits(v, piece)).map((v) => [v.id, v]));
  const voices = piece.voices.map((voice) => {
    const found = kept.get(voice.id);
    if (found === undefined || found.model !== voice.model) return silenced(voice);
    kept.delete(voice.id);
    return found;
  });
  const taken = new Set(voices.map((v) => v.id));
  for (const voice of kept.values()) if (!taken.has(voice.id) && voices.length < VOICES) voices.push(voice);
  return { ...piece, voices, scene: scene.id, recalls: piece.recalls + 1 };
}

export function sceneOf(piece: Piece | null, id: string | null | undefined): Scene | null {
  return piece?.scenes.find((scene) => scene.id === id) ?? null;
}

/** How long the way from one piece to the next takes; null where no scene was recalled. */
export function morphSeconds(before: Piece, after: Piece): number | null {
  if (before.id !== after.id || before.recalls === after.recalls) return null;
  const scene = sceneOf(after, after.scene);
  return scene === null ? 0 : Math.min(Math.max(scene.morph_seconds, 0), LONGEST_MORPH);
}

/** "Scene 3": the first such name not in use. */
function nextName(scenes: readonly Scene[]): string {
  const names = new Set(scenes.map((s) => s.name));
  for (let i = scenes.length + 1; ; i++) if (!names.has(`Scene ${i}`)) return `Scene ${i}`;
}

/** What sounds now, as a scene behind the one that is played. */
export function keepScene(store: Store): string | null {
  const piece = store.state.piece;
  if (piece === null || piece.voices.length === 0) return null;
  const voices = piece.voices.filter((voice) => !isSilent(piece, voice));
  const before = sceneOf(piece, piece.scene);
  const scene = makeScene({
    id: newId(),
    name: nextName(piece.scenes),
    morph_seconds: before?.morph_seconds ?? 4,
    voices,
  });
  const at = before === null ? piece.scenes.length : piece.scenes.indexOf(before) + 1;
  store.edit("keep a scene", (p) => ({
    ...p,
    scenes: [...p.scenes.slice(0, at), scene, ...p.scenes.slice(at)],
    scene: scene.id,
  }));
  return scene.id;
}

/** The scene becomes what sounds now. */
export function replaceScene(store: Store, id: string): void {
  store.edit("replace a scene", (p) => ({
    ...p,
    scenes: changeItem(p.scenes, id, (s: Scene) => ({
      ...s,
      voices: p.voices.filter((voice) => !isSilent(p, voice)),
    })),
    scene: id,
  }));
}

export function changeScene(
  store: Store,
  id: string,
  change: Partial<Pick<Scene, "name" | "morph_seconds">>,
): void {
  store.edit(
    "name" in change ? "rename a scene" : "time of a scene",
    (p) => ({ ...p, scenes: changeItem(p.scenes, id, (s: Scene) => ({ ...s, ...change })) }),
    `scene ${id} ${Object.keys(change).join()}`,
  );
}

/** One place on, or back; `to`: before the scene that is there. */
export function moveScene(store: Store, id: string, to: number): void {
  store.edit("reorder the scenes", (p) => {
    const from = p.scenes.findIndex((s) => s.id === id);
    const at = Math.min(Math.max(to, 0), p.scenes.length - 1);
    if (from < 0 || from === at) return p;
    const scenes = p.scenes.filter((s) => s.id !== id);
    scenes.splice(at, 0, p.scenes[from]!);
    return { ...p, scenes };
  });
}

export function deleteScene(store: Store, id: string): void {
  store.edit("delete a scene", (p) => ({
    ...p,
    scenes: p.scenes.filter((s) => s.id !== id),
    scene: p.scene === id ? null : p.scene,
  }));
}

/** Go over to a scene in its time. `adopt` takes its mappings as they are, so that nothing is learned anew. */
export function recallScene(store: Store, id: string, adopt: (piece: Piece) => void): Scene | null {
  const piece = store.state.piece;
  const scene = sceneOf(piece, id);
  if (piece === null || scene === null) return null;
  const after = recalled(piece, scene);
  store.set({ listen: "play" });
  adopt(after);
  store.edit(`scene "${scene.name}"`, () => after, null, true);
  return scene;
}

/** The scene that a step leads to; null at the end. */
export function neighbour(piece: Piece | null, step: 1 | -1): Scene | null {
  if (piece === null || piece.scenes.length === 0) return null;
  const at = piece.scenes.findIndex((s) => s.id === piece.scene);
  if (at < 0) return step > 0 ? piece.scenes[0]! : null;
  return piece.scenes[at + step] ?? null;
}

type Descriptions = ReadonlyMap<string, ModelDescription>;

/** All that the voices of `piece` are, on the slots of the piece that plays. */
function messageOf(playing: Piece, piece: Piece, seconds: number, models: Descriptions): SceneMessage {
  const voices: VoiceChange[] = [];
  playing.voices.forEach((there, slot) => {
    const voice = piece.voices.find((v) => v.id === there.id && v.model === there.model) ?? silenced(there);
    const model = models.get(voice.model);
    if (model === undefined) return;
    const muted = isSilent(piece, voice);
    voices.push({
      slot,
      values: shapingFloats(voice.shaping, voice.gain_db, voice.pan, muted, model.latent.mean),
      mapping: fittedOf(voice, voice.side),
      safety: { map: voice.source.kind === "gesture" ? voice.safety : null, amount: voice.foresight },
    });
  });
  return { scene: null, seconds, voices };
}

/** The way of a take through scenes; null where it has none. */
export function wayOf(piece: Piece, take: Take, models: Descriptions): WayMessage | null {
  const frames: number[] = [];
  const scenes: SceneMessage[] = [];
  let now = piece;
  for (const change of [...take.scenes].sort((a, b) => a.frame - b.frame)) {
    const scene = sceneOf(piece, change.scene);
    if (scene === null) continue;
    now = recalled(now, scene);
    if (frames.length === 0 && change.frame > 0) {
      frames.push(0);
      scenes.push(messageOf(piece, piece, 0, models));
    }
    frames.push(Math.max(0, change.frame));
    scenes.push(messageOf(piece, now, change.seconds, models));
  }
  return frames.length === 0 ? null : { frames, scenes, home: messageOf(piece, piece, 0, models) };
}
