// What a performer does on stage, as every button, key and controller does it.

import type { BeatHeard } from "../protocol/messages";
import { makeTempo } from "../protocol/messages";
import { keepScene, neighbour, recallScene } from "../state/scenes";
import type { Stage } from "../state/store";
import { announce } from "./announcer";
import type { App } from "./app";

/** How long the lock is held before it opens. */
export const HOLD_MS = 900;
const FEWEST_TAPS = 2;
const MOST_TAPS = 8;
const PAUSE_MS = 2500;

function setStage(app: App, change: Partial<Stage>): void {
  app.store.set({ stage: { ...app.store.state.stage, ...change } });
}

export function goToScene(app: App, id: string): void {
  const scene = recallScene(app.store, id, (piece) => app.fitting.take(piece));
  if (scene === null) return;
  const time = scene.morph_seconds >= 0.1 ? `, ${scene.morph_seconds.toFixed(1)} seconds` : "";
  announce(`${scene.name}${time}.`);
}

export function step(app: App, way: 1 | -1): void {
  const scene = neighbour(app.store.state.piece, way);
  if (scene !== null) goToScene(app, scene.id);
  else if (!toPiece(app, way)) announce(way > 0 ? "This was the last scene." : "This was the first scene.");
}

/** Waits no longer for the piece that was asked for last. */
let coming = (): void => {};

/** The piece beside this one in the set list, at its first scene, or its last; false where there is none. */
function toPiece(app: App, way: 1 | -1): boolean {
  const { piece, pieces } = app.store.state;
  const next = app.setList.beside(piece?.id, way, pieces);
  if (next === null) return false;
  coming();
  const leave = app.store.subscribe((state) => {
    if (state.piece?.id === piece?.id) return;
    leave();
    if (state.piece?.id !== next) return; // another one was opened meanwhile
    const { scenes } = state.piece;
    const scene = way > 0 ? scenes[0] : scenes.at(-1);
    if (scene !== undefined && state.piece.scene !== scene.id) goToScene(app, scene.id);
    announce(`${state.piece.name}.`);
  });
  coming = leave;
  app.link.openPiece(next);
  return true;
}

/** What comes behind the scene that is played: another scene, or another piece. */
export function nextName(app: App): string | null {
  const { piece, pieces } = app.store.state;
  const scene = neighbour(piece, 1);
  if (scene !== null) return scene.name;
  const next = app.setList.beside(piece?.id, 1, pieces);
  return pieces.find((p) => p.id === next)?.name ?? null;
}

/** Scene number `index`, from 0. */
export function numbered(app: App, index: number): void {
  const scene = app.store.state.piece?.scenes[index];
  if (scene !== undefined) goToScene(app, scene.id);
}

export function keepNow(app: App): void {
  if (app.store.state.stage.locked) {
    announce("Locked.");
    return;
  }
  if (keepScene(app.store) !== null) announce("Scene kept.");
}

export function freeze(app: App): void {
  const frozen = !app.store.state.stage.frozen;
  setStage(app, { frozen });
  app.instrument.setFrozen(frozen);
  announce(frozen ? "Frozen." : "Moving again.");
}

/** Out, or in again, in the time chosen. */
export function fade(app: App): void {
  const faded = !app.store.state.stage.faded;
  setStage(app, { faded });
  app.instrument.fade(faded ? 0 : 1, app.preferences.value.fadeSeconds);
  announce(faded ? "Fading out." : "Fading in.");
}

export function lock(app: App): void {
  setStage(app, { locked: true });
  announce("Locked. Playing goes on; hold the lock, or the letter L, to unlock.");
}

export function unlock(app: App): void {
  setStage(app, { locked: false });
  announce("Unlocked.");
}

/** So far from a clock's beat, in beats, ours is put there. */
const APART = 0.05;
/** A clock's tempo is written down once it differs by so many beats a minute. */
const DIFFERS = 0.5;

/** A beat of the MIDI clock that comes in: the tempo is its. */
export function follow(app: App, { bpm, beat, starts }: BeatHeard): void {
  const { piece } = app.store.state;
  if (piece === null) return;
  const tempo = makeTempo({ ...piece.tempo, bpm });
  const off = Math.abs((app.meters?.beat ?? 0) - beat) > APART;
  app.instrument.setTempo(tempo, starts || off ? beat : null);
  if (Math.abs(piece.tempo.bpm - bpm) < DIFFERS) return;
  const written = { ...tempo, bpm: Math.round(10 * bpm) / 10 };
  app.store.edit("tempo", (p) => ({ ...p, tempo: written }), "tempo", true);
}

const taps: number[] = [];

/** The tempo as it is tapped: the mean of the last taps, and a beat at the newest. */
export function tap(app: App, now = performance.now()): void {
  const { piece } = app.store.state;
  if (piece === null) return;
  if (now - (taps.at(-1) ?? Number.NEGATIVE_INFINITY) > PAUSE_MS) taps.length = 0;
  taps.push(now);
  if (taps.length > MOST_TAPS) taps.shift();
  if (taps.length < FEWEST_TAPS) {
    app.instrument.setTempo(piece.tempo, 0);
    return;
  }
  const beat = (taps.at(-1)! - taps[0]!) / (taps.length - 1);
  const bpm = Math.round(10 * Math.min(300, Math.max(20, 60000 / beat))) / 10;
  const tempo = makeTempo({ ...piece.tempo, bpm });
  app.store.edit("tempo", (p) => ({ ...p, tempo }), "tempo", true);
  app.instrument.setTempo(tempo, Math.round(app.meters?.beat ?? 0));
  announce(`${bpm.toFixed(0)} beats a minute.`, 1200);
}
