// What the ground remembers, kept in this browser from one visit to the next.

import type { Memory } from "../protocol/messages";
import { Visits } from "./events";

const MOST = 20_000;

const nameOf = (piece: string): string => `isobath.visits.${piece}`;

export function recall(piece: string, memory: Memory, now: number): Visits {
  const visits = new Visits(memory);
  try {
    const kept = JSON.parse(localStorage.getItem(nameOf(piece)) ?? "null");
    if (Array.isArray(kept?.cells) && typeof kept.at === "number")
      visits.restore(kept.cells.slice(0, MOST), Math.min(now, kept.at));
  } catch {
    // A memory that cannot be read begins anew.
  }
  return visits;
}

export function remember(piece: string, visits: Visits, now: number): void {
  try {
    localStorage.setItem(nameOf(piece), JSON.stringify({ at: now, cells: visits.keep(now).slice(0, MOST) }));
  } catch {
    // A forbidden or full storage costs the memory, nothing else.
  }
}
