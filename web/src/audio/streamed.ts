// A voice that the server makes, as the render loop sees it: latents go out at the moments at which a voice
// in the page would be due, and the hops that come back are played as they come, through a ring.

import { CHUNK, type Crossing } from "./crossing";
import type { Hearing } from "./hearing";
import { Ring } from "./ring";
import { latentsBytes, readSound, writeLatents } from "./stream-frames";

/** Samples given to the kernel at once: whatever the model's hop is, the ring is read this finely. */
export const FEED = 128;
/** So many seconds of frames may be unanswered; beyond, the server is not asked. */
const UNANSWERED_SECONDS = 0.25;

/** What the worklet and the worker with the socket say to each other. */
export type ToStream =
  | { readonly type: "begin"; readonly epoch: number; readonly seed: number }
  /** A frame. */
  | ArrayBuffer;
export type FromStream =
  /** The server has the model; frames may come. */
  | { readonly type: "ready" }
  /** Nobody answers. */
  | { readonly type: "away" }
  /** A frame's memory, to be used again. */
  | { readonly type: "empty"; readonly buffer: ArrayBuffer }
  /** A hop of sound. */
  | ArrayBuffer;

export interface StreamShape {
  readonly dims: number;
  readonly hop: number;
  readonly channels: number;
  readonly rate: number;
}

/** Where frames go. A MessagePort in the page. */
export interface Outlet {
  postMessage(message: ToStream, transfer: Transferable[]): void;
}

export class Streamed {
  readonly ring: Ring;
  /** What foresight asked for, frame by frame, as long as what is heard was on its way. */
  private readonly trims: number[] = [];
  /** The newest latent as it was decoded. */
  readonly latent: Float32Array;
  /** Time it takes to make a hop over the time it lasts, smoothed. */
  load = 0;
  /** Where what it listens to comes from; null: it does not. */
  hearing: Hearing | null = null;
  /** Samples of the player's until the next latent is due. */
  untilDue = 0;
  /** How far that lies after the frame's very moment, in samples of the player's over the model's rate. */
  private ahead = 0;

  private readonly left: Float32Array;
  private readonly right: Float32Array;
  private readonly heard: readonly [Float32Array, Float32Array];
  private readonly collecting: readonly [Float32Array, Float32Array];
  /** Brings what it hears to its model's rate; null: they are the same. */
  crossing: Crossing | null = null;
  private collected = 0;
  private epoch = 0;
  private frame = 0;
  private answered = -1;
  private ready = false;
  /** When each frame that is not answered yet was asked for. */
  private readonly times: Float64Array;
  private readonly buffers: ArrayBuffer[] = [];
  private readonly mostUnanswered: number;

  constructor(
    readonly shape: StreamShape,
    private seed: number,
    private readonly outlet: Outlet,
    /** The player's, Hz. */
    private readonly sampleRate = shape.rate,
  ) {
    const { channels, rate, hop, dims } = shape;
    this.ring = new Ring(channels, rate, FEED);
    this.latent = new Float32Array(dims);
    this.left = new Float32Array(2 * hop); // one more than a hop at most waits for the next
    this.right = new Float32Array(2 * hop);
    this.collecting = [this.left, this.right];
    this.heard = [this.left.subarray(0, hop), this.right.subarray(0, hop)];
    this.mostUnanswered = Math.max(4, Math.ceil((UNANSWERED_SECONDS * rate) / hop));
    this.times = new Float64Array(2 ** Math.ceil(Math.log2(this.mostUnanswered + 1)));
  }

  /** A fresh past. */
  restart(seed: number): void {
    this.seed = seed;
    this.untilDue = 0;
    this.ahead = 0;
    this.crossing?.reset();
    this.collected = 0;
    this.left.fill(0);
    this.right.fill(0);
    this.begin();
  }

  /** What came over the port. */
  receive(message: FromStream): void {
    if (message instanceof ArrayBuffer) this.play(message);
    else if (message.type === "empty") this.buffers.push(message.buffer);
    else if (message.type === "ready") {
      this.ready = true;
      this.begin();
    } else {
      this.ready = false;
      this.ring.clear();
    }
  }

