// The outbox on this browser's disk (IndexedDB), so that a page closed while the server was away loses
// nothing: the next page to open sends what it left behind. A page that lives holds a lock of its name.

import type { Keeper, Numbered } from "./outbox";

const DATABASE = "isobath";
const STORE = "outbox";
const lockName = (page: string): string => `isobath-page-${page}`;

interface Record {
  readonly page: string;
  readonly number: number;
  readonly message: Numbered;
}

export class BrowserKeeper implements Keeper {
  private readonly database: Promise<IDBDatabase | null>;

  /** `factory` null: nothing is kept. */
  constructor(factory: IDBFactory | null | undefined = globalThis.indexedDB) {
    this.database = !factory ? Promise.resolve(null) : open(factory).catch(() => null);
  }

  put(page: string, message: Numbered): void {
    const record: Record = { page, number: message.number, message };
    void this.write((store) => store.put(record));
  }

  remove(page: string, upTo: number): void {
    void this.write((store) => store.delete(IDBKeyRange.bound([page, 0], [page, upTo])));
  }

  /** Say that this page lives, for as long as it does. */
  live(page: string): void {
    void navigator.locks?.request(lockName(page), () => new Promise<never>(() => {}));
  }

  /** What pages that are gone left behind, each in order. */
  async orphans(): Promise<Map<string, Numbered[]>> {
    const left = new Map<string, Numbered[]>();
    const database = await this.database;
    if (database === null || navigator.locks === undefined) return left;
    const held = (await navigator.locks.query()).held ?? [];
    const alive = new Set(held.map((lock) => lock.name));
    for (const { page, message } of await all(database)) {
      if (alive.has(lockName(page))) continue;
      left.set(page, [...(left.get(page) ?? []), message]);
    }
    return left;
  }

  private async write(change: (store: IDBObjectStore) => IDBRequest): Promise<void> {
    const database = await this.database;
    if (database === null) return;
    // A browser out of room keeps the outbox in memory only; the connection's line says what is unsent.
    try {
      change(database.transaction(STORE, "readwrite").objectStore(STORE));
    } catch {}
  }
}

function open(factory: IDBFactory): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ["page", "number"] });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function all(database: IDBDatabase): Promise<Record[]> {
  return new Promise((resolve) => {
    const request = database.transaction(STORE).objectStore(STORE).getAll();
    request.onsuccess = () => resolve(request.result as Record[]);
    request.onerror = () => resolve([]);
  });
}
