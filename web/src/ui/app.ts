// What every part of the page can reach, handed down instead of imported.

import { LitElement } from "lit";
import { property } from "lit/decorators.js";
import type { Meters } from "../audio/instrument";
import type { StagedInstrument } from "../audio/staged";
import type { PageHub } from "../gesture/page-hub";
import type { PageSources } from "../gesture/page-sources";
import type { Performer } from "../gesture/performer";
import type { Link } from "../net/link";
import type { Voice } from "../protocol/messages";
import type { Fitting } from "../state/fitting";
import type { Movements } from "../state/movements";
import type { Performers } from "../state/performers";
import type { SetList } from "../state/set-list";
import type { State, Store } from "../state/store";
import type { PreferenceStore } from "./preferences";

export interface App {
  readonly store: Store;
  readonly instrument: StagedInstrument;
  readonly performer: Performer;
  readonly link: Link;
  readonly fitting: Fitting;
  /** Controllers that the page reads itself. */
  readonly hub: PageHub;
  readonly sources: PageSources;
  /** Others who have the piece open. */
  readonly performers: Performers;
  readonly movements: Movements;
  readonly preferences: PreferenceStore;
  readonly setList: SetList;
  /** The newest report of the sound; null before it has started. */
  meters: Meters | null;
  /** Silenced by hand. */
  silent: boolean;
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

/** A view that fills a side panel. */
export abstract class Panel extends View {
  override connectedCallback(): void {
    super.connectedCallback();
    this.classList.add("panel-body");
  }

  /** The voice that is edited. */
  protected get voice(): Voice | null {
    return this.state.piece?.voices[this.state.voice] ?? null;
  }
}
