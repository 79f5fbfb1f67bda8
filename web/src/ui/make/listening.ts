// Listening to a checkpoint: the source and what the model makes of it, at the same place, one press apart.

import { html, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { spectrogram } from "../../make/spectrum";
import { count } from "../../make/words";
import { fetchClip, type Side } from "../../net/making";
import type { Checkpoint } from "../../protocol/messages";
import { View } from "../app";
import { contextOf, fitCanvas, ink } from "../canvas";
import { icon } from "../icons";
import { segments, toggle } from "../parts";
import { ticker } from "../ticker";
import { duration } from "../words";
import { ClipPlayer } from "./clip-player";

const ROWS = 72;

@customElement("isobath-make-listening")
export class MakeListeningView extends View {
  @property() run = "";
  @property({ attribute: false }) checkpoints: readonly Checkpoint[] = [];
  /** Index of the checkpoint; -1: the newest, whichever that is. */
  @property({ type: Number }) chosen = -1;
  @state() private pair = 0;
  @state() private clips: Partial<Record<Side, AudioBuffer>> = {};
  @state() private playing: Side | null = null;
  @state() private loop = true;
  @state() private failure: string | null = null;
  @query("canvas.heard-source") private source!: HTMLCanvasElement;
  @query("canvas.heard-reconstruction") private reconstruction!: HTMLCanvasElement;
  @query("input.seek") private seek!: HTMLInputElement;
  private readonly player = new ClipPlayer(() => this.ended());
  private readonly kept = new Map<string, Promise<AudioBuffer>>();
  private wanted = "";
  private drawn = "";
  private readonly resized = new ResizeObserver(() => this.redraw());

  override connectedCallback(): void {
    super.connectedCallback();
    const themed = () => this.redraw();
    window.addEventListener("isobath-theme", themed);
    this.whileHere(() => window.removeEventListener("isobath-theme", themed));
    this.whileHere(() => this.resized.disconnect());
    this.whileHere(() => {
      this.player.stop();
      this.hush(false);
    });
    this.whileHere(ticker.add(() => this.tick()));
  }

  protected override concerns(): boolean {
    return false;
  }

  private get index(): number {
    return this.chosen < 0 ? this.checkpoints.length - 1 : Math.min(this.chosen, this.checkpoints.length - 1);
  }

  private get checkpoint(): Checkpoint | undefined {
    return this.checkpoints[this.index];
  }

  // -------------------------------------------------------------------- fetching

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("run")) {
      this.kept.clear();
      this.clips = {};
      this.player.stop();
      this.playing = null;
    }
    const { checkpoint } = this;
    if (checkpoint === undefined) return;
    this.pair = Math.min(this.pair, checkpoint.pairs - 1);
    const wanted = `${this.run} ${checkpoint.step} ${this.pair}`;
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    void this.fetch(wanted, checkpoint.step, this.pair);
  }

  private async fetch(wanted: string, step: number, pair: number): Promise<void> {
    try {
      const [source, reconstruction] = await Promise.all([
        this.clip(step, "source", pair),
        this.clip(step, "reconstruction", pair),
      ]);
      if (wanted !== this.wanted) return;
      this.failure = null;
      this.clips = { source, reconstruction };
      this.player.replace(this.clips);
    } catch (error) {
      if (wanted === this.wanted) this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  private clip(step: number, side: Side, pair: number): Promise<AudioBuffer> {
    const key = `${step} ${side} ${pair}`;
    let clip = this.kept.get(key);
    if (clip === undefined) {
      clip = fetchClip(this.run, step, side, pair).then((data) =>
        new OfflineAudioContext(1, 1, 44100).decodeAudioData(data),
      );
      clip.catch(() => this.kept.delete(key));
      this.kept.set(key, clip);
      for (const old of [...this.kept.keys()].slice(0, -16)) this.kept.delete(old);
    }
    return clip;
  }

  // -------------------------------------------------------------------- playing

  /** Hear one side; the other, playing, gives way at the same place. */
  private hear(side: Side): void {
    if (this.playing === side) {
      this.player.stop();
      this.playing = null;
      this.hush(false);
      return;
    }
    if (this.clips.source === undefined) return;
    this.hush(true);
    this.player.loop = this.loop;
    this.player.play(this.clips, side);
    this.playing = side;
  }

  private ended(): void {
    this.playing = null;
    this.hush(false);
  }

  private hushed = false;

  /** The instrument is quiet while a clip is heard. */
  private hush(quiet: boolean): void {
    const { instrument } = this.app;
    if (quiet && !this.hushed && !this.app.silent && instrument.state === "running") {
      instrument.panic();
      this.hushed = true;
    } else if (!quiet && this.hushed) {
      if (!this.app.silent) instrument.resume();
      this.hushed = false;
    }
  }

  private tick(): void {
    if (this.playing === null || this.seek === null) return;
    const share = this.player.share;
    this.seek.value = String(share);
    this.style.setProperty("--heard", `${(100 * share).toFixed(2)}%`);
  }

  private sought(share: number): void {
    this.player.seek(share);
    this.style.setProperty("--heard", `${(100 * share).toFixed(2)}%`);
  }

  // -------------------------------------------------------------------- drawing

  protected override updated(): void {
    if (this.source !== null) this.resized.observe(this.source);
    const now = `${this.wanted} ${this.clips.source === undefined}`;
    if (now === this.drawn) return;
    this.drawn = now;
    this.redraw();
  }

  private redraw(): void {
    for (const [canvas, side] of [
      [this.source, "source"],
      [this.reconstruction, "reconstruction"],
    ] as const) {
      const clip = this.clips[side];
      if (canvas !== null && clip !== undefined) drawSpectrum(canvas, clip);
    }
  }

  // -------------------------------------------------------------------- markup

  protected override render(): TemplateResult {
    const { checkpoint, index, checkpoints } = this;
    if (checkpoint === undefined) return html``;
    const seconds = this.clips.source?.duration ?? 0;
    const name = `step ${count(checkpoint.step)}`;
    return html`<section class="listening" aria-label="Listening">
      <div class="row wrap listen-bar">
        <h3>Listen</h3>
        ${
          checkpoint.pairs > 1
            ? segments(
                "listen-pair",
                "Recording",
                Array.from({ length: checkpoint.pairs }, (_, i) => ({
                  value: String(i),
                  name: String(i + 1),
                })),
                String(this.pair),
                (value) => {
                  this.pair = Number(value);
                },
              )
            : ""
        }
        ${toggle("Loop", this.loop, (loop) => {
          this.loop = loop;
          this.player.loop = loop;
        })}
      </div>
      <div class="field checkpoint-field">
        <label for="listen-checkpoint">Checkpoint</label>
        <input
          id="listen-checkpoint"
          type="range"
          min="0"
          max=${checkpoints.length - 1}
          step="1"
          .value=${String(index)}
          ?disabled=${checkpoints.length < 2}
          aria-valuetext=${name}
          @input=${(e: Event) => {
            const value = (e.target as HTMLInputElement).valueAsNumber;
            const newest = value === checkpoints.length - 1;
            this.dispatchEvent(new CustomEvent("checkpoint", { detail: newest ? -1 : value }));
          }}
        />
        <output for="listen-checkpoint">${name}</output>
      </div>
      ${
        this.failure === null
          ? html`<div class="pair">
            ${this.side("source", "Source", "as it was recorded")}
            ${this.side("reconstruction", "Reconstruction", `through the model of ${name}`)}
            <div class="pair-strip">
              <canvas class="heard-source" aria-hidden="true"></canvas>
              <canvas class="heard-reconstruction" aria-hidden="true"></canvas>
              <span class="playhead" aria-hidden="true"></span>
              <input
                type="range"
                class="over seek"
                min="0"
                max="1"
                step="0.001"
                aria-label="Place in the recording"
                aria-valuetext="of ${duration(seconds)}"
                @input=${(e: Event) => this.sought((e.target as HTMLInputElement).valueAsNumber)}
              />
            </div>
          </div>`
          : html`<p class="caution" role="alert">${this.failure}</p>`
      }
    </section>`;
  }

  private side(side: Side, name: string, about: string): TemplateResult {
    const on = this.playing === side;
    return html`<div class="side">
      <button
        type="button"
        aria-pressed=${on ? "true" : "false"}
        ?disabled=${this.clips[side] === undefined}
        aria-label="${on ? "Stop" : "Hear"} the ${side}"
        @click=${() => this.hear(side)}
      >
        ${icon(on ? "stop" : "start")}<span>${name}</span>
      </button>
      <span class="hint">${about}</span>
    </div>`;
  }
}

/** Ink on chart paper: the louder, the darker; pitch upwards. */
function drawSpectrum(canvas: HTMLCanvasElement, clip: AudioBuffer): void {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (width < 10 || height < 10) return;
  fitCanvas(canvas, width, height);
  const context = contextOf(canvas);
  const columns = Math.min(480, Math.round(width));
  const levels = spectrogram(clip.getChannelData(0), clip.sampleRate, columns, ROWS);
  const colours = ink();
  const ramp = [
    colours.water,
    colours.profile,
    colours.profileLine,
    colours.dark ? colours.ink : colours.ink,
  ].map(rgb);
  const image = new ImageData(columns, ROWS);
  for (let column = 0; column < columns; column++)
    for (let row = 0; row < ROWS; row++) {
      const level = levels[column * ROWS + row]! ** 1.4 * (ramp.length - 1);
      const low = Math.min(ramp.length - 2, Math.floor(level));
      const part = level - low;
      const at = 4 * ((ROWS - 1 - row) * columns + column);
      for (let c = 0; c < 3; c++)
        image.data[at + c] = ramp[low]![c]! * (1 - part) + ramp[low + 1]![c]! * part;
      image.data[at + 3] = 255;
    }
  const small = document.createElement("canvas");
  small.width = columns;
  small.height = ROWS;
  small.getContext("2d")!.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, width, height);
}

function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.replace("#", ""), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
