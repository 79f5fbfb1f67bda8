// The border of a chart: a scale of alternating bars inside two lines, with figures at the fifths.

import { type Frame, toX, toY } from "./frame";

export interface NeatlineColours {
  readonly ink: string;
  readonly paper: string;
  readonly faint: string;
}

const BARS = 20;
const BAND = 4;

export function drawNeatline(
  context: CanvasRenderingContext2D,
  frame: Frame,
  colours: NeatlineColours,
  font: string,
): void {
  drawBorder(context, frame, colours);
  drawFigures(context, frame, colours.faint, font);
}

/** The bars and lines, without figures. */
export function drawBorder(
  context: CanvasRenderingContext2D,
  frame: Frame,
  colours: Omit<NeatlineColours, "faint">,
): void {
  const { left, top, width, height } = frame;
  context.fillStyle = colours.paper;
  context.fillRect(left - BAND - 1, top - BAND - 1, width + 2 * BAND + 2, BAND + 1);
  context.fillRect(left - BAND - 1, top + height, width + 2 * BAND + 2, BAND + 1);
  context.fillRect(left - BAND - 1, top, BAND + 1, height);
  context.fillRect(left + width, top, BAND + 1, height);
  context.fillStyle = colours.ink;
  for (let bar = 0; bar < BARS; bar += 2) {
    const x = left + (bar / BARS) * width;
    const y = top + height - ((bar + 1) / BARS) * height;
    context.fillRect(x, top - BAND, width / BARS, BAND);
    context.fillRect(x, top + height, width / BARS, BAND);
    context.fillRect(left - BAND, y, BAND, height / BARS);
    context.fillRect(left + width, y, BAND, height / BARS);
  }
  context.strokeStyle = colours.ink;
  context.lineWidth = 1;
  context.strokeRect(left - 0.5, top - 0.5, width + 1, height + 1);
  context.strokeRect(left - BAND - 0.5, top - BAND - 0.5, width + 2 * BAND + 1, height + 2 * BAND + 1);
}

function drawFigures(context: CanvasRenderingContext2D, frame: Frame, colour: string, font: string): void {
  const { left, top, height } = frame;
  if (left < 20) return;
  context.fillStyle = colour;
  context.font = font;
  context.textAlign = "center";
  for (let fifth = 1; fifth < 5; fifth++) {
    const figure = `.${2 * fifth}`;
    context.textBaseline = "top";
    context.fillText(figure, toX(frame, fifth / 5), top + height + BAND + 3);
    context.textBaseline = "middle";
    context.save();
    context.translate(left - BAND - 9, toY(frame, fifth / 5));
    context.rotate(-Math.PI / 2);
    context.fillText(figure, 0, 0);
    context.restore();
  }
}

/** Fine crosses at the tenths: something to steer by before anything is known. */
export function drawGraticule(context: CanvasRenderingContext2D, frame: Frame, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  for (let i = 1; i < 10; i++) {
    const x = Math.round(toX(frame, i / 10)) + 0.5;
    for (let j = 1; j < 10; j++) {
      const y = Math.round(toY(frame, j / 10)) + 0.5;
      const reach = i === 5 || j === 5 ? 5 : 3;
      context.moveTo(x - reach, y);
      context.lineTo(x + reach, y);
      context.moveTo(x, y - reach);
      context.lineTo(x, y + reach);
    }
  }
  context.stroke();
}
