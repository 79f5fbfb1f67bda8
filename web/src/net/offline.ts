// The page where there is no network: a service worker keeps it (web/pwa/sw.js), and the piece that was open
// last is kept here. Only where the server is another machine: one's own is as near as this.

import type { ModelSummary, Opened, PieceSummary } from "../protocol/messages";
import { ALONE } from "./wire";

const DATABASE = "isobath-last";
const STORE = "last";
const KEEP_MS = 2000;

export interface Last {
  readonly models: readonly ModelSummary[];
  readonly pieces: readonly PieceSummary[];
  readonly opened: Opened;
}

/** Whether this page is kept for times without a network. */
export function isKept(): boolean {
  return ALONE !== null || location.protocol === "https:";
}

/** Have the page kept; nothing comes of it where the browser does not trust the connection. */
export async function keepPage(): Promise<void> {
  if (!isKept() || navigator.serviceWorker === undefined) return;
  try {
    await navigator.serviceWorker.register(new URL("sw.js", document.baseURI), { updateViaCache: "none" });
    const { active } = await navigator.serviceWorker.ready;
    const tell = (): void =>
      active?.postMessage({ fetched: performance.getEntriesByType("resource").map((each) => each.name) });
    tell();
    // What the first sound asks for comes later, but soon.
    setTimeout(tell, 10_000);
  } catch {
    // A certificate that was overruled by hand: the page plays, and needs its network.
  }
}

/** The piece that was open last, with what it needs. */
export class LastOpened {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private newest: Last | null = null;
  private readonly on = isKept() && ALONE === null && globalThis.indexedDB !== undefined;

  constructor() {
    if (this.on) addEventListener("pagehide", () => this.write());
  }

  keep(last: Last): void {
    if (!this.on) return;
    this.newest = last;
    this.timer ??= setTimeout(() => this.write(), KEEP_MS);
  }

  async recall(): Promise<Last | null> {
    if (!this.on) return null;
    try {
      return (await ask<Last | undefined>("readonly", (store) => store.get("last"))) ?? null;
    } catch {
      return null;
    }
  }

  private write(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const last = this.newest;
    this.newest = null;
    if (last !== null) ask("readwrite", (store) => store.put(last, "last")).catch(() => {});
  }
}

async function ask<T>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<T> | IDBRequest<IDBValidKey>,
): Promise<T> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return new Promise<T>((resolve, reject) => {
    const request = act(database.transaction(STORE, mode).objectStore(STORE));
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(request.error);
  }).finally(() => database.close());
}
