// A set seen whole: its outline as the profile of a sea floor, what is kept aside hatched.

import { ticks } from "../../make/scale";
import type { SetDetails } from "../../protocol/messages";
import { drawBorder } from "../../steer/neatline";
import { contextOf, fitCanvas, ink } from "../canvas";

const EDGE = 6;
const FOOT = 20;

export function drawSet(canvas: HTMLCanvasElement, details: SetDetails, seconds: number): void {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (width < 20 || height < 20) return;
  fitCanvas(canvas, width, height);
  const context = contextOf(canvas);
  const colours = ink();
  const frame = { left: EDGE, top: EDGE, width: width - 2 * EDGE, height: height - EDGE - FOOT };
  context.clearRect(0, 0, width, height);
  context.fillStyle = colours.water;
  context.fillRect(frame.left, frame.top, frame.width, frame.height);
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  drawHeldOut(context, details, seconds, frame, colours.ink3);
  drawOutline(context, details.peaks, frame, colours.profile, colours.profileLine);
  drawSeams(context, details, frame, colours.line);
  context.restore();
  drawBorder(context, frame, { ink: colours.ink, paper: colours.paper });
  context.fillStyle = colours.ink2;
  context.font = `italic 500 ${12 * colours.rem}px "Newsreader", serif`;
  context.textBaseline = "top";
  const long = seconds > 180;
  const unit = long ? 60 : 1;
  for (const tick of ticks({ low: 0, high: seconds / unit, log: false }, Math.max(2, width / 110))) {
    const x = frame.left + ((tick * unit) / seconds) * frame.width;
    if (tick === 0 || x > width - 30) continue;
    context.textAlign = "center";
    context.fillText(`${tick} ${long ? "min" : "s"}`, x, frame.top + frame.height + 7);
  }
}

type Box = { left: number; top: number; width: number; height: number };

function drawOutline(
  context: CanvasRenderingContext2D,
  peaks: readonly number[],
  frame: Box,
  fill: string,
  line: string,
): void {
  const middle = frame.top + frame.height / 2;
  const reach = frame.height / 2 - 5;
  const most = Math.max(0.05, ...peaks);
  const at = (i: number) => frame.left + (i / Math.max(1, peaks.length - 1)) * frame.width;
  context.beginPath();
  peaks.forEach((peak, i) => {
    context.lineTo(at(i), middle - 0.75 - (peak / most) * reach);
  });
  for (let i = peaks.length - 1; i >= 0; i--)
    context.lineTo(at(i), middle + 0.75 + (peaks[i]! / most) * reach);
  context.closePath();
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = line;
  context.lineWidth = 0.75;
  context.stroke();
}

function lengths(details: SetDetails): { from: number; to: number }[] {
  const whole = details.recordings.reduce((sum, each) => sum + each.seconds, 0) || 1;
  let at = 0;
  return details.recordings.map((each) => {
    const from = at / whole;
    at += each.seconds;
    return { from, to: at / whole };
  });
}

function drawSeams(context: CanvasRenderingContext2D, details: SetDetails, frame: Box, line: string): void {
  if (details.recordings.length > frame.width / 6) return;
  context.strokeStyle = line;
  context.lineWidth = 1;
  context.beginPath();
  for (const { from } of lengths(details)) {
    const x = Math.round(frame.left + from * frame.width) + 0.5;
    context.moveTo(x, frame.top);
    context.lineTo(x, frame.top + frame.height);
  }
  context.stroke();
}

function drawHeldOut(
  context: CanvasRenderingContext2D,
  details: SetDetails,
  seconds: number,
  frame: Box,
  line: string,
): void {
  context.strokeStyle = line;
  context.lineWidth = 1;
  for (const [from, to] of details.held_out) {
    const left = frame.left + (from / seconds) * frame.width;
    const width = Math.max(2, ((to - from) / seconds) * frame.width);
    context.save();
    context.beginPath();
    context.rect(left, frame.top, width, frame.height);
    context.clip();
    context.globalAlpha = 0.45;
    context.beginPath();
    for (let x = left - frame.height; x < left + width; x += 6) {
      context.moveTo(x, frame.top + frame.height);
      context.lineTo(x + frame.height, frame.top);
    }
    context.stroke();
    context.restore();
  }
}
