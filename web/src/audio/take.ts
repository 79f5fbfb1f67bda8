// Takes inside the worklet. Rows exist only where the gesture changed: row i holds from frame frames[i] to
// the next. A take recorded over another holds only the axes that were moved; the rest come from the take
// below, and so on down (docs/engine.md).

import type { Take } from "../protocol/messages";

/** One take as the worklet plays it. */
export interface TakeLayer {
  /** A frame lasts frame / second samples of the player's: whole numbers, so that no frame is missed by rounding. */
  readonly frame: number;
  readonly second: number;
  /** Samples of a round where bars say so; 0: `length` frames. */
  readonly round: number;
  readonly length: number;
  readonly loop: boolean;
  readonly frames: Int32Array;
  readonly points: Float64Array; // rows x width
  readonly width: number;
}

/** A take and those below it, the top one first. */
export interface TakeStack {
  readonly layers: readonly TakeLayer[];
  /** Per axis of the piece: the layer it comes from, -1 for none (it rests). */
  readonly layerOf: Int32Array;
  /** Per axis of the piece: its column in that layer. */
  readonly columnOf: Int32Array;
}

export class TakePlayer {
  private readonly rows: Int32Array;
  /** Frame of the top take heard last. */
  position = 0;

  constructor(private readonly stack: TakeStack) {
    this.rows = new Int32Array(stack.layers.length);
  }

  /**
   * Write the gesture that holds at `sample` since the start into `into`; axes no take moves are at `rest`.
   * False once the top take is over.
   */
  at(sample: number, into: Float64Array, rest: Float64Array): boolean {
    const { layers, layerOf, columnOf } = this.stack;
    const top = layers[0]!;
    const frame = frameAt(top, sample);
    if (top.length === 0 || (frame >= top.length && !top.loop)) return false;
    this.position = frame % top.length;
    for (let k = 0; k < layers.length; k++) this.rows[k] = this.rowAt(k, sample);
    for (let i = 0; i < into.length; i++) {
      const k = layerOf[i]!;
      const row = k < 0 ? -1 : this.rows[k]!;
      const layer = layers[k];
      const x = row < 0 || layer === undefined ? rest[i]! : layer.points[row * layer.width + columnOf[i]!]!;
      into[i] = x >= 0 ? Math.min(x, 1) : x < 0 ? 0 : rest[i]!;
    }
    return true;
  }

  private rowAt(k: number, sample: number): number {
    const layer = this.stack.layers[k]!;
    const { frames, length, loop } = layer;
    let frame = frameAt(layer, sample);
    if (loop && length > 0) frame %= length;
    let row = this.rows[k]!;
    if (row < 0 || row >= frames.length || frames[row]! > frame) row = 0;
    while (row + 1 < frames.length && frames[row + 1]! <= frame) row++;
    return frames.length > 0 && frames[row]! <= frame ? row : -1;
  }
}

function frameAt({ frame, second, loop, round }: TakeLayer, sample: number): number {
  const at = loop && round >= 1 ? Math.floor(sample % round) : sample;
  return Math.floor((at * second) / frame);
}

/** Rows ready to leave the worklet: frame number, then one value per axis. */
export type RowChunk = Float64Array;

const ROWS = 512;

export class TakeRecorder {
  private chunk: Float64Array;
  private rows = 0;
  private readonly last: Float64Array;
  /** 1 for each axis a hand was on. */
  readonly moved: Uint8Array;
  /** Frames recorded so far. */
  length = 0;

  /** `deliver(chunk)` takes a copy of full chunks, about every 500 changes. */
  constructor(
    private readonly axes: number,
    private readonly deliver: (rows: RowChunk) => void,
  ) {
    this.chunk = new Float64Array(ROWS * (axes + 1));
    this.last = new Float64Array(axes).fill(Number.NaN);
    this.moved = new Uint8Array(axes);
  }

