// The sounding half of the page, as the rest of the page sees it.
// Implemented by worklet-instrument.ts; nothing outside web/src/audio knows about worklets or wasm.

import type { ModelDescription } from "../net/models";
import type { Axis, BarsPlayed, Master, SafetyMap, Shaping, Source, Take, Tempo } from "../protocol/messages";
import type { MappingData } from "../steer/mapping";
import type { Following, Sound } from "./hearing";
import type { SpaceSettings } from "./space";
import type { LineState } from "./stream-worker";
import type { Listening, WayMessage } from "./wire";

export type Seconds = number;
export type Decibels = number;

/** What the sound reports back, at most 60 times a second. */
export interface Meters {
  peak: [number, number]; // linear, since the last report
  rms: [number, number];
  limiterDb: Decibels; // reduction, <= 0
  guardDb: Decibels; // reduction, <= 0
  clamped: number; // 0..1: how much the clamp moved the last latent
  scrubbed: number; // NaN or infinite values replaced since the start
  latent: Float32Array; // last shaped latent of the voice that is watched
  performer: Float32Array; // the same voice's latent as mapping and sliders alone say it
  source: Float32Array; // and as its source alone says it; empty: it has none, or the server hears it
  ear: { readonly peak: number; readonly lufs: number; readonly matchDb: Decibels } | null; // what that voice hears
  gesture: Float64Array; // the gesture that made it
  frame: number; // latent frames rendered by voice 0 since the start
  load: number; // 0..1: render time / real time, smoothed
  underruns: number; // render quanta that came late or were missed
  latency: Seconds; // control to sample, measured, without the output device
  outputLatency: Seconds; // the output device, as the browser reports it
  takeFrame: number | null; // position in the take being played
  beat: number; // beats since the first bar line
  faded: number; // 0..1: where the master's fade is
}

/** The microphone or line. `sentence`: why it is silent, for the musician. */
export interface Input {
  readonly state: "off" | "asking" | "open" | "refused";
  readonly sentence: string | null;
  /** What the device is called. */
  readonly name: string;
  readonly latency: Seconds | null; // of the device, where the browser says it
}

/** How a voice comes from the server. */
export interface StreamStatus {
  readonly state: LineState;
  /** Measured: from the moment that a latent was due to its first sample. Null while nothing sounds. */
  readonly delay: Seconds | null;
  /** Times that its sound was late. */
  readonly underruns: number;
}

export type InstrumentState = "idle" | "starting" | "running" | "suspended" | "failed";

export interface Instrument extends EventTarget {
  // events: "state"; "meters" (CustomEvent<Meters>; one object, filled anew each time);
  // "take" (CustomEvent<Take>): a recorded take is ready; "playing": a take began or ended;
  // "input": the microphone opened, closed or was refused;
  // "streams": how the voices that the server makes do has changed;
  // "complaint" (CustomEvent<string>): something was not played, and why
  readonly state: InstrumentState;
  readonly lookAhead: Seconds; // of the limiter
  readonly failure: string | null; // one sentence for the musician
  /** What it plays at, Hz; 0 before it started. */
  readonly sampleRate: number;
  /** What it was asked to play at; a device may have a rate of its own. */
  readonly askedRate: number;

  /** Play at this rate, or at the device's own. Must be called from a user gesture the first time. */
  start(sampleRate: number): Promise<void>;
  suspend(): Promise<void>;

  /** Put a model on a voice slot (blob: the kernel's bytes from /models/NAME/decoder; null: the server plays it). */
  setVoice(slot: number, model: ModelDescription, blob: ArrayBuffer | null, seed: number): Promise<void>;
  /** How the voice on a slot comes from the server; null: it is made here. */
  streamOf(slot: number): StreamStatus | null;
  removeVoice(slot: number): void;

  /** The axes of the piece, in order. Takes are recorded and played by their ids. */
  setAxes(axes: readonly Axis[]): void;
  /** The takes of the piece: a take recorded over another is played with it. */
  setTakes(takes: readonly Take[]): void;
  /**
   * Newest wins; `values` has one entry per axis, 0..1. Axes that are `touched` (1) stay the performer's
   * while a take plays; the others follow the take.
   */
  setGesture(values: ArrayLike<number>, touched?: ArrayLike<number>): void;
  /** Latents from the mapping (null: the mapping is silent and `hold` / the model's mean is heard). Blended in over 50 ms. */
  setMapping(slot: number, mapping: MappingData | null): void;
  /** What is known to be loud, and how much of it (0..1) is turned down before it is heard. */
  setSafety(slot: number, map: SafetyMap | null, amount: number): void;
  setShaping(slot: number, shaping: Shaping, gainDb: Decibels, pan: number, muted: boolean): void;
  /** What `change` asks of the voices is one scene, reached in so many seconds; `scene` is noted in a take. */
  recall(scene: string | null, seconds: number, change: () => void): void;
  /** Hold the latents; letting go glides. */
  setFrozen(on: boolean): void;
  /** The master to 0 or 1 of its gain. */
  fade(to: number, seconds: number): void;
  /** The beat; `phase`: beats since a bar line, now. */
  setTempo(tempo: Tempo, phase?: number | null): void;
  /** How takes go through scenes. */
  ways: (take: Take) => WayMessage | null;
  /** The scene at which a take that is recorded begins. */
  scene: string | null;
  /** What a voice listens to, and how the performer meets it; `listening` null: it hears what it heard. */
  setSource(slot: number, source: Source, listening: Listening | null): void;
  /** How a voice on a model of bars plays, and how fast. */
  setInTime(slot: number, bars: BarsPlayed, bpm: number): void;
  /** Follow another voice's latents; null: its own mapping. */
  setFollowing(slot: number, following: Following | null): void;
  /** Where everything stands in a world, and what its places do to the sound. */
  setSpace(settings: SpaceSettings): void;
  /** The sound that a place of the world carries; null: none. */
  setPlaceSound(number: number, sound: Sound | null): void;
  /** Open the microphone or line while somebody listens to it; `input` tells what became of that. */
  setInput(wanted: boolean): void;
  readonly input: Input;
  setMaster(master: Master): void;
  /** The meters' latent is that of the voice on this slot. */
  watch(slot: number): void;
  /** Play a latent path directly (scrubbing an encoded file); null returns to the mapping. */
  setLatent(slot: number, latent: ArrayLike<number> | null): void;

  panic(): void; // fade to silence within 64 samples, stay silent
  resume(): void; // after panic

  /** Gesture recording starts at once, with fresh voices; `over`: while this take plays (an overdub). */
  recordTake(name: string, over?: Take): void;
  stopTake(): Promise<Take>;
  playTake(take: Take, loop: boolean): void; // fresh voices, seed of the take
  stopPlaying(): void;
  readonly recordingTake: boolean;
  readonly playingTake: string | null; // its id

  recordSound(kind?: "wav" | "flac"): void;
  stopSound(): Promise<Blob>; // 24 bits of exactly what was heard: WAV, or FLAC from where that was asked for
  readonly recordingSound: boolean;

  /** Frequency magnitudes in dB of the output, for drawing. */
  spectrum(into: Float32Array): void;
}
