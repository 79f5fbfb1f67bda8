// Marks onto a canvas.

import type { Ink } from "../ui/canvas";
import type { Colour, Mark } from "./scenes";

export function coloursOf(ink: Ink): Record<Colour, string> {
  return { paper: ink.paper, ink: ink.ink, water: ink.water, mark: ink.mark, deep: ink.profileLine };
}

/** Draw over the whole canvas; width and height in the context's units. */
export function draw(
  context: CanvasRenderingContext2D,
  marks: readonly Mark[],
  colours: Record<Colour, string>,
  width: number,
  height: number,
): void {
  const half = height / 2;
  context.globalAlpha = 1;
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, width, height);
  context.lineJoin = context.lineCap = "round";
  for (const { points, closed, fill, line, width: thick, alpha } of marks) {
    context.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      const x = width / 2 + points[i]! * half;
      const y = half + points[i + 1]! * half;
      if (i === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
    if (closed) context.closePath();
    context.globalAlpha = Math.min(1, Math.max(0, alpha));
    if (fill !== null) {
      context.fillStyle = colours[fill];
      context.fill();
    }
    if (line !== null) {
      context.strokeStyle = colours[line];
      context.lineWidth = Math.max(0.5, thick * half);
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}
