// A voice that the server makes, as the render loop sees it: latents go out at the moments at which a voice
// in the page would be due, and the hops that come back are played as they come, through a ring.

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
  /** The newest latent as it was decoded. */
  readonly latent: Float32Array;
  /** Time it takes to make a hop over the time it lasts, smoothed. */
  load = 0;
  /** Where what it listens to comes from; null: it does not. */
  hearing: Hearing | null = null;
  /** The model's samples for one of the player's. */
  private readonly own: number;
  /** Of the player, since the beginning. */
  private elapsed = 0;
  private asks = 0;

  private readonly left: Float32Array;
  private readonly right: Float32Array;
  private readonly heard: readonly [Float32Array, Float32Array];
  private collected = 0;
  /** Where the next of the model's samples lies between the player's last (0) and its next (1). */
  private position = 1;
  /** 1; 0 where the model has more samples than the player: its last ones would lie in the future. */
  private readonly newest: number;
  /** The player's last sample and the one before, left and right. */
  private readonly past = new Float32Array(4);
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
    playerRate: number = shape.rate,
  ) {
    this.own = shape.rate / playerRate;
    this.newest = this.own > 1 ? 0 : 1;
    this.position = this.newest;
    const { channels, rate, hop, dims } = shape;
    this.ring = new Ring(channels, rate, FEED);
    this.latent = new Float32Array(dims);
    this.left = new Float32Array(hop);
    this.right = new Float32Array(hop);
    this.heard = [this.left, this.right];
    this.mostUnanswered = Math.max(4, Math.ceil((UNANSWERED_SECONDS * rate) / hop));
    this.times = new Float64Array(2 ** Math.ceil(Math.log2(this.mostUnanswered + 1)));
  }

  /** A fresh past. */
  restart(seed: number): void {
    this.seed = seed;
    this.elapsed = 0;
    this.asks = 0;
    this.collected = 0;
    this.position = this.newest;
    this.past.fill(0);
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

  /** Samples of the player until the next latent is due. */
  get untilDue(): number {
    return Math.max(0, Math.ceil(this.due - 1e-6) - this.elapsed);
  }

  /** When the next latent is due, in samples of the player since the beginning. */
  private get due(): number {
    return (this.asks * this.shape.hop) / this.own;
  }

  /** So many samples were played. */
  advance(samples: number): void {
    this.elapsed += samples;
  }

  /** What sounds next, FEED samples of the model's; null while there is nothing. `now`: as for `ask`. */
  take(now: number): Float32Array | null {
    return this.ring.take(now * this.own);
  }

  /** Ask for the hop of this latent; `now`: samples of the player since the start. */
  ask(latent: ArrayLike<number>, given: ArrayLike<number> | null, now: number): void {
    this.position = this.newest - (this.elapsed - this.due);
    this.asks++;
    const hears = this.hearing !== null;
    this.collected = 0;
    if (!this.ready) return;
    const frame = this.frame++;
    if (frame - this.answered > this.mostUnanswered) return;
    this.times[frame & (this.times.length - 1)] = now * this.own;
    const bytes = latentsBytes(latent.length, given !== null, hears ? this.shape.hop : 0);
    let buffer = this.buffers.pop();
    if (buffer?.byteLength !== bytes) buffer = new ArrayBuffer(bytes);
    writeLatents(buffer, this.epoch, frame, latent, given, hears ? this.heard : null);
    this.outlet.postMessage(buffer, [buffer]);
  }

  /** What comes in while `samples` are rendered. */
  listen(left: Float32Array, right: Float32Array, samples: number): void {
    // Straight lines between samples; at the model's own rate these are the samples themselves.
    const { past } = this;
    for (let i = 0; i < samples; i++) {
      for (; this.position <= 1 && this.collected < this.shape.hop; this.collected++) {
        this.left[this.collected] = between(this.position, past[1]!, past[0]!, left[i]!);
        this.right[this.collected] = between(this.position, past[3]!, past[2]!, right[i]!);
        this.position += 1 / this.own;
      }
      this.position -= 1;
      past[1] = past[0]!;
      past[3] = past[2]!;
      past[0] = left[i]!;
      past[2] = right[i]!;
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

/** On the lines from `before` (-1) over `last` (0) to `next` (1). */
function between(position: number, before: number, last: number, next: number): number {
  if (position === 1) return next;
  return position > 0 ? last + position * (next - last) : last + position * (last - before);
}
