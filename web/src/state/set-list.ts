// The set list: pieces in the order of the evening, each with its scenes. The library keeps it, for every page;
// this browser keeps a copy for when nobody answers, and the list itself where there is no library.

import { listens } from "../audio/listening";
import { fetchBlob, fetchDescription } from "../net/http";
import type { Piece, PieceSummary } from "../protocol/messages";
import type { State } from "./store";

const KEY = "isobath.set-list";
/** What the library had when this browser last heard of it. */
const KNOWN = "isobath.set-list.known";
const STEPS = 100;

/** Where the list is kept for every page. */
export interface Keeper {
  /** `greets`: at the beginning of a connection; null: nobody there keeps a list. */
  setList: (pieces: readonly string[] | null, greets: boolean) => void;
  changeSetList(before: readonly string[], pieces: readonly string[]): boolean;
}

export class SetList {
  /** Ids of pieces. */
  pieces: readonly string[];
  private readonly past: (readonly string[])[] = [];
  private readonly listeners = new Set<() => void>();
  private keeper: Keeper | null = null;
  /** As the library has it; null: it was never heard of. */
  private known: readonly string[] | null;
  /** What was sent and has not come back yet. */
  private sent: (readonly string[])[] = [];

  constructor(private readonly storage: Storage | null) {
    this.pieces = read(storage, KEY) ?? [];
    this.known = read(storage, KNOWN);
  }

  /** Let a library keep it from now on. */
  keep(keeper: Keeper): void {
    this.keeper = keeper;
    keeper.setList = (pieces, greets) => this.heard(pieces, greets);
  }

  /** The library's list. With each greeting, what was made here without it is put to it: what was changed while
   * nobody answered, and once a list that only this browser had. */
  private heard(pieces: readonly string[] | null, greets: boolean): void {
    if (pieces === null) return;
    const before = this.known ?? [];
    this.known = pieces;
    this.write(KNOWN, pieces);
    const mine = !greets && this.sent.length > 0 && same(pieces, this.sent[0]!);
    this.sent = mine ? this.sent.slice(1) : [];
    if (greets && !same(this.pieces, before)) this.put(this.pieces, before);
    else if (this.sent.length === 0) this.show(pieces); // what came later than this is on its way
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  add(piece: string): void {
    if (!this.pieces.includes(piece)) this.change([...this.pieces, piece]);
  }

  remove(piece: string): void {
    this.change(this.pieces.filter((id) => id !== piece));
  }

  /** To the place where the piece at `to` is. */
  move(piece: string, to: number): void {
    const from = this.pieces.indexOf(piece);
    if (from < 0 || to < 0 || to >= this.pieces.length || from === to) return;
    const next = this.pieces.filter((id) => id !== piece);
    next.splice(to, 0, piece);
    this.change(next);
  }

  undo(): void {
    const before = this.past.pop();
    if (before !== undefined) this.put(before);
  }

  /** The piece before or behind another, of those that are still there; null at the end. */
  beside(piece: string | undefined, step: 1 | -1, there: readonly PieceSummary[]): string | null {
    const known = new Set(there.filter((p) => !p.trashed).map((p) => p.id));
    const list = this.pieces.filter((id) => known.has(id) || id === piece);
    const at = list.indexOf(piece ?? "");
    return at < 0 ? null : (list[at + step] ?? null);
  }

  private change(next: readonly string[]): void {
    this.past.push(this.pieces);
    if (this.past.length > STEPS) this.past.shift();
    this.put(next);
  }

  private put(next: readonly string[], before = this.pieces): void {
    this.show(next);
    if (this.keeper?.changeSetList(before, next) ?? false) this.sent.push(next);
  }

  private show(next: readonly string[]): void {
    this.pieces = next;
    this.write(KEY, next);
    for (const listener of [...this.listeners]) listener();
  }

  private write(key: string, value: readonly string[]): void {
    try {
      this.storage?.setItem(key, JSON.stringify(value));
    } catch {
      // A full or forbidden storage costs the memory of the list, nothing else.
    }
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

function read(storage: Storage | null, key: string): readonly string[] | null {
  try {
    const found: unknown = JSON.parse(storage?.getItem(key) ?? "null");
    return Array.isArray(found) ? found.filter((id): id is string => typeof id === "string") : null;
  } catch {
    return null;
  }
}

/** Have the models of a piece that comes next lie ready in the browser. */
export async function fetchAhead(state: State, piece: string | null): Promise<void> {
  const summary = state.pieces.find((p) => p.id === piece);
  for (const name of summary?.models ?? []) {
    const model = state.models.find((m) => m.name === name);
    if (model === undefined) continue;
    try {
      const description = await fetchDescription(name);
      if (!description.runs_apart) await fetchBlob(name, model.sha256, "decoder");
    } catch {
      return; // it is fetched when it is needed
    }
  }
}

/** Also those of the scenes to come, which the piece does not play yet. */
export async function fetchScenes(state: State, piece: Piece): Promise<void> {
  const playing = new Set(piece.voices.map((v) => v.model));
  for (const voice of piece.scenes.flatMap((s) => s.voices)) {
    const model = state.models.find((m) => m.name === voice.model);
    if (model === undefined || playing.has(voice.model)) continue;
    playing.add(voice.model);
    const part = listens(voice.source) && model.encodes ? "both" : "decoder";
    await fetchBlob(voice.model, model.sha256, part).catch(() => undefined);
  }
}
