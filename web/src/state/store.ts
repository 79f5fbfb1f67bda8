// The page's one store: a frozen State, replaced whole at each change; listeners hear of it once per
// microtask. Edits of the piece go through `edit`, which keeps undo; everything else through `set`.
// The piece is never mutated: a change shares every part it does not touch, so that undo is a pointer
// and `a === b` means "unchanged".

import type { ModelDescription } from "../net/models";
import type { Encoded, ModelSummary, Opened, Piece, PieceSummary, Step } from "../protocol/messages";
import type { MappingData } from "../steer/mapping";
import { History, type Merge, type Snapshot } from "./history";
import { NOWHERE, type Placed } from "./places";

export type Side = "a" | "b";

export interface Connection {
  readonly state: "connecting" | "online" | "offline" | "refused";
  /** One sentence for the musician; null while all is well. */
  readonly sentence: string | null;
  /** Changes made here that the server has not confirmed yet. */
  readonly unsent: number;
}

/** The mapping of one side of one voice, as last fitted. */
export interface Fit {
  readonly state: "none" | "fitting" | "fitted" | "failed";
  readonly mapping: MappingData | null;
  /** RMS miss at each demonstration, in standard deviations of the latent, by demonstration id. */
  readonly errors: ReadonlyMap<string, number>;
  readonly milliseconds: number;
  /** Why it failed, or what the fit had to say (two sounds at one spot, ...). */
  readonly sentence: string | null;
  /** The demonstrations or settings changed since (refit on a button). */
  readonly stale: boolean;
}

/** The sound being looked for, of one voice. */
export interface Explore {
  /** The latent heard while `listen` is "explore"; also what "keep" keeps. */
  readonly latent: readonly number[];
  readonly file: Encoded | null;
  /** Frame of the file under the needle. */
  readonly frame: number;
}

export interface TakeStatus {
  readonly recording: string | null; // name of the take being recorded
  readonly playing: string | null; // id of the take being played
}

/** What is done on stage; no part of the piece. */
export interface Stage {
  /** The latents are held. */
  readonly frozen: boolean;
  /** The master has been faded out, or is on its way. */
  readonly faded: boolean;
  /** Nothing can be edited. */
  readonly locked: boolean;
}

export interface State {
  readonly connection: Connection;
  readonly models: readonly ModelSummary[];
  /** Descriptions fetched so far, by model name. */
  readonly descriptions: ReadonlyMap<string, ModelDescription>;
  readonly pieces: readonly PieceSummary[];
  readonly piece: Piece | null;
  /** Nothing has been played on this library before: offer the guided start. */
  readonly firstRun: boolean;
  /** What undo and redo would take back or do again; null when there is nothing. */
  readonly undo: string | null;
  readonly redo: string | null;
  /** Ids of the selected demonstrations. */
  readonly selection: ReadonlySet<string>;
  /** Index in piece.voices of the voice being edited. */
  readonly voice: number;
  /** By voice id and side, "f3a:a": see fitOf(). */
  readonly fits: ReadonlyMap<string, Fit>;
  /** "explore": each voice sounds its explored latent; "play": the mapping. */
  readonly listen: "explore" | "play";
  /** By voice id. */
  readonly explore: ReadonlyMap<string, Explore>;
  readonly takes: TakeStatus;
  readonly stage: Stage;
  /** Where voices are made, as this browser remembers it. */
  readonly placed: Placed;
  /** The last thing the musician should read; the page shows it until it is dismissed. */
  readonly notice: { readonly kind: "error" | "information"; readonly sentence: string } | null;
}

/** What was done to the piece, for the server to write down. */
export type Operation =
  | { readonly kind: "change"; readonly piece: Piece; readonly label: string; readonly joins: boolean }
  | { readonly kind: "undo" | "redo"; readonly id: string; readonly piece: Piece | null };

export type Listener = (state: State, previous: State) => void;

export const EMPTY: State = {
  connection: { state: "connecting", sentence: null, unsent: 0 },
  models: [],
  descriptions: new Map(),
  pieces: [],
  piece: null,
  firstRun: false,
  undo: null,
  redo: null,
  selection: new Set(),
  voice: 0,
  fits: new Map(),
  listen: "explore",
  explore: new Map(),
  takes: { recording: null, playing: null },
  stage: { frozen: false, faded: false, locked: false },
  placed: NOWHERE,
  notice: null,
};

export class Store {
  private current: State;
  private announced: State;
  private scheduled = false;
  private readonly listeners = new Set<Listener>();
  private readonly history: History<Piece>;
  /** Undo steps that only the server has. */
  private earlier = 0;
  /** Label of the last change, while nothing was undone since. */
  private lastLabel: string | null = null;
  /** Hears every operation on the piece, in order; set by the link. */
  onOperation: (operation: Operation) => void = () => {};

