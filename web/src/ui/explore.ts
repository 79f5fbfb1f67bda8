// Explore: look for sounds. Every latent dimension is a slider over the profile of what the model knows.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { ModelDescription } from "../net/models";
import type { Kept, Voice } from "../protocol/messages";
import { addDemonstration, changeKept, deleteKept, keep } from "../state/demonstrations";
import { exploreOf, listen, nudge, setDimension, setExplored, throwDice } from "../state/explore";
import type { State } from "../state/store";
import { lock, setShaping, setShapingAt } from "../state/voices";
import { announce } from "./announcer";
import { View } from "./app";
import { contextOf, fitCanvas, ink } from "./canvas";
import { icon } from "./icons";
import { head, section, slider, tool } from "./parts";
import { density, reachOf } from "./profile";
import { ticker } from "./ticker";
import { carried, percent, signed } from "./words";
import "./sound-file";
import "./voices";

interface Needle {
  readonly element: HTMLElement;
  readonly dimension: number;
  readonly low: number;
  readonly span: number;
  at: number;
}

@customElement("isobath-explore")
export class ExplorePanel extends View {
  @state() private adventure = 1;
  @state() private opened: number | null = null;
  private needles: Needle[] = [];
  private drawnFor: unknown = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.classList.add("panel-body");
    this.drawnFor = null;
    this.whileHere(ticker.add(() => this.follow()));
    const themed = () => {
      this.drawnFor = null;
      this.requestUpdate();
    };
    window.addEventListener("isobath-theme", themed);
    this.whileHere(() => window.removeEventListener("isobath-theme", themed));
  }

  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece !== previous.piece ||
      state.explore !== previous.explore ||
      state.listen !== previous.listen ||
      state.voice !== previous.voice ||
      state.descriptions !== previous.descriptions ||
      state.models !== previous.models
    );
  }

  private get voice(): Voice | null {
    return this.state.piece?.voices[this.state.voice] ?? null;
  }

  private get model(): ModelDescription | null {
    const voice = this.voice;
    return voice === null ? null : (this.state.descriptions.get(voice.model) ?? null);
  }

  // ------------------------------------------------------------------ the live needles and the profiles

  protected override updated(): void {
    const model = this.model;
    const rows = [...this.querySelectorAll<HTMLElement>(".dimension")];
    this.needles = rows.map((row, dimension) => {
      const { low, high } = this.reach(dimension);
      return {
        element: row.querySelector<HTMLElement>(".needle")!,
        dimension,
        low,
        span: high - low,
        at: Number.NaN,
      };
    });
    if (model === null || this.drawnFor === model || rows.length === 0) return;
    this.drawnFor = model;
    rows.forEach((row, dimension) => {
      this.drawProfile(row.querySelector("canvas")!, model, dimension);
    });
  }

  private reach(dimension: number): { low: number; high: number } {
    const percentiles = this.model?.latent.percentiles;
    const values = percentiles?.values[dimension];
    return reachOf(
      percentiles === undefined || values === undefined ? undefined : { at: percentiles.at, values },
    );
  }

  private drawProfile(canvas: HTMLCanvasElement, model: ModelDescription, dimension: number): void {
    const values = model.latent.percentiles.values[dimension];
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (values === undefined || width === 0) return;
    fitCanvas(canvas, width, height);
    const context = contextOf(canvas);
    const { low, high } = this.reach(dimension);
    const heights = density({ at: model.latent.percentiles.at, values }, low, high, 96);
    context.clearRect(0, 0, width, height);
    const trace = (): void => {
      heights.forEach((h, i) => {
        context.lineTo((i / 95) * width, height - 1 - h * (height - 3));
      });
    };
    context.beginPath();
    context.moveTo(0, height);
    trace();
    context.lineTo(width, height);
    context.fillStyle = ink().profile;
    context.globalAlpha = 0.5;
    context.fill();
    context.globalAlpha = 1;
    context.beginPath();
    trace();
    context.lineWidth = 1;
    context.strokeStyle = ink().profileLine;
    context.stroke();
  }

  /** The needles show what is heard now, shaping and all. */
  private follow(): void {
    const latent = this.app.meters?.latent;
    if (latent === undefined || this.state.voice !== 0) return;
    for (const needle of this.needles) {
      const share = ((latent[needle.dimension] ?? 0) - needle.low) / needle.span;
      const at = Math.round(Math.max(0, Math.min(1, share)) * 1000) / 10;
      if (at === needle.at) continue;
      needle.at = at;
      needle.element.style.left = `${at}%`;
    }
  }

  // ------------------------------------------------------------------ doing

  /** While the map plays, the first touch of a slider takes the sound that is heard into the hand. */
  private move(voice: Voice, dimension: number, value: number): void {
    const heard = this.app.meters?.latent;
    const fromMap = this.state.listen === "play" && heard !== undefined && this.state.voice === 0;
    if (fromMap && heard.length === this.model?.dims)
      setExplored(this.app.store, Array.from(heard), voice.id);
    if ((voice.shaping.held[dimension] ?? 0) > 0.5)
      setShapingAt(this.app.store, "hold", dimension, value, voice.id);
    setDimension(this.app.store, dimension, value, voice.id);
  }

  private readonly throwIt = (): void => {
    throwDice(this.app.store, this.adventure);
    announce("A new sound is in hand.");
  };

  private readonly nudgeIt = (): void => {
    nudge(this.app.store, 0.35 * Math.max(0.2, this.adventure));
    announce("The sound has moved a little.");
  };

  private readonly keepIt = (): void => {
    const heard = this.app.meters?.latent;
    const playing = this.state.listen === "play" && heard !== undefined;
    if (keep(this.app.store, "", playing ? Array.from(heard) : undefined) !== null)
      announce("Kept on the shelf.");
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
          : html`${this.actions()} ${this.dimensions(voice, model)} ${this.files(voice)} ${this.shelf()} ${this.movement(voice)}`
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

  private dimensions(voice: Voice, model: ModelDescription): TemplateResult {
    const explore = exploreOf(this.state, voice);
    return section(
      "Latent dimensions",
      html`<div class="dimensions">
        ${Array.from({ length: model.dims }, (_, i) => this.dimension(voice, model, i, explore.latent[i] ?? 0))}
      </div>`,
      html`<button
        type="button"
        class="link"
        @click=${() => setExplored(this.app.store, model.latent.mean, voice.id)}
      >
        back to the mean
      </button>`,
    );
  }

  private dimension(voice: Voice, model: ModelDescription, i: number, explored: number): TemplateResult {
    const { shaping } = voice;
    const held = (shaping.held[i] ?? 0) > 0.5;
    const value = held ? (shaping.hold[i] ?? explored) : explored;
    const { low, high } = this.reach(i);
    const carries = carried(model.latent.labels[i]);
    const open = this.opened === i;
    const touched =
      (shaping.bias[i] ?? 0) !== 0 || (shaping.scale[i] ?? 1) !== 1 || (shaping.noise[i] ?? 0) !== 0;
    const name = `Dimension ${i + 1}${carries === "" ? "" : `, ${carries}`}`;
    return html`<div class="dimension ${held ? "held" : ""}">
      <div class="dimension-name">
        <b>${i + 1}</b><span class="carries">${carries}</span>
        <output>${signed(value, 2)}</output>
      </div>
      <div class="profile">
        <canvas aria-hidden="true"></canvas>
        <i class="needle" aria-hidden="true"></i>
        <input
          type="range"
          class="over"
          min=${low}
          max=${high}
          step="0.01"
          .value=${String(value)}
          aria-label=${name}
          aria-valuetext=${signed(value, 2)}
          @input=${(e: Event) => this.move(voice, i, (e.target as HTMLInputElement).valueAsNumber)}
          @dblclick=${() => this.move(voice, i, model.latent.mean[i] ?? 0)}
        />
      </div>
      <div class="dimension-tools">
        ${tool(
          `Lock dimension ${i + 1}`,
          held ? "lock" : "unlock",
          () => lock(this.app.store, i, held ? null : value, voice.id),
          {
            pressed: held,
            hint: held ? "Locked: the dice and the map leave it alone" : "Lock this dimension",
          },
        )}
        <button
          type="button"
          class="tool ${touched ? "touched" : ""}"
          aria-label="Bias, scale and noise of dimension ${i + 1}"
          title="Bias, scale, noise"
          aria-expanded=${open ? "true" : "false"}
          @click=${() => {
            this.opened = open ? null : i;
          }}
        >
          ${icon("more")}
        </button>
      </div>
      ${open ? this.shapingOf(voice, i) : nothing}
    </div>`;
  }

  private shapingOf(voice: Voice, i: number): TemplateResult {
    const { shaping } = voice;
    const set = (what: "bias" | "scale" | "noise") => (v: number) =>
      setShapingAt(this.app.store, what, i, v, voice.id);
    const bias = shaping.bias[i] ?? 0;
    const scale = shaping.scale[i] ?? 1;
    const noise = shaping.noise[i] ?? 0;
    return html`<div class="shaping">
      ${slider({ key: `bias${i}`, name: "Bias", value: bias, min: -3, max: 3, shown: signed(bias, 2), neutral: 0, input: set("bias") })}
      ${slider({ key: `scale${i}`, name: "Scale", value: scale, min: -2, max: 2, shown: `× ${scale.toFixed(2)}`, neutral: 1, input: set("scale") })}
      ${slider({ key: `noise${i}`, name: "Noise", value: noise, min: 0, max: 2, shown: noise.toFixed(2), neutral: 0, input: set("noise") })}
    </div>`;
  }

  private files(voice: Voice): TemplateResult {
    return section(
      "From a recording",
      html`<isobath-sound-file .app=${this.app} .voice=${voice}></isobath-sound-file>`,
    );
  }

  private shelf(): TemplateResult {
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
    const fits = kept.latent.length === this.model?.dims;
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