  add(gesture: Float64Array, touched: Uint8Array): void {
    for (let i = 0; i < this.axes; i++) this.moved[i]! |= touched[i]!;
    let changed = this.length === 0;
    for (let i = 0; i < this.axes; i++) changed ||= gesture[i] !== this.last[i];
    if (changed) {
      const at = this.rows * (this.axes + 1);
      this.chunk[at] = this.length;
      for (let i = 0; i < this.axes; i++) {
        this.chunk[at + 1 + i] = gesture[i]!;
        this.last[i] = gesture[i]!;
      }
      this.rows++;
      if (this.rows === ROWS) this.flush();
    }
    this.length++;
  }

  flush(): void {
    if (this.rows > 0) this.deliver(this.chunk.slice(0, this.rows * (this.axes + 1)));
    this.rows = 0;
  }
}

/** Put delivered chunks together again, keeping the axes at `columns`; rows that then say nothing new go. */
export function joinRows(
  chunks: readonly RowChunk[],
  axes: number,
  columns: readonly number[],
): { frames: number[]; points: number[][] } {
  const frames: number[] = [];
  const points: number[][] = [];
  for (const chunk of chunks) {
    for (let at = 0; at + axes < chunk.length; at += axes + 1) {
      const point = columns.map((i) => chunk[at + 1 + i]!);
      const last = points.at(-1);
      if (last !== undefined && point.every((x, i) => x === last[i])) continue;
      frames.push(chunk[at]!);
      points.push(point);
    }
  }
  return { frames, points };
}

/** What layering needs of a stored take (protocol's Take). */
export type StoredTake = Pick<
  Take,
  "id" | "hop" | "sample_rate" | "length" | "axes" | "frames" | "points" | "loop" | "muted" | "over"
> & { readonly seconds?: number };

/** A take with all that lie below it, as the worklet plays them in a piece with these axes. */
export function stackOf(
  take: StoredTake,
  loop: boolean,
  takes: readonly StoredTake[],
  axes: readonly string[],
  sampleRate: number,
): TakeStack {
  const chain = [{ ...take, loop }, ...below(take, takes)];
  const layerOf = new Int32Array(axes.length).fill(-1);
  const columnOf = new Int32Array(axes.length);
  axes.forEach((id, i) => {
    const k = chain.findIndex((each) => each.axes.includes(id));
    layerOf[i] = k;
    columnOf[i] = k < 0 ? 0 : chain[k]!.axes.indexOf(id);
  });
  return { layers: chain.map((each) => layer(each, sampleRate)), layerOf, columnOf };
}

function below(take: StoredTake, takes: readonly StoredTake[]): StoredTake[] {
  const found: StoredTake[] = [];
  for (let id = take.over; id !== null; ) {
    const next = takes.find((each) => each.id === id);
    if (next === undefined || next.muted || next.id === take.id || found.includes(next)) break;
    found.push(next);
    id = next.over;
  }
  return found;
}

function layer(take: StoredTake, sampleRate: number): TakeLayer {
  const width = take.axes.length;
  const points = new Float64Array(take.frames.length * width);
  take.points.forEach((point, row) => {
    for (let i = 0; i < width; i++) points[row * width + i] = point[i] ?? Number.NaN;
  });
  const { length, loop } = take;
  const round = (take.seconds ?? 0) * sampleRate;
  const [frame, second] = [take.hop * sampleRate, take.sample_rate];
  return { frame, second, round, length, loop, frames: Int32Array.from(take.frames), points, width };
}

/** The recorded input of a take, or of the nearest take below it that has one; null where none has. */
export function inputOf(
  take: Take,
  loop: boolean,
  takes: readonly Take[],
  rate: number,
): { readonly id: string; readonly loop: number } | null {
  const seen = new Set<string>();
  let each: Take | undefined = take;
  while (each !== undefined && !seen.has(each.id)) {
    if (each.input !== null) {
      const loops = each === take ? loop : each.loop;
      const lasts = each.loop && each.seconds * rate >= 1 ? each.seconds * rate : 0;
      const length = lasts || Math.ceil((each.length * each.hop * rate) / each.sample_rate);
      return { id: each.input, loop: loops ? length : 0 };
    }
    seen.add(each.id);
    const under: string | null = each.over;
    each = takes.find((below) => below.id === under && !below.muted);
  }
  return null;
}
