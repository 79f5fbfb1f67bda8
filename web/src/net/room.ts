// The line to a room: who is there comes as words, where they are as bytes. It comes back by itself; the key it
// was opened with makes it the same walker again.

import type { FromRoom, FromWalker } from "../protocol/messages";
import { waitBefore } from "./socket";

export interface RoomEvents {
  told(message: FromRoom): void;
  /** A frame of poses. */
  poses(data: ArrayBuffer): void;
  /** The line is gone; it is tried again unless `lasting`. */
  lost(sentence: string | null, lasting: boolean): void;
}

export class RoomLine {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private attempts = 0;
  private ended = false;
  private sentence: string | null = null;
  private readonly hurry = (): void => {
    if (this.socket === null) this.connect();
  };

  constructor(
    private readonly url: string,
    private readonly key: string,
    /** As it is when the line is opened. */
    private readonly name: () => string,
    private readonly events: RoomEvents,
  ) {
    this.connect();
    addEventListener("online", this.hurry);
  }

  private connect(): void {
    if (this.ended) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => this.say({ type: "join", key: this.key, name: this.name() });
    socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => {
      if (typeof event.data !== "string") this.events.poses(event.data);
      else this.heard(JSON.parse(event.data) as FromRoom);
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.events.lost(this.sentence, this.ended);
      if (!this.ended) this.timer = setTimeout(() => this.connect(), waitBefore(this.attempts++));
    };
  }

  private heard(message: FromRoom): void {
    if (message.type === "joined") {
      this.attempts = 0;
      this.sentence = null;
    } else if (message.type === "refused") {
      this.sentence = message.sentence;
      this.ended ||= message.lasting;
    }
    this.events.told(message);
  }

  say(message: FromWalker): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** A pose, unless those before are still on their way: then the next one is newer. */
  show(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN || this.socket.bufferedAmount > 200) return false;
    this.socket.send(bytes);
    return true;
  }

  end(): void {
    this.ended = true;
    if (this.timer !== null) clearTimeout(this.timer);
    removeEventListener("online", this.hurry);
    this.socket?.close();
    this.socket = null;
  }
}
