// The takes of a piece.

import type { Take } from "../protocol/messages";
import { changeItem } from "./edit";
import { newId } from "./identity";
import type { Store } from "./store";

export function addTake(store: Store, take: Take): void {
  store.edit(`record "${take.name}"`, (p) => ({ ...p, takes: [...p.takes, take] }), null, true);
}

export type TakeChange = Partial<Pick<Take, "name" | "loop" | "muted" | "seed">>;

export function changeTake(store: Store, id: string, change: TakeChange): void {
  store.edit(
    "change a take",
    (p) => ({ ...p, takes: changeItem(p.takes, id, (t: Take) => ({ ...t, ...change })) }),
    `take ${id} ${Object.keys(change).join()}`,
  );
}

export function duplicateTake(store: Store, id: string): void {
  store.edit("duplicate a take", (p) => {
    const take = p.takes.find((t) => t.id === id);
    return take === undefined
      ? p
      : { ...p, takes: [...p.takes, { ...take, id: newId(), name: `${take.name} copy` }] };
  });
}

/** Takes that lay over it lie over what it lay over. */
export function deleteTake(store: Store, id: string): void {
  store.edit("delete a take", (p) => {
    const under = p.takes.find((t) => t.id === id)?.over ?? null;
    return {
      ...p,
      takes: p.takes.filter((t) => t.id !== id).map((t) => (t.over === id ? { ...t, over: under } : t)),
    };
  });
}

/** "take 3": the first such name not in use. */
export function nextTakeName(takes: readonly Take[]): string {
  const names = new Set(takes.map((t) => t.name));
  for (let i = takes.length + 1; ; i++) if (!names.has(`take ${i}`)) return `take ${i}`;
}
