// Where a voice is made, and how late it comes if the server makes it; with a way to say otherwise.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ModelSummary, Voice } from "../protocol/messages";
import type { Wish } from "../state/places";
import { View } from "./app";
import { choose } from "./parts";
import { streamedWords } from "./words";

@customElement("isobath-stream")
export class StreamView extends View {
  @property({ attribute: false }) voice!: Voice;
  @property({ attribute: false }) model: ModelSummary | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    const { instrument } = this.app;
    const changed = (): void => this.requestUpdate();
    instrument.addEventListener("streams", changed);
    this.whileHere(() => instrument.removeEventListener("streams", changed));
  }

  private get index(): number {
    return this.state.piece?.voices.findIndex((voice) => voice.id === this.voice.id) ?? -1;
  }

  private wish(wish: Wish): void {
    const { store } = this.app;
    if (this.model === undefined) return;
    const { placed } = this.state;
    store.set({ placed: { ...placed, wishes: { ...placed.wishes, [this.model.sha256]: wish } } });
  }

  protected override render(): TemplateResult {
    const status = this.app.instrument.streamOf(this.index);
    const { model } = this;
    const wish = this.state.placed.wishes[model?.sha256 ?? ""] ?? "auto";
    return html`${
      model === undefined || model.foreign
        ? nothing
        : choose<Wish>(
            `place-${this.voice.id}`,
            "Made",
            [
              {
                value: "auto",
                name: status === null ? "by itself: in the page" : "by itself: by the server",
              },
              { value: "page", name: "in the page" },
              { value: "server", name: "by the server" },
            ],
            wish,
            (value) => this.wish(value),
          )
    }${
      status === null
        ? nothing
        : html`<p class="hint" data-stream=${status.state} title="From the moment a latent is due to its first sound, measured">${streamedWords(status)}${status.underruns > 0 ? html`, late ${status.underruns} ${status.underruns === 1 ? "time" : "times"}` : nothing}.</p>`
    }`;
  }
}
