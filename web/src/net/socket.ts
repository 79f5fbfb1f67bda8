// One WebSocket that comes back by itself: binary MessagePack both ways, a ping every five seconds, waits
// between attempts that double up to five seconds. Knows nothing of pieces.

import { decode, encode } from "@msgpack/msgpack";
import type { FromPage, FromServer } from "../protocol/messages";

const PING_MS = 5000;
const SILENCE_MS = 12000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

export interface SocketEvents {
  /** The connection stands; say hello. */
  opened(): void;
  received(message: FromServer): void;
  /** The connection is gone; `attempts` in a row have failed. */
  lost(attempts: number): void;
}

export function waitBefore(attempt: number, random: () => number = Math.random): number {
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
  return wait * (0.75 + 0.5 * random());
}

export class Socket {
  private socket: WebSocket | null = null;
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private pings: ReturnType<typeof setInterval> | null = null;
  private heard = 0;
  private ended = false;

  constructor(
    private readonly url: string,
    private readonly events: SocketEvents,
  ) {}

  connect(): void {
    if (this.ended || this.socket !== null) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.heard = Date.now();
      this.pings = setInterval(() => this.ping(), PING_MS);
      this.events.opened();
    };
    socket.onmessage = (event: MessageEvent<ArrayBuffer>) => {
      this.attempts = 0;
      this.heard = Date.now();
      if (event.data instanceof ArrayBuffer) this.events.received(decode(event.data) as FromServer);
    };
    socket.onclose = () => this.closed(socket);
  }

  /** True if it went out; false while there is no connection. */
  send(message: FromPage): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(encode(message, { ignoreUndefined: true }));
    return true;
  }

  /** Try again now: the network is back, or somebody asked. */
  hurry(): void {
    if (this.socket === null) this.connect();
  }

  /** No more attempts. */
  end(): void {
    this.ended = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.socket?.close();
  }

  private ping(): void {
    if (Date.now() - this.heard > SILENCE_MS && this.socket !== null) {
      // A cable was pulled: the browser would take minutes to notice.
      const socket = this.socket;
      socket.onclose = null;
      socket.close();
      this.closed(socket);
      return;
    }
    this.send({ type: "ping", sent: Date.now() / 1000 });
  }

  private closed(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    if (this.pings !== null) clearInterval(this.pings);
    this.pings = null;
    this.events.lost(this.attempts + 1);
    if (this.ended) return;
    this.timer = setTimeout(() => this.connect(), waitBefore(this.attempts));
    this.attempts++;
  }
}
