// Demonstrations on the chart, as a chart shows soundings: a mark, a label, and a small figure for how far
// the map misses it. Buttons, so that keyboard and screen reader reach each one.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { styleMap } from "lit/directives/style-map.js";
import type { Demonstration } from "../protocol/messages";
import { type Frame, toX, toY } from "./frame";
import { type LabelSide, labelSides, labelWidth } from "./labels";
import type { Axes } from "./placing";

export interface SoundingsOn {
  readonly frame: Frame;
  readonly axes: Axes;
  /** Size of the page's text in pixels. */
  readonly rem: number;
  readonly here: ArrayLike<number>;
  readonly selection: ReadonlySet<string>;
  /** RMS miss at each, in standard deviations. */
  readonly errors: ReadonlyMap<string, number>;
  readonly grab: (event: PointerEvent, demonstration: Demonstration) => void;
  readonly move: (event: PointerEvent) => void;
  readonly up: (event: PointerEvent) => void;
  readonly key: (event: KeyboardEvent, demonstration: Demonstration) => void;
  readonly focus: (demonstration: Demonstration) => void;
}

/** A miss below this is not worth a figure. */
const AUDIBLE = 0.05;
/** Soundings fainter than this keep their mark and lose their label. */
const FAINT = 0.62;

export function soundings(demonstrations: readonly Demonstration[], on: SoundingsOn): TemplateResult {
  const sides = sidesOf(demonstrations, on);
  return html`<ul class="soundings" aria-label="Demonstrations on the surface">
    ${repeat(
      demonstrations,
      (d) => d.id,
      (d, i) => sounding(d, i, sides[i]!, on),
    )}
  </ul>`;
}

function sidesOf(demonstrations: readonly Demonstration[], on: SoundingsOn): LabelSide[] {
  const marks = demonstrations.map((d, i) => {
    const missed = !d.muted && (on.errors.get(d.id) ?? 0) >= AUDIBLE;
    return {
      x: toX(on.frame, d.point[on.axes.across] ?? 0.5),
      y: toY(on.frame, d.point[on.axes.up] ?? 0.5),
      width: labelWidth(labelOf(d, i), on.rem) + (missed ? 1.5 * on.rem : 0),
    };
  });
  const { left, top, width, height } = on.frame;
  return labelSides(marks, { left, top, right: left + width, bottom: top + height }, on.rem);
}

function labelOf(d: Demonstration, index: number): string {
  return d.label === "" ? `${index + 1}` : d.label;
}

function sounding(d: Demonstration, index: number, side: LabelSide, on: SoundingsOn): TemplateResult {
  const x = toX(on.frame, d.point[on.axes.across] ?? 0.5);
  const y = toY(on.frame, d.point[on.axes.up] ?? 0.5);
  const selected = on.selection.has(d.id);
  const near = nearness(d.point, on.here, on.axes);
  const label = labelOf(d, index);
  const error = on.errors.get(d.id) ?? 0;
  const missed = error >= AUDIBLE && !d.muted;
  const classes = ["sounding"];
  if (selected) classes.push("selected");
  else if (near < FAINT) classes.push("far");
  if (d.muted) classes.push("muted");
  if (side !== "right") classes.push(`label-${side}`);
  const size = (0.8 + 0.25 * Math.min(4, d.weight)).toFixed(2);
  return html`<li
    style=${styleMap({
      transform: `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`,
      opacity: near.toFixed(2),
    })}
  >
    <button
      type="button"
      class=${classes.join(" ")}
      style=${styleMap({ "--colour": d.colour, "--size": size })}
      aria-label=${named(d, index, missed ? error : null)}
      aria-pressed=${selected ? "true" : "false"}
      @pointerdown=${(e: PointerEvent) => on.grab(e, d)}
      @pointermove=${on.move}
      @pointerup=${on.up}
      @pointercancel=${on.up}
      @keydown=${(e: KeyboardEvent) => on.key(e, d)}
      @focus=${() => on.focus(d)}
    >
      <span class="dot"></span>
      <span class="label"><span>${label}</span>${missed ? html`<sub>${figure(error)}</sub>` : nothing}</span>
    </button>
  </li>`;
}

/** As a screen reader says it. */
export function named(d: Demonstration, index: number, error: number | null): string {
  const parts = [`Demonstration ${index + 1}`];
  if (d.label !== "") parts.push(d.label);
  if (d.muted) parts.push("muted");
  if (error !== null) parts.push(`missed by ${error.toFixed(2)} standard deviations`);
  return parts.join(", ");
}

/** ".14", as charts write the decimals of a depth; "1.40" from one on. */
export function figure(error: number): string {
  const text = error.toFixed(2);
  return text.startsWith("0") ? text.slice(1) : text;
}

/** 1 where the axes that the pad does not show are where the performer is, falling to 0.4 far away. */
export function nearness(point: ArrayLike<number>, here: ArrayLike<number>, axes: Axes): number {
  let sum = 0;
  for (let i = 0; i < here.length; i++) {
    if (i !== axes.across && i !== axes.up) sum += ((point[i] ?? 0.5) - here[i]!) ** 2;
  }
  return 0.4 + 0.6 * Math.exp(-sum / 0.18);
}
