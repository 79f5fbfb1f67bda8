import { expect, test } from "vitest";
import { makePiece, type Piece } from "../protocol/messages";
import type { Operation } from "../state/store";
import { type Keeper, type Numbered, Outbox } from "./outbox";

const piece = (name: string, id = "p"): Piece => makePiece({ id, name });
const change = (name: string, joins = false): Operation => ({
  kind: "change",
  piece: piece(name),
  label: name,
  joins,
});

class Disk implements Keeper {
  kept = new Map<number, Numbered>();
  put(_: string, message: Numbered): void {
    this.kept.set(message.number, message);
  }
  remove(_: string, upTo: number): void {
    for (const number of this.kept.keys()) if (number <= upTo) this.kept.delete(number);
  }
}

const named = (messages: Numbered[]): [number, string, boolean][] =>
  messages.map((m) => [m.number, m.piece?.name ?? "", m.type === "change" && m.joins]);

test("operations leave in order, numbered from one, each once", () => {
  const outbox = new Outbox("page", new Disk());
  outbox.add(change("a"));
  outbox.add({ kind: "undo", id: "p", piece: piece("before") });
  expect(named(outbox.takeUnsent())).toEqual([
    [1, "a", false],
    [2, "before", false],
  ]);
  expect(outbox.takeUnsent()).toEqual([]);
});

test("a drag that has not left is one message; what has left is not touched again", () => {
  const outbox = new Outbox("page", new Disk());
  outbox.add(change("1"));
  outbox.add(change("2", true));
  outbox.add(change("3", true));
  expect(named(outbox.takeUnsent())).toEqual([[1, "3", false]]);
  outbox.add(change("4", true));
  outbox.add(change("5", true));
  expect(named(outbox.takeUnsent())).toEqual([[2, "5", true]]);
});

test("after a reconnect everything the server lacks goes again, and nothing it has", () => {
  const outbox = new Outbox("page", new Disk());
  for (const name of ["a", "b", "c"]) outbox.add(change(name));
  outbox.takeUnsent();
  outbox.add(change("d"));
  expect(named(outbox.reconnected(2))).toEqual([
    [3, "c", false],
    [4, "d", false],
  ]);
  expect(outbox.unsaved).toBe(2);
  outbox.saved(4);
  expect(outbox.unsaved).toBe(0);
});

test("what a server may have seen is never joined into", () => {
  const outbox = new Outbox("page", new Disk());
  outbox.add(change("a"));
  outbox.takeUnsent();
  outbox.reconnected(0);
  outbox.add(change("b", true));
  expect(outbox.unsaved).toBe(2);
});

test("the disk holds what is not saved, and lets it go once it is", () => {
  const disk = new Disk();
  const outbox = new Outbox("page", disk);
  outbox.add(change("a"));
  outbox.keep();
  expect([...disk.kept.keys()]).toEqual([1]);
  outbox.add(change("b"));
  outbox.takeUnsent();
  expect([...disk.kept.keys()]).toEqual([1, 2]);
  outbox.saved(1);
  expect([...disk.kept.keys()]).toEqual([2]);
  expect(outbox.holds("p")).toBe(true);
  outbox.saved(2);
  expect(disk.kept.size).toBe(0);
  expect(outbox.holds("p")).toBe(false);
});

test("a page the server knows already goes on counting where it was", () => {
  const outbox = new Outbox("page", new Disk());
  outbox.reconnected(7);
  outbox.add(change("a"));
  expect(named(outbox.takeUnsent())).toEqual([[8, "a", false]]);
});
