// The curves of a training as a chart of depths: steps across, distance down to the sea floor. A needle reads
// them, by pointer or by key.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { along, type Scale, scaleOf, ticks } from "../../make/scale";
import { type Line, nearest, smoothed, thin } from "../../make/thin";
import { count, figure, goneHow, plainName } from "../../make/words";
import type { Followed } from "../../state/making";
import { drawBorder } from "../../steer/neatline";
import { View } from "../app";
import { contextOf, fitCanvas, type Ink, ink } from "../canvas";
import { segments } from "../parts";
import { band, fillFloor, quiet, soundings, trace } from "./depths";
import { lettersReady } from "./part";

/** Figures that say how close the model is, the most telling first; the others are shown on request. */
const FIRST = ["spectral", "distance", "stft", "loss", "total"];
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [9, 3, 2, 3], [4, 2], [12, 4]];

type Kind = "metric" | "validation";
interface Shown {
  readonly key: string;
  readonly name: string;
  readonly kind: Kind;
  readonly line: Line;
}

@customElement("isobath-make-curves")
export class MakeCurvesView extends View {
  @property({ attribute: false }) followed!: Followed;
  @property({ type: Number }) phase1 = 0;
  @property({ type: Number }) whole = 0;
  /** The step that is listened to; -1: none. */
  @property({ type: Number }) checkpoint = -1;
  @state() private chosen: ReadonlySet<string> | null = null;
  @state() private log = true;
  @state() private far = false;
  @state() private needle: number | null = null;
  @state() private more = false;
  @query("canvas.course") private canvas!: HTMLCanvasElement;
  private readonly resized = new ResizeObserver(() => this.draw());

  override connectedCallback(): void {
    super.connectedCallback();
    const themed = () => this.draw();
    window.addEventListener("isobath-theme", themed);
    this.whileHere(() => window.removeEventListener("isobath-theme", themed));
    this.whileHere(() => this.resized.disconnect());
    void lettersReady().then(themed);
  }

  protected override concerns(): boolean {
    return false;
  }

  // -------------------------------------------------------------------- what is shown

  private get all(): Shown[] {
    const of = (kind: Kind, lines: ReadonlyMap<string, Line>): Shown[] =>
      [...lines].map(([name, line]) => ({ key: `${kind} ${name}`, name, kind, line }));
    return [...of("metric", this.followed.curves), ...of("validation", this.followed.validation)];
  }

  /** Until somebody chooses: the most telling figure of training, and of validation. */
  private get keys(): ReadonlySet<string> {
    if (this.chosen !== null) return this.chosen;
    const { all } = this;
    const first = (kind: Kind) => {
      const some = all.filter((each) => each.kind === kind);
      const rank = (each: Shown) => FIRST.findIndex((word) => each.name.includes(word)) >>> 0;
      return some.sort((a, b) => rank(a) - rank(b))[0]?.key;
    };
    return new Set([first("metric"), first("validation")].filter((key) => key !== undefined));
  }

  private get shown(): Shown[] {
    const { keys } = this;
    return this.all.filter((each) => keys.has(each.key) && each.line.steps.length > 0);
  }

  private get last(): number {
    return Math.max(1, ...this.all.map((each) => each.line.steps.at(-1) ?? 0));
  }

  /** The end of the chart: what has been done, or the whole course. */
  private get end(): number {
    return this.far ? Math.max(this.whole, this.last) : this.last;
  }

  private toggle(key: string): void {
    const keys = new Set(this.keys);
    if (!keys.delete(key)) keys.add(key);
    this.chosen = keys;
  }

  // -------------------------------------------------------------------- drawing

  protected override updated(): void {
    this.resized.observe(this.canvas);
    this.draw();
  }

