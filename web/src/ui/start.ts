// The one big control: a browser makes no sound before it has been asked to by hand.

import { html, svg, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { State } from "../state/store";
import { View } from "./app";
import { startSound } from "./transport";

@customElement("isobath-start")
export class StartView extends View {
  override connectedCallback(): void {
    super.connectedCallback();
    const changed = () => this.requestUpdate();
    this.app.instrument.addEventListener("state", changed);
    this.whileHere(() => this.app.instrument.removeEventListener("state", changed));
  }

  protected override concerns(state: State, previous: State): boolean {
    return (
      (state.piece === null) !== (previous.piece === null) ||
      state.connection.state !== previous.connection.state ||
      state.models.length !== previous.models.length
    );
  }

  protected override render(): TemplateResult {
    const { instrument } = this.app;
    if (instrument.state === "running") return html``;
    const ready = this.state.models.length > 0 && this.state.piece !== null;
    const starting = instrument.state === "starting";
    const failed = instrument.state === "failed";
    const word = failed
      ? "Try again"
      : starting
        ? "Starting…"
        : instrument.state === "suspended"
          ? "Go on"
          : "Start";
    return html`<div class="start">
      <button
        type="button"
        class="start-button ${starting ? "busy" : ""}"
        ?disabled=${!ready || starting}
        @click=${() => void startSound(this.app)}
      >
        ${dial()}<span>${ready ? word : "Connecting…"}</span>
      </button>
      ${
        failed
          ? html`<p class="caution grave" role="alert">${instrument.failure ?? "The sound could not be started."}</p>`
          : html`<p>
            ${
              this.state.connection.state === "refused"
                ? this.state.connection.sentence
                : "Sound begins with a click; browsers insist."
            }
          </p>`
      }
    </div>`;
  }
}

/** Bearings round the button: every ten degrees, longer at the quarters. */
function dial(): TemplateResult {
  const ticks = Array.from({ length: 72 }, (_, i) => i);
  return html`<svg class="dial" viewBox="-100 -100 200 200" aria-hidden="true" focusable="false">
    ${svg`<circle r="95"></circle><circle r="70"></circle>
    ${repeat(
      ticks,
      (i) => i,
      (i) =>
        svg`<line transform="rotate(${i * 5})" y1="-95" y2=${i % 18 === 0 ? -72 : i % 2 === 0 ? -87 : -91}></line>`,
    )}`}
  </svg>`;
}
