import { expect, test } from "vitest";
import { type Keeper, SetList } from "./set-list";

class Memory implements Pick<Storage, "getItem" | "setItem"> {
  readonly kept = new Map<string, string>();
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }
}

class Library implements Keeper {
  setList: Keeper["setList"] = () => {};
  asked: (readonly (readonly string[])[])[] = [];
  online = true;
  changeSetList(before: readonly string[], pieces: readonly string[]): boolean {
    if (this.online) this.asked.push([before, pieces]);
    return this.online;
  }
}

const opened = (memory: Memory, library: Library): SetList => {
  const list = new SetList(memory as unknown as Storage);
  list.keep(library);
  return list;
};

test("a list that only this browser had is taken over once", () => {
  const memory = new Memory();
  memory.setItem("isobath.set-list", '["a","b"]');
  const library = new Library();
  const list = opened(memory, library);
  library.setList(["x"], true);
  expect(library.asked).toEqual([[[], ["a", "b"]]]);
  library.setList(["x", "a", "b"], false);
  expect(list.pieces).toEqual(["x", "a", "b"]);
  const again = new Library();
  opened(memory, again);
  again.setList(["x"], true);
  expect(again.asked).toEqual([]);
});

test("the library's list is shown, and a change is sent to it", () => {
  const library = new Library();
  const list = opened(new Memory(), library);
  library.setList(["a", "b"], true);
  expect(list.pieces).toEqual(["a", "b"]);
  list.move("b", 0);
  expect(library.asked).toEqual([
    [
      ["a", "b"],
      ["b", "a"],
    ],
  ]);
  list.undo();
  expect(library.asked.at(-1)).toEqual([
    ["b", "a"],
    ["a", "b"],
  ]);
});

test("what was changed while nobody answered is sent with the next greeting", () => {
  const memory = new Memory();
  const library = new Library();
  const list = opened(memory, library);
  library.setList(["a"], true);
  library.online = false;
  list.add("b");
  expect(opened(memory, new Library()).pieces).toEqual(["a", "b"]);
  library.online = true;
  library.setList(["a", "c"], true);
  expect(library.asked).toEqual([[["a"], ["a", "b"]]]);
});

test("without a library the browser keeps it", () => {
  const memory = new Memory();
  const library = new Library();
  const list = opened(memory, library);
  library.setList(null, true);
  library.online = false;
  list.add("a");
  expect(opened(memory, new Library()).pieces).toEqual(["a"]);
});

test("an answer to a change before the last does not take the last one back", () => {
  const library = new Library();
  const list = opened(new Memory(), library);
  library.setList(["a", "b", "c"], true);
  list.move("c", 0);
  list.move("b", 0);
  library.setList(["c", "a", "b"], false);
  expect(list.pieces).toEqual(["b", "c", "a"]);
  library.setList(["b", "c", "a"], false);
  expect(list.pieces).toEqual(["b", "c", "a"]);
  library.setList(["a"], false);
  expect(list.pieces).toEqual(["a"]);
});
