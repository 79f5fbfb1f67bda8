// The rehearsal of the piece: asked of the server, followed while it is made, kept while the page is open.

import type { Link } from "../net/link";
import type { Rehearsal, Rehearsed, Rehearsing } from "../protocol/messages";

export interface Report {
  /** The id of the piece it is about. */
  readonly piece: string;
  readonly rehearsal: Rehearsal;
  /** The same as Markdown. */
  readonly text: string;
}

export class Rehearsals {
  /** How far the one under way is, 0..1; null: none is. */
  share: number | null = null;
  report: Report | null = null;
  /** Why there is none, in words. */
  sentence = "";
  private request: number | null = null;
  private piece = "";
  private readonly listeners = new Set<() => void>();

  constructor(private readonly link: Pick<Link, "rehearse" | "rehearsal">) {
    link.rehearsal = (message) => this.heard(message);
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  begin(piece: string): void {
    this.request = this.link.rehearse(true);
    this.piece = piece;
    this.sentence = this.request === null ? "That needs the server, which does not answer." : "";
    this.set(this.request === null ? null : 0);
  }

  end(): void {
    if (this.request !== null) this.link.rehearse(false);
    this.request = null;
    this.set(null);
  }

  /** The connection was lost: what was under way there is gone. */
  lost(): void {
    if (this.request === null) return;
    this.request = null;
    this.sentence = "The connection was lost before the rehearsal was over. Begin it again.";
    this.set(null);
  }

  private heard(message: Rehearsing | Rehearsed): void {
    if (message.request !== this.request) return;
    if (message.type === "rehearsing") {
      this.set(message.share);
      return;
    }
    this.request = null;
    const { rehearsal, text, sentence } = message;
    this.sentence = sentence;
    if (rehearsal !== null) this.report = { piece: this.piece, rehearsal, text };
    this.set(null);
  }

  private set(share: number | null): void {
    this.share = share;
    for (const listener of [...this.listeners]) listener();
  }
}

const known = new WeakMap<object, Rehearsals>();

/** One per page. */
export function rehearsalsOf(link: Pick<Link, "rehearse" | "rehearsal">): Rehearsals {
  let found = known.get(link);
  if (found === undefined) {
    found = new Rehearsals(link);
    known.set(link, found);
  }
  return found;
}
