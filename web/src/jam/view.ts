// Jam: pads, a clock, and a machine that answers on the next bar line.

import { html, svg, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { post } from "../net/http";
import {
  type JamAnswer,
  type JamMode,
  type JamPhrase,
  type JamSetting,
  makeJamSetting,
} from "../protocol/messages";
import { View } from "../ui/app";
import { icon } from "../ui/icons";
import { Band } from "./band";
import { Tap } from "./clock";
import { Jam, type Wanted, type Who } from "./session";
import "../styles/jam.css";

const PADS = [
  ["Crash", "7", 7],
  ["Ride", "8", 8],
  ["Open hat", "9", 3],
  ["High tom", "u", 6],
  ["Mid tom", "i", 5],
  ["Low tom", "o", 4],
  ["Kick", "j", 0],
  ["Snare", "k", 1],
  ["Hi-hat", "l", 2],
] as const;
const MODES: readonly (readonly [JamMode, string])[] = [
  ["trade", "Trade bars"],
  ["lead", "The machine leads"],
  ["follow", "Both at once"],
  ["machines", "Two machines"],
  ["loop", "Loop"],
  ["morph", "Morph"],
];
const START_SECONDS = 0.3;
const KEY_VELOCITY = 0.8;

@customElement("isobath-jam")
export class JamView extends View {
  @state() private settings: JamSetting = makeJamSetting({});
  @state() private metronome = true;
  @state() private whose = "";
  @state() private failure: string | null = null;
  @state() private shown: Partial<Record<Who, JamPhrase>> = {};
  /** The session that is played; for the tests, and for whoever stands at the console. */
  jam: Jam | null = null;
  /** Times of the machine's notes as they were put on the clock of samples. */
  readonly scheduled: number[] = [];
  private band: Band | null = null;
  private readonly session = crypto.randomUUID();
  private readonly tap = new Tap();

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("keydown", this.keyed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("keydown", this.keyed);
    void this.end();
  }

  private readonly toggle = async (): Promise<void> => {
    if (this.band) {
      await this.end();
      return;
    }
    try {
      const band = await Band.open((seconds) => this.advance(seconds));
      this.band = band;
      this.jam = new Jam(this.settings, band.context.currentTime + START_SECONDS, 1, this.metronome);
      this.failure = null;
      await this.warm(this.jam);
    } catch (error) {
      this.failure = `The jam cannot sound here (${(error as Error).message}). Use another browser.`;
    }
    this.requestUpdate();
  };

  /** While it counts in: the model is read from the disk, and thinks of a phrase for when it is late. */
  private async warm(jam: Jam): Promise<void> {
    const settings = this.settings;
    const wanted: Wanted = { number: 0, who: "second", settings, phrase: null, other: null, share: 0 };
    try {
      jam.spare = (await this.think(wanted)).phrase;
    } catch (error) {
      this.failure = (error as Error).message;
    }
  }

  private async think({ who, settings, phrase, other, share }: Wanted): Promise<JamAnswer> {
    const model = settings.bars === 4 ? "drums-4" : "drums-2";
    const body = JSON.stringify({ session: this.session, model, who, settings, phrase, other, share });
    return (await post("jam/answer", body, "application/json")).json() as Promise<JamAnswer>;
  }

  private async end(): Promise<void> {
    const band = this.band;
    this.band = null;
    this.jam = null;
    this.whose = "";
    await band?.close();
  }

  private advance(now: number): void {
    const { jam, band } = this;
    if (!jam || !band) return;
    const turns = jam.turns.length;
    const { events, asks } = jam.advance(now);
    for (const event of events) {
      if (event.kind === "drum") this.scheduled.push(event.seconds);
      band.put(event);
    }
    for (const wanted of asks) void this.ask(jam, wanted);
    if (jam.turns.length !== turns) this.show(jam);
    const players = jam.playing?.players;
    const whose =
      players === undefined
        ? "Count-in"
        : players.length > 1
          ? "Both"
          : players[0] === "human"
            ? "You"
            : "The machine";
    if (whose !== this.whose) this.whose = whose;
  }

  private async ask(jam: Jam, wanted: Wanted): Promise<void> {
    try {
      const answer = await this.think(wanted);
      const now = this.band?.context.currentTime;
      if (now !== undefined && jam === this.jam && jam.give(wanted, answer.phrase, now)) this.show(jam);
      this.failure = null;
    } catch (error) {
      this.failure = (error as Error).message; // the last answer is played again
    }
  }

  private show(jam: Jam): void {
    const shown: Partial<Record<Who, JamPhrase>> = {};
    for (const turn of jam.turns.slice(-4)) shown[turn.who] = turn.phrase;
    this.shown = shown;
  }

  private strike(piece: number, velocity: number, stamp: number): void {
    const { jam, band } = this;
    if (!band || !jam) return;
    const seconds = band.heardAt(stamp);
    if (jam.hear(seconds, piece, velocity))
      band.put({ seconds, who: "human", kind: "drum", piece, velocity }, true);
  }

  private readonly keyed = (event: KeyboardEvent): void => {
    const pad = PADS.find(([, key]) => key === event.key.toLowerCase());
    const field = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (!pad || event.repeat || event.ctrlKey || event.metaKey || event.altKey || field) return;
    event.preventDefault();
    event.stopPropagation();
    this.strike(pad[2], KEY_VELOCITY, event.timeStamp);
  };

  private readonly pressed = (event: PointerEvent): void => {
    const pad = event.currentTarget as HTMLElement;
    const { top, height } = pad.getBoundingClientRect();
    // harder towards the lower edge; a pen or a finger that tells its force is believed
    const told = event.pointerType === "pen" && event.pressure > 0 ? event.pressure : null;
    const share = Math.min(1, Math.max(0, (event.clientY - top) / height));
    this.strike(Number(pad.dataset.piece), told ?? 0.35 + 0.65 * share, event.timeStamp);
  };

  private set(settings: Partial<JamSetting>): void {
    this.settings = { ...this.settings, ...settings };
    if (this.jam && this.band) this.jam.change(this.settings, this.band.context.currentTime);
  }

  private number(
    name: "bpm" | "changed_hits" | "lead" | "density",
    label: string,
    low: number,
    high: number,
    step: number,
  ): TemplateResult {
    return html`<label>${label}
      <input type="number" min=${low} max=${high} step=${step} .value=${String(this.settings[name])}
        @change=${(event: Event) => {
          const value = (event.target as HTMLInputElement).valueAsNumber;
          if (value >= low && value <= high) this.set({ [name]: value });
        }} /></label>`;
  }

  private grid(who: Who, name: string): TemplateResult {
    const phrase = this.shown[who];
    const steps = phrase?.steps ?? 32;
    const said = phrase ? `${name}: ${phrase.hits.length} hits` : `${name}: nothing yet`;
    return html`<figure class="jam-part" data-who=${who}>
      <figcaption>${said}</figcaption>
      <svg viewBox="0 0 ${steps} 9" preserveAspectRatio="none" aria-hidden="true">
        ${Array.from({ length: steps / 4 }, (_, beat) => svg`<path class="jam-beat" d="M${beat * 4} 0V9" />`)}
        ${(phrase?.hits ?? []).map(
          ({ step, piece, velocity, offset }) =>
            svg`<rect x=${step - offset / 2 + 0.1} y=${8 - piece + 0.1} width="0.8" height="0.8" opacity=${0.25 + 0.75 * velocity} />`,
        )}
      </svg>
    </figure>`;
  }

  override render(): TemplateResult {
    const running = this.band !== null;
    return html`<section class="jam" aria-label="Jam">
      <header>
        <h2>Jam</h2>
        <p class="jam-whose" role="status">${this.whose}</p>
        <a class="button" href="#" aria-label="Leave the jam">${icon("close")}</a>
      </header>
      <div class="jam-controls">
        <button type="button" class="primary" @click=${this.toggle}>${running ? "Stop" : "Count in"}</button>
        <label>Mode
          <select @change=${(e: Event) => this.set({ mode: (e.target as HTMLSelectElement).value as JamMode })}>
            ${MODES.map(([mode, name]) => html`<option value=${mode} ?selected=${mode === this.settings.mode}>${name}</option>`)}
          </select></label>
        <label>Bars
          <select @change=${(e: Event) => this.set({ bars: Number((e.target as HTMLSelectElement).value) as 1 | 2 | 4 })}>
            ${[1, 2, 4].map((bars) => html`<option value=${bars} ?selected=${bars === this.settings.bars}>${bars}</option>`)}
          </select></label>
        ${this.number("bpm", "Tempo", 40, 300, 1)}
        <button type="button" @click=${(e: Event) => {
          const bpm = this.tap.tap(e.timeStamp / 1000);
          if (bpm !== null) this.set({ bpm: Math.round(bpm) });
        }}>Tap</button>
        ${this.number("changed_hits", "Hits that differ", 0, 64, 1)}
        ${this.number("lead", "Lead", 0, 1, 0.1)}
        ${this.number("density", "Hits more", -64, 64, 1)}
        <label><input type="checkbox" .checked=${this.metronome} @change=${(e: Event) => {
          this.metronome = (e.target as HTMLInputElement).checked;
          if (this.jam) this.jam.metronome = this.metronome;
        }} /> Click</label>
      </div>
      ${this.failure === null ? "" : html`<p class="jam-failure" role="alert">${this.failure}</p>`}
      <div class="jam-parts">${this.grid("human", "You")}${this.grid("machine", "The machine")}</div>
      <div class="jam-pads">
        ${PADS.map(
          ([name, key, piece]) => html`<button type="button" data-piece=${piece} @pointerdown=${this.pressed}
          @keydown=${(e: KeyboardEvent) => {
            if (e.key === "Enter" || e.key === " ") this.strike(piece, KEY_VELOCITY, e.timeStamp);
          }}>${name}<kbd>${key}</kbd></button>`,
        )}
      </div>
    </section>`;
  }
}
