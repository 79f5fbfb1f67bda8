// The spectrum of what is heard, and the way through the latent space that made it.

import { html, type TemplateResult } from "lit";
import { customElement, query } from "lit/decorators.js";
import { View } from "./app";
import { contextOf, fitCanvas, ink } from "./canvas";
import { ticker } from "./ticker";

const TRAIL = 256;

@customElement("isobath-scope")
export class ScopeView extends View {
  @query("canvas.spectrum") private spectrum!: HTMLCanvasElement;
  @query("canvas.path") private path!: HTMLCanvasElement;
  private readonly bins = new Float32Array(1024);
  private readonly trailX = new Float32Array(TRAIL);
  private readonly trailY = new Float32Array(TRAIL);
  private head = 0;
  private length = 0;
  private lastFrame = -1;

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileHere(ticker.add(() => this.draw()));
  }

  protected override concerns(): boolean {
    return false;
  }

  protected override render(): TemplateResult {
    return html`<div class="scopes">
      <figure>
        <canvas class="spectrum" role="img" aria-label="Spectrum of the output"></canvas>
        <figcaption><span>Spectrum</span><span>100 Hz – 10 kHz</span></figcaption>
      </figure>
      <figure>
        <canvas class="path" role="img" aria-label="Way through the first two latent dimensions"></canvas>
        <figcaption><span>Latent way</span><span>1 across, 2 up</span></figcaption>
      </figure>
    </div>`;
  }

  private draw(): void {
    if (this.spectrum === null || !this.isConnected || this.offsetParent === null) return;
    this.drawSpectrum();
    this.drawPath();
  }

  private drawSpectrum(): void {
    const { instrument } = this.app;
    const width = this.spectrum.clientWidth;
    const height = this.spectrum.clientHeight;
    fitCanvas(this.spectrum, width, height);
    const context = contextOf(this.spectrum);
    const colours = ink();
    context.clearRect(0, 0, width, height);
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.beginPath();
    for (const hz of [100, 1000, 10000]) {
      const x = Math.round(place(hz) * width) + 0.5;
      context.moveTo(x, 0);
      context.lineTo(x, height);
    }
    context.stroke();
    if (instrument.state !== "running") return;
    instrument.spectrum(this.bins);
    const nyquist = instrument.sampleRate / 2;
    context.beginPath();
    context.moveTo(0, height);
    for (let x = 0; x <= width; x += 2) {
      const hz = 40 * (16000 / 40) ** (x / width);
      const bin = Math.min(this.bins.length - 1, Math.max(1, Math.round((hz / nyquist) * this.bins.length)));
      const level = Math.max(0, Math.min(1, (this.bins[bin]! + 100) / 90));
      context.lineTo(x, height - 1 - level * (height - 4));
    }
    context.lineTo(width, height);
    context.fillStyle = colours.profile;
    context.globalAlpha = 0.6;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = colours.profileLine;
    context.stroke();
  }

  private drawPath(): void {
    const meters = this.app.meters;
    if (meters !== null && meters.frame !== this.lastFrame && meters.latent.length > 0) {
      this.lastFrame = meters.frame;
      this.trailX[this.head] = meters.latent[0]!;
      this.trailY[this.head] = meters.latent[1] ?? 0;
      this.head = (this.head + 1) % TRAIL;
      this.length = Math.min(TRAIL, this.length + 1);
    }
    const width = this.path.clientWidth;
    const height = this.path.clientHeight;
    fitCanvas(this.path, width, height);
    const context = contextOf(this.path);
    const colours = ink();
    context.clearRect(0, 0, width, height);
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    for (const radius of [1, 2, 3]) {
      context.beginPath();
      context.ellipse(
        width / 2,
        height / 2,
        (radius / 3.6) * (width / 2),
        (radius / 3.6) * (height / 2),
        0,
        0,
        7,
      );
      context.stroke();
    }
    context.strokeStyle = colours.mark;
    context.lineWidth = 1.5;
    for (let i = 1; i < this.length; i++) {
      const a = (this.head + TRAIL - i) % TRAIL;
      const b = (a + TRAIL - 1) % TRAIL;
      if (i === this.length - 1 && this.length === TRAIL) break;
      context.globalAlpha = 1 - i / TRAIL;
      context.beginPath();
      context.moveTo(across(this.trailX[a]!, width), down(this.trailY[a]!, height));
      context.lineTo(across(this.trailX[b]!, width), down(this.trailY[b]!, height));
      context.stroke();
    }
    context.globalAlpha = 1;
    if (this.length > 0) {
      const last = (this.head + TRAIL - 1) % TRAIL;
      context.fillStyle = colours.mark;
      context.beginPath();
      context.arc(across(this.trailX[last]!, width), down(this.trailY[last]!, height), 3, 0, 7);
      context.fill();
    }
  }
}

const place = (hz: number): number => Math.log(hz / 40) / Math.log(16000 / 40);
const across = (z: number, width: number): number =>
  width / 2 + (Math.max(-3.6, Math.min(3.6, z)) / 3.6) * (width / 2);
const down = (z: number, height: number): number =>
  height / 2 - (Math.max(-3.6, Math.min(3.6, z)) / 3.6) * (height / 2);
