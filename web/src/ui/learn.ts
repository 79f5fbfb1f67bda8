// Learn: how demonstrations become a map; two ways of learning compared by ear.

import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { Algorithm, MappingSettings, Voice } from "../protocol/messages";
import { type Fit, fitOf, type Side, type State } from "../state/store";
import { endComparison, setMapping, setRefit, setSide } from "../state/voices";
import { Panel } from "./app";
import { icon } from "./icons";
import { type Choice, choose, head, section, segments, slider, toggle } from "./parts";
import { percent } from "./words";
import "./outputs";
import "./voices";

const ALGORITHMS: readonly (Choice<Algorithm> & { readonly about: string })[] = [
  {
    value: "gp",
    name: "Gaussian process",
    about: "Exact where you demonstrated, calm between, and it knows where it is unsure.",
  },
  {
    value: "perceptron",
    name: "Perceptrons, one per dimension",
    about:
      "Shallow networks, one for each latent dimension, as in the paper. They bend and overshoot; that can be the point.",
  },
  {
    value: "inverse_distance",
    name: "Inverse distance",
    about: "A blend of all demonstrations, the near ones loudest. Never leaves what was shown.",
  },
  {
    value: "neighbours",
    name: "Nearest neighbours",
    about: "A blend of the nearest few: a collage with edges.",
  },
  {
    value: "thin_plate",
    name: "Thin plate",
    about: "The smoothest sheet through all of them; it soars outside.",
  },
  { value: "linear", name: "Linear", about: "One slope for everything." },
  { value: "polynomial", name: "Polynomial", about: "A few gentle curves for everything." },
  {
    value: "direct",
    name: "One to one",
    about: "Nothing is learned: the first axis is the first dimension, and so on; the others rest at nought.",
  },
  {
    value: "ridge",
    name: "Random layer",
    about: "A random network with a fitted last layer; quick for many demonstrations.",
  },
  {
    value: "terrain",
    name: "Terrain",
    about:
      "One landscape of waves and hills through them all: rich between, never far out. For paths to travel.",
  },
];

const TRUSTING: readonly Algorithm[] = ["gp", "thin_plate", "ridge", "terrain"];

