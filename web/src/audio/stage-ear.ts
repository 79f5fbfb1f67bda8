// The page listens to the stage: what goes to the device comes over a socket of its own, in a thread of its
// own, and is played here a little later. The stage knows nothing of it.

import processorUrl from "./stage-ear-processor.ts?worker&url";
import type { FromWorker, LineState, ToWorker } from "./stream-worker";

/** What the audio thread says, a few times a second. */
export interface EarReport {
  /** Seconds from the first sample of a message to its playing. */
  readonly delay: number;
  readonly underruns: number;
  /** Of what was played since the report before. */
  readonly peak: number;
}

export class StageEar extends EventTarget {
  // events: "ear": something here is different
  state: LineState | "off" = "off";
  sentence = "";
  private reported: EarReport = { delay: 0, underruns: 0, peak: 0 };
  private context: AudioContext | null = null;
  private worker: Worker | null = null;
  /** Counts what was asked for, so that a start that is late does not undo a stop. */
  private asked = 0;

  /** `page`: who this is, for the server. */
  constructor(private readonly page: string) {
    super();
  }

  /** So much later than the device is given it, in seconds, the way here apart; null while nothing is heard. */
  get later(): number | null {
    const { context, reported, state } = this;
    if (context === null || state !== "playing" || reported.delay <= 0) return null;
    return reported.delay + (context.outputLatency || context.baseLatency || 0);
  }

  /** Times that the sound was late. */
  get underruns(): number {
    return this.reported.underruns;
  }

  /** Of what was heard lately, linear. */
  get peak(): number {
    return this.reported.peak;
  }

  /** Listen. `rate`: of the stage, Hz. */
  async start(rate: number): Promise<void> {
    this.stop();
    const asked = ++this.asked;
    this.enter("connecting");
    try {
      const context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
      this.context = context;
      await context.audioWorklet.addModule(processorUrl);
      if (asked !== this.asked) return;
      const node = new AudioWorkletNode(context, "isobath-stage-ear", {
        numberOfInputs: 0,
        outputChannelCount: [2],
      });
      node.port.onmessage = (event: MessageEvent<EarReport>) => {
        this.reported = event.data;
        this.dispatchEvent(new Event("ear"));
      };
      node.connect(context.destination);
      const channel = new MessageChannel();
      node.port.postMessage(channel.port1, [channel.port1]);
      this.open(channel.port2);
      await context.resume();
    } catch {
      if (asked !== this.asked) return;
      this.stop();
      this.sentence = `This browser cannot play the stage's ${rate} Hz. Use a current Firefox, Chrome, Edge or Safari.`;
      this.dispatchEvent(new Event("ear"));
    }
  }

  private open(port: MessagePort): void {
    const worker = new Worker(new URL("./stream-worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<FromWorker>) => {
      if (worker !== this.worker) return;
      this.sentence = event.data.sentence ?? "";
      this.enter(event.data.state);
    };
    this.worker = worker;
    const url = new URL(`stream/stage?${new URLSearchParams({ page: this.page })}`, document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    worker.postMessage({ type: "open", slot: 0, url: url.href, port } satisfies ToWorker, [port]);
  }

  /** Listen no more. */
  stop(): void {
    this.asked++;
    this.worker?.terminate();
    this.worker = null;
    this.context?.close().catch(() => {});
    this.context = null;
    this.sentence = "";
    this.reported = { delay: 0, underruns: 0, peak: 0 };
    this.enter("off");
  }

  private enter(state: LineState | "off"): void {
    this.state = state;
    this.dispatchEvent(new Event("ear"));
  }
}
