// The microphone or line, as it comes: nothing in the browser may cancel, gate or level what is played.

import type { Input } from "./instrument";

const RAW: MediaTrackConstraints = {
  echoCancellation: false,
  noiseSuppression: false,
  autoGainControl: false,
};

export const NO_INPUT: Input = { state: "off", sentence: null, name: "", latency: null };

export class Microphone {
  input: Input = NO_INPUT;
  private stream: MediaStream | null = null;
  private node: MediaStreamAudioSourceNode | null = null;
  private wanted = false;
  private target: AudioNode | null = null;

  constructor(private readonly changed: () => void) {}

  /** Where what comes in goes; null: nowhere yet. */
  connect(target: AudioNode | null): void {
    this.target = target;
    this.node?.disconnect();
    this.node = null;
    this.patch();
    if (target !== null && this.wanted && this.input.state === "off") void this.open();
  }

  want(wanted: boolean): void {
    this.wanted = wanted;
    if (!wanted) this.close();
    else if (this.target !== null && (this.input.state === "off" || this.input.state === "refused"))
      void this.open();
  }

  private async open(): Promise<void> {
    if (navigator.mediaDevices?.getUserMedia === undefined) {
      this.become({
        ...NO_INPUT,
        state: "refused",
        sentence:
          "Browsers let a page listen only on a secure one. Open Isobath on this computer, or over https.",
      });
      return;
    }
    this.become({ ...NO_INPUT, state: "asking" });
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: RAW });
      if (!this.wanted) {
        stop(stream);
        return;
      }
      this.stream = stream;
      const track = stream.getAudioTracks()[0];
      if (track !== undefined) track.onended = () => this.lost();
      const latency = (track?.getSettings() as { latency?: number } | undefined)?.latency ?? null;
      this.become({ state: "open", sentence: null, name: track?.label ?? "", latency });
      this.patch();
    } catch (problem) {
      this.become({ ...NO_INPUT, state: "refused", sentence: sentenceFor(problem) });
    }
  }

  private patch(): void {
    if (this.stream === null || this.target === null || this.node !== null) return;
    try {
      this.node = (this.target.context as AudioContext).createMediaStreamSource(this.stream);
      this.node.connect(this.target);
    } catch {
      const rate = this.target.context.sampleRate;
      this.close();
      this.become({
        ...NO_INPUT,
        state: "refused",
        sentence: `This browser cannot listen at ${rate} Hz, the rate of this model. Set the input device to that rate, or use Chrome, Edge or Safari.`,
      });
    }
  }

  private lost(): void {
    this.close();
    this.become({
      ...NO_INPUT,
      state: "refused",
      sentence: "The input device is gone. Plug it in again, then try again.",
    });
  }

  private close(): void {
    this.node?.disconnect();
    this.node = null;
    if (this.stream !== null) stop(this.stream);
    this.stream = null;
    if (this.input.state !== "off") this.become(NO_INPUT);
  }

  private become(input: Input): void {
    this.input = input;
    this.changed();
  }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}

function sentenceFor(problem: unknown): string {
  const name = problem instanceof DOMException ? problem.name : "";
  if (name === "NotAllowedError")
    return "The browser was told not to let this page listen. Allow the microphone at the left of the address, then try again.";
  if (name === "NotFoundError") return "There is no microphone or line here. Plug one in, then try again.";
  if (name === "NotReadableError") return "Another program holds the input device. Close it, then try again.";
  return `The input could not be opened (${problem instanceof Error ? problem.message : String(problem)}). Try again.`;
}
