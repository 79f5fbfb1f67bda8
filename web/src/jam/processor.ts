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
  | { readonly type: "forget"; readonly id: string }
  /** at: seconds of the context; in the past: now. */
  | { readonly type: "put"; readonly id: string; readonly at: number; readonly put: Put }
  /** What sounds of a group ends now. */
  | { readonly type: "end"; readonly group: string }
  | { readonly type: "record"; readonly on: boolean }
  /** What was put for the case that nothing better comes is not needed. */
  | { readonly type: "better" }
  | { readonly type: "hush" };

export type FromJam =
  | { readonly type: "time"; readonly seconds: number }
  /** What was heard from that moment on. */
  | {
      readonly type: "heard";
      readonly seconds: number;
      readonly left: Float32Array;
      readonly right: Float32Array;
    }
  /** The end of it; late: sounds that were put after they should have begun, since the jam was opened. */
  | { readonly type: "end"; readonly late: number };

/** Quanta between two words of what time it is: some 11 ms. */
const WORD = 4;

class JamProcessor extends AudioWorkletProcessor {
  private readonly mixer = new Mixer(sampleRate);
  private readonly sounds = new Map<string, Float32Array>();
  private readonly spare = new Float32Array(128);
  private quantum = 0;
  private recording = false;

  constructor() {
    super();
    this.mixer.sample = currentFrame;
    this.port.onmessage = ({ data }: MessageEvent<ToJam>) => this.told(data);
  }

  private told(message: ToJam): void {
    if (message.type === "sound") this.sounds.set(message.id, message.sound);
    else if (message.type === "forget") this.sounds.delete(message.id);
    else if (message.type === "better") this.mixer.forget();
    else if (message.type === "hush") this.mixer.hush();
    else if (message.type === "end") this.mixer.choke(message.group, this.mixer.sample);
    else if (message.type === "record") {
      if (this.recording && !message.on) this.say({ type: "end", late: this.mixer.late });
      this.recording = message.on;
    } else {
      const sound = this.sounds.get(message.id);
      if (sound) this.mixer.add(sound, Math.round(message.at * sampleRate), message.put);
    }
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [left, right = this.spare] = outputs[0]!;
    this.mixer.sample = currentFrame;
    this.mixer.mix(left!, right);
    if (this.recording)
      this.say({
        type: "heard",
        seconds: currentFrame / sampleRate,
        left: left!.slice(),
        right: right.slice(),
      });
    this.quantum += 1;
    if (this.quantum % WORD === 0) this.say({ type: "time", seconds: this.mixer.sample / sampleRate });
    return true;
  }

  private say(message: FromJam): void {
    this.port.postMessage(message);
  }
}

registerProcessor("isobath-jam", JamProcessor);
