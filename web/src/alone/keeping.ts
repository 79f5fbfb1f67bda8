// What a visitor made of a published piece, kept in this browser until the piece is published anew.

import type { Piece } from "../protocol/messages";

const DATABASE = "isobath-alone";
const STORE = "pieces";

interface Kept {
  readonly id: string;
  /** Fingerprint of what was published. */
  readonly of: string;
  readonly piece: Piece;
}

/** The folder is part of the name: several worlds may lie on one host. */
const nameOf = (id: string): string => `${new URL(".", document.baseURI).pathname}${id}`;

export async function keptPiece(id: string, of: string): Promise<Piece | null> {
  try {
    const found = await within<Kept | undefined>("readonly", (store) => store.get(nameOf(id)));
    return found !== undefined && found.of === of ? found.piece : null;
  } catch {
    return null; // a browser that keeps nothing shows the piece as it was published
  }
}

export async function keepPiece(piece: Piece, of: string): Promise<void> {
  const kept: Kept = { id: nameOf(piece.id), of, piece };
  await within("readwrite", (store) => store.put(kept)).catch(() => {});
}

/** The piece is as it was published again. */
export async function forgetPiece(id: string): Promise<void> {
  await within("readwrite", (store) => store.delete(nameOf(id))).catch(() => {});
}

async function within<T>(
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<T> | IDBRequest<IDBValidKey> | IDBRequest<undefined>,
): Promise<T> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return new Promise<T>((resolve, reject) => {
    const request = ask(database.transaction(STORE, mode).objectStore(STORE));
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(request.error);
  }).finally(() => database.close());
}
