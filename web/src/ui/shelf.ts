// The shelf: sounds kept, not yet placed.

import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Kept } from "../protocol/messages";
import { addDemonstration, changeKept, deleteKept } from "../state/demonstrations";
import { listen, setExplored } from "../state/explore";
import type { State } from "../state/store";
import { View } from "./app";
import { section, tool } from "./parts";

@customElement("isobath-shelf")
export class ShelfView extends View {
  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece !== previous.piece || state.voice !== previous.voice || state.models !== previous.models
    );
  }

  /** Latent size of the voice being edited. */
  private get dims(): number {
    const model = this.state.piece?.voices[this.state.voice]?.model;
    return this.state.models.find((m) => m.name === model)?.dims ?? 0;
  }

  protected override render(): TemplateResult {
    const shelf = this.state.piece?.shelf ?? [];
    return section(
      "Shelf",
      shelf.length === 0
        ? html`<p class="hint">Sounds you keep wait here until you place them.</p>`
        : html`<ul class="shelf">
            ${repeat(
              shelf,
              (kept) => kept.id,
              (kept, i) => this.kept(kept, i),
            )}
          </ul>`,
    );
  }

  private kept(kept: Kept, index: number): TemplateResult {
    const { store, performer } = this.app;
    const name = kept.label === "" ? `sound ${index + 1}` : kept.label;
    const fits = kept.latent.length === this.dims;
    return html`<li class="kept" style="--colour:${kept.colour}">
      <button
        type="button"
        class="take-up"
        ?disabled=${!fits}
        title=${fits ? "Take it in hand" : "Made by a model with another number of dimensions"}
        aria-label="Take ${name} in hand"
        @click=${() => setExplored(store, kept.latent)}
      >
        <span class="dot"></span>
      </button>
      <input
        type="text"
        class="bare grow"
        aria-label="Label of ${name}"
        placeholder=${name}
        .value=${kept.label}
        @change=${(e: Event) => changeKept(store, kept.id, { label: (e.target as HTMLInputElement).value })}
      />
      ${tool(
        `Place ${name} where the vessel is`,
        "demonstrate",
        () => {
          const placed = addDemonstration(store, performer.values, {
            latent: kept.latent,
            label: kept.label,
            colour: kept.colour,
          });
          if (placed !== null) listen(store, "play");
        },
        { disabled: !fits },
      )}
      ${tool(`Take ${name} off the shelf`, "trash", () => deleteKept(store, kept.id))}
    </li>`;
  }
}
