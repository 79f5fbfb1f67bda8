// Drop a recording: the model hears it, and you scrub through where it went.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { encodeFile } from "../net/http";
import { type Encoded, encodedFrame } from "../net/models";
import type { Voice } from "../protocol/messages";
import { exploreOf, scrub, setFile } from "../state/explore";
import type { State } from "../state/store";
import { View } from "./app";
import { contextOf, fitCanvas, ink } from "./canvas";
import { icon } from "./icons";
import { dropZone, tool } from "./parts";
import { duration, percent } from "./words";

@customElement("isobath-sound-file")
export class SoundFileView extends View {
  @property({ attribute: false }) voice!: Voice;
  @state() private busy: string | null = null;
  @state() private failure: string | null = null;
  @state() private over = false;
  @state() private share = 0;
  @state() private peaks: Float32Array | null = null;
  @query("canvas") private canvas!: HTMLCanvasElement | null;

  override connectedCallback(): void {
    super.connectedCallback();
    const themed = () => this.requestUpdate();
    window.addEventListener("isobath-theme", themed);
    this.whileHere(() => window.removeEventListener("isobath-theme", themed));
  }

  protected override concerns(state: State, previous: State): boolean {
    return state.explore !== previous.explore;
  }

  private get file(): Encoded | null {
    return exploreOf(this.state, this.voice).file;
  }

  async take(file: File): Promise<void> {
    this.busy = file.name;
    this.scrollIntoView({ block: "nearest" });
    this.failure = null;
    this.share = 0;
    try {
      const peaks = peaksOf(file);
      setFile(
        this.app.store,
        await encodeFile(this.voice.model, file, (share) => this.sent(share)),
        this.voice.id,
      );
      this.peaks = await peaks;
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
    this.busy = null;
  }

  private sent(share: number): void {
    this.share = share;
  }

  private readonly scrubbed = (event: Event): void => {
    scrub(this.app.store, (event.target as HTMLInputElement).valueAsNumber, this.voice.id);
  };

  protected override updated(_: PropertyValues): void {
    const file = this.file;
    if (this.canvas !== null && file !== null) drawStrip(this.canvas, file, this.peaks);
  }

  protected override render(): TemplateResult {
    const file = this.file;
    return html`
      ${dropZone({
        over: this.over,
        hover: (over) => {
          this.over = over;
        },
        take: (dropped) => {
          if (dropped !== undefined) void this.take(dropped);
        },
        content: file === null ? this.empty() : this.strip(file),
      })}
      ${this.failure === null ? nothing : html`<p class="caution grave" role="alert">${this.failure}</p>`}
    `;
  }

  private empty(): TemplateResult {
    if (this.busy !== null)
      return html`<p class="hint" role="status">
        ${this.share < 1 ? `Sending ${this.busy}: ${percent(this.share)}` : `The model is listening to ${this.busy}…`}
      </p>`;
    return html`<label class="pick">
      ${icon("file")}<span>Drop a sound file here, or <u>choose one</u></span>
      <input
        type="file"
        class="unseen"
        accept="audio/*,.wav,.flac,.ogg,.mp3,.aiff"
        @change=${(e: Event) => {
          const file = (e.target as HTMLInputElement).files?.[0];
          if (file !== undefined) void this.take(file);
        }}
      />
    </label>`;
  }

  private strip(file: Encoded): TemplateResult {
    const { frame } = exploreOf(this.state, this.voice);
    const seconds = file.frames > 0 ? (frame / file.frames) * file.seconds : 0;
    return html`
      <div class="row">
        <b class="grow clip">${file.name}</b>
        <span class="hint">${duration(seconds)} of ${duration(file.seconds)}</span>
        ${tool("Put the recording away", "close", () => setFile(this.app.store, null, this.voice.id))}
      </div>
      <div class="strip">
        <canvas aria-hidden="true"></canvas>
        <input
          type="range"
          class="over"
          min="0"
          max=${Math.max(0, file.frames - 1)}
          step="1"
          .value=${String(frame)}
          aria-label="Place in ${file.name}"
          aria-valuetext="${duration(seconds)} of ${duration(file.seconds)}"
          @input=${this.scrubbed}
        />
      </div>
      ${file.truncated ? html`<p class="hint">The recording is longer; these are its first ${duration(file.seconds)}.</p>` : nothing}
    `;
  }
}

/** Each latent dimension as a line of its own, over time: the way the recording took. */
function drawStrip(canvas: HTMLCanvasElement, file: Encoded, peaks: Float32Array | null): void {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (width === 0) return;
  fitCanvas(canvas, width, height);
  const context = contextOf(canvas);
  context.clearRect(0, 0, width, height);
  const colours = ink();
  if (peaks !== null) {
    context.beginPath();
    peaks.forEach((peak, i) => {
      const x = (i / peaks.length) * width;
      context.rect(
        x,
        height / 2 - peak * (height / 2 - 2),
        width / peaks.length,
        2 * peak * (height / 2 - 2) + 0.5,
      );
    });
    context.fillStyle = colours.profile;
    context.globalAlpha = 0.7;
    context.fill();
    context.globalAlpha = 1;
  }
  const columns = Math.min(file.frames, Math.round(width));
  const path = Array.from({ length: columns }, (_, i) =>
    encodedFrame(file, Math.floor((i / Math.max(1, columns - 1)) * (file.frames - 1))),
  );
  for (let d = Math.min(file.dims, 8) - 1; d >= 0; d--) {
    context.beginPath();
    for (let i = 0; i < columns; i++) {
      const value = Math.max(-3, Math.min(3, path[i]![d]!));
      context.lineTo((i / Math.max(1, columns - 1)) * width, height / 2 - (value / 3) * (height / 2 - 2));
    }
    context.globalAlpha = d === 0 ? 1 : 0.55 - 0.05 * d;
    context.lineWidth = d === 0 ? 1.5 : 1;
    context.strokeStyle = d === 0 ? colours.ink : colours.profileLine;
    context.stroke();
  }
  context.globalAlpha = 1;
}

const PEAKS = 240;
/** Larger files are not decoded a second time just to be looked at. */
const LARGE = 24 * 1024 * 1024;

/** The waveform's outline, its peak 1; null where the browser cannot read the file itself. */
async function peaksOf(file: File): Promise<Float32Array | null> {
  if (file.size > LARGE) return null;
  try {
    const audio = await new OfflineAudioContext(1, 1, 44100).decodeAudioData(await file.arrayBuffer());
    const samples = audio.getChannelData(0);
    const peaks = new Float32Array(PEAKS);
    for (let i = 0; i < samples.length; i++) {
      const column = Math.floor((i / samples.length) * PEAKS);
      peaks[column] = Math.max(peaks[column]!, Math.abs(samples[i]!));
    }
    const most = Math.max(1e-6, ...peaks);
    return peaks.map((peak) => peak / most);
  } catch {
    return null;
  }
}
