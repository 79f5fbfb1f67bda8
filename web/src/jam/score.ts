// One player's part as a picture: a drum grid or a piano roll, with where the music is. What is yet to come
// is drawn hollow.

import type { JamPhrase } from "../protocol/messages";
import { contextOf, fitCanvas, ink } from "../ui/canvas";
import { type Kind, notesOf, PIECES, type Played } from "./bars";

export interface Part {
  readonly kind: Kind;
  readonly phrase: JamPhrase | null;
  readonly steps: number;
  /** Sixteenths into the phrase; null: it is not played now. */
  readonly head: number | null;
  /** solid: it sounds or is played now; past: it was played; coming: it is yet to be. */
  readonly state: "now" | "past" | "coming";
  readonly machine: boolean;
  /** Lowest and highest pitch of a piano roll. */
  readonly range: readonly [number, number];
}

const LABELS = 62;
/** Narrower pictures have no words. */
const ROOM = 380;
/** A note that begins lights up so long, in sixteenths. */
const GLOW_STEPS = 1.6;
const EDGE = 6;

/** The pitches that two parts of a melody need, an octave and a half at least. */
export function rangeOf(phrases: readonly (JamPhrase | null)[]): readonly [number, number] {
  const pitches = phrases.flatMap((each) => (each ? notesOf(each).map(({ pitch }) => pitch) : []));
  const low = Math.min(60, ...pitches) - 2;
  const high = Math.max(72, ...pitches) + 2;
  return [low, Math.max(high, low + 18)];
}

export function drawPart(canvas: HTMLCanvasElement, part: Part): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width === 0 || height === 0) return;
  fitCanvas(canvas, width, height);
  const context = contextOf(canvas);
  const { rem } = ink();
  context.clearRect(0, 0, width, height);
  const drums = part.kind === "drums";
  const [low, high] = part.range;
  const rows = drums ? PIECES.length : high - low + 1;
  const left = width > ROOM * rem ? LABELS * rem : EDGE;
  const place: Place = {
    left,
    across: (width - left - EDGE) / part.steps,
    up: height / rows,
    height,
    row: (pitch) => rows - 1 - (drums ? pitch : pitch - low),
  };
  ground(context, part, place, rows);
  for (const note of part.phrase ? notesOf(part.phrase) : []) draw(context, part, place, note);
  if (part.head !== null) head(context, part, place);
}

interface Place {
  readonly left: number;
  /** Pixels of a sixteenth, and of a row. */
  readonly across: number;
  readonly up: number;
  readonly height: number;
  row(pitch: number): number;
}

function ground(context: CanvasRenderingContext2D, part: Part, place: Place, rows: number): void {
  const { line, strong, ink3, water, rem } = ink();
  const { left, across, up, height } = place;
  const right = left + across * part.steps;
  const drums = part.kind === "drums";
  context.fillStyle = water;
  for (let row = 0; row < rows; row++) {
    const pitch = part.range[0] + rows - 1 - row;
    const shaded = drums ? row % 2 === 0 : ![1, 3, 6, 8, 10].includes(pitch % 12);
    if (shaded) context.fillRect(left, row * up, right - left, up);
  }
  for (let step = 0; step <= part.steps; step += 4) {
    const bar = step % 16 === 0;
    context.fillStyle = bar ? strong : line;
    context.fillRect(Math.round(left + step * across) - (bar ? 0.5 : 0), 0, 1, height);
  }
  if (left <= EDGE) return;
  context.fillStyle = ink3;
  context.font = `${Math.min(11.5 * rem, 0.82 * up * (drums ? 1 : 3))}px Barlow, sans-serif`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (let row = 0; row < rows; row++) {
    const pitch = part.range[0] + rows - 1 - row;
    const word = drums ? PIECES[rows - 1 - row]! : pitch % 12 === 0 ? `C${pitch / 12 - 1}` : "";
    if (word) context.fillText(word, left - 8 * rem, (row + 0.5) * up);
  }
}

function draw(context: CanvasRenderingContext2D, part: Part, place: Place, note: Played): void {
  const { mark, profileLine } = ink();
  const { left, across, up, row } = place;
  const drums = part.kind === "drums";
  const colour = part.machine ? profileLine : mark;
  const since = part.head === null ? Number.POSITIVE_INFINITY : part.head - note.position;
  const hollow = part.state === "coming" || (part.state === "now" && since < 0 && part.machine);
  const glow = since >= 0 && since < GLOW_STEPS ? 1 - since / GLOW_STEPS : 0;
  const full = drums ? 0.4 + 0.6 * note.velocity : 1;
  const tall = Math.max(3, up * (drums ? 0.78 * full + 0.16 * glow : 0.82));
  const wide = drums
    ? Math.max(3, Math.min(0.8 * across, 1.7 * tall) + 0.2 * across * glow)
    : note.length * across - 1.5;
  const x = left + note.position * across + (drums ? 0.06 * across : 0);
  const y = (row(note.pitch) + 0.5) * up - tall / 2;
  context.beginPath();
  context.roundRect(x, y, wide, tall, Math.min(3.5, tall / 2));
  context.globalAlpha =
    part.state === "past" ? 0.3 * full + 0.08 : hollow ? 0.95 : 0.35 + 0.65 * note.velocity;
  if (hollow) {
    context.strokeStyle = colour;
    context.lineWidth = 0.75 + note.velocity;
    context.stroke();
    context.globalAlpha = 0.12;
  }
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
}

function head(context: CanvasRenderingContext2D, part: Part, place: Place): void {
  const { mark, profileLine } = ink();
  const at = part.head!;
  if (at < 0 || at > part.steps) return;
  const x = place.left + at * place.across;
  context.fillStyle = part.machine ? profileLine : mark;
  context.globalAlpha = 0.09;
  context.fillRect(place.left, 0, x - place.left, place.height);
  context.globalAlpha = 1;
  context.fillRect(x - 0.75, 0, 1.5, place.height);
}
