// What the page and its audio worklet say to each other.

import type { SafetyMap, Source } from "../protocol/messages";
import type { MappingData } from "../steer/mapping";
import type { Following, Sound } from "./hearing";
import type { Prior } from "./prior";
import type { SpaceSettings } from "./space";
import type { StreamShape } from "./streamed";
import type { TakeStack } from "./take";

/** What a voice hears, with everything that takes time to fetch. */
export type Listening =
  | { readonly kind: "nobody" }
  | { readonly kind: "live" }
  | { readonly kind: "sound"; readonly sound: Sound }
  | { readonly kind: "voice"; readonly slot: number }
  | { readonly kind: "prior"; readonly prior: Prior; readonly seed: number };

/** What came in while a take was recorded. `loop`: samples after which it begins again; 0: it does not. */
export interface TakeInput {
  readonly sound: Sound;
  readonly loop: number;
}

/** How a streamed voice does. */
export interface StreamReport {
  readonly slot: number;
  /** From the moment at which a latent was due to its sound; 0: nothing has come yet. Seconds. */
  readonly delay: number;
  /** Seconds that are kept ahead at least. */
  readonly margin: number;
  readonly underruns: number;
  /** Time the server takes to make a hop over the time it lasts. */
  readonly load: number;
}

/** What a voice becomes; what is left out stays. */
export interface VoiceChange {
  readonly slot: number;
  readonly values?: Float32Array;
  readonly mapping?: MappingData | null;
  readonly safety?: { readonly map: SafetyMap | null; readonly amount: number };
}

/** What all voices become, in a scene's time. */
export interface SceneMessage {
  readonly scene: string | null;
  readonly seconds: number;
  readonly voices: readonly VoiceChange[];
}

/** The way of a take through scenes. */
export interface WayMessage {
  readonly frames: readonly number[];
  readonly scenes: readonly SceneMessage[];
  readonly home: SceneMessage;
}

export type ToWorklet =
  | { readonly type: "kernel"; readonly module: WebAssembly.Module }
  | {
      readonly type: "voice";
      readonly request: number;
      readonly slot: number;
      readonly blob: ArrayBuffer;
      readonly seed: number;
      readonly mean: readonly number[];
    }
  /** A voice that the server makes; `port` leads to the worker that talks to it. */
  | {
      readonly type: "stream";
      readonly request: number;
      readonly slot: number;
      readonly port: MessagePort;
      readonly shape: StreamShape;
      readonly seed: number;
      readonly mean: readonly number[];
    }
  | { readonly type: "off"; readonly slot: number }
  | { readonly type: "axes"; readonly rest: readonly number[] }
  | { readonly type: "mapping"; readonly slot: number; readonly mapping: MappingData | null }
  | {
      readonly type: "safety";
      readonly slot: number;
      readonly map: SafetyMap | null;
      readonly amount: number;
    }
  | { readonly type: "latent"; readonly slot: number; readonly latent: Float64Array | null }
  | {
      readonly type: "shaping";
      readonly slot: number;
      readonly values: Float32Array;
    }
  | {
      readonly type: "source";
      readonly slot: number;
      readonly source: Source;
      readonly matchLufs: number;
      /** null: it hears what it heard. */
      readonly listening: Listening | null;
    }
  | { readonly type: "follow"; readonly slot: number; readonly following: Following | null }
  | { readonly type: "master"; readonly gain: number; readonly ceilingDb: number; readonly guardDb: number }
  | { readonly type: "space"; readonly module: WebAssembly.Module; readonly settings: SpaceSettings }
  | { readonly type: "place-sound"; readonly number: number; readonly sound: Sound | null }
  /** The meters carry the latent of this slot's voice. */
  | { readonly type: "watch"; readonly slot: number }
  | { readonly type: "panic" }
  | { readonly type: "resume"; readonly seed: number }
  | {
      readonly type: "start";
      readonly seed: number;
      readonly take: TakeStack | null;
      readonly input: TakeInput | null;
      readonly record: boolean;
      readonly way: WayMessage | null;
      readonly onBar: boolean;
      readonly bars: number;
      /** Sample of the worklet's clock at which it is taken to have begun; null: now. */
      readonly since: number | null;
    }
  | ({ readonly type: "scene" } & SceneMessage)
  | { readonly type: "freeze"; readonly on: boolean }
  | { readonly type: "fade"; readonly to: number; readonly seconds: number }
  /** `phase`: beats since a bar line, now; null: the beat goes on. */
  | { readonly type: "tempo"; readonly bpm: number; readonly beats: number; readonly phase: number | null }
  | { readonly type: "stop-playing" }
  | { readonly type: "stop-recording"; readonly onBar: boolean }
  | { readonly type: "capture"; readonly on: boolean }
  /** A meter or sound buffer comes back to be filled again. */
  | { readonly type: "empty"; readonly buffer: ArrayBuffer }
  /** A gesture: see Loop.setGesture. */
  | Float64Array;

export type FromWorklet =
  | { readonly type: "ready"; readonly delay: number }
  | { readonly type: "failed"; readonly sentence: string }
  | { readonly type: "complaint"; readonly sentence: string }
  | { readonly type: "voice"; readonly request: number; readonly sentence: string | null }
  | { readonly type: "meters"; readonly buffer: ArrayBuffer }
  | { readonly type: "streams"; readonly streams: readonly StreamReport[] }
  | { readonly type: "began"; readonly capturedAt: number }
  | { readonly type: "ended" }
  /** A scene began with this frame of the take that is recorded. */
  | { readonly type: "scene-began"; readonly scene: string; readonly frame: number; readonly seconds: number }
  | { readonly type: "rows"; readonly rows: Float64Array }
  | {
      readonly type: "recorded";
      readonly length: number;
      readonly hop: number;
      readonly rate: number;
      readonly moved: Uint8Array;
      readonly seconds: number;
      readonly from: number;
    }
  /** What came in while a take is recorded: rounded to 24 bits, left then right. */
  | { readonly type: "input"; readonly left: Float32Array; readonly right: Float32Array }
  | {
      readonly type: "sound";
      readonly buffer: ArrayBuffer;
      readonly samples: number;
      readonly last: boolean;
    };

/** A meters buffer: this head, then the gesture, then the latent of the voice that is watched, what its
    performer says and what its source says. */
export const METER = {
  peak: 0,
  rms: 2,
  limiterDb: 4,
  guardDb: 5,
  clamped: 6,
  scrubbed: 7,
  frame: 8,
  load: 9,
  late: 10,
  latency: 11,
  takeFrame: 12,
  axes: 13,
  dims: 14,
  /** 1 if the voice that is watched has an ear; then what it hears: peak, LUFS, gain of matching in dB. */
  listening: 15,
  earPeak: 16,
  earLufs: 17,
  matchDb: 18,
  /** Beats since the first bar line. */
  beat: 19,
  /** Where the master's fade is, 0..1. */
  faded: 20,
  /** 1 if that voice has a source whose latent is known. */
  said: 21,
  head: 22,
} as const;
export const METER_NUMBERS = METER.head + 64 + 3 * 128;

/** Samples of each channel in one buffer of recorded sound. */
export const SOUND_SAMPLES = 8192;

/** Milliseconds since 1970, finer than Date.now(): the clock both sides have. */
export function stampNow(): number {
  return performance.timeOrigin + performance.now();
}
