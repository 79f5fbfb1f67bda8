// Playing with the keyboard: arrows move a surface, shift in fine steps, home to rest.

import type { Axis } from "../protocol/messages";
import type { Performer } from "./performer";

const STEP = 0.02;
const FINE = 0.002;
const LEAP = 0.1;

export interface Step {
  dx: number;
  dy: number;
}

/** How far a key moves, or null if it is no key of ours. */
export function stepOf(key: string, shift: boolean): Step | null {
  const step = shift ? FINE : STEP;
  switch (key) {
    case "ArrowLeft":
      return { dx: -step, dy: 0 };
    case "ArrowRight":
      return { dx: step, dy: 0 };
    case "ArrowUp":
      return { dx: 0, dy: step };
    case "ArrowDown":
      return { dx: 0, dy: -step };
    case "PageUp":
      return { dx: 0, dy: LEAP };
    case "PageDown":
      return { dx: 0, dy: -LEAP };
    default:
      return null;
  }
}

/** Move a pad (or a fader, x null) by a key; true if the key was ours. */
export function playKey(
  performer: Performer,
  axes: { readonly x: Axis | null; readonly y: Axis | null },
  key: string,
  shift: boolean,
): boolean {
  if (key === "Home") {
    for (const axis of [axes.x, axes.y]) if (axis !== null) performer.set(axis.id, axis.rest);
    return true;
  }
  const step = stepOf(key, shift);
  if (step === null) return false;
  const across = axes.x ?? axes.y;
  const up = axes.y ?? axes.x;
  if (across !== null && step.dx !== 0) performer.set(across.id, performer.at(across.id) + step.dx);
  if (up !== null && step.dy !== 0) performer.set(up.id, performer.at(up.id) + step.dy);
  return true;
}
