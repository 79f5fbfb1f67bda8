// The bridge: what is always on screen while playing. Transport, level, limiter, and the three figures
// that say whether the machine keeps up.

import { html, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import type { State } from "../state/store";
import { setMaster } from "../state/voices";
import { View } from "./app";
import { contextOf, fitCanvas, ink } from "./canvas";
import { icon } from "./icons";
import { ticker } from "./ticker";
import { recordSound, recordTake, stopTakes } from "./transport";
import { decibels, signed } from "./words";

const FLOOR_DB = -60;

@customElement("isobath-bridge")
export class BridgeView extends View {
  @query("canvas.level") private level!: HTMLCanvasElement;
  @query("canvas.mini") private mini!: HTMLCanvasElement;
  @query("[data-figure=limiter]") private limiter!: HTMLElement;
  @query("[data-figure=latency]") private latency!: HTMLElement;
  @query("[data-figure=load]") private load!: HTMLElement;
  @query("[data-figure=underruns]") private underruns!: HTMLElement;
  @state() private recordingSound = false;
  private readonly held = new Float32Array(2);
  private readonly bins = new Float32Array(512);
  private wroteAt = 0;
  private lastUnderruns = 0;
  private lateAt = Number.NEGATIVE_INFINITY;

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileHere(ticker.add((seconds) => this.draw(seconds)));
    const changed = () => this.requestUpdate();
    this.app.instrument.addEventListener("state", changed);
    this.whileHere(() => this.app.instrument.removeEventListener("state", changed));
  }

  protected override concerns(state: State, previous: State): boolean {
    return state.takes !== previous.takes || state.piece?.master !== previous.piece?.master;
  }

  protected override render(): TemplateResult {
    const gain = this.state.piece?.master.gain_db ?? 0;
    const { recording, playing } = this.state.takes;
    const { instrument } = this.app;
    const running = instrument.state === "running";
    const format = this.app.preferences.value.recording.toUpperCase();
    return html`
      <div class="transport" role="group" aria-label="Recording">
        <button
          type="button"
          class="${recording === null ? "" : "recording"}"
          title="Record a take of your gesture (R)"
          @click=${() => recordTake(this.app)}
        >
          ${icon(recording === null ? "record" : "stop")}<span>${recording === null ? "Take" : "Stop"}</span>
        </button>
        ${
          playing !== null && recording === null
            ? html`<button type="button" @click=${() => stopTakes(this.app)}>${icon("stop")}<span>Replay</span></button>`
            : html``
        }
        <button
          type="button"
          class="${this.recordingSound ? "recording" : ""}"
          title="Record the sound to a ${format} file (Shift R)"
          @click=${async () => {
            await recordSound(this.app);
            this.recordingSound = instrument.recordingSound;
          }}
        >
          ${icon(this.recordingSound ? "stop" : "file")}<span>${this.recordingSound ? `Save ${format}` : format}</span>
        </button>
      </div>
      <div class="levels">
        <label class="master"
          ><span class="name">Master</span
          ><input
            type="range"
            min="-60"
            max="12"
            step="0.5"
            .value=${String(gain)}
            aria-valuetext=${decibels(gain)}
            title="Master gain"
            @input=${(e: Event) => setMaster(this.app.store, { gain_db: (e.target as HTMLInputElement).valueAsNumber })}
            @dblclick=${() => setMaster(this.app.store, { gain_db: 0 })}
          /><output>${decibels(gain)}</output></label
        >
        <canvas class="level" role="img" aria-label="Level, and how much the limiter holds back"></canvas>
      </div>
      <canvas class="mini" role="img" aria-label="Spectrum of the output"></canvas>
      <dl class="figures ${running ? "" : "resting"}">
        <div class="limiter"><dt>limiter</dt><dd data-figure="limiter">–</dd></div>
        <div><dt>latency</dt><dd data-figure="latency">–</dd></div>
        <div><dt>load</dt><dd data-figure="load">–</dd></div>
        <div><dt>underruns</dt><dd data-figure="underruns">–</dd></div>
      </dl>
    `;
  }

  private draw(seconds: number): void {
    if (this.level === null) return;
    this.drawLevel();
    if (this.mini.offsetParent !== null) this.drawMini();
    if (seconds - this.wroteAt > 0.25) {
      this.wroteAt = seconds;
      this.write();
      if (this.recordingSound !== this.app.instrument.recordingSound)
        this.recordingSound = this.app.instrument.recordingSound;
    }
  }

  private write(): void {
    const meters = this.app.meters;
    if (meters === null || this.app.instrument.state !== "running") return;
    const stream = this.app.instrument.streamOf(this.state.voice)?.delay ?? 0;
    put(this.latency, meters.latency > 0 ? `${((meters.latency + stream) * 1000).toFixed(1)} ms` : "\u2013");
    const streamed =
      stream > 0 ? `, ${(stream * 1000).toFixed(0)} ms of them because the server makes this voice` : "";
    this.latency.title = `From control to sample${streamed}; your output device adds about ${(meters.outputLatency * 1000).toFixed(0)} ms.`;
    const reduction = Math.min(0, meters.limiterDb) + Math.min(0, meters.guardDb);
    put(this.limiter, `${signed(reduction, 1)} dB`);
    put(this.load, `${Math.round(meters.load * 100)} %`);
    this.load.classList.toggle("bad", meters.load > 0.8);
    put(this.underruns, String(meters.underruns));
    if (meters.underruns > this.lastUnderruns) this.lateAt = performance.now();
    this.lastUnderruns = meters.underruns;
    this.underruns.classList.toggle("bad", performance.now() - this.lateAt < 5000);
  }

  /** Two bars of level; from the right, in magenta, what guard and limiter hold back. */
  private drawLevel(): void {
    const width = this.level.clientWidth;
    const height = this.level.clientHeight;
    fitCanvas(this.level, width, height);
    const context = contextOf(this.level);
    const colours = ink();
    const meters = this.app.meters;
    context.clearRect(0, 0, width, height);
    const bar = 4;
    const gap = 2;
    for (let channel = 0; channel < 2; channel++) {
      const y = 2 + channel * (bar + gap);
      const peak = meters?.peak[channel as 0 | 1] ?? 0;
      this.held[channel] = Math.max(peak, this.held[channel]! * 0.94);
      context.fillStyle = colours.line;
      context.fillRect(0, y, width, bar);
      context.fillStyle = colours.ink2;
      context.fillRect(0, y, share(20 * Math.log10(this.held[channel]! + 1e-9)) * width, bar);
    }
    const y = 2 + 2 * (bar + gap);
    const reduction = Math.min(0, meters?.limiterDb ?? 0) + Math.min(0, meters?.guardDb ?? 0);
    context.fillStyle = colours.line;
    context.fillRect(0, y, width, bar);
    context.fillStyle = colours.mark;
    const held = Math.min(1, -reduction / 24) * width;
    context.fillRect(width - held, y, held, bar);
    context.fillStyle = colours.ink3;
    for (const db of [-48, -36, -24, -12, -6]) context.fillRect(share(db) * width, height - 4, 1, 3);
  }

  private drawMini(): void {
    const width = this.mini.clientWidth;
    const height = this.mini.clientHeight;
    fitCanvas(this.mini, width, height);
    const context = contextOf(this.mini);
    const colours = ink();
    context.clearRect(0, 0, width, height);
    context.strokeStyle = colours.profileLine;
    context.lineWidth = 1.25;
    context.beginPath();
    if (this.app.instrument.state === "running") {
      this.app.instrument.spectrum(this.bins);
      const nyquist = this.app.instrument.sampleRate / 2;
      for (let x = 0; x <= width; x += 2) {
        const hz = 50 * (14000 / 50) ** (x / width);
        const bin = Math.min(
          this.bins.length - 1,
          Math.max(1, Math.round((hz / nyquist) * this.bins.length)),
        );
        const level = Math.max(0, Math.min(1, (this.bins[bin]! + 100) / 90));
        context.lineTo(x, height - 1 - level * (height - 3));
      }
    } else {
      context.moveTo(0, height - 1);
      context.lineTo(width, height - 1);
    }
    context.stroke();
  }
}

const share = (db: number): number => Math.max(0, Math.min(1, (db - FLOOR_DB) / -FLOOR_DB));

function put(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
