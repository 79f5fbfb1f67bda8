// What every part of *Make* is: a view that is drawn again when something is being made differently.

import { property } from "lit/decorators.js";
import type { Bringing } from "../../state/bringing";
import type { MakingStore } from "../../state/making";
import type { State } from "../../state/store";
import { View } from "../app";

export abstract class MakePart extends View {
  @property({ attribute: false }) store!: MakingStore;
  @property({ attribute: false }) bringing!: Bringing;

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileHere(this.store.subscribe(() => this.requestUpdate()));
    const themed = () => this.requestUpdate();
    window.addEventListener("isobath-theme", themed);
    this.whileHere(() => window.removeEventListener("isobath-theme", themed));
  }

  protected override concerns(state: State, previous: State): boolean {
    return state.connection !== previous.connection || state.models !== previous.models;
  }

  /** Do something on the server; what goes wrong is told in the page. */
  protected async attempt<T>(act: () => Promise<T>): Promise<T | null> {
    try {
      return await act();
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      this.app.store.set({ notice: { kind: "error", sentence } });
      return null;
    }
  }
}

/** The letters of figures on a canvas have been fetched. */
export async function lettersReady(): Promise<void> {
  await document.fonts.load('italic 500 12px "Newsreader"').catch(() => []);
}

/** Another place in *Make*. */
export function go(kind: "set" | "run" | "new" | "", id = ""): void {
  location.hash =
    kind === "" ? "#make" : id === "" ? `#make/${kind}` : `#make/${kind}/${encodeURIComponent(id)}`;
}
