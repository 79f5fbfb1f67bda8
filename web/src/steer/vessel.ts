// The vessel: where the performer is. A small hull with its bow towards where it is going, ringed so
// that it can be seen on any ground.

import type { Ink } from "../ui/canvas";

/** Drawn at a pixel; `pressure` (0..1) widens the ring, the hull is the colour of what a person does. */
export function drawVessel(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  heading: number,
  pressure: number,
  colours: Ink,
): void {
  context.save();
  context.translate(x, y);
  context.lineWidth = 4;
  context.strokeStyle = colours.dark ? "rgb(0 0 0 / 0.55)" : "rgb(255 255 255 / 0.75)";
  context.beginPath();
  context.arc(0, 0, 13 + pressure * 12, 0, 2 * Math.PI);
  context.stroke();
  context.lineWidth = 1.5;
  context.strokeStyle = colours.mark;
  context.stroke();
  context.rotate(heading + Math.PI / 2);
  context.beginPath();
  context.moveTo(0, -9);
  context.bezierCurveTo(4.5, -4.5, 5, 0, 4, 7);
  context.lineTo(-4, 7);
  context.bezierCurveTo(-5, 0, -4.5, -4.5, 0, -9);
  context.closePath();
  context.lineWidth = 3;
  context.strokeStyle = colours.raised;
  context.stroke();
  context.fillStyle = colours.mark;
  context.fill();
  context.restore();
}