  /** Ask for the hop of this latent; `now`: samples since the start. */
  ask(latent: ArrayLike<number>, given: ArrayLike<number> | null, now: number): void {
    this.untilDue = this.wait();
    const hears = this.hearing !== null;
    if (!this.ready) {
      this.carry();
      return;
    }
    const frame = this.frame++;
    if (frame - this.answered > this.mostUnanswered) {
      this.carry();
      return;
    }
    this.times[frame & (this.times.length - 1)] = this.clock(now);
    const bytes = latentsBytes(latent.length, given !== null, hears ? this.shape.hop : 0);
    let buffer = this.buffers.pop();
    if (buffer?.byteLength !== bytes) buffer = new ArrayBuffer(bytes);
    writeLatents(buffer, this.epoch, frame, latent, given, hears ? this.heard : null);
    this.outlet.postMessage(buffer, [buffer]);
    this.carry();
  }

  /** The hop that was collected has gone; what is more belongs to the next. */
  private carry(): void {
    const { hop } = this.shape;
    const more = Math.max(0, this.collected - hop);
    for (const side of this.collecting) side.copyWithin(0, hop, hop + more);
    this.collected = more;
  }

  /** The next samples, as many as are fed at once; null while none are there. */
  take(now: number): Float32Array | null {
    return this.ring.take(this.clock(now));
  }

  /** What to turn the voice down by now: the most that was asked for (0..1, the least) while what is heard was on
   * its way. */
  least(trim: number): number {
    const frames = 1 + Math.ceil(this.ring.delay / this.shape.hop);
    this.trims.push(trim);
    while (this.trims.length > frames) this.trims.shift();
    return Math.min(...this.trims);
  }

  /** The ring counts samples of the model's. */
  private clock(now: number): number {
    return this.sampleRate === this.shape.rate ? now : (now * this.shape.rate) / this.sampleRate;
  }

  /** So many samples were played. */
  advance(samples: number): void {
    this.untilDue -= samples;
  }

  /** Frame k is due at sample ceil(k hop player / model), as for voices in the page. */
  private wait(): number {
    const { hop, rate } = this.shape;
    const left = hop * this.sampleRate - this.ahead;
    const wait = Math.ceil(left / rate);
    this.ahead = wait * rate - left;
    return wait;
  }

  /** What comes in while `samples` are rendered; `kernel`: its memory, as floats. */
  listen(left: Float32Array, right: Float32Array, samples: number, kernel: Float32Array): void {
    if (this.crossing === null) {
      const { hop } = this.shape;
      for (let i = 0; i < samples && this.collected < hop; i++, this.collected++) {
        this.left[this.collected] = left[i]!;
        this.right[this.collected] = right[i]!;
      }
      return;
    }
    for (let i = 0; i < samples; i += CHUNK) {
      const n = Math.min(CHUNK, samples - i);
      this.collected += this.crossing.run(kernel, left, right, i, n, this.collecting, this.collected);
    }
  }

  private begin(): void {
    this.epoch = (this.epoch + 1) >>> 0;
    this.frame = 0;
    this.answered = -1;
    this.ring.clear();
    if (this.ready) this.outlet.postMessage({ type: "begin", epoch: this.epoch, seed: this.seed >>> 0 }, []);
  }

  private play(buffer: ArrayBuffer): void {
    const { hop, channels, dims, rate } = this.shape;
    const made = readSound(buffer);
    if (made === null || made.epoch !== this.epoch || made.frame >= this.frame) return;
    if (made.channels !== channels || made.samples !== hop) return;
    this.answered = made.frame;
    this.ring.put(made.sound, this.times[made.frame & (this.times.length - 1)]!);
    if (made.latent.length === dims) this.latent.set(made.latent);
    const load = (made.microseconds * 1e-6 * rate) / hop;
    this.load += 0.02 * (load - this.load);
  }
}
