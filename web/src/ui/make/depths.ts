// How curves become depths on a canvas: lines, what lies between extremes, the ground below, soundings.

import type { Ink } from "../canvas";

/** All but the most extreme hundredth: one wild step must not flatten a whole course. */
export function quiet(values: readonly number[], side: 0 | 1): number[] {
  if (values.length < 40) return [...values];
  const sorted = [...values].sort((a, b) => a - b);
  const cut = Math.ceil(sorted.length / 100);
  return side === 0 ? sorted.slice(cut) : sorted.slice(0, -cut);
}

/** A curve. */
export function trace(
  context: CanvasRenderingContext2D,
  steps: readonly number[],
  values: readonly number[],
  x: (step: number) => number,
  y: (value: number) => number,
): void {
  context.lineJoin = "round";
  context.beginPath();
  steps.forEach((step, i) => {
    context.lineTo(x(step), y(values[i]!));
  });
  context.stroke();
}

/** What lies between the least and the most of each step. */
export function band(
  context: CanvasRenderingContext2D,
  steps: readonly number[],
  least: readonly number[],
  most: readonly number[],
  x: (step: number) => number,
  y: (value: number) => number,
  colours: Ink,
): void {
  context.beginPath();
  steps.forEach((step, i) => {
    context.lineTo(x(step), y(most[i]!));
  });
  for (let i = steps.length - 1; i >= 0; i--) context.lineTo(x(steps[i]!), y(least[i]!));
  context.closePath();
  context.globalAlpha = 0.28;
  context.fillStyle = colours.profileLine;
  context.fill();
  context.globalAlpha = 1;
}

/** The ground below the first curve. */
export function fillFloor(
  context: CanvasRenderingContext2D,
  steps: readonly number[],
  means: readonly number[],
  x: (step: number) => number,
  y: (value: number) => number,
  frame: { top: number; height: number },
  colours: Ink,
): void {
  if (steps.length < 2) return;
  const floor = frame.top + frame.height;
  context.beginPath();
  context.moveTo(x(steps[0]!), floor);
  steps.forEach((step, i) => {
    context.lineTo(x(step), y(means[i]!));
  });
  context.lineTo(x(steps.at(-1)!), floor);
  context.closePath();
  const fill = context.createLinearGradient(0, frame.top, 0, floor);
  fill.addColorStop(0, colours.profile);
  fill.addColorStop(1, colours.water);
  context.globalAlpha = 0.75;
  context.fillStyle = fill;
  context.fill();
  context.globalAlpha = 1;
}

/** Distances on what was kept aside: a dot in a ring for each, and a thin line through them. */
export function soundings(
  context: CanvasRenderingContext2D,
  part: { steps: readonly number[]; means: readonly number[] },
  x: (step: number) => number,
  y: (value: number) => number,
  colours: Ink,
): void {
  context.strokeStyle = colours.ink;
  context.lineWidth = 1;
  trace(context, part.steps, part.means, x, y);
  part.steps.forEach((step, i) => {
    context.beginPath();
    context.arc(x(step), y(part.means[i]!), 4, 0, 7);
    context.fillStyle = colours.raised;
    context.fill();
    context.lineWidth = 1.25;
    context.stroke();
    context.beginPath();
    context.arc(x(step), y(part.means[i]!), 1.5, 0, 7);
    context.fillStyle = colours.ink;
    context.fill();
  });
}
