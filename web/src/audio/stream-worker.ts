// The sockets of streamed voices, in a thread where nothing else happens: what the audio thread asks for
// goes out at once, and what the server made goes to the audio thread without passing the page.

import { waitBefore } from "../net/socket";
import type { BarsPlayed, Shaping, Source } from "../protocol/messages";
import type { FromStream, ToStream } from "./streamed";

export type ToWorker =
  /** A voice, and the audio thread's end of it. The one that was on the slot goes. */
  | { readonly type: "open"; readonly slot: number; readonly url: string; readonly port: MessagePort }
  | {
      readonly type: "control";
      readonly slot: number;
      readonly shaping: Shaping | null;
      readonly source: Source | null;
    }
  | { readonly type: "time"; readonly slot: number; readonly bars: BarsPlayed; readonly bpm: number }
  | { readonly type: "close"; readonly slot: number };

export type LineState = "connecting" | "playing" | "away" | "refused";

export interface FromWorker {
  readonly slot: number;
  readonly state: LineState;
  /** Something to tell the musician, or null. */
  readonly sentence: string | null;
}

const REFUSED_WAIT_MS = 5000;

class Line {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private attempts = 0;
  private ready = false;
  private refused = false;
  private told = "";
  shaping: Shaping | null = null;
  source: Source | null = null;
  /** How it plays in bars, and how fast. */
  time: { readonly bars: BarsPlayed; readonly bpm: number } | null = null;

  constructor(
    private readonly slot: number,
    private readonly url: string,
    private readonly port: MessagePort,
  ) {
    port.onmessage = (event: MessageEvent<ToStream>) => this.send(event.data);
    this.connect();
  }

  private connect(): void {
    this.timer = null;
    this.refused = false;
    this.tell("connecting");
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => {
      if (typeof event.data === "string") this.read(event.data);
      else this.port.postMessage(event.data satisfies FromStream, [event.data]);
    };
    socket.onclose = () => this.lost(socket);
  }

  private read(text: string): void {
    const message = JSON.parse(text) as { type: string; sentence?: string; lasting?: boolean };
    if (message.type === "ready") {
      this.attempts = 0;
      this.ready = true;
      this.told = "";
      this.control();
      this.port.postMessage({ type: "ready" } satisfies FromStream);
      this.tell("playing");
    } else if (message.type === "trouble") {
      this.refused = message.lasting === true;
      const sentence = message.sentence ?? "";
      this.tell(this.refused ? "refused" : "playing", sentence === this.told ? null : sentence);
      this.told = sentence;
    }
  }

  private send(message: ToStream): void {
    if (!(message instanceof ArrayBuffer)) {
      if (this.ready) this.socket?.send(JSON.stringify(message));
      return;
    }
    if (this.ready) this.socket?.send(message);
    this.port.postMessage({ type: "empty", buffer: message } satisfies FromStream, [message]);
  }

  /** Tell the server how the voice is set. */
  control(): void {
    if (!this.ready) return;
    const { shaping, source, time } = this;
    this.socket?.send(
      JSON.stringify({ type: "control", ...(shaping && { shaping }), ...(source && { source }), ...time }),
    );
  }

  private lost(socket: WebSocket): void {
    if (socket !== this.socket) return;
    this.socket = null;
    this.ready = false;
    this.port.postMessage({ type: "away" } satisfies FromStream);
    if (!this.refused) this.tell("away");
    const wait = this.refused ? REFUSED_WAIT_MS : waitBefore(this.attempts++);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  private tell(state: LineState, sentence: string | null = null): void {
    self.postMessage({ slot: this.slot, state, sentence } satisfies FromWorker);
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.port.close();
  }
}

const lines = new Map<number, Line>();

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  const line = lines.get(message.slot);
  if (message.type === "open") {
    line?.close();
    const opened = new Line(message.slot, message.url, message.port);
    opened.shaping = line?.shaping ?? null;
    opened.source = line?.source ?? null;
    opened.time = line?.time ?? null;
    lines.set(message.slot, opened);
  } else if (message.type === "close") {
    line?.close();
    lines.delete(message.slot);
  } else if (line !== undefined && message.type === "time") {
    line.time = { bars: message.bars, bpm: message.bpm };
    line.control();
  } else if (line !== undefined && message.type === "control") {
    line.shaping = message.shaping ?? line.shaping;
    line.source = message.source ?? line.source;
    line.control();
  }
};
