// What this browser keeps from one visit to the next: what the ground remembers, and where outside it lies.

import { type Memory, makeSite, type Site } from "../protocol/messages";
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

const siteOf = (piece: string): string => `isobath.site.${piece}`;

/** Where outside a world lies, as it was said in this browser; null: nobody said it here. */
export function recallSite(piece: string): Site | null {
  try {
    const kept = JSON.parse(localStorage.getItem(siteOf(piece)) ?? "null") as Partial<Site> | null;
    const site = kept === null ? null : makeSite(kept);
    return site !== null && Object.values(site).every(Number.isFinite) && site.scale > 0 ? site : null;
  } catch {
    return null;
  }
}

export function rememberSite(piece: string, site: Site | null): void {
  try {
    if (site === null) localStorage.removeItem(siteOf(piece));
    else localStorage.setItem(siteOf(piece), JSON.stringify(site));
  } catch {
    // It is said again next time.
  }
}
