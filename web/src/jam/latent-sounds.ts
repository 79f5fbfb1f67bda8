// What the models drums and guitar make of hits and notes, fetched from the server as they are needed: the
// page has only its own kit and string.

import { get } from "../net/http";
import type { Who } from "./session";

/** Degrees of force that are fetched, the one that is needed first in front; the nearest one plays. */
export const FETCHED = [6, 3, 8] as const;
/** Of notes one is enough: how loud it is the gain says. */
export const NOTE_DEGREE = 6;
/** The longest note that the model has. */
export const LONGEST_SECONDS = 2.5;

async function soundAt(path: string): Promise<Float32Array> {
  return new Float32Array(await (await get(path)).arrayBuffer());
}

export function fetchHit(who: Who, piece: number, degree: number, rate: number): Promise<Float32Array> {
  return soundAt(`jam/sounds/${who}/hit/${piece}/${degree}/${rate}`);
}

export function fetchNote(pitch: number, seconds: number, rate: number): Promise<Float32Array> {
  return soundAt(`jam/sounds/note/${pitch}/${NOTE_DEGREE}/${rate}?seconds=${seconds}`);
}
