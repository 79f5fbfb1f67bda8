// The sea floor: what does not change while one plays.

import { contextOf, ink } from "../ui/canvas";
import type { Frame } from "./frame";
import { drawGraticule, drawNeatline } from "./neatline";
import type { Relief } from "./relief";

export interface ChartOptions {
  readonly isobaths: boolean;
  readonly hatching: boolean;
  readonly uncertainty: boolean;
  readonly empty: boolean;
}

export function drawChart(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  frame: Frame,
  relief: Relief | null,
  options: ChartOptions,
): void {
  const colours = ink();
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, width, height);
  context.fillStyle = colours.water;
  context.fillRect(frame.left, frame.top, frame.width, frame.height);
  drawGraticule(context, frame, colours.strong);
  drawNeatline(context, frame, { ink: colours.ink, paper: colours.paper, faint: colours.ink3 }, "500 11px Newsreader, Georgia, serif");
  void relief;
  void options;
  void contextOf;
}
