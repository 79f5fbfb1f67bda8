// What is learned dimension by dimension, as Wekinator allows: learned, locked or off, and from which axes.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { makeOutput, type Output, type Voice } from "../protocol/messages";
import type { State } from "../state/store";
import { setOutput } from "../state/voices";
import { heardLatent } from "../steer/heard";
import { View } from "./app";
import { section, slider } from "./parts";
import { carried, signed } from "./words";

const LEARNED = makeOutput();
const MODES: readonly Output["mode"][] = ["learned", "locked", "off"];

@customElement("isobath-outputs")
export class OutputsView extends View {
  /** The dimension whose axes are open. */
  @state() private axesOf: number | null = null;

  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece !== previous.piece ||
      state.voice !== previous.voice ||
      state.descriptions !== previous.descriptions
    );
  }

  protected override render(): TemplateResult {
    const voice = this.state.piece?.voices[this.state.voice];
    return voice === undefined ? html`` : this.dimensions(voice);
  }

  private dimensions(voice: Voice): TemplateResult {
    const model = this.state.descriptions.get(voice.model);
    if (model === undefined) return html``;
    return section(
      "Dimension by dimension",
      html`<ul class="outputs">
        ${Array.from({ length: model.dims }, (_, i) => this.output(voice, i, carried(model.latent.labels[i])))}
      </ul>`,
    );
  }

  private output(voice: Voice, i: number, carries: string): TemplateResult {
    const output = voice.mapping.outputs[i] ?? LEARNED;
    const axes = this.state.piece?.axes ?? [];
    const { store } = this.app;
    const open = this.axesOf === i;
    const heard = output.axes === null ? axes.length : output.axes.length;
    return html`<li class="output ${output.mode}">
      <div class="output-name"><b>${i + 1}</b><span class="carries">${carries === "" ? "–" : carries}</span></div>
      <select
        aria-label="How dimension ${i + 1} is learned"
        .value=${live(output.mode)}
        @change=${(e: Event) => {
          const mode = (e.target as HTMLSelectElement).value as Output["mode"];
          const value = mode === "locked" && output.mode !== "locked" ? this.now(voice, i) : output.value;
          setOutput(store, i, { mode, value }, voice.id);
        }}
      >
        ${MODES.map((mode) => html`<option value=${mode} ?selected=${mode === output.mode}>${mode}</option>`)}
      </select>
      <button
        type="button"
        class="quiet axes-button"
        aria-expanded=${open ? "true" : "false"}
        aria-label="Axes that dimension ${i + 1} listens to"
        title="Which axes it listens to"
        @click=${() => {
          this.axesOf = open ? null : i;
        }}
      >
        ${heard}/${axes.length}
      </button>
      ${open ? this.axes(voice, i, output) : nothing}
      ${
        output.mode === "locked"
          ? html`<div class="output-more">
            ${slider({ key: `lock-${i}`, name: "Stays at", value: output.value, min: -4, max: 4, shown: signed(output.value, 2), neutral: 0, input: (value) => setOutput(store, i, { value }, voice.id) })}
          </div>`
          : nothing
      }
    </li>`;
  }

  /** Where the dimension is now, to lock it there. */
  private now(voice: Voice, i: number): number {
    return heardLatent(this.state, voice, this.app.performer.values)?.[i] ?? 0;
  }

  private axes(voice: Voice, i: number, output: Output): TemplateResult {
    const axes = this.state.piece?.axes ?? [];
    const chosen = new Set(output.axes ?? axes.map((_, a) => a));
    return html`<div class="output-more row wrap" role="group" aria-label="Axes of dimension ${i + 1}">
      <span class="hint">listens to</span>
      ${axes.map(
        (axis, a) => html`<button
          type="button"
          class="chip"
          aria-pressed=${chosen.has(a) ? "true" : "false"}
          ?disabled=${chosen.size === 1 && chosen.has(a)}
          @click=${() => {
            const next = new Set(chosen);
            if (next.has(a)) next.delete(a);
            else next.add(a);
            const list = [...next].sort((p, q) => p - q);
            setOutput(this.app.store, i, { axes: list.length === axes.length ? null : list }, voice.id);
          }}
        >
          ${axis.name}
        </button>`,
      )}
    </div>`;
  }
}
