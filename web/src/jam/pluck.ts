// A plucked string: the page's copy of src/isobath/sound/pluck.py, which says how it is made. Each partial is
// a resonator that rings out, so a note costs a few products a sample.

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
    ring(sound, loud, (TAU * at) / rate, (1 + 0.3 * (k - 1)) / (decay * rate));
  }
  shape(sound, held * rate, rate, 0.8 * force ** LOUDNESS);
  return ended(sound, rate);
}

/** Adds loud · sin(turn · i) · exp(-fall · i). */
function ring(sound: Float64Array, loud: number, turn: number, fall: number): void {
  const left = Math.exp(-fall);
  const a = 2 * left * Math.cos(turn);
  const b = left * left;
  let before = 0;
  let value = loud * left * Math.sin(turn);
  for (let i = 1; i < sound.length; i++) {
    sound[i] = sound[i]! + value;
    const next = a * value - b * before;
    before = value;
    value = next;
  }
}

function shape(sound: Float64Array, held: number, rate: number, gain: number): void {
  const attack = Math.exp(-1 / (0.0012 * rate));
  const release = Math.exp(-1 / (RELEASE_SECONDS * rate));
  let missing = 1;
  let left = 1;
  for (let i = 0; i < sound.length; i++) {
    if (i > held) left = left === 1 ? Math.exp(-(i - held) / (RELEASE_SECONDS * rate)) : left * release;
    sound[i] = sound[i]! * gain * (1 - missing) * left;
    missing *= attack;
  }
}