  private frame(): { left: number; top: number; width: number; height: number } {
    const rem = 16 * ink().rem;
    const [left, foot] = [Math.round(2.75 * rem), Math.round(1.9 * rem)];
    return {
      left,
      top: 8,
      width: Math.max(10, this.canvas.clientWidth - left - 8),
      height: Math.max(10, this.canvas.clientHeight - 8 - foot),
    };
  }

  private draw(): void {
    const { canvas } = this;
    if (canvas === null || canvas.clientWidth < 40 || canvas.clientHeight < 40) return;
    fitCanvas(canvas, canvas.clientWidth, canvas.clientHeight);
    const context = contextOf(canvas);
    const colours = ink();
    const frame = this.frame();
    const { shown, end } = this;
    const parts = shown.map((each) => thin(each.line, 0, end, Math.max(40, Math.floor(frame.width / 2))));
    const values = parts.flatMap((part, i) =>
      shown[i]!.kind === "validation" ? part.means : [...quiet(part.least, 0), ...quiet(part.most, 1)],
    );
    const scale = scaleOf(values, this.log);
    const x = (step: number) => frame.left + (step / end) * frame.width;
    const y = (value: number) => frame.top + (1 - along(scale, value)) * frame.height;

    context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    context.fillStyle = colours.water;
    context.fillRect(frame.left, frame.top, frame.width, frame.height);
    this.drawGrid(context, frame, scale, end, colours);
    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top, frame.width, frame.height);
    context.clip();
    this.drawPhase(context, frame, x, colours);
    let metric = 0;
    parts.forEach((part, i) => {
      const each = shown[i]!;
      if (each.kind === "validation") return;
      const means = smoothed(part.means, Math.floor(part.means.length / 60));
      if (metric === 0) fillFloor(context, part.steps, means, x, y, frame, colours);
      band(context, part.steps, part.least, part.most, x, y, colours);
      context.lineWidth = metric === 0 ? 2 : 1.5;
      context.strokeStyle = metric === 0 ? colours.profileLine : colours.ink2;
      context.setLineDash([...DASHES[metric % DASHES.length]!]);
      trace(context, part.steps, means, x, y);
      context.setLineDash([]);
      metric++;
    });
    shown.forEach((each, i) => {
      if (each.kind === "validation") soundings(context, parts[i]!, x, y, colours);
    });
    this.drawHeard(context, frame, x, colours);
    this.drawNeedle(context, frame, shown, x, y, colours);
    context.restore();
    drawBorder(context, frame, { ink: colours.ink, paper: colours.paper });
  }

  private drawGrid(
    context: CanvasRenderingContext2D,
    frame: { left: number; top: number; width: number; height: number },
    scale: Scale,
    end: number,
    colours: Ink,
  ): void {
    const size = 12 * colours.rem;
    context.font = `italic 500 ${size}px "Newsreader", serif`;
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.fillStyle = colours.ink2;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const tick of ticks(scale, frame.height / 56)) {
      const at = Math.round(frame.top + (1 - along(scale, tick)) * frame.height) + 0.5;
      context.beginPath();
      context.moveTo(frame.left, at);
      context.lineTo(frame.left + frame.width, at);
      context.stroke();
      context.fillText(String(tick < 1000 ? tick : count(tick)).replace(/^0\./, "."), frame.left - 9, at);
    }
    context.textBaseline = "top";
    for (const tick of ticks({ low: 0, high: end, log: false }, frame.width / 130)) {
      const at = frame.left + (tick / end) * frame.width;
      if (tick === 0) continue;
      const text = count(tick);
      const half = context.measureText(text).width / 2;
      context.textAlign = "center";
      context.fillText(text, Math.min(at, frame.left + frame.width - half), frame.top + frame.height + 9);
      context.beginPath();
      context.moveTo(Math.round(at) + 0.5, frame.top);
      context.lineTo(Math.round(at) + 0.5, frame.top + frame.height);
      context.stroke();
    }
  }

  /** Where the training changes its ears: from shape to fine detail. */
  private drawPhase(
    context: CanvasRenderingContext2D,
    frame: { left: number; top: number; width: number; height: number },
    x: (step: number) => number,
    colours: Ink,
  ): void {
    if (this.phase1 <= 0 || this.phase1 > this.end || this.whole <= this.phase1) return;
    const at = Math.round(x(this.phase1)) + 0.5;
    context.strokeStyle = colours.ink;
    context.lineWidth = 1;
    context.setLineDash([10, 3, 2, 3]);
    context.beginPath();
    context.moveTo(at, frame.top);
    context.lineTo(at, frame.top + frame.height);
    context.stroke();
    context.setLineDash([]);
    const words = "phase 2: fine detail";
    context.font = `italic 500 ${14 * colours.rem}px "Newsreader", serif`;
    const room = frame.left + frame.width - at > context.measureText(words).width + 12;
    context.textBaseline = "top";
    context.textAlign = room ? "left" : "right";
    context.fillStyle = colours.ink;
    context.strokeStyle = colours.water;
    context.lineWidth = 4;
    const left = at + (room ? 7 : -7);
    context.strokeText(words, left, frame.top + 7);
    context.fillText(words, left, frame.top + 7);
  }

  /** The checkpoint that is listened to: a mark of the person's own. */
  private drawHeard(
    context: CanvasRenderingContext2D,
    frame: { left: number; top: number; width: number; height: number },
    x: (step: number) => number,
    colours: Ink,
  ): void {
    context.fillStyle = colours.ink3;
    for (const { step } of this.followed.checkpoints) {
      const at = x(step);
      context.beginPath();
      context.moveTo(at - 3, frame.top + frame.height);
      context.lineTo(at + 3, frame.top + frame.height);
      context.lineTo(at, frame.top + frame.height - 5);
      context.fill();
    }
    if (this.checkpoint < 0) return;
    const at = Math.max(frame.left + 6, Math.min(frame.left + frame.width - 6, x(this.checkpoint)));
    context.fillStyle = colours.mark;
    context.beginPath();
    context.moveTo(at - 6, frame.top + frame.height);
    context.lineTo(at + 6, frame.top + frame.height);
    context.lineTo(at, frame.top + frame.height - 10);
    context.fill();
  }

  private drawNeedle(
    context: CanvasRenderingContext2D,
    frame: { left: number; top: number; width: number; height: number },
    shown: readonly Shown[],
    x: (step: number) => number,
    y: (value: number) => number,
    colours: Ink,
  ): void {
    if (this.needle === null) return;
    const at = x(this.needle);
    context.strokeStyle = colours.mark;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(at, frame.top);
    context.lineTo(at, frame.top + frame.height);
    context.stroke();
    for (const { line } of shown) {
      const i = nearest(line.steps, this.needle);
      if (i < 0) continue;
      context.beginPath();
      context.arc(x(line.steps[i]!), y(line.values[i]!), 3.5, 0, 7);
      context.fillStyle = colours.mark;
      context.fill();
      context.strokeStyle = colours.paper;
      context.stroke();
    }
  }

  // -------------------------------------------------------------------- reading

  private readonly pointed = (event: PointerEvent): void => {
    const frame = this.frame();
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left - frame.left) / frame.width;
    this.needle = share < 0 || share > 1 ? null : this.snapped(share * this.end);
  };

  private snapped(step: number): number {
    const line = this.shown[0]?.line;
    const i = line === undefined ? -1 : nearest(line.steps, step);
    return i < 0 ? step : line!.steps[i]!;
  }

  private readAt(step: number): string {
    const read = this.shown.map(({ name, kind, line }) => {
      const i = nearest(line.steps, step);
      const where =
        kind === "validation" && line.steps[i] !== step ? ` (at ${count(line.steps[i] ?? 0)})` : "";
      return `${label(name, kind)} ${i < 0 ? "–" : figure(line.values[i]!)}${where}`;
    });
    return `Step ${count(step)}: ${read.join(", ")}`;
  }

  // -------------------------------------------------------------------- markup

  protected override render(): TemplateResult {
    const { all, keys, shown } = this;
    const line = shown.find((each) => each.kind === "metric")?.line ?? shown[0]?.line;
    const steps = line?.steps ?? [];
    const at = this.needle ?? steps.at(-1) ?? 0;
    const index = Math.max(0, nearest(steps, at));
    let metric = 0;
    return html`<section class="course-part" aria-label="Curves">
      <div class="row wrap course-bar">
        <div class="chips" role="group" aria-label="Curves shown">
          ${all
            .filter((each) => this.more || keys.has(each.key) || telling(each))
            .map((each) => {
              const on = keys.has(each.key);
              const dash = on && each.kind === "metric" ? metric++ : 0;
              return html`<button
              type="button"
              class="chip"
              aria-pressed=${on ? "true" : "false"}
              @click=${() => this.toggle(each.key)}
            >
              ${on ? sample(each.kind, dash) : nothing}<span>${label(each.name, each.kind)}</span>
            </button>`;
            })}
          <button
            type="button"
            class="link"
            aria-expanded=${this.more ? "true" : "false"}
            @click=${() => {
              this.more = !this.more;
            }}
          >
            ${this.more ? "fewer" : "more"} curves
          </button>
        </div>
        <div class="row">
          ${segments(
            "curve-scale",
            "Scale of distances",
            [
              { value: "log", name: "log" },
              { value: "linear", name: "linear" },
            ],
            this.log ? "log" : "linear",
            (value) => {
              this.log = value === "log";
            },
          )}
          ${
            this.whole > this.last
              ? segments(
                  "curve-extent",
                  "Steps shown",
                  [
                    { value: "near", name: "so far" },
                    { value: "far", name: "whole" },
                  ],
                  this.far ? "far" : "near",
                  (value) => {
                    this.far = value === "far";
                  },
                )
              : nothing
          }
        </div>
      </div>
      <div
        class="course-frame"
        @pointermove=${this.pointed}
        @pointerdown=${this.pointed}
        @pointerleave=${() => {
          this.needle = null;
        }}
      >
        <canvas class="course" aria-hidden="true"></canvas>
        <input
          type="range"
          class="over"
          min="0"
          max=${Math.max(0, steps.length - 1)}
          step="1"
          .value=${String(index)}
          aria-label="Read the curves at a step"
          aria-valuetext=${this.readAt(steps[index] ?? 0)}
          @input=${(e: Event) => {
            this.needle = steps[(e.target as HTMLInputElement).valueAsNumber] ?? null;
          }}
          @blur=${() => {
            this.needle = null;
          }}
        />
      </div>
      <p class="reading" aria-hidden="true">${steps.length === 0 ? "\u00a0" : this.readAt(at)}</p>
      <p class="hint">${shown.map((each) => goneHow(label(each.name, each.kind), each.line)).join(" ")}</p>
    </section>`;
  }
}

/** Curves that are offered without being asked for. */
function telling(each: Shown): boolean {
  return ["spectral", "distance", "adversarial", "matching"].includes(each.name);
}

function label(name: string, kind: Kind): string {
  return kind === "validation" ? `${plainName(name)}, held out` : plainName(name);
}

/** The line of a curve as its chip shows it. */
function sample(kind: Kind, dash: number): TemplateResult {
  return html`<svg class="sample ${kind} ${dash === 0 ? "main" : ""}" viewBox="0 0 24 10" aria-hidden="true" focusable="false">
    <line x1="0" y1="5" x2="24" y2="5" stroke-dasharray=${kind === "validation" ? "1 23" : (DASHES[dash % DASHES.length] ?? []).join(" ")}></line>
    <circle cx="12" cy="5" r="3.5"></circle>
  </svg>`;
}
