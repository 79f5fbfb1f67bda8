// The jam's end of the audio thread: a mixer on the clock of samples, which also is the jam's clock.
// Runs in AudioWorkletGlobalScope; built into one file of its own.

import { Mixer, type Put } from "./mixer";

declare const sampleRate: number;
declare const currentFrame: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

export type ToJam =
  | { readonly type: "sound"; readonly id: string; readonly sound: Float32Array }
  /** at: seconds of the context; in the past: now. */
  | { readonly type: "put"; readonly id: string; readonly at: number; readonly put: Put }
  | { readonly type: "hush" };

/** Quanta between two words of what time it is: some 11 ms. */
const WORD = 4;

class JamProcessor extends AudioWorkletProcessor {
  private readonly mixer = new Mixer(sampleRate);
  private readonly sounds = new Map<string, Float32Array>();
  private readonly spare = new Float32Array(128);
  private quantum = 0;

  constructor() {
    super();
    this.mixer.sample = currentFrame;
    this.port.onmessage = ({ data }: MessageEvent<ToJam>) => this.told(data);
  }

  private told(message: ToJam): void {
    if (message.type === "sound") this.sounds.set(message.id, message.sound);
    else if (message.type === "hush") this.mixer.hush();
    else {
      const sound = this.sounds.get(message.id);
      if (sound) this.mixer.add(sound, Math.round(message.at * sampleRate), message.put);
    }
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [left, right] = outputs[0]!;
    this.mixer.sample = currentFrame;
    this.mixer.mix(left!, right ?? this.spare);
    this.quantum += 1;
    if (this.quantum % WORD === 0) this.port.postMessage(this.mixer.sample / sampleRate);
    return true;
  }
}

registerProcessor("isobath-jam", JamProcessor);
