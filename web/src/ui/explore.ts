// Explore: look for sounds. Every latent dimension is a slider over the profile of what the model knows.

import { html, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { ModelDescription } from "../net/models";
import type { Voice } from "../protocol/messages";
import { keep } from "../state/demonstrations";
import { nudge, throwDice } from "../state/explore";
import type { State } from "../state/store";
import { setShaping } from "../state/voices";
import { heardLatent } from "../steer/heard";
import { announce } from "./announcer";
import { Panel } from "./app";
import { icon } from "./icons";
import { head, section, slider } from "./parts";
import { percent } from "./words";
import "./dimensions";
import "./shelf";
import "./sound-file";
import "./voices";

@customElement("isobath-explore")
export class ExplorePanel extends Panel {
  @state() private adventure = 1;

  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece !== previous.piece ||
      state.voice !== previous.voice ||
      state.descriptions !== previous.descriptions ||
      state.models !== previous.models
    );
  }

  private get model(): ModelDescription | null {
    const voice = this.voice;
    return voice === null ? null : (this.state.descriptions.get(voice.model) ?? null);
  }

  // ------------------------------------------------------------------ doing

  private readonly throwIt = (): void => {
    throwDice(this.app.store, this.adventure);
    announce("A new sound is in hand.");
  };

  private readonly nudgeIt = (): void => {
    nudge(this.app.store, 0.35 * Math.max(0.2, this.adventure));
    announce("The sound has moved a little.");
  };

  private readonly keepIt = (): void => {
    const { store, performer } = this.app;
    const voice = this.voice;
    const heard = voice === null ? null : heardLatent(this.state, voice, performer.values);
    if (heard !== null && keep(store, "", heard) !== null) announce("Kept on the shelf.");
  };

  // ------------------------------------------------------------------ markup

  protected override render(): TemplateResult {
    const voice = this.voice;
    const model = this.model;
    return html`
      ${head("Explore", "Look for sounds in the model’s depths. What you find is in your hand until you place it.")}
      <isobath-voices .app=${this.app}></isobath-voices>
      ${
        voice === null || model === null
          ? html`<p class="hint pad">The model is being fetched…</p>`
          : html`${this.actions()}
            <isobath-dimensions .app=${this.app}></isobath-dimensions>
            ${this.files(voice)}
            <isobath-shelf .app=${this.app}></isobath-shelf>
            ${this.movement(voice)}`
      }
    `;
  }

  private actions(): TemplateResult {
    return html`<section class="part first">
      <div class="row">
        <button type="button" class="grow primary" data-do="throw" title="A random sound, as the model’s own lie (T)" @click=${this.throwIt}>
          ${icon("dice")}Throw
        </button>
        <button type="button" class="grow" data-do="nudge" title="A small step from here (N)" @click=${this.nudgeIt}>
          ${icon("nudge")}Nudge
        </button>
        <button type="button" class="grow" data-do="keep" title="Put this sound on the shelf (K)" @click=${this.keepIt}>
          ${icon("keep")}Keep
        </button>
      </div>
      ${slider({
        key: "adventure",
        name: "Adventure",
        value: this.adventure,
        min: 0.1,
        max: 2,
        step: 0.05,
        shown: this.adventure < 0.6 ? "near" : this.adventure <= 1.2 ? "usual" : "far out",
        neutral: 1,
        input: (v) => {
          this.adventure = v;
        },
      })}
    </section>`;
  }

  private files(voice: Voice): TemplateResult {
    return section(
      "From a recording",
      html`<isobath-sound-file .app=${this.app} .voice=${voice}></isobath-sound-file>`,
    );
  }

  private movement(voice: Voice): TemplateResult {
    const { shaping } = voice;
    const set = (change: Parameters<typeof setShaping>[1]) => setShaping(this.app.store, change, voice.id);
    const smooth = shaping.smoothing_seconds;
    return section(
      "Movement",
      html`
        ${slider({ key: "drift", name: "Drift", value: shaping.drift, min: 0, max: 1.5, shown: shaping.drift.toFixed(2), neutral: 0, input: (drift) => set({ drift }) })}
        ${slider({ key: "drift-s", name: "Drift time", value: shaping.drift_seconds, min: 0.25, max: 30, step: 0.25, shown: `${shaping.drift_seconds.toFixed(1)} s`, neutral: 4, input: (drift_seconds) => set({ drift_seconds }) })}
        ${slider({ key: "smooth", name: "Smoothing", value: smooth, min: 0, max: 1, step: 0.005, shown: `${Math.round(smooth * 1000)} ms`, neutral: 0.02, input: (smoothing_seconds) => set({ smoothing_seconds }) })}
        ${slider({ key: "clamp", name: "Stay within", value: shaping.clamp, min: 0, max: 1, shown: percent(shaping.clamp), neutral: 1, input: (clamp) => set({ clamp }) })}
        <p class="hint">How firmly sounds are kept inside what the model knows.</p>
      `,
    );
  }
}