  constructor(initial: State = EMPTY, now: () => number = () => performance.now()) {
    this.current = initial;
    this.announced = initial;
    this.history = new History<Piece>(now);
  }

  get state(): State {
    return this.current;
  }

  /** Hear of changes, once per microtask; the answer takes the listener off again. */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Change anything but the piece. */
  set(change: Partial<Omit<State, "piece" | "undo" | "redo">>): void {
    this.replace({ ...this.current, ...change });
  }

  /**
   * Change the piece. `label` names the change for undo ("move a demonstration"). Changes with the same
   * `merge` key that follow each other within a second are one step: a drag is undone whole. While the page is
   * locked only what belongs to `playing` happens.
   */
  edit(label: string, change: (piece: Piece) => Piece, merge: Merge = null, playing = false): void {
    const before = this.current.piece;
    if (before === null || (this.current.stage.locked && !playing)) return;
    const after = change(before);
    if (after === before) return;
    const joins = this.history.push(before, label, merge);
    this.lastLabel = label;
    this.put(after);
    this.onOperation({ kind: "change", piece: after, label, joins });
  }

  undo(): void {
    this.step("undo", (piece) => this.history.undo(piece));
  }

  redo(): void {
    this.step("redo", (piece) => this.history.redo(piece));
  }

  private step(kind: "undo" | "redo", take: (piece: Piece) => Piece | null): void {
    const piece = this.current.piece;
    if (piece === null || this.current.stage.locked) return;
    const next = take(piece);
    if (next === null && (kind === "redo" || this.earlier === 0)) return;
    this.lastLabel = null;
    if (next !== null) this.put(next);
    this.onOperation({ kind, id: piece.id, piece: next });
  }

  /** Show a piece as it lies in the library. The view (voice, explored sounds) stays if it is the same piece. */
  open(opened: Opened | null): void {
    const piece = opened?.piece ?? null;
    const same = piece !== null && piece.id === this.current.piece?.id;
    this.earlier = opened?.history.earlier ?? 0;
    this.lastLabel = null;
    this.history.replace(
      (opened?.history.undo ?? []).map(snapshot),
      (opened?.history.redo ?? []).map(snapshot),
    );
    const { selection, voice, fits, explore, takes, listen } = same ? this.current : EMPTY;
    this.replace({ ...this.current, selection, voice, fits, explore, takes, listen });
    if (piece === null) this.replace({ ...this.current, piece: null, undo: null, redo: null });
    else this.put(piece);
  }

  /**
   * The same piece with what the machine added to the last change (a fitted mapping): no undo step of its
   * own. After an undo it is not written down, or there would be nothing left to redo; it travels with the
   * next change.
   */
  amend(change: (piece: Piece) => Piece): void {
    const before = this.current.piece;
    if (before === null) return;
    const after = change(before);
    if (after === before) return;
    this.replace({ ...this.current, piece: after });
    if (this.lastLabel !== null) {
      this.onOperation({ kind: "change", piece: after, label: this.lastLabel, joins: true });
    }
  }

  private put(piece: Piece): void {
    const alive = new Set<string>();
    for (const voice of piece.voices) for (const d of voice.demonstrations) alive.add(d.id);
    const selection = [...this.current.selection].every((id) => alive.has(id))
      ? this.current.selection
      : new Set([...this.current.selection].filter((id) => alive.has(id)));
    this.replace({
      ...this.current,
      piece,
      selection,
      voice: Math.max(0, Math.min(this.current.voice, piece.voices.length - 1)),
      undo: this.history.undoLabel ?? (this.earlier > 0 ? "an earlier change" : null),
      redo: this.history.redoLabel,
    });
  }

  private replace(next: State): void {
    this.current = next;
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => this.flush());
  }

  /** Tell the listeners now. */
  flush(): void {
    this.scheduled = false;
    const previous = this.announced;
    const state = this.current;
    if (state === previous) return;
    this.announced = state;
    for (const listener of [...this.listeners]) listener(state, previous);
  }
}

function snapshot(step: Step): Snapshot<Piece> {
  return { value: step.piece, label: step.label };
}

export const NO_FIT: Fit = {
  state: "none",
  mapping: null,
  errors: new Map(),
  milliseconds: 0,
  sentence: null,
  stale: false,
};

export function fitOf(state: State, voiceId: string, side: Side): Fit {
  return state.fits.get(`${voiceId}:${side}`) ?? NO_FIT;
}
