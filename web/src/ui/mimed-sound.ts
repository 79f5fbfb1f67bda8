// A recording that is mimed: itself, or what the model makes of it, while the performer moves along.

import { WavWriter } from "../audio/wav";
import { encodeFile, fetchSound } from "../net/http";
import { type Encoded, encodedFrame } from "../net/models";
import type { Take } from "../protocol/messages";
import { mappedLatent } from "../steer/heard";
import type { App } from "./app";

/** A recording as the model heard it. */
export interface MimedSound {
  readonly name: string;
  readonly model: string;
  readonly audio: Blob;
  readonly file: Encoded;
}

/** What one hears of it: the recording, the instrument silent meanwhile; or the model, played along its way. */
export type HeardAs = "recording" | "model";

export interface Playing {
  /** Seconds since it began. */
  now(): number;
  stop(): void;
}

/** Called once: it was played to its end, or why it was not. */
export type Over = (whole: boolean, sentence?: string) => void;

const FADE_SECONDS = 0.05;
/** The model's way is followed by the clock, not by the drawing: a hidden page goes on. */
const FRAME_MS = 10;

export async function listenTo(
  model: string,
  file: File,
  sent: (share: number) => void,
): Promise<MimedSound> {
  return { name: file.name, model, audio: file, file: await encodeFile(model, file, sent) };
}

/** What came in while a take was recorded, as a file. */
export async function recordingOf(take: Take, rate: number): Promise<File> {
  const sound = await fetchSound(take.input ?? "", rate);
  const writer = new WavWriter(sound.length, rate);
  writer.add(sound, sound[0]?.length ?? 0);
  return new File([writer.blob()], take.name, { type: "audio/wav" });
}

export function secondsOf({ file }: MimedSound): number {
  return (file.frames * file.hop) / file.sample_rate;
}

/** The recording itself; the instrument is faded out until it is over. */
export function playRecording(app: App, sound: MimedSound, over: Over): Playing {
  const { instrument, store } = app;
  const { faded } = store.state.stage;
  const url = URL.createObjectURL(sound.audio);
  const element = new Audio(url);
  const most = secondsOf(sound);
  let done = false;
  const end = (whole: boolean, sentence?: string): void => {
    if (!done) over(whole, sentence);
  };
  element.addEventListener("ended", () => end(true));
  element.addEventListener("timeupdate", () => {
    if (element.currentTime >= most) end(true); // longer than what the model heard of it
  });
  const cannot = "This browser cannot play that recording. Mime it as the model has it.";
  element.addEventListener("error", () => end(false, cannot));
  if (!faded) instrument.fade(0, FADE_SECONDS);
  element.play().catch(() => end(false, cannot));
  return {
    now: () => element.currentTime,
    stop: () => {
      done = true;
      element.pause();
      URL.revokeObjectURL(url);
      if (!faded) instrument.fade(1, FADE_SECONDS);
    },
  };
}

/** The model along the recording's way; the other voices stay where they are. */
export function playModel(app: App, sound: MimedSound, slot: number, over: Over): Playing {
  const { instrument, performer, store } = app;
  const { file } = sound;
  const began = performance.now();
  const now = (): number => (performance.now() - began) / 1000;
  const voices = store.state.piece?.voices ?? [];
  voices.forEach((voice, other) => {
    const still = other === slot ? null : mappedLatent(store.state, voice, performer.values);
    if (still !== null) instrument.setLatent(other, still);
  });
  let last = -1;
  const timer = setInterval(() => {
    const frame = Math.floor((now() * file.sample_rate) / file.hop);
    if (frame >= file.frames) over(true);
    else if (frame !== last) instrument.setLatent(slot, encodedFrame(file, frame));
    last = frame;
  }, FRAME_MS);
  return {
    now,
    stop: () => {
      clearInterval(timer);
      for (let each = 0; each < voices.length; each++) instrument.setLatent(each, null);
    },
  };
}
