// What carries messages: a socket to the server, or a page that stands alone and answers itself.

import type { FromPage } from "../protocol/messages";
import { Socket, type SocketEvents } from "./socket";

export interface Wire {
  connect(): void;
  /** True if it went out; false while there is no connection. */
  send(message: FromPage): boolean;
  hurry(): void;
  end(): void;
}

export type MakeWire = (url: string, events: SocketEvents) => Wire;

/** Where a page that stands alone finds its world; null: there is a server. */
export const ALONE: string | null =
  globalThis.document?.querySelector<HTMLMetaElement>('meta[name="isobath-alone"]')?.content ?? null;

/** The wire of this page. What a page needs to stand alone comes when it does. */
export const wireOfPage: MakeWire = (url, events) =>
  ALONE === null ? new Socket(url, events) : new Later(ALONE, events);

class Later implements Wire {
  private wire: Wire | null = null;

  constructor(
    private readonly world: string,
    private readonly events: SocketEvents,
  ) {}

  connect(): void {
    void import("../alone/alone").then(({ Alone }) => {
      this.wire = new Alone(this.world, this.events);
      this.wire.connect();
    });
  }

  send(message: FromPage): boolean {
    return this.wire?.send(message) ?? false;
  }

  hurry(): void {
    this.wire?.hurry();
  }

  end(): void {
    this.wire?.end();
  }
}
