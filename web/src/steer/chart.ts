// The sea floor: colours, isobaths, hatching and mist. Drawn when the map changes, not while one plays.

import { ink } from "../ui/canvas";
import type { Contour } from "./contours";
import { type Frame, toX, toY } from "./frame";
import { drawGraticule, drawNeatline } from "./neatline";
import type { Dangers, Relief } from "./relief";

export interface ChartOptions {
  readonly isobaths: boolean;
  readonly hatching: boolean;
  readonly dangers: boolean;
  readonly uncertainty: boolean;
  /** Where demonstrations lie, 0..1: figures keep clear of them. */
  readonly soundings: readonly (readonly [number, number])[];
}

type Hatching = "loud" | "rough" | "far";

const FONT = "Newsreader, Georgia, serif";

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
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  if (relief === null) drawUnsurveyed(context, frame, options.soundings.length === 0);
  else drawRelief(context, frame, relief, options);
  context.restore();
  const neat = { ink: colours.ink, paper: colours.paper, faint: colours.ink3 };
  drawNeatline(context, frame, neat, `500 ${11 * colours.rem}px ${FONT}`);
}

function drawUnsurveyed(context: CanvasRenderingContext2D, frame: Frame, empty: boolean): void {
  const colours = ink();
  drawGraticule(context, frame, colours.strong);
  if (!empty) return;
  const size = Math.max(14, Math.min(26 * colours.rem, frame.width / 26));
  context.font = `italic 500 ${size}px ${FONT}`;
  context.letterSpacing = `${(size * 0.42).toFixed(1)}px`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = colours.ink3;
  context.globalAlpha = 0.8;
  context.fillText("unsurveyed", toX(frame, 0.5) + size * 0.2, toY(frame, 0.14));
  context.letterSpacing = "0px";
  context.globalAlpha = 1;
}

function drawRelief(
  context: CanvasRenderingContext2D,
  frame: Frame,
  relief: Relief,
  options: ChartOptions,
): void {
  const colours = ink();
  drawGrid(context, frame, relief, (image) => image.data.set(relief.ground));
  drawGrain(context, frame);
  if (options.uncertainty && relief.uncertainty !== null)
    drawMist(context, frame, relief, relief.uncertainty);
  if (options.hatching) {
    const { loudness, loudFrom, dangers } = relief;
    if (loudness !== null && dangers === null)
      hatch(context, frame, relief, (n) => (loudness[n]! - loudFrom) / 1.5, "loud");
    hatch(context, frame, relief, (n) => (relief.remoteness[n]! - 1) / 0.06, "far");
  }
  if (options.dangers && relief.dangers !== null) drawDangers(context, frame, relief, relief.dangers);
  drawGraticule(context, frame, colours.dark ? "rgb(255 255 255 / 0.16)" : "rgb(19 38 46 / 0.16)");
  if (options.isobaths) drawIsobaths(context, frame, relief, options.soundings);
}

// ---------------------------------------------------------------------- grids

/** A grid as a picture, its nodes where they belong and smooth between. */
function drawGrid(
  context: CanvasRenderingContext2D,
  frame: Frame,
  { columns, rows }: Relief,
  fill: (image: ImageData) => void,
): void {
  const small = new OffscreenCanvas(columns, rows);
  const inner = small.getContext("2d")!;
  const image = inner.createImageData(columns, rows);
  fill(image);
  inner.putImageData(image, 0, 0);
  const across = frame.width / (columns - 1);
  const down = frame.height / (rows - 1);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "low"; // bilinear: the others ring between so few nodes
  context.drawImage(small, frame.left - across / 2, frame.top - down / 2, columns * across, rows * down);
}

let grain: OffscreenCanvas | null = null;

/** A trace of paper: breaks up the bands that eight bits leave in gentle slopes of colour. */
function drawGrain(context: CanvasRenderingContext2D, frame: Frame): void {
  if (grain === null) {
    grain = new OffscreenCanvas(128, 128);
    const inner = grain.getContext("2d")!;
    const image = inner.createImageData(128, 128);
    let seed = 1;
    for (let n = 0; n < image.data.length; n += 4) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      image.data.fill(seed & 0x10000 ? 255 : 0, n, n + 3);
      image.data[n + 3] = (seed >>> 24) / 36;
    }
    inner.putImageData(image, 0, 0);
  }
  context.fillStyle = context.createPattern(grain, "repeat")!;
  context.fillRect(frame.left, frame.top, frame.width, frame.height);
}

