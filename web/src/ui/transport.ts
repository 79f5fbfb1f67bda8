// Recording and replaying, as every button and shortcut does it.

import { asFlac } from "../net/http";
import type { Take } from "../protocol/messages";
import { listen } from "../state/explore";
import { rateOf } from "../state/rate";
import { addTake, nextTakeName } from "../state/takes";
import { announce } from "./announcer";
import type { App } from "./app";

/** Start recording the gesture; stop if one is being recorded. Over a playing take it overdubs. */
export function recordTake(app: App): void {
  const { store, instrument } = app;
  const { takes, piece } = store.state;
  if (piece === null) return;
  if (takes.recording !== null) {
    void finish(app);
    return;
  }
  if (instrument.state !== "running") {
    sayNotRunning(app);
    return;
  }
  listen(store, "play");
  const name = nextTakeName(piece.takes);
  const over = piece.takes.find((take) => take.id === takes.playing);
  instrument.recordTake(name, over);
  // Bars may end it, with nobody asking.
  instrument.addEventListener("take", (event) => byItself(app, (event as CustomEvent<Take>).detail), {
    once: true,
  });
  store.set({ takes: { ...takes, recording: name } });
  announce(`Recording ${name}.`);
}

/** The stage records for a page that is gone, or no longer does: here the take can be ended as well. */
export function followStage(app: App): void {
  const { store, instrument } = app;
  const { takes, piece } = store.state;
  if (!instrument.onStage || instrument.takeComes || piece === null) return;
  if (instrument.recordingTake === (takes.recording !== null)) return;
  const recording = instrument.recordingTake ? nextTakeName(piece.takes) : null;
  store.set({ takes: { ...takes, recording } });
}

/** Keep a take that nobody waited for. */
export function keepLeft(app: App, take: Take): void {
  const { store } = app;
  const { piece } = store.state;
  if (piece === null || piece.takes.some(({ id }) => id === take.id)) return;
  const named = take.name === "" ? { ...take, name: nextTakeName(piece.takes) } : take;
  addTake(store, named);
  announce(`${named.name} kept.`);
}

/** Somebody waits for the take already. */
let awaited = false;

function byItself(app: App, take: Take): void {
  if (!awaited && app.store.state.takes.recording !== null) keepTake(app, take);
}

function keepTake(app: App, take: Take): void {
  const { store, instrument } = app;
  store.set({ takes: { playing: null, recording: null } });
  if (take.seconds === 0) instrument.stopPlaying();
  addTake(store, take);
  if (take.seconds > 0) playTake(app, take); // a loop in time goes on
  announce(`${take.name} recorded.`);
}

async function finish(app: App): Promise<void> {
  const { store, instrument } = app;
  if (awaited) return;
  awaited = true;
  try {
    const { recording } = store.state.takes;
    const take = await instrument.stopTake();
    keepTake(app, take.name === "" ? { ...take, name: recording ?? "take" } : take);
  } catch (error) {
    const { takes } = store.state;
    store.set({
      takes: instrument.recordingTake ? takes : { ...takes, recording: null },
      notice: { kind: "error", sentence: error instanceof Error ? error.message : String(error) },
    });
  } finally {
    awaited = false;
  }
}

export function playTake(app: App, take: Take): void {
  const { store, instrument } = app;
  if (instrument.state !== "running") {
    sayNotRunning(app);
    return;
  }
  listen(store, "play");
  // Keys, controllers and walkers have no hand on an axis; what they moved a moment ago is the take's now.
  app.performer.letGo();
  instrument.playTake(take, take.loop);
  store.set({ takes: { ...store.state.takes, playing: take.id } });
  announce(`Playing ${take.name}${take.loop ? ", looped" : ""}.`);
}

/** Stop whatever runs: a recording is kept, a replay ends. */
export function stopTakes(app: App): void {
  const { store, instrument } = app;
  if (store.state.takes.recording !== null) {
    void finish(app);
    return;
  }
  instrument.stopPlaying();
  store.set({ takes: { recording: null, playing: null } });
}

/** Record the sound; the second press hands the file over. */
export async function recordSound(app: App): Promise<void> {
  const { store, instrument } = app;
  if (!instrument.recordingSound) {
    if (instrument.state !== "running") {
      sayNotRunning(app);
      return;
    }
    instrument.recordSound(app.preferences.value.recording);
    if (!instrument.recordingSound) return; // it has said why
    announce("Recording the sound.");
    return;
  }
  let sound: Blob;
  try {
    sound = await instrument.stopSound();
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    store.set({ notice: { kind: "error", sentence } });
    return;
  }
  const name = (store.state.piece?.name ?? "isobath").replace(/[^\p{L}\p{N} _-]+/gu, "").trim() || "isobath";
  if (sound.type === "audio/flac") download(sound, `${name}.flac`);
  else if (app.preferences.value.recording !== "flac" || !(await downloadFlac(app, sound, name)))
    download(sound, `${name}.wav`);
  announce("The recording is in your downloads.");
}

/** Hand the recording over as FLAC. Where the server cannot make one, say so: the WAV is handed over instead. */
async function downloadFlac(app: App, wav: Blob, name: string): Promise<boolean> {
  try {
    download(await asFlac(wav), `${name}.flac`);
    return true;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    app.store.set({ notice: { kind: "error", sentence: `${why} The recording is kept as WAV.` } });
    return false;
  }
}

export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const SILENT = "Silent. The same button, or the full stop, lets it sound again.";

/** Silence within a few samples; the second time, sound again. */
export function silence(app: App): void {
  app.silent = !app.silent;
  if (app.silent) app.instrument.panic();
  else app.instrument.resume();
  const notice = { kind: "information" as const, sentence: SILENT };
  if (app.silent) app.store.set({ notice });
  else if (app.store.state.notice?.sentence === SILENT) app.store.set({ notice: null });
  announce(app.silent ? "Silent." : "Sound again.");
}

export async function startSound(app: App): Promise<void> {
  try {
    await app.instrument.start(rateOf(app.store.state));
  } catch (error) {
    // The start control shows the instrument's own sentence; this one is for what it could not foresee.
    if (app.instrument.failure === null)
      app.store.set({
        notice: { kind: "error", sentence: error instanceof Error ? error.message : String(error) },
      });
  }
}

function sayNotRunning(app: App): void {
  app.store.set({
    notice: { kind: "information", sentence: "Start the sound first; then there is something to record." },
  });
}
