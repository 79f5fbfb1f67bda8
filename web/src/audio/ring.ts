// Sound that comes from elsewhere, in order and not on time, kept just far enough ahead to be played.
//
// What is kept ahead is the latency, so it is as little as the way here allows: 10 ms to begin with, half as
// much again when the sound was late (a stall counts once), slowly less while it is not. What has piled up behind a stall is
// skipped, in a short cross-fade. Knows nothing of voices, models or sockets: a server's mix is played with
// it as well. Nothing in take() allocates.

export const LEAST_MARGIN = 0.01; // seconds
export const MOST_MARGIN = 0.4;
export const GROWTH = 1.5;
/** Of what is above the least margin, so much stays after a window in which nothing was late. */
export const DECAY = 0.994;
export const WINDOW = 0.5; // seconds
/** Seconds of sound that are kept at most. */
export const CAPACITY = 2;

export class Ring {
  /** Seconds that are to be left when the next sound comes. */
  margin = LEAST_MARGIN;
  /** Times that it ran dry. */
  underruns = 0;
  /** Samples that were skipped, in all. */
  skipped = 0;
  /** Samples from the moment that the sound taken last was asked for to the moment that it was taken. */
  delay = 0;

  private readonly sound: Float32Array;
  private readonly capacity: number;
  private readonly out: Float32Array;
  private readonly window: number;
  /** Where each piece of sound begins, and when it was asked for; by samples since the beginning. */
  private readonly starts: Float64Array;
  private readonly asked: Float64Array;
  private firstPiece = 0;
  private pieces = 0;
  private written = 0;
  private read = 0;
  /** Nothing has come yet, or it ran dry: the next sound waits for `hold` samples. */
  private dry = true;
  private begun = false;
  private hold = 0;
  private lowest = Number.POSITIVE_INFINITY;
  private inWindow = 0;
  private lateInWindow = false;
  /** By samples played. */
  private grewAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly channels: number,
    readonly rate: number,
    /** Samples taken at once. */
    readonly quantum: number,
    /** It comes at the pace of another clock, which may be slower: what is missing is made up for before the
     * ring runs dry, by playing a quantum twice. */
    private readonly follows = false,
  ) {
    this.capacity = 2 ** Math.ceil(Math.log2(CAPACITY * rate));
    this.sound = new Float32Array(channels * this.capacity);
    this.out = new Float32Array(channels * quantum);
    this.window = Math.round(WINDOW * rate);
    const pieces = 2 ** Math.ceil(Math.log2(this.capacity / 16));
    this.starts = new Float64Array(pieces);
    this.asked = new Float64Array(pieces);
  }

  /** Samples that are here. */
  get depth(): number {
    return this.written - this.read;
  }

  /** From nothing; what was learned about the way here stays. */
  clear(): void {
    this.read = this.written;
    this.pieces = 0;
    this.dry = true;
    this.begun = false;
    this.hold = 0;
    this.delay = 0;
    this.forgetWindow();
  }

  /** Sound has come, channel after channel, that was asked for at sample `asked` of the player. */
  put(sound: Float32Array, asked: number): void {
    const samples = Math.floor(sound.length / this.channels);
    if (samples === 0 || samples > this.capacity) return;
    const mask = this.capacity - 1;
    for (let c = 0; c < this.channels; c++)
      for (let i = 0; i < samples; i++)
        this.sound[c * this.capacity + ((this.written + i) & mask)] = sound[c * samples + i]!;
    this.note(this.written, asked);
    this.written += samples;
    if (this.depth > this.capacity) this.read = this.written - this.capacity;
    if (!this.dry) return;
    this.dry = false;
    if (this.begun) this.grow(this.read);
    else this.hold = Math.round(this.margin * this.rate);
  }

  /** The next `quantum` samples, channel after channel; null while there are none. The same array each time. */
  take(now: number): Float32Array | null {
    const { quantum } = this;
    if (this.dry) return null;
    if (this.hold > 0) {
      this.hold -= quantum;
      if (this.hold > 0) return null;
    }
    if (this.depth < quantum) {
      this.dry = true;
      this.lateInWindow = true;
      this.underruns++;
      return null;
    }
    const skip = this.excess();
    this.copy(skip);
    this.delay = now - this.askedAt(this.read + skip);
    this.read += quantum + skip;
    this.skipped += skip;
    this.begun = true;
    this.lowest = Math.min(this.lowest, this.depth);
    this.inWindow += quantum;
    return this.out;
  }

  private grow(now: number): void {
    const before = this.margin;
    if (now - this.grewAt < this.window) return;
    this.grewAt = now;
    this.margin = Math.min(MOST_MARGIN, before * GROWTH);
    this.hold = Math.round((this.margin - before) * this.rate);
  }

  /** At the end of a window: how much more was always there than has to be; below 0: how much less. */
  private excess(): number {
    if (this.inWindow < this.window) return 0;
    const spare = this.lowest - Math.round(this.margin * this.rate);
    const calm = !this.lateInWindow;
    this.forgetWindow();
    if (!calm) return 0;
    this.margin = LEAST_MARGIN + (this.margin - LEAST_MARGIN) * DECAY;
    if (this.follows && spare < -this.quantum) return -Math.min(this.quantum, this.read);
    const most = this.depth - this.quantum;
    return spare > this.quantum ? Math.max(0, Math.min(spare, most)) : 0;
  }

  private forgetWindow(): void {
    this.lowest = Number.POSITIVE_INFINITY;
    this.inWindow = 0;
    this.lateInWindow = false;
  }

  /** From what is next to what lies `skip` samples further on (below 0: back); without a skip, what is next. */
  private copy(skip: number): void {
    const { quantum, capacity, out, sound } = this;
    const mask = capacity - 1;
    for (let c = 0; c < this.channels; c++)
      for (let i = 0; i < quantum; i++) {
        const here = sound[c * capacity + ((this.read + i) & mask)]!;
        const there = sound[c * capacity + ((this.read + skip + i) & mask)]!;
        out[c * quantum + i] = skip === 0 ? here : here + ((there - here) * (i + 1)) / quantum;
      }
  }

  private note(start: number, asked: number): void {
    const mask = this.starts.length - 1;
    if (this.pieces === this.starts.length) {
      this.firstPiece++;
      this.pieces--;
    }
    const at = (this.firstPiece + this.pieces) & mask;
    this.starts[at] = start;
    this.asked[at] = asked;
    this.pieces++;
  }

  /** When the sample at `position` was asked for; pieces before it are forgotten. */
  private askedAt(position: number): number {
    const mask = this.starts.length - 1;
    while (this.pieces > 1 && this.starts[(this.firstPiece + 1) & mask]! <= position) {
      this.firstPiece++;
      this.pieces--;
    }
    const at = this.firstPiece & mask;
    return this.asked[at]! + (position - this.starts[at]!);
  }
}
