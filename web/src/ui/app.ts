// What every part of the page can reach, handed down instead of imported.

import { LitElement } from "lit";
import { property } from "lit/decorators.js";
import type { Instrument, Meters } from "../audio/instrument";
import type { Performer } from "../gesture/performer";
import type { Encoded } from "../net/models";
import type { State, Store } from "../state/store";
import type { PreferenceStore } from "./preferences";

/** What the page asks of the server. */
export interface Link {
  openPiece(id: string): void;
  newPiece(name: string, model?: string): void;
  duplicatePiece(id: string): void;
  renamePiece(id: string, name: string): void;
  deletePiece(id: string): void;
  restorePiece(id: string): void;
  listTrash(): void;
  /** Learn now (pieces that learn on a button). */
  refit(): void;
}

export interface App {
  readonly store: Store;
  readonly preferences: PreferenceStore;
  readonly instrument: Instrument;
  readonly performer: Performer;
  readonly link: Link;
  encode(model: string, file: File): Promise<Encoded>;
  importPiece(file: File): Promise<void>;
  exportPiece(): Promise<void>;
  /** Silence within a few samples; the second time, sound again. */
  panic(): void;
  /** The newest report of the sound; null before it has started. */
  meters: Meters | null;
}

/** A part of the page: drawn again when the state or the preferences it looks at change. */
export abstract class View extends LitElement {
  @property({ attribute: false }) app!: App;
  private leave: (() => void)[] = [];

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  get state(): State {
    return this.app.store.state;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.leave = [
      this.app.store.subscribe((state, previous) => {
        if (this.concerns(state, previous)) this.requestUpdate();
      }),
      this.app.preferences.subscribe(() => this.requestUpdate()),
    ];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const off of this.leave) off();
    this.leave = [];
  }

  /** Whether a change of state can be seen here. */
  protected concerns(_state: State, _previous: State): boolean {
    return true;
  }

  /** Listen for as long as the element is on the page. */
  protected whileHere(off: () => void): void {
    this.leave.push(off);
  }
}
