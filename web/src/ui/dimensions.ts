// Every latent dimension as a slider over the profile of what the model knows, with a needle for what is
// sounding now.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import type { ModelDescription } from "../net/models";
import type { Manner, Voice } from "../protocol/messages";
import { exploreOf, setDimension, setExplored } from "../state/explore";
import type { State } from "../state/store";
import { lock, setMeeting, setShapingAt } from "../state/voices";
import { heardLatent } from "../steer/heard";
import { View } from "./app";
import { contextOf, fitCanvas, ink } from "./canvas";
import { icon } from "./icons";
import { choose, section, slider, tool } from "./parts";
import { density, reachOf } from "./profile";
import { ticker } from "./ticker";
import { carried, percent, signed } from "./words";

interface Needle {
  readonly element: HTMLElement;
  /** Where the performer alone would be; null where that is what is heard. */
  readonly mine: HTMLElement | null;
  /** Where the source alone would be; null where there is none. */
  readonly theirs: HTMLElement | null;
  readonly dimension: number;
  readonly low: number;
  readonly span: number;
  at: number;
}

/** Where a latent lies along a slider, in per cent. */
function along(needle: Needle, latent: Float32Array): number {
  const share = ((latent[needle.dimension] ?? 0) - needle.low) / needle.span;
  return Math.round(Math.max(0, Math.min(1, share)) * 1000) / 10;
}

/** A manner in a word. */
const MEETS: Readonly<Record<Manner, string>> = {
  follow: "",
  absolute: "yours",
  bias: "pushed",
  scale: "stretched",
};

const MANNERS: readonly { value: Manner; name: string }[] = [
  { value: "follow", name: "follow the source" },
  { value: "absolute", name: "play instead of it" },
  { value: "bias", name: "push it" },
  { value: "scale", name: "stretch it" },
];

@customElement("isobath-dimensions")
export class DimensionsView extends View {
  /** The dimension whose bias, scale and noise are open. */
  @state() private opened: number | null = null;
  private needles: Needle[] = [];
  private drawnFor: unknown = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.drawnFor = null;
    this.whileHere(ticker.add(() => this.follow()));
    const themed = () => {
      this.drawnFor = null;
      this.requestUpdate();
    };
    window.addEventListener("isobath-theme", themed);
    window.addEventListener("resize", themed);
    this.whileHere(() => {
      window.removeEventListener("isobath-theme", themed);
      window.removeEventListener("resize", themed);
    });
  }

  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece !== previous.piece ||
      state.explore !== previous.explore ||
      state.listen !== previous.listen ||
      state.voice !== previous.voice ||
      state.descriptions !== previous.descriptions
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
        mine: row.querySelector<HTMLElement>(".mine"),
        theirs: row.querySelector<HTMLElement>(".theirs"),
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
    const { meters } = this.app;
    if (meters === null) return;
    const { latent, performer, source } = meters;
    for (const needle of this.needles) {
      if (needle.mine !== null) needle.mine.style.left = `${along(needle, performer)}%`;
      if (needle.theirs !== null) {
        needle.theirs.hidden = source.length === 0;
        needle.theirs.style.left = `${along(needle, source)}%`;
      }
      const at = along(needle, latent);
      if (at === needle.at) continue;
      needle.at = at;
      needle.element.style.left = `${at}%`;
    }
  }

  /** While the map plays, the first touch of a slider takes the sound that is heard into the hand. */
  private move(voice: Voice, dimension: number, value: number): void {
    const { store, performer } = this.app;
    if (this.state.listen === "play") {
      const heard = heardLatent(this.state, voice, performer.values);
      if (heard !== null) setExplored(store, heard, voice.id);
    }
    if ((voice.shaping.held[dimension] ?? 0) > 0.5) setShapingAt(store, "hold", dimension, value, voice.id);
    setDimension(store, dimension, value, voice.id);
  }

  // ------------------------------------------------------------------ markup

  protected override render(): TemplateResult {
    const { voice, model } = this;
    return voice === null || model === null ? html`` : this.dimensions(voice, model);
  }

  private dimensions(voice: Voice, model: ModelDescription): TemplateResult {
    const explore = exploreOf(this.state, voice);
    return section(
      "Latent dimensions",
      html`<div
        class="dimensions ${voice.source.kind === "gesture" ? "" : "sourced"} ${this.state.listen === "play" ? "mapped" : ""}"
      >
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
    const manner = voice.source.manner[i] ?? "follow";
    const meets = voice.source.kind !== "gesture" && manner !== "follow";
    const carries = carried(model.latent.labels[i]);
    const open = this.opened === i;
    const touched =
      (shaping.bias[i] ?? 0) !== 0 || (shaping.scale[i] ?? 1) !== 1 || (shaping.noise[i] ?? 0) !== 0 || meets;
    const name = `Dimension ${i + 1}${carries === "" ? "" : `, ${carries}`}`;
    return html`<div class="dimension ${held ? "held" : ""}">
      <div class="dimension-name">
        <b>${i + 1}</b><span class="carries"
          >${carries === "" ? "–" : carries}${meets ? html` · <em>${MEETS[manner]}</em>` : nothing}</span
        >
        <output>${signed(value, 2)}</output>
      </div>
      <div class="profile">
        <canvas aria-hidden="true"></canvas>
        <i class="needle" aria-hidden="true"></i>
        ${voice.source.kind === "gesture" ? nothing : html`<i class="theirs" aria-hidden="true" hidden></i>`}
        ${meets ? html`<i class="mine" aria-hidden="true"></i>` : nothing}
        <input
          type="range"
          class="over"
          min=${low}
          max=${high}
          step="0.01"
          .value=${live(String(value))}
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
      ${voice.source.kind === "gesture" ? nothing : this.meeting(voice, i)}
      ${slider({ key: `bias${i}`, name: "Bias", value: bias, min: -3, max: 3, shown: signed(bias, 2), neutral: 0, input: set("bias") })}
      ${slider({ key: `scale${i}`, name: "Scale", value: scale, min: -2, max: 2, shown: `× ${scale.toFixed(2)}`, neutral: 1, input: set("scale") })}
      ${slider({ key: `noise${i}`, name: "Noise", value: noise, min: 0, max: 2, shown: noise.toFixed(2), neutral: 0, input: set("noise") })}
    </div>`;
  }

  /** How the performer meets the source here. */
  private meeting(voice: Voice, i: number): TemplateResult {
    const { store } = this.app;
    const manner = voice.source.manner[i] ?? "follow";
    const amount = voice.source.amount[i] ?? 1;
    return html`${choose(`manner${i}`, "You", MANNERS, manner, (to) => setMeeting(store, voice.id, i, { manner: to }))}
    ${slider({ key: `amount${i}`, name: "Amount", value: amount, min: 0, max: 1, shown: percent(amount), neutral: 1, disabled: manner === "follow", input: (to) => setMeeting(store, voice.id, i, { amount: to }) })}`;
  }
}
