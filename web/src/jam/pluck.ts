// A plucked string: the page's copy of src/isobath/sound/pluck.py, which says how it is made.

import { ended } from "./kit";

const TAU = 2 * Math.PI;
const PARTIALS = 14;
const STIFFNESS = 0.00012;
const PLUCKED_AT = 0.19;
const RELEASE_SECONDS = 0.07;
const LONGEST_SECONDS = 6;
export const LOUDNESS = 1.4;

/** One note. pitch: MIDI; velocity: 0 to 1; seconds: until it is let go. */
export function note(pitch: number, velocity: number, seconds: number, rate: number, tune = 1): Float32Array {
  const force = Math.min(1, Math.max(0, velocity));
  const held = Math.min(Math.max(seconds, 0.02), LONGEST_SECONDS);
  const sound = new Float64Array(Math.trunc((held + 6 * RELEASE_SECONDS) * rate));
  const hertz = 440 * 2 ** ((pitch - 69) / 12) * tune;
  const decay = 1.6 * (220 / hertz) ** 0.5;
  const bright = 0.45 + 0.45 * force;
  for (let k = 1; k <= PARTIALS; k++) {
    const at = k * hertz * (1 + STIFFNESS * k * k) ** 0.5;
    if (at >= 0.45 * rate) break;
    const loud = (Math.sin(Math.PI * k * PLUCKED_AT) / k) * bright ** (k - 1);
    for (let i = 0; i < sound.length; i++) {
      const t = i / rate;
      sound[i] = sound[i]! + loud * Math.sin(TAU * at * t) * Math.exp((-t / decay) * (1 + 0.3 * (k - 1)));
    }
  }
  const gain = 0.8 * force ** LOUDNESS;
  for (let i = 0; i < sound.length; i++) {
    const t = i / rate;
    const shape = (1 - Math.exp(-t / 0.0012)) * Math.exp(-Math.max(t - held, 0) / RELEASE_SECONDS);
    sound[i] = sound[i]! * gain * shape;
  }
  return ended(sound, rate);
}
