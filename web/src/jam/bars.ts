// Phrases: drums as hits on a grid, melodies as tokens. The page's copy of what src/isobath/symbolic/bars.py
// and its neighbour jam/capture.py say.

import type { JamHit, JamPhrase } from "../protocol/messages";

export type Kind = "drums" | "melody";

export const PIECES = [
  "Kick",
  "Snare",
  "Hi-hat",
  "Open hat",
  "Low tom",
  "Mid tom",
  "High tom",
  "Crash",
  "Ride",
];
/** MIDI pitches of each piece; the first is the one that is kept and sent. */
export const PITCHES: readonly (readonly number[])[] = [
  [36, 35],
  [38, 37, 40, 39],
  [42, 22, 44],
  [46, 26],
  [43, 58, 41],
  [47, 45],
  [50, 48],
  [49, 52, 55, 57],
  [51, 53, 59],
];
export const LOWEST_PITCH = 21;
export const HIGHEST_PITCH = 108;
const OFF = 1;
/** Melodies have no force of their own. */
export const MELODY_VELOCITY = 0.75;
const SHORTEST_STEPS = 0.05;
const DRUM_STEPS = 0.5;

/** The piece that a MIDI pitch is; -1: none. */
export function pieceOf(pitch: number): number {
  return PITCHES.findIndex((each) => each.includes(pitch));
}

/** A note as it was played. Position and length in sixteenths, length -1 while it sounds; pitch: of MIDI, or
 *  the piece of drums. */
export interface Played {
  readonly position: number;
  readonly pitch: number;
  readonly velocity: number;
  readonly length: number;
}

/** The phrase that begins at a position: a note belongs to the sixteenth within half of which it lies. */
export function captured(kind: Kind, notes: readonly Played[], first: number, steps: number): JamPhrase {
  return kind === "drums" ? drumsOf(notes, first, steps) : melodyOf(notes, first, steps);
}

function drumsOf(notes: readonly Played[], first: number, steps: number): JamPhrase {
  const kept = new Map<number, JamHit>();
  for (const { position, pitch: piece, velocity } of notes) {
    const step = Math.floor(position - first + 0.5);
    if (step < 0 || step >= steps) continue;
    const key = step * 16 + piece;
    if (velocity > (kept.get(key)?.velocity ?? 0)) {
      kept.set(key, { step, piece, velocity, offset: 2 * (step - (position - first)) });
    }
  }
  const order = [...kept.entries()].sort(([a], [b]) => a - b);
  return { steps, hits: order.map(([, hit]) => hit), tokens: [] };
}

/** Of notes that begin on one step the highest stays; one that still sounds ends with the phrase. */
function melodyOf(notes: readonly Played[], first: number, steps: number): JamPhrase {
  const placed = new Map<number, { pitch: number; end: number }>();
  for (const { position, pitch, length } of notes) {
    const onset = position - first;
    const step = Math.floor(onset + 0.5);
    if (step < 0 || step >= steps || pitch < LOWEST_PITCH || pitch > HIGHEST_PITCH) continue;
    const left = Math.max(SHORTEST_STEPS, steps - onset);
    const end = Math.floor(onset + (length < 0 ? left : Math.min(length, left)) + 0.5);
    if (pitch > (placed.get(step)?.pitch ?? 0)) placed.set(step, { pitch, end: Math.max(end, step + 1) });
  }
  const tokens = new Array<number>(steps).fill(0);
  const order = [...placed.entries()].sort(([a], [b]) => a - b);
  order.forEach(([step, { pitch, end }], i) => {
    tokens[step] = pitch - LOWEST_PITCH + 2;
    const following = order[i + 1]?.[0] ?? Number.POSITIVE_INFINITY;
    if (end < following && end < steps) tokens[end] = OFF;
  });
  return { steps, hits: [], tokens };
}

/** What sounds of a phrase, in sixteenths from its beginning. */
export function notesOf({ steps, hits, tokens }: JamPhrase): readonly Played[] {
  const found: Played[] = hits.map(({ step, piece, velocity, offset }) => ({
    position: step - offset / 2,
    pitch: piece,
    velocity,
    length: DRUM_STEPS,
  }));
  let began = 0;
  let pitch = -1;
  [...tokens, ...(tokens.length > 0 ? [OFF] : [])].forEach((token, step) => {
    if (token === 0) return;
    if (pitch >= 0)
      found.push({
        position: began,
        pitch,
        velocity: MELODY_VELOCITY,
        length: Math.min(steps, step) - began,
      });
    began = step;
    pitch = token >= 2 ? token - 2 + LOWEST_PITCH : -1;
  });
  return found;
}

/** How many hits or onsets there are. */
export function count({ hits, tokens }: JamPhrase): number {
  return hits.length + tokens.filter((token) => token >= 2).length;
}

/** "12 hits", "1 note". */
export function counted(kind: Kind, phrase: JamPhrase): string {
  const many = count(phrase);
  const word = kind === "drums" ? "hit" : "note";
  return many === 0 ? "silence" : `${many} ${word}${many === 1 ? "" : "s"}`;
}
