// A report of the worklet, as the rest of the page reads it. One object, filled anew each time.

import type { Meters } from "./instrument";
import { METER } from "./wire";

export function emptyMeters(): Meters {
  return {
    peak: [0, 0],
    rms: [0, 0],
    limiterDb: 0,
    guardDb: 0,
    clamped: 0,
    scrubbed: 0,
    latent: new Float32Array(0),
    performer: new Float32Array(0),
    source: new Float32Array(0),
    ear: null,
    gesture: new Float64Array(0),
    frame: 0,
    load: 0,
    underruns: 0,
    latency: 0,
    outputLatency: 0,
    takeFrame: null,
    beat: 0,
    faded: 1,
  };
}

export function readMeters(values: Float64Array, meters: Meters): void {
  meters.peak[0] = values[METER.peak]!;
  meters.peak[1] = values[METER.peak + 1]!;
  meters.rms[0] = values[METER.rms]!;
  meters.rms[1] = values[METER.rms + 1]!;
  meters.limiterDb = values[METER.limiterDb]!;
  meters.guardDb = values[METER.guardDb]!;
  meters.clamped = values[METER.clamped]!;
  meters.scrubbed = values[METER.scrubbed]!;
  meters.frame = values[METER.frame]!;
  meters.load = values[METER.load]!;
  meters.underruns = values[METER.late]!;
  meters.latency = values[METER.latency]!;
  meters.beat = values[METER.beat]!;
  meters.faded = values[METER.faded]!;
  const takeFrame = values[METER.takeFrame]!;
  meters.takeFrame = takeFrame < 0 ? null : takeFrame;
  const axes = values[METER.axes]!;
  const dims = values[METER.dims]!;
  if (meters.gesture.length !== axes) meters.gesture = new Float64Array(axes);
  if (meters.latent.length !== dims) meters.latent = new Float32Array(dims);
  for (let i = 0; i < axes; i++) meters.gesture[i] = values[METER.head + i]!;
  if (meters.performer.length !== dims) meters.performer = new Float32Array(dims);
  for (let i = 0; i < dims; i++) meters.latent[i] = values[METER.head + axes + i]!;
  for (let i = 0; i < dims; i++) meters.performer[i] = values[METER.head + axes + dims + i]!;
  const said = values[METER.said] === 1 ? dims : 0;
  if (meters.source.length !== said) meters.source = new Float32Array(said);
  for (let i = 0; i < said; i++) meters.source[i] = values[METER.head + axes + 2 * dims + i]!;
  meters.ear =
    values[METER.listening] === 1
      ? { peak: values[METER.earPeak]!, lufs: values[METER.earLufs]!, matchDb: values[METER.matchDb]! }
      : null;
}

interface PlaybackStats {
  readonly underrunEvents: number;
}

/** The browser's own count of breaks in the sound, where it keeps one. */
export function underrunsOf(context: AudioContext): number | null {
  return (context as AudioContext & { playbackStats?: PlaybackStats }).playbackStats?.underrunEvents ?? null;
}
