// What a voice listens to besides the hands: microphone, sound, another voice, a dream; and how loud it comes.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { keepSound } from "../net/http";
import type { Manner, Source, Voice } from "../protocol/messages";
import { lateness } from "../state/rate";
import type { State } from "../state/store";
import { setAllManners, setSource, setVoice } from "../state/voices";
import { announce } from "./announcer";
import { View } from "./app";
import { choose, dropZone, slider, toggle } from "./parts";
import { pickSound } from "./pick-sound";
import { ticker } from "./ticker";
import { decibels, kilohertz, milliseconds, percent } from "./words";

const QUIET_DB = -60;
/** How fast the level falls, so that one sees what was loud a moment ago. */
const FALL_DB_PER_SECOND = 30;
const WORDS_EVERY_MS = 400;
const MOST_SEED = 4294967295;

type Kind = Source["kind"];

@customElement("isobath-source")
export class SourceView extends View {
  @property({ attribute: false }) voice!: Voice;
  @state() private busy: string | null = null;
  @state() private failure: string | null = null;
  @state() private over = false;
  private spoken = 0;
  private level = QUIET_DB;
  private levelAt = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileHere(ticker.add(() => this.follow()));
    const heard = () => this.requestUpdate();
    this.app.instrument.addEventListener("input", heard);
    this.whileHere(() => this.app.instrument.removeEventListener("input", heard));
  }

  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece !== previous.piece ||
      state.models !== previous.models ||
      state.descriptions !== previous.descriptions
    );
  }

  // ------------------------------------------------------------------ the live level

  private follow(): void {
    const bar = this.querySelector<HTMLElement>(".ear-level i");
    if (bar === null) return;
    const ear = this.app.meters?.ear ?? null;
    const db = ear === null || ear.peak <= 0 ? QUIET_DB : Math.max(QUIET_DB, 20 * Math.log10(ear.peak));
    const now = performance.now();
    const fallen = this.level - ((now - this.levelAt) / 1000) * FALL_DB_PER_SECOND;
    this.level = Math.max(db, fallen, QUIET_DB);
    this.levelAt = now;
    bar.style.width = `${Math.min(100, ((this.level - QUIET_DB) / -QUIET_DB) * 100)}%`;
    bar.classList.toggle("hot", this.level > -1);
    if (now - this.spoken < WORDS_EVERY_MS) return;
    this.spoken = now;
    const words = this.querySelector<HTMLElement>(".ear-words");
    if (words === null) return;
    if (this.app.instrument.state !== "running") words.textContent = "Start the sound to hear it.";
    else if (ear === null || ear.lufs === 0 || ear.lufs < -70) words.textContent = "Silence so far.";
    else {
      const heard = `${decibels(ear.lufs).replace(" dB", "")} LUFS`;
      words.textContent = this.voice.source.match
        ? `${heard} in, matched by ${decibels(ear.matchDb)}`
        : `${heard} in`;
    }
  }

  // ------------------------------------------------------------------ a sound file

  private async take(file: File | undefined): Promise<void> {
    if (file === undefined) return;
    this.busy = file.name;
    this.failure = null;
    const id = this.voice.id;
    try {
      const kept = await keepSound(file);
      setSource(this.app.store, id, {
        kind: "sound",
        sound: kept.id,
        title: file.name,
        loudness: Number.isFinite(kept.loudness) ? kept.loudness : null,
      });
      announce(`${file.name} plays in a loop.`);
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
    this.busy = null;
  }

  // ------------------------------------------------------------------ markup

  private nameOf(voice: Voice): string {
    const voices = this.state.piece?.voices ?? [];
    const title = this.state.models.find((m) => m.name === voice.model)?.title ?? voice.model;
    return `${voices.indexOf(voice) + 1} · ${title}`;
  }

  protected override render(): TemplateResult {
    const { voice } = this;
    const { source } = voice;
    const { store } = this.app;
    const model = this.state.models.find((m) => m.name === voice.model);
    const others = (this.state.piece?.voices ?? []).filter((v) => v.id !== voice.id);
    const kinds: { value: Kind; name: string }[] = [{ value: "gesture", name: "nothing: you alone" }];
    if (model?.encodes !== false) {
      kinds.push({ value: "input", name: "microphone or line" }, { value: "sound", name: "a sound, looped" });
      if (others.length > 0) kinds.push({ value: "voice", name: "another voice" });
    }
    if (model?.dreams) kinds.push({ value: "prior", name: "a dream of its own" });
    if (kinds.every((kind) => kind.value !== source.kind))
      kinds.push({ value: source.kind, name: `${source.kind}, not to be had here` });
    const listens = source.kind === "input" || source.kind === "sound" || source.kind === "voice";
    return html`<fieldset class="source">
      <legend>Source</legend>
      ${choose("source-kind", "Hears", kinds, source.kind, (kind) => this.become(kind, others))}
      ${model?.encodes === false ? html`<p class="hint">This model has no encoder, so it cannot hear sound.</p>` : nothing}
      ${source.kind === "input" ? this.microphone() : nothing}
      ${source.kind === "sound" ? this.sound(source) : nothing}
      ${
        source.kind === "voice"
          ? choose(
              "source-voice",
              "Which voice",
              [
                ...(source.voice === null ? [{ value: "", name: "choose one" }] : []),
                ...others.map((v) => ({ value: v.id, name: this.nameOf(v) })),
                { value: voice.id, name: "itself, a frame later" },
              ],
              source.voice ?? "",
              (id) => setSource(store, voice.id, { voice: id === "" ? null : id }),
            )
          : nothing
      }
      ${source.kind === "prior" ? this.dream(source) : nothing}
      ${listens ? this.listening(source) : nothing}
      ${source.kind === "gesture" ? nothing : this.meeting(source, model?.dims ?? 0)}
      ${
        others.length === 0
          ? nothing
          : choose(
              "follows",
              "Map",
              [
                { value: "", name: "its own" },
                ...others.map((v) => ({ value: v.id, name: `that of ${this.nameOf(v)}` })),
              ],
              voice.follows ?? "",
              (id) => setVoice(store, voice.id, { follows: id === "" ? null : id }),
            )
      }
    </fieldset>`;
  }

  private become(kind: Kind, others: readonly Voice[]): void {
    const { store } = this.app;
    const voice = this.voice.source.voice ?? others[0]?.id ?? null;
    this.failure = null;
    setSource(store, this.voice.id, kind === "voice" ? { kind, voice } : { kind });
  }

  private microphone(): TemplateResult {
    const { input } = this.app.instrument;
    if (input.state === "refused")
      return html`<p class="caution" role="alert">${input.sentence}</p>
        <button type="button" @click=${() => this.app.instrument.setInput(true)}>Try again</button>`;
    return html`<p class="hint" role="status">
      ${
        input.state === "open"
          ? html`${input.name === "" ? "The input is open." : `Listens to ${input.name}.`} Use headphones, or it hears itself.`
          : input.state === "asking"
            ? "The browser asks whether this page may listen."
            : "It opens with the sound. Use headphones, or it hears itself."
      }
    </p>`;
  }

  private sound(source: Source): TemplateResult {
    const content =
      this.busy !== null
        ? html`<p class="hint" role="status">Taking in ${this.busy}…</p>`
        : pickSound(
            source.sound === null ? null : source.title === "" ? "A sound" : source.title,
            html`Drop a sound file here, or <u>choose one</u>`,
            (file) => void this.take(file),
          );
    return html`${dropZone({
      over: this.over,
      hover: (over) => {
        this.over = over;
      },
      take: (file) => void this.take(file),
      content,
    })}
      ${this.failure === null ? nothing : html`<p class="caution grave" role="alert">${this.failure}</p>`}`;
  }

  private dream(source: Source): TemplateResult {
    const set = (change: Partial<Source>) => setSource(this.app.store, this.voice.id, change);
    return html`${slider({
      key: "s-temperature",
      name: "Wildness",
      value: source.temperature,
      min: 0,
      max: 2,
      step: 0.05,
      shown: source.temperature.toFixed(2),
      neutral: 1,
      input: (temperature) => set({ temperature }),
    })}
      <div class="field">
        <label for="dream-seed">Seed</label>
        <input
          id="dream-seed"
          type="number"
          min="0"
          max=${MOST_SEED}
          step="1"
          .value=${String(source.seed)}
          @change=${(e: Event) => {
            const seed = Math.round((e.target as HTMLInputElement).valueAsNumber);
            if (seed >= 0 && seed <= MOST_SEED) set({ seed });
          }}
        />
        <button type="button" @click=${() => set({ seed: (source.seed + 1) % MOST_SEED })}>Next</button>
      </div>`;
  }

  private listening(source: Source): TemplateResult {
    const set = (change: Partial<Source>) => setSource(this.app.store, this.voice.id, change);
    return html`<div class="ear">
        <div class="ear-level" aria-hidden="true"><i></i></div>
        <p class="hint ear-words">Silence so far.</p>
      </div>
      ${slider({ key: "s-gain", name: "Comes in", value: source.gain_db, min: -40, max: 24, step: 0.5, shown: decibels(source.gain_db), neutral: 0, input: (gain_db) => set({ gain_db }) })}
      ${slider({ key: "s-wet", name: "Wet", value: source.wet, min: 0, max: 1, step: 0.01, shown: percent(source.wet), neutral: 1, input: (wet) => set({ wet }) })}
      ${toggle("Match the loudness the model learned", source.match, (match) => set({ match }))}
      ${this.lateness()}`;
  }

  /** How late what comes in is heard: the parts one cannot change, added up. */
  private lateness(): TemplateResult | typeof nothing {
    const model = this.state.descriptions.get(this.voice.model);
    if (model === undefined) return nothing;
    const { meters, instrument } = this.app;
    const rate = instrument.sampleRate || model.sample_rate;
    const own = (model.hop + model.delay) / model.sample_rate + lateness(model.sample_rate, rate, 2) / rate;
    const why =
      rate === model.sample_rate
        ? "a frame and the model's delay"
        : `a frame, the model's delay, and the way from ${kilohertz(rate)} to ${kilohertz(model.sample_rate)} and back`;
    const inside = own + instrument.lookAhead;
    if (this.voice.source.kind !== "input" || meters === null || instrument.state !== "running")
      return html`<p class="hint">Heard ${milliseconds(own)} later: ${why}.</p>`;
    const device = meters.outputLatency + (instrument.input.latency ?? 0);
    return html`<p class="hint">
      Heard ${milliseconds(inside + device)} later: ${milliseconds(inside)} here, ${milliseconds(device)} as the browser
      tells of the devices.
    </p>`;
  }

  private meeting(source: Source, dims: number): TemplateResult {
    const manners = new Set(Array.from({ length: dims }, (_, i) => source.manner[i] ?? "follow"));
    const all = manners.size === 1 ? [...manners][0]! : "mixed";
    const choices: { value: Manner | "mixed"; name: string }[] = [
      { value: "follow", name: "follow the source" },
      { value: "absolute", name: "play instead of it" },
      { value: "bias", name: "push it" },
      { value: "scale", name: "stretch it" },
    ];
    if (all === "mixed") choices.push({ value: "mixed", name: "each its own way" });
    return html`${choose("s-manner", "You", choices, all, (manner) => {
      if (manner !== "mixed") setAllManners(this.app.store, this.voice.id, manner, dims);
    })}
      <p class="hint">Per dimension: under Explore, the dots beside it.</p>`;
  }
}
