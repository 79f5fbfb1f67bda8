// Where other performers are on a pad: a ring in their colour with their name beside it, and a second ring while
// their hand is on one of the pad's axes.

import type { Other } from "../state/performers";
import type { Ink } from "../ui/canvas";
import { type Frame, toX, toY } from "./frame";
import type { Axes } from "./placing";

const RADIUS = 10;
const LONGEST = 18;

export function drawOthers(
  context: CanvasRenderingContext2D,
  others: readonly Other[],
  frame: Frame,
  axes: Axes,
  ids: readonly string[],
  colours: Ink,
): void {
  for (const { who, axes: moved, point } of others) {
    if (point === null || point.length !== ids.length) continue;
    const x = toX(frame, point[axes.across] ?? 0.5);
    const y = toY(frame, point[axes.up] ?? 0.5);
    const hand = moved.includes(ids[axes.across] ?? "") || moved.includes(ids[axes.up] ?? "");
    ring(context, x, y, RADIUS, who.colour, colours);
    if (hand) ring(context, x, y, RADIUS + 5, who.colour, colours);
    name(context, x, y, short(who.name), frame, colours);
  }
}

function ring(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  colour: string,
  colours: Ink,
): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.lineWidth = 5;
  context.strokeStyle = colours.dark ? "rgb(0 0 0 / 0.55)" : "rgb(255 255 255 / 0.8)";
  context.stroke();
  context.lineWidth = 2.5;
  context.strokeStyle = colour;
  context.stroke();
}

function name(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  text: string,
  frame: Frame,
  colours: Ink,
): void {
  context.font = `500 ${13 * colours.rem}px "Barlow", system-ui, sans-serif`;
  const width = context.measureText(text).width;
  const away = RADIUS + 9;
  const left = x + away + width > frame.left + frame.width;
  const at = left ? x - away - width : x + away;
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.strokeStyle = colours.raised;
  context.textBaseline = "middle";
  context.strokeText(text, at, y);
  context.fillStyle = colours.ink;
  context.fillText(text, at, y);
}

export function short(text: string): string {
  const letters = [...text];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : text;
}
