// What a model does by itself: where it is loud, where it is rough, and which dimensions it comes from. Each
// place can be taken in hand.

import "../styles/rehearsal.css";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { fetchHazards } from "../net/http";
import type { HazardDimension, HazardPlace, Hazards, Voice } from "../protocol/messages";
import { setExplored } from "../state/explore";
import { announce } from "./announcer";
import { View } from "./app";
import { carried, signed } from "./words";

@customElement("isobath-hazards")
export class HazardsView extends View {
  @property({ attribute: false }) voice!: Voice;
  @state() private found: Hazards | null = null;
  @state() private sentence = "";
  private asked = "";

  protected override concerns(): boolean {
    return false;
  }

  protected override willUpdate(_: PropertyValues): void {
    if (this.asked !== this.voice.model) {
      this.asked = "";
      this.found = null;
      this.sentence = "";
    }
  }

  private ask(): void {
    const { model } = this.voice;
    if (this.asked === model && this.sentence === "") return;
    this.asked = model;
    this.sentence = "";
    fetchHazards(model)
      .then((found) => {
        if (this.asked === model) this.found = found;
      })
      .catch((problem: Error) => {
        if (this.asked === model) this.sentence = problem.message;
      });
  }

  private take(place: HazardPlace): void {
    setExplored(this.app.store, place.latent, this.voice.id);
    announce(`In hand: ${signed(place.lufs, 1)} LUFS.`);
  }

  protected override render(): TemplateResult {
    return html`<details
      class="hazards"
      @toggle=${(e: Event) => (e.target as HTMLDetailsElement).open && this.ask()}
    >
      <summary>Where it is loud or rough</summary>
      ${
        this.found !== null
          ? this.told(this.found)
          : html`<p class="hint" role="status">${this.sentence === "" ? "The server is listening to it…" : this.sentence}</p>`
      }
    </details>`;
  }

  private told(found: Hazards): TemplateResult {
    return html`<div class="rehearsal">
      <p class="hint">
        Half of its sounds are louder than ${signed(found.usual_lufs, 1)} LUFS, one in twenty louder than
        ${signed(found.loud_lufs, 1)}. Measured within what the model knows.
      </p>
      ${this.list("Loudest", found.loudest, (each) => `${signed(each.lufs, 1)} LUFS`)}
      ${this.list("Roughest", found.roughest, (each) => `${each.asper.toFixed(2)} asper`)}
      <h4>What makes it loud</h4>
      <ul>
        ${found.dimensions.map((each) => html`<li>${dimensionWords(each)}</li>`)}
      </ul>
    </div>`;
  }

  private list(
    name: string,
    places: readonly HazardPlace[],
    figure: (place: HazardPlace) => string,
  ): unknown {
    if (places.length === 0) return nothing;
    return html`<h4>${name}</h4>
      <ol>
        ${places.map(
          (each) => html`<li>
            <button
              type="button"
              class="spot"
              title="Take this sound in hand. It may be loud."
              @click=${() => this.take(each)}
            >
              <b>${figure(each)}</b><span class="hint">${farWords(each)}</span>
            </button>
          </li>`,
        )}
      </ol>`;
  }
}

function farWords({ far, deviations }: HazardPlace): string {
  return far.map((d, i) => `dimension ${d + 1} at ${signed(deviations[i] ?? 0, 1)} σ`).join(", ");
}

function dimensionWords(each: HazardDimension): TemplateResult {
  const label = each.label === "" ? "" : ` (${carried(each.label)})`;
  return html`<b>Dimension ${each.dimension + 1}</b>${label}:
    ${signed(each.low_lufs, 1)} to ${signed(each.high_lufs, 1)} LUFS from −2 to +2 σ`;
}
