// Where a voice's sound is made: in the page, or by the server for it. Chosen by rule; whoever knows better
// says so, and this browser remembers it by the model's content.

import type { ModelDescription } from "../net/models";
import { ALONE } from "../net/wire";

export type Place = "page" | "server";
export type Wish = "auto" | Place;

/** A decoder with more numbers than this is made by the server. */
export const MOST_PARAMETERS = 10_000_000;
/** One with fewer plays in any browser that makes sound at all; those between are tried out first. */
export const SURE_PARAMETERS = 1_500_000;
/** Time to make a hop over the time it lasts, at most; the rest is for everything else in the page. */
export const RESERVE = 0.6;

export interface Placed {
  /** By the content of the model. */
  readonly wishes: Readonly<Record<string, Wish>>;
  /** What was measured in this browser: time to make a hop over the time it lasts. */
  readonly paces: Readonly<Record<string, number>>;
}

export const NOWHERE: Placed = { wishes: {}, paces: {} };
const KEY = "isobath.places";

export function placeOf(model: ModelDescription, content: string, placed: Placed): Place {
  if (model.runs_apart) return "server";
  if (ALONE !== null) return "page";
  const wish = placed.wishes[content] ?? "auto";
  if (wish !== "auto") return wish;
  if ((model.parameters ?? 0) > MOST_PARAMETERS) return "server";
  return (placed.paces[content] ?? 0) > RESERVE ? "server" : "page";
}

/** Whether only a trial says if the page is fast enough. */
export function isUntried(model: ModelDescription, content: string, placed: Placed): boolean {
  return (
    !model.runs_apart &&
    placed.paces[content] === undefined &&
    (placed.wishes[content] ?? "auto") === "auto" &&
    (model.parameters ?? 0) > SURE_PARAMETERS
  );
}

export function recallPlaces(): Placed {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Placed>;
    return { wishes: { ...found.wishes }, paces: { ...found.paces } };
  } catch {
    return NOWHERE;
  }
}

export function rememberPlaces(placed: Placed): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(placed));
  } catch {
    // It is asked and measured again next time.
  }
}
