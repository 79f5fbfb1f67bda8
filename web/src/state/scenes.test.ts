import { describe, expect, test } from "vitest";
import { Glide } from "../audio/glide";
import { SHAPING, SHAPING_FLOATS } from "../audio/player";
import { Tempo } from "../audio/tempo";
import { makePiece, makeVoice } from "../protocol/messages";
import { deleteScene, keepScene, morphSeconds, moveScene, neighbour, recalled, recallScene } from "./scenes";
import { SetList } from "./set-list";
import { EMPTY, Store } from "./store";

function played(): Store {
  const store = new Store(EMPTY);
  const voices = [makeVoice({ id: "one", model: "m", seed: 1 })];
  const piece = makePiece({ id: "p", name: "p", voices });
  store.open({ piece, revision: 1, serial: 0, history: { undo: [], redo: [], earlier: 0 } });
  return store;
}

function names(store: Store): string[] {
  return store.state.piece!.scenes.map((s) => s.name);
}

describe("scenes", () => {
  test("are kept behind the one that is played, recalled, and taken back by one undo", () => {
    const store = played();
    const first = keepScene(store)!;
    store.edit("gain", (p) => ({ ...p, voices: p.voices.map((v) => ({ ...v, gain_db: -6 })) }));
    keepScene(store);
    const before = store.state.piece!;
    recallScene(store, first, () => {});
    const after = store.state.piece!;
    expect(after.voices[0]!.gain_db).toBe(0);
    expect(after.scene).toBe(first);
    expect(morphSeconds(before, after)).toBe(4);
    expect(neighbour(after, 1)?.name).toBe("Scene 2");
    expect(neighbour(after, -1)).toBeNull();
    store.undo();
    expect(store.state.piece!.voices[0]!.gain_db).toBe(-6);
  });

  test("another model comes beside what is there, which falls silent", () => {
    const store = played();
    keepScene(store);
    const piece = store.state.piece!;
    const other = { ...piece, voices: [makeVoice({ id: "two", model: "n", seed: 2 })], scene: null };
    const there = recalled(other, piece.scenes[0]!);
    expect(there.voices.map((v) => [v.id, v.muted])).toEqual([
      ["two", true],
      ["one", false],
    ]);
  });

  test("are put in order and deleted, and nothing of it happens while the page is locked", () => {
    const store = played();
    const ids = [keepScene(store)!, keepScene(store)!, keepScene(store)!];
    moveScene(store, ids[2]!, 0);
    expect(names(store)).toEqual(["Scene 3", "Scene 1", "Scene 2"]);
    store.set({ stage: { ...store.state.stage, locked: true } });
    deleteScene(store, ids[0]!);
    store.undo();
    expect(names(store)).toEqual(["Scene 3", "Scene 1", "Scene 2"]);
    expect(recallScene(store, ids[0]!, () => {})).not.toBeNull();
    expect(store.state.piece!.scene).toBe(ids[0]);
  });
});

test("the set list goes from piece to piece, past those that are gone, and can be undone", () => {
  const list = new SetList(null);
  for (const id of ["a", "b", "c"]) list.add(id);
  const there = ["a", "c"].map((id) => ({ id, trashed: false })) as never;
  expect(list.beside("a", 1, there)).toBe("c");
  expect(list.beside("c", 1, there)).toBeNull();
  list.move("c", 0);
  expect(list.pieces).toEqual(["c", "a", "b"]);
  list.undo();
  list.remove("b");
  expect(list.pieces).toEqual(["a", "c"]);
});

test("shaping glides in a straight line, and two gains that change places keep their power", () => {
  const up = new Glide(0.1);
  const down = new Glide(0.1);
  const [silent, loud] = [new Float32Array(SHAPING_FLOATS), new Float32Array(SHAPING_FLOATS)];
  loud[SHAPING.gain] = 1;
  loud[SHAPING.pan] = 1;
  expect([up.towards(silent, 0), down.towards(loud, 0)]).toEqual([true, true]);
  expect([up.towards(loud, 1), down.towards(silent, 1)]).toEqual([false, false]);
  for (let k = 0; k <= 10; k++) {
    expect([up.next(), down.next()]).toEqual([true, true]);
    expect(up.now[SHAPING.gain]! ** 2 + down.now[SHAPING.gain]! ** 2).toBeCloseTo(1, 5);
    expect(up.now[SHAPING.pan]).toBeCloseTo(k / 10, 5);
  }
  for (let k = 0; k < 2; k++) up.next();
  expect(up.next()).toBe(false);
  expect(up.now[SHAPING.gain]).toBe(1);
});

test("the beat goes on through a change of tempo, and bars are where they are", () => {
  const tempo = new Tempo(48000);
  expect(tempo.nextBar(1)).toBe(96000);
  tempo.set(60, 4, 48000, null);
  expect(tempo.beatAt(48000)).toBe(2);
  expect(tempo.beatAt(96000)).toBe(3);
  tempo.set(120, 3, 96000, 0);
  expect(tempo.nextBar(96000)).toBe(96000);
  expect(tempo.nextBar(96001)).toBe(96000 + 72000);
});