/** Where the map is unsure the paper shows through, as on a chart that nobody has finished. */
function drawMist(context: CanvasRenderingContext2D, frame: Frame, relief: Relief, grid: Float32Array): void {
  const [r, g, b] = rgbOf(ink().paper);
  drawGrid(context, frame, relief, ({ data }) => {
    grid.forEach((unsure, n) => {
      data[4 * n] = r;
      data[4 * n + 1] = g;
      data[4 * n + 2] = b;
      data[4 * n + 3] = 225 * Math.min(1, Math.max(0, unsure)) ** 0.8;
    });
  });
}

/** Fine slanted lines where `how` rises above 0: to the right where it is loud, to the left where it is far; crosses where it is rough. */
function hatch(
  context: CanvasRenderingContext2D,
  frame: Frame,
  relief: Relief,
  how: (node: number) => number,
  kind: Hatching,
): void {
  const count = relief.columns * relief.rows;
  let some = false;
  for (let n = 0; n < count && !some; n++) some = how(n) > 0;
  if (!some) return;
  const scale = context.getTransform().a;
  const layer = new OffscreenCanvas(Math.ceil(frame.width * scale), Math.ceil(frame.height * scale));
  const inner = layer.getContext("2d") as unknown as CanvasRenderingContext2D;
  inner.scale(scale, scale);
  drawGrid(inner, { left: 0, top: 0, width: frame.width, height: frame.height }, relief, ({ data }) => {
    for (let n = 0; n < count; n++) data[4 * n + 3] = 255 * Math.min(1, Math.max(0, how(n)));
  });
  inner.globalCompositeOperation = "source-in";
  strokes(inner, frame, kind);
  context.drawImage(layer, frame.left, frame.top, frame.width, frame.height);
}

/** Small crosses, as charts mark rocks awash. */
function rocks(context: CanvasRenderingContext2D, { width, height }: Frame): void {
  const marks = new Path2D();
  const arm = 2.6;
  for (let row = 0; row * 11 < height + 11; row++)
    for (let x = row % 2 === 0 ? 5 : 12; x < width + arm; x += 14) {
      const y = row * 11 + 5;
      marks.moveTo(x - arm, y);
      marks.lineTo(x + arm, y);
      marks.moveTo(x, y - arm);
      marks.lineTo(x, y + arm);
    }
  context.lineWidth = 1.3;
  context.strokeStyle = ink().dark ? "#f2f7f6" : ink().ink;
  context.globalAlpha = 0.75;
  context.stroke(marks);
}

/** What was measured: hatched and ringed with a dotted line where it is loud, crosses where it is rough. */
function drawDangers(
  context: CanvasRenderingContext2D,
  frame: Frame,
  relief: Relief,
  { loud, rough, lines }: Dangers,
): void {
  hatch(context, frame, relief, (n) => loud[n]! / 1.5, "loud");
  hatch(context, frame, relief, (n) => rough[n]! / 0.1, "rough");
  context.save();
  context.strokeStyle = ink().mark;
  context.lineWidth = 1.8;
  context.lineCap = "round";
  context.setLineDash([0.1, 4.5]);
  for (const { line } of lines) drawLine(context, frame, line);
  context.restore();
}

function strokes(context: CanvasRenderingContext2D, frame: Frame, kind: Hatching): void {
  if (kind === "rough") {
    rocks(context, frame);
    return;
  }
  const { width, height } = frame;
  const colours = ink();
  const gap = kind === "loud" ? 7 : 9;
  const lines = new Path2D();
  for (let x = -height; x < width + height; x += gap) {
    lines.moveTo(x, kind === "loud" ? height : 0);
    lines.lineTo(x + height, kind === "loud" ? 0 : height);
  }
  // One stroke over everything: with source-in, several would wipe each other out.
  context.lineWidth = kind === "loud" ? 1.25 : 1;
  context.strokeStyle = kind === "loud" ? colours.mark : colours.ink;
  context.globalAlpha = kind === "loud" ? 0.6 : 0.42;
  context.stroke(lines);
}

// ---------------------------------------------------------------------- isobaths

