// Takes inside the worklet: a gesture played back or recorded by the frame number of the leading voice.
// Rows exist only where the gesture changed; row i holds from frame frames[i] to the next.

/** A take as the worklet plays it: columns in the order of the piece's axes, NaN where it has none. */
export interface TakeRows {
  readonly length: number;
  readonly frames: Int32Array;
  readonly points: Float64Array; // rows x axes
}

export class TakePlayer {
  private row = 0;
  /** Frame that comes next. */
  position = 0;

  constructor(
    private readonly take: TakeRows,
    private readonly axes: number,
    private readonly loop: boolean,
  ) {}

  /** Write the gesture of the next frame into `into` (NaN: the take says nothing); false once it is over. */
  next(into: Float64Array): boolean {
    const { frames, points, length } = this.take;
    if (this.position >= length) {
      if (!this.loop || length === 0) return false;
      this.position = 0;
      this.row = 0;
    }
    while (this.row + 1 < frames.length && frames[this.row + 1]! <= this.position) this.row++;
    const at = this.row * this.axes;
    const begun = frames.length > 0 && frames[this.row]! <= this.position;
    for (let i = 0; i < this.axes; i++) into[i] = begun ? points[at + i]! : Number.NaN;
    this.position++;
    return true;
  }
}

/** Rows ready to leave the worklet: frame number, then one value per axis. */
export type RowChunk = Float64Array;

const ROWS = 512;

export class TakeRecorder {
  private chunk: Float64Array;
  private rows = 0;
  private readonly last: Float64Array;
  /** Frames recorded so far. */
  length = 0;

  /** `deliver(chunk)` takes a copy of full chunks, about every 500 changes. */
  constructor(
    private readonly axes: number,
    private readonly deliver: (rows: RowChunk) => void,
  ) {
    this.chunk = new Float64Array(ROWS * (axes + 1));
    this.last = new Float64Array(axes).fill(Number.NaN);
  }

  add(gesture: Float64Array): void {
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

/** Put delivered chunks together again. */
export function joinRows(
  chunks: readonly RowChunk[],
  axes: number,
): { frames: number[]; points: number[][] } {
  const frames: number[] = [];
  const points: number[][] = [];
  for (const chunk of chunks) {
    for (let at = 0; at + axes < chunk.length; at += axes + 1) {
      frames.push(chunk[at]!);
      points.push(Array.from(chunk.subarray(at + 1, at + 1 + axes)));
    }
  }
  return { frames, points };
}

/** A stored take as the worklet plays it in a piece with these axes. */
export function rowsOf(
  take: {
    readonly length: number;
    readonly axes: readonly string[];
    readonly frames: readonly number[];
    readonly points: readonly (readonly number[])[];
  },
  axes: readonly string[],
): TakeRows {
  const columns = axes.map((id) => take.axes.indexOf(id));
  const points = new Float64Array(take.frames.length * axes.length);
  take.points.forEach((point, row) => {
    columns.forEach((column, i) => {
      points[row * axes.length + i] = column < 0 ? Number.NaN : (point[column] ?? Number.NaN);
    });
  });
  return { length: take.length, frames: Int32Array.from(take.frames), points };
}