@customElement("isobath-learn")
export class LearnPanel extends Panel {
  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece !== previous.piece ||
      state.voice !== previous.voice ||
      state.fits !== previous.fits ||
      state.descriptions !== previous.descriptions ||
      state.connection !== previous.connection
    );
  }

  protected override render(): TemplateResult {
    const voice = this.voice;
    return html`
      ${head("Learn", "From a few demonstrations to a map you can play.")}
      <isobath-voices .app=${this.app}></isobath-voices>
      ${voice === null ? nothing : html`${this.fitting(voice)} ${this.method(voice)} <isobath-outputs .app=${this.app}></isobath-outputs>`}
    `;
  }

  // ------------------------------------------------------------------ the last fit

  private fitting(voice: Voice): TemplateResult {
    const refit = this.state.piece?.refit ?? "always";
    const fit = fitOf(this.state, voice.id, voice.side);
    const active = voice.demonstrations.filter((d) => !d.muted).length;
    return html`<section class="part first">
      <div class="fit-state" role="status">
        <span class="lamp ${fit.state} ${fit.stale ? "stale" : ""}" aria-hidden="true"></span>
        <span class="grow">${this.said(fit, active)}</span>
        ${
          fit.milliseconds > 0 && fit.state === "fitted"
            ? html`<span class="figure">${fit.milliseconds.toFixed(1)} ms</span>`
            : nothing
        }
      </div>
      ${
        fit.sentence === null
          ? nothing
          : html`<p class="caution ${fit.state === "failed" ? "grave" : ""}">${fit.sentence}</p>`
      }
      <div class="row">
        <span class="name grow">Learn again</span>
        ${segments(
          "refit",
          "Learn again",
          [
            { value: "always", name: "at each change" },
            { value: "button", name: "when I say" },
          ],
          refit,
          (v) => setRefit(this.app.store, v),
        )}
      </div>
      ${
        refit === "button"
          ? html`<button type="button" class="wide ${fit.stale ? "primary" : ""}" @click=${() => this.app.fitting.now()}>
            ${icon("learn")}Learn now
          </button>`
          : nothing
      }
    </section>`;
  }

  private said(fit: Fit, active: number): string {
    if (fit.mapping?.algorithm === "direct") return "One axis, one dimension; nothing is learned.";
    if (active === 0) return "Nothing to learn from yet.";
    if (fit.state === "fitting") return "Learning…";
    if (fit.state === "failed") return "The last fit did not work; the map before it plays.";
    if (fit.state === "none")
      return this.state.connection.state === "online"
        ? "Not learned yet."
        : "Learns again when the server is back.";
    if (fit.stale) return "Something has changed since this map was learned.";
    if (active === 1) return "One demonstration: everywhere sounds like it.";
    const worst = Math.max(0, ...fit.errors.values());
    return worst < 0.01
      ? `${active} demonstrations, all met exactly.`
      : `${active} demonstrations; the worst is missed by ${worst.toFixed(2)}.`;
  }

  // ------------------------------------------------------------------ the method, and the other one

  private method(voice: Voice): TemplateResult {
    const comparing = voice.other !== null;
    const { store } = this.app;
    return section(
      "Method",
      html`
        ${
          comparing
            ? html`<div class="ab">
              ${segments<Side>(
                "side",
                "Hear",
                [
                  { value: "a", name: "A" },
                  { value: "b", name: "B" },
                ],
                voice.side,
                (side) => setSide(store, side, voice.id),
              )}
              <span class="hint grow">Same demonstrations, two methods. Press <kbd>B</kbd> while you play.</span>
            </div>`
            : nothing
        }
        ${this.settings(voice, voice.side)}
        ${
          comparing
            ? html`<button type="button" class="wide" @click=${() => endComparison(store, voice.id)}>
              Keep ${voice.side.toUpperCase()}, end the comparison
            </button>`
            : html`<button type="button" class="wide" data-do="compare" @click=${() => setSide(store, "b", voice.id)}>
              Compare with another method
            </button>`
        }
      `,
    );
  }

  private settings(voice: Voice, side: Side): TemplateResult {
    const settings = side === "b" && voice.other !== null ? voice.other : voice.mapping;
    const change = (c: Partial<MappingSettings>) => setMapping(this.app.store, c, side, voice.id);
    const about = ALGORITHMS.find((a) => a.value === settings.algorithm)?.about;
    return html`
      ${choose(`algorithm-${side}`, "Algorithm", ALGORITHMS, settings.algorithm, (algorithm) => change({ algorithm }))}
      <p class="hint">${about}</p>
      ${this.parameters(settings, change)} ${this.bounds(settings, change)}
    `;
  }

  private parameters(s: MappingSettings, change: (c: Partial<MappingSettings>) => void): unknown {
    const whole = (
      key: "neighbours" | "degree" | "hidden" | "layers",
      name: string,
      min: number,
      max: number,
    ) =>
      slider({
        key,
        name,
        value: s[key],
        min,
        max,
        step: 1,
        shown: String(s[key]),
        input: (v) => change({ [key]: v }),
      });
    const parts: unknown[] = [];
    if (TRUSTING.includes(s.algorithm))
      parts.push(
        slider({
          key: "trust",
          name: "Trust",
          value: s.trust,
          min: 0,
          max: 1,
          shown: s.trust >= 0.995 ? "exact" : s.trust < 0.3 ? "smooth" : percent(s.trust),
          neutral: 1,
          input: (trust) => change({ trust }),
        }),
      );
    if (s.algorithm === "perceptron")
      parts.push(
        whole("hidden", "Hidden units", 1, 64),
        whole("layers", "Layers", 1, 2),
        this.reseed(s, change),
      );
    if (s.algorithm === "terrain")
      parts.push(
        slider({
          key: "detail",
          name: "Hills",
          value: s.detail,
          min: 0.25,
          max: 4,
          step: 0.05,
          shown: s.detail.toFixed(2),
          neutral: 1,
          input: (detail) => change({ detail }),
        }),
        whole("hidden", "Hidden units", 1, 64),
        whole("layers", "Layers", 1, 4),
        this.reseed(s, change),
      );
    if (s.algorithm === "ridge") parts.push(whole("hidden", "Hidden units", 1, 256), this.reseed(s, change));
    if (s.algorithm === "neighbours") parts.push(whole("neighbours", "Neighbours", 1, 10));
    if (s.algorithm === "neighbours" || s.algorithm === "inverse_distance")
      parts.push(
        slider({
          key: "power",
          name: "Sharpness",
          value: s.power,
          min: 0.5,
          max: 6,
          step: 0.1,
          shown: s.power.toFixed(1),
          neutral: 2,
          input: (power) => change({ power }),
        }),
      );
    if (s.algorithm === "direct")
      parts.push(
        slider({
          key: "reach",
          name: "Reach",
          value: s.reach,
          min: 0.5,
          max: 8,
          step: 0.1,
          shown: `± ${s.reach.toFixed(1)}`,
          neutral: 3,
          input: (reach) => change({ reach }),
        }),
      );
    if (s.algorithm === "polynomial") parts.push(whole("degree", "Degree", 1, 4));
    return parts;
  }

  /** Where the map may go between and beyond its demonstrations. */
  private bounds(s: MappingSettings, change: (c: Partial<MappingSettings>) => void): TemplateResult {
    return toggle("Never beyond what was demonstrated", s.clamp, (clamp) => change({ clamp }));
  }

  private reseed(s: MappingSettings, change: (c: Partial<MappingSettings>) => void): TemplateResult {
    return html`<div class="field">
      <span class="name">Beginning</span>
      <button type="button" @click=${() => change({ seed: (s.seed + 1) % 1000 })}>${icon("dice")}Another (${s.seed})</button>
    </div>`;
  }
}