function drawIsobaths(
  context: CanvasRenderingContext2D,
  frame: Frame,
  relief: Relief,
  soundings: readonly (readonly [number, number])[],
): void {
  const colours = ink();
  const longest = new Map<number, Contour>();
  context.strokeStyle = colours.dark ? "#f2f7f6" : colours.ink;
  context.lineJoin = "round";
  for (const contour of relief.isobaths) {
    const heavy = Math.abs(Math.round(contour.level / relief.step)) % 4 === 0;
    context.lineWidth = heavy ? 1.4 : 0.8;
    context.globalAlpha = heavy ? 0.62 : 0.4;
    drawLine(context, frame, contour.line);
    const rival = longest.get(contour.level);
    if (rival === undefined || rival.line.length < contour.line.length) longest.set(contour.level, contour);
  }
  context.globalAlpha = 1;
  const taken = soundings.map(([x, y]) => [toX(frame, x), toY(frame, y)] as const);
  for (const contour of longest.values()) {
    const at = roomiest(frame, contour.line, taken);
    if (at < 0) continue;
    taken.push([toX(frame, contour.line[2 * at]!), toY(frame, contour.line[2 * at + 1]!)]);
    labelIsobath(context, frame, contour, at);
  }
}

/** Through the middles of the segments, so that the grid's corners do not show. */
function drawLine(context: CanvasRenderingContext2D, frame: Frame, line: Float64Array): void {
  const last = line.length - 2;
  context.beginPath();
  context.moveTo(toX(frame, line[0]!), toY(frame, line[1]!));
  for (let i = 2; i < last; i += 2) {
    const x = toX(frame, line[i]!);
    const y = toY(frame, line[i + 1]!);
    const nextX = toX(frame, line[i + 2]!);
    const nextY = toY(frame, line[i + 3]!);
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  }
  context.lineTo(toX(frame, line[last]!), toY(frame, line[last + 1]!));
  context.stroke();
}

/** Index of the point of a line that is farthest from everything written so far; -1 for lines too short. */
function roomiest(frame: Frame, line: Float64Array, taken: readonly (readonly [number, number])[]): number {
  const points = line.length / 2;
  let best = -1;
  let most = 24;
  for (let k = 1; k < 12 && points >= 14; k++) {
    const at = Math.max(2, Math.min(points - 3, Math.round((points * k) / 12)));
    const x = toX(frame, line[2 * at]!);
    const y = toY(frame, line[2 * at + 1]!);
    const edge = Math.min(
      x - frame.left,
      y - frame.top,
      frame.left + frame.width - x,
      frame.top + frame.height - y,
    );
    let room = Math.min(130, 2.5 * edge) - 4 * Math.abs(k - 6);
    for (const [otherX, otherY] of taken) room = Math.min(room, Math.hypot(x - otherX, 1.6 * (y - otherY)));
    if (room > most) {
      most = room;
      best = at;
    }
  }
  return best;
}

/** The figure sits on the line, along it, never upside down. */
function labelIsobath(
  context: CanvasRenderingContext2D,
  frame: Frame,
  { level, line }: Contour,
  at: number,
): void {
  const x = toX(frame, line[2 * at]!);
  const y = toY(frame, line[2 * at + 1]!);
  const dx = toX(frame, line[2 * at + 4]!) - toX(frame, line[2 * at - 4]!);
  const dy = toY(frame, line[2 * at + 5]!) - toY(frame, line[2 * at - 3]!);
  let angle = Math.atan2(dy, dx);
  if (angle > Math.PI / 2) angle -= Math.PI;
  if (angle < -Math.PI / 2) angle += Math.PI;
  const colours = ink();
  context.save();
  context.translate(x, y);
  context.rotate(angle);
  context.font = `italic 500 ${12 * colours.rem}px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.strokeStyle = colours.dark ? "rgb(13 23 28 / 0.6)" : "rgb(251 250 245 / 0.7)";
  const figure = `${level < 0 ? "\u2212" : ""}${Math.abs(Math.round(level))}`;
  context.strokeText(figure, 0, 1);
  context.fillStyle = colours.dark ? "#f2f7f6" : colours.ink;
  context.fillText(figure, 0, 1);
  context.restore();
}

/** #rrggbb as numbers. */
export function rgbOf(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return Number.isNaN(value) ? [128, 128, 128] : [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
