// The audio thread of a page that listens to the stage: what comes is played as it comes, through the ring.
// Runs in AudioWorkletGlobalScope; built into one file of its own.

import { Ring } from "./ring";
import type { EarReport } from "./stage-ear";
import { readSound } from "./stream-frames";
import type { FromStream } from "./streamed";

declare const sampleRate: number;
declare const currentFrame: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

const QUANTUM = 128;
const FADE_OUT = 64;
const FADE_IN_SECONDS = 0.01;
const REPORT_SECONDS = 0.25;

class StageEar extends AudioWorkletProcessor {
  private readonly ring = new Ring(2, sampleRate, QUANTUM, true);
  private readonly last = [0, 0];
  /** Samples of the fade in that are over. */
  private opened = 0;
  private sinceReport = 0;
  private peak = 0;

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<MessagePort>) => {
      event.data.onmessage = (message: MessageEvent<FromStream>) => this.receive(message.data);
    };
  }

  private receive(message: FromStream): void {
    if (!(message instanceof ArrayBuffer)) {
      if (message.type !== "empty") this.ring.clear();
      return;
    }
    const made = readSound(message);
    if (made !== null && made.channels === 2) this.ring.put(made.sound, currentFrame - made.samples);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0]!;
    const sound = this.ring.take(currentFrame);
    const fade = FADE_IN_SECONDS * sampleRate;
    for (let c = 0; c < out.length; c++) {
      const to = out[c]!;
      for (let i = 0; i < to.length; i++)
        to[i] =
          sound === null
            ? this.last[c]! * Math.max(0, 1 - (i + 1) / FADE_OUT)
            : sound[c * QUANTUM + i]! * Math.min(1, (this.opened + i + 1) / fade);
      for (const x of to) this.peak = Math.max(this.peak, Math.abs(x));
      this.last[c] = to[to.length - 1]!;
    }
    this.opened = sound === null ? 0 : Math.min(fade, this.opened + QUANTUM);
    this.report();
    return true;
  }

  private report(): void {
    this.sinceReport += QUANTUM;
    if (this.sinceReport < REPORT_SECONDS * sampleRate) return;
    this.sinceReport = 0;
    const { delay, underruns } = this.ring;
    const { peak } = this;
    this.peak = 0;
    this.port.postMessage({ delay: delay / sampleRate, underruns, peak } satisfies EarReport);
  }
}

registerProcessor("isobath-stage-ear", StageEar);
