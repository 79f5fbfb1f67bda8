// What a landmark carries: a sound of the library, or a voice of the piece, heard from where it stands.

import { html, nothing, type TemplateResult } from "lit";
import { keepSound } from "../net/http";
import { type Carried, type Landmark, makeCarried } from "../protocol/messages";
import { sounding } from "../state/space";
import { changeLandmark } from "../state/world";
import { announce } from "../ui/announcer";
import type { App } from "../ui/app";
import { type Choice, choose, slider } from "../ui/parts";
import { pickSound } from "../ui/pick-sound";

const MOST = 16;

export function carriesPart(app: App, landmark: Landmark): TemplateResult {
  const { carries } = landmark;
  const { piece, models } = app.store.state;
  const set = (to: Partial<Carried>): void => {
    const now = app.store.state.piece?.world?.landmarks.find((each) => each.id === landmark.id)?.carries;
    if (now) changeLandmark(app.store, landmark.id, { carries: { ...now, ...to } });
  };
  const voices = (piece?.voices ?? []).map((voice, i): Choice<string> => {
    const title = models.find((model) => model.name === voice.model)?.title ?? voice.model;
    return { value: `voice ${voice.id}`, name: `voice ${i + 1} · ${title}` };
  });
  const choices: Choice<string>[] = [
    { value: "nothing", name: "nothing" },
    { value: "sound", name: "a sound, looped" },
    ...voices,
  ];
  const value = carries === null ? "nothing" : carries.kind === "sound" ? "sound" : `voice ${carries.voice}`;
  const choosing = (to: string): void => {
    const kept = carries ?? makeCarried();
    const next: Carried | null =
      to === "nothing"
        ? null
        : to === "sound"
          ? { ...kept, kind: "sound", voice: null }
          : { ...kept, kind: "voice", voice: to.slice("voice ".length), sound: null, title: "" };
    changeLandmark(app.store, landmark.id, { carries: next });
  };
  return html`${choose("carries", "Carries", choices, value, choosing)}
  ${carries?.kind === "sound" ? pick(app, carries, set) : nothing}
  ${carries?.kind === "sound" && tooMany(app, landmark) ? html`<p class="caution">Sixteen landmarks carry a sound already; this one stays silent.</p>` : nothing}
  ${
    carries === null
      ? nothing
      : html`${
          carries.kind === "sound"
            ? slider({
                key: "carries-gain",
                name: "Level",
                value: carries.gain_db,
                min: -40,
                max: 12,
                step: 0.5,
                shown: `${carries.gain_db.toFixed(1)} dB`,
                neutral: 0,
                input: (gain_db) => set({ gain_db }),
              })
            : nothing
        }
        ${slider({ key: "carries-reference", name: "Near within", value: Math.log10(carries.reference), min: -0.3, max: 2, step: 0.02, shown: `${carries.reference.toFixed(1)} m`, neutral: Math.log10(4), input: (to) => set({ reference: Math.round(100 * 10 ** to) / 100 }) })}
        ${slider({ key: "carries-rolloff", name: "Falls off", value: carries.rolloff, min: 0, max: 6, step: 0.1, shown: carries.rolloff === 0 ? "never" : carries.rolloff.toFixed(1), neutral: 1, input: (rolloff) => set({ rolloff }) })}`
  }`;
}

function tooMany(app: App, landmark: Landmark): boolean {
  const world = app.store.state.piece?.world;
  if (!world || landmark.carries?.sound == null) return false;
  const heard = sounding(world);
  return heard.length >= MOST && !heard.some((each) => each.id === landmark.id);
}

function pick(app: App, carries: Carried, set: (to: Partial<Carried>) => void): TemplateResult {
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    try {
      const kept = await keepSound(file);
      set({ kind: "sound", sound: kept.id, title: file.name.slice(0, 200) });
      announce(`${file.name} sounds from here.`);
    } catch (problem) {
      const sentence = problem instanceof Error ? problem.message : String(problem);
      app.store.set({ notice: { kind: "error", sentence } });
    }
  };
  const named = carries.sound === null ? null : carries.title === "" ? "A sound" : carries.title;
  return pickSound(named, html`<u>Choose a sound file</u>`, (file) => void take(file));
}
