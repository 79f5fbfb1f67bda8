// The page's end of streamed voices: a worker with their sockets, and what is known of each.

import type { BarsPlayed, Shaping, Source } from "../protocol/messages";
import type { FromWorker, LineState, ToWorker } from "./stream-worker";

export class Lines {
  readonly states = new Map<number, LineState>();
  private worker: Worker | null = null;

  constructor(
    /** This page, so that the server can count its voices. */
    private readonly page: string,
    private readonly changed: () => void,
    private readonly complain: (sentence: string) => void,
  ) {}

  /** Open a voice; `port` is for the audio thread. */
  open(slot: number, model: string): MessagePort {
    const channel = new MessageChannel();
    const query = new URLSearchParams({ model, page: this.page });
    const url = new URL(`stream/voice?${query}`, document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.states.set(slot, "connecting");
    this.tell({ type: "open", slot, url: url.href, port: channel.port2 }, [channel.port2]);
    return channel.port1;
  }

  control(slot: number, shaping: Shaping | null, source: Source | null): void {
    if (this.states.has(slot)) this.tell({ type: "control", slot, shaping, source });
  }

  /** How a voice on a model of bars plays, and the tempo. */
  inTime(slot: number, bars: BarsPlayed, bpm: number): void {
    if (this.states.has(slot)) this.tell({ type: "time", slot, bars, bpm });
  }

  close(slot: number): void {
    if (!this.states.delete(slot)) return;
    this.tell({ type: "close", slot });
    this.changed();
  }

  private tell(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker ??= this.start();
    this.worker.postMessage(message, transfer);
  }

  private start(): Worker {
    const worker = new Worker(new URL("./stream-worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<FromWorker>) => {
      const { slot, state, sentence } = event.data;
      if (!this.states.has(slot)) return;
      this.states.set(slot, state);
      if (sentence !== null) this.complain(sentence);
      this.changed();
    };
    return worker;
  }
}
