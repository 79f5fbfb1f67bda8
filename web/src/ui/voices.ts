// The voices of the piece: which one is being edited, its model, its loudness and place.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { addModel } from "../net/http";
import type { BarsPlayed, Voice } from "../protocol/messages";
import type { State } from "../state/store";
import { addVoice, editedVoice, removeVoice, setModel, setVoice, VOICES } from "../state/voices";
import { View } from "./app";
import { type IconName, icon } from "./icons";
import { choose, slider, tool } from "./parts";
import { decibels, streamedWords } from "./words";

/** What a chip shows of a voice that listens. */
/** Beats in a bar, as models of bars have learned them. */
const FOUR = 4;
const HEARD: Readonly<Record<Voice["source"]["kind"], IconName | null>> = {
  gesture: null,
  input: "microphone",
  sound: "file",
  voice: "sound",
  prior: "dream",
};

@customElement("isobath-voices")
export class VoicesView extends View {
  @state() private open = false;
  /** Not needed before one opens the settings, so fetched then. */
  @state() private hasSource = false;

  private show(): void {
    this.open = true;
    void Promise.all([import("./source"), import("./stream"), import("./hazards")]).then(() => {
      this.hasSource = true;
    });
  }

  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece !== previous.piece ||
      state.voice !== previous.voice ||
      state.models !== previous.models ||
      state.placed !== previous.placed
    );
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const { instrument } = this.app;
    let before = "";
    const changed = (): void => {
      const words = (this.state.piece?.voices ?? []).map((_, slot) => this.words(slot)).join();
      if (words !== before) this.requestUpdate();
      before = words;
    };
    instrument.addEventListener("streams", changed);
    this.whileHere(() => instrument.removeEventListener("streams", changed));
  }

  private words(slot: number): string {
    const status = this.app.instrument.streamOf(slot);
    return status === null ? "" : streamedWords(status);
  }

  /** What a chip says of a voice that the server makes; a name that changes all the time is not read out. */
  private lateness(slot: number): TemplateResult | typeof nothing {
    const words = this.words(slot);
    return words === "" ? nothing : html`<small aria-hidden="true">${words}</small>`;
  }

  private titleOf(model: string): string {
    return this.state.models.find((m) => m.name === model)?.title ?? model;
  }

  protected override render(): TemplateResult {
    const { piece, voice: chosen, models } = this.state;
    const voices = piece?.voices ?? [];
    const voice = voices[chosen];
    const { store } = this.app;
    return html`<div class="voices">
        <div class="voice-chips" role="group" aria-label="Voices">
          ${voices.map(
            (v, i) => html`<button
              type="button"
              class="chip"
              aria-pressed=${i === chosen ? "true" : "false"}
              @click=${() => editedVoice(store, i)}
            >
              ${v.muted ? icon("mute") : nothing}${HEARD[v.source.kind] === null ? nothing : icon(HEARD[v.source.kind]!)}<span>${this.titleOf(v.model)}</span>${this.lateness(i)}
            </button>`,
          )}
          ${
            voices.length < VOICES && models.length > 0
              ? tool("Add a voice", "add", () => {
                  const unused = models.find((m) => voices.every((v) => v.model !== m.name)) ?? models[0]!;
                  addVoice(store, unused.name);
                  this.show();
                })
              : nothing
          }
        </div>
        ${
          voice === undefined
            ? nothing
            : html`<button
              type="button"
              class="tool"
              aria-label="Settings of this voice"
              title="Model, loudness, place, source"
              aria-expanded=${this.open ? "true" : "false"}
              @click=${() => {
                if (this.open) this.open = false;
                else this.show();
              }}
            >
              ${icon("more")}
            </button>`
        }
      </div>
      ${voice !== undefined && this.open ? this.settings(voice, voices.length) : nothing}`;
  }

  /** A model file into the library; it is then among the models to choose from. */
  private async bring(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    input.value = "";
    if (file === undefined) return;
    const { store } = this.app;
    try {
      if (!file.name.endsWith(".safetensors"))
        store.set({
          notice: { kind: "information", sentence: `“${file.name}” is being checked and tried out.` },
        });
      const { sentence } = await addModel(file);
      store.set({ notice: { kind: "information", sentence } });
    } catch (error) {
      store.set({
        notice: { kind: "error", sentence: error instanceof Error ? error.message : String(error) },
      });
    }
  }

  /** How a voice on a model of bars plays. */
  private inBars(voice: Voice, set: (change: Parameters<typeof setVoice>[2]) => void): TemplateResult {
    const { bars } = voice;
    const beats = this.state.piece?.tempo.beats ?? FOUR;
    return html`${choose<BarsPlayed["every"]>(
      `every-${voice.id}`,
      "New notes",
      [
        { value: "step", name: "every sixteenth" },
        { value: "beat", name: "every beat" },
        { value: "bar", name: "every bar" },
        { value: "phrase", name: "every phrase" },
      ],
      bars.every,
      (every) => set({ bars: { ...bars, every } }),
    )}${choose<BarsPlayed["sounds"]>(
      `sounds-${voice.id}`,
      "Played by",
      [
        { value: "own", name: "drums and a string" },
        { value: "latent", name: "models of sound" },
      ],
      bars.sounds,
      (sounds) => set({ bars: { ...bars, sounds } }),
    )}${
      beats === FOUR
        ? nothing
        : html`<p class="hint">Its bars have four beats, those of the piece ${beats}: they go their own way.</p>`
    }`;
  }

  private settings(voice: Voice, count: number): TemplateResult {
    const { store } = this.app;
    const about = this.state.models.find((m) => m.name === voice.model);
    const set = (change: Parameters<typeof setVoice>[2]) => setVoice(store, voice.id, change);
    return html`<div class="voice-settings">
      ${choose(
        `model-${voice.id}`,
        "Model",
        this.state.models.map((m) => ({
          value: m.name,
          name: `${m.title}${m.foreign ? " · runs apart" : m.bars ? " · notes" : ""} · ${m.dims} dimensions`,
        })),
        voice.model,
        (model) => setModel(store, voice.id, model),
      )}
      ${about === undefined ? nothing : html`<p class="hint">${about.about} ${about.credit}</p>`}
      ${about?.bars ? this.inBars(voice, set) : nothing}
      ${this.hasSource ? html`<isobath-stream .app=${this.app} .voice=${voice} .model=${about}></isobath-stream>` : nothing}
      ${slider({ key: "v-gain", name: "Gain", value: voice.gain_db, min: -40, max: 12, step: 0.5, shown: decibels(voice.gain_db), neutral: 0, input: (gain_db) => set({ gain_db }) })}
      ${slider({
        key: "v-pan",
        name: "Place",
        value: voice.pan,
        min: -1,
        max: 1,
        step: 0.02,
        shown:
          Math.abs(voice.pan) < 0.01
            ? "centre"
            : `${Math.round(Math.abs(voice.pan) * 100)} ${voice.pan < 0 ? "left" : "right"}`,
        neutral: 0,
        input: (pan) => set({ pan }),
      })}
      <div class="row wrap actions">
        <button type="button" aria-pressed=${voice.muted ? "true" : "false"} @click=${() => set({ muted: !voice.muted })}>
          ${icon(voice.muted ? "mute" : "sound")}${voice.muted ? "Muted" : "Mute"}
        </button>
        ${
          count > 1 || voice.solo
            ? html`<button
              type="button"
              aria-pressed=${voice.solo ? "true" : "false"}
              title="Hear this voice alone"
              @click=${() => set({ solo: !voice.solo })}
            >
              Solo
            </button>`
            : nothing
        }
        <label class="button grow">
          ${icon("upload")}Bring a model…<input
            type="file"
            class="unseen"
            accept=".safetensors,.ts"
            @change=${(e: Event) => this.bring(e.target as HTMLInputElement)}
          />
        </label>
        ${
          count > 1
            ? html`<button type="button" class="quiet" @click=${() => removeVoice(store, voice.id)}>
              ${icon("trash")}Remove this voice
            </button>`
            : nothing
        }
      </div>
      ${
        this.hasSource && about !== undefined && about.bars === ""
          ? html`<isobath-hazards .app=${this.app} .voice=${voice}></isobath-hazards>`
          : nothing
      }
      ${this.hasSource ? html`<isobath-source .app=${this.app} .voice=${voice}></isobath-source>` : nothing}
    </div>`;
  }
}
