// What was done here and is not yet on the server's disk, in order and numbered. Nothing leaves the
// outbox before the server says it is saved; what the server has seen already it answers without doing
// it twice, so everything may be sent again after a reconnect.

import type { Change, Redo, Undo } from "../protocol/messages";
import type { Operation } from "../state/store";

export type Numbered = Change | Undo | Redo;

export interface Item {
  message: Numbered;
  /** It may have reached the server: it must not change any more. */
  sent: boolean;
}

/** Where the outbox survives a closed page. */
export interface Keeper {
  put(page: string, message: Numbered): void;
  /** Forget everything up to this number. */
  remove(page: string, upTo: number): void;
}

export function pieceOf(message: Numbered): string {
  return message.type === "change" ? message.piece.id : message.id;
}

const LABEL = 200; // characters, as the protocol's ShortText

export class Outbox {
  private items: Item[] = [];
  private number = 0;
  /** `serial` of the piece that is shown: what is changed here is changed from that. */
  seen = 0;

  constructor(
    readonly page: string,
    private readonly keeper: Keeper,
  ) {}

  /** Operations the server has not confirmed. */
  get unsaved(): number {
    return this.items.length;
  }

  /** Whether something about this piece waits: then the piece here is newer than the server's. */
  holds(piece: string): boolean {
    return this.items.some((item) => pieceOf(item.message) === piece);
  }

  /** A drag that has not left yet stays one message: the newest piece, under the number of the first. */
  add(operation: Operation): void {
    const last = this.items.at(-1);
    if (
      operation.kind === "change" &&
      operation.joins &&
      last?.message.type === "change" &&
      !last.sent &&
      last.message.piece.id === operation.piece.id
    ) {
      const label = operation.label.slice(0, LABEL);
      last.message = { ...last.message, piece: operation.piece, label, seen: this.seen };
      return;
    }
    this.items.push({ message: this.messageOf(operation), sent: false });
  }

  private messageOf(operation: Operation): Numbered {
    const number = ++this.number;
    if (operation.kind === "change") {
      const { piece, joins } = operation;
      return {
        type: "change",
        number,
        piece,
        label: operation.label.slice(0, LABEL),
        joins,
        seen: this.seen,
      };
    }
    return { type: operation.kind, number, id: operation.id, piece: operation.piece };
  }

  /** What has not been sent on this connection, now marked as sent. */
  takeUnsent(): Numbered[] {
    const unsent = this.items.filter((item) => !item.sent);
    for (const item of unsent) {
      item.sent = true;
      this.keeper.put(this.page, item.message);
    }
    return unsent.map((item) => item.message);
  }

  /** Keep what waits where it survives the page, without sending it. */
  keep(): void {
    for (const item of this.items) if (!item.sent) this.keeper.put(this.page, item.message);
  }

  /** A new connection: the server has everything up to `acknowledged`; the rest goes again, in order. */
  reconnected(acknowledged: number): Numbered[] {
    this.saved(acknowledged);
    this.number = Math.max(this.number, acknowledged);
    for (const item of this.items) item.sent = true;
    return this.items.map((item) => item.message);
  }

  /** The piece an operation was about, if it is still waiting. */
  pieceOf(number: number): string | null {
    const item = this.items.find((each) => each.message.number === number);
    return item === undefined ? null : pieceOf(item.message);
  }

  /** Everything up to `number` is on the server's disk. */
  saved(number: number): void {
    const before = this.items.length;
    this.items = this.items.filter((item) => item.message.number > number);
    if (this.items.length !== before) this.keeper.remove(this.page, number);
  }

  /** Give one operation up: the server will not have it. */
  drop(number: number): void {
    this.items = this.items.filter((item) => item.message.number !== number);
    if (this.items.length === 0) this.keeper.remove(this.page, number);
  }

  /** Send this one again: the server could not write it. */
  again(number: number): Numbered | null {
    return this.items.find((item) => item.message.number === number)?.message ?? null;
  }
}
