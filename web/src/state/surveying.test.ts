import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makePiece, makeSafetyMap, makeVoice, type Survey } from "../protocol/messages";
import { changeVoice } from "./edit";
import { Store } from "./store";
import { Surveying } from "./surveying";

const MAPPING = { parts: [] };
let store: Store;
let surveying: Surveying;
let asked: Omit<Survey, "type" | "request">[];
let away: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  store = new Store();
  asked = [];
  away = false;
  surveying = new Surveying(
    store,
    (survey) => {
      if (away) return null;
      asked.push(survey);
      return asked.length;
    },
    100,
  );
  const piece = makePiece({
    id: "p",
    name: "",
    axes: [{ id: "x", name: "x", rest: 0.5 }],
    voices: [
      makeVoice({ id: "a", model: "m", fitted: MAPPING }),
      makeVoice({ id: "b", model: "m" }),
      makeVoice({ id: "c", model: "m", follows: "a" }),
    ],
  });
  store.open({ piece, revision: 1, serial: 0, history: { undo: [], redo: [], earlier: 0 } });
  store.flush();
  surveying.anew();
});

afterEach(() => vi.useRealTimers());

function answer(request: number, of: string): void {
  const voice = asked[request - 1]!.voice;
  surveying.answered({
    type: "surveyed",
    request,
    voice,
    safety: makeSafetyMap({ axes: 1, of }),
    sentence: "",
  });
}

const safetyOf = (id: string) => store.state.piece?.voices.find((v) => v.id === id)?.safety?.of ?? null;

test("voices with a map are measured once all is quiet, followers with their leader", async () => {
  expect(asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(150);
  expect(asked.map(({ voice, voices }) => [voice, voices.map((v) => v.id)])).toEqual([
    ["a", ["a"]],
    ["c", ["c", "a"]],
  ]);
  answer(1, "one");
  expect(safetyOf("a")).toBe("one");
  await vi.advanceTimersByTimeAsync(500);
  expect(asked).toHaveLength(2);
});

test("what changes meanwhile is measured anew, and the old answer is nobody's", async () => {
  await vi.advanceTimersByTimeAsync(150);
  store.edit("learn", (piece) => changeVoice(piece, "a", (v) => ({ ...v, fitted: { parts: [1] } })));
  await vi.advanceTimersByTimeAsync(150);
  expect(asked.map(({ voice }) => voice)).toEqual(["a", "c", "a", "c"]);
  answer(1, "old");
  expect(safetyOf("a")).toBeNull();
  answer(3, "new");
  expect(safetyOf("a")).toBe("new");
});

test("while a take plays nothing new is taken up", async () => {
  await vi.advanceTimersByTimeAsync(150);
  store.set({ takes: { recording: null, playing: "t" } });
  answer(1, "one");
  expect(safetyOf("a")).toBeNull();
  store.set({ takes: { recording: null, playing: null } });
  await vi.advanceTimersByTimeAsync(1);
  expect(safetyOf("a")).toBe("one");
});

test("without a map nothing is known, and while the server is away it is asked later", async () => {
  await vi.advanceTimersByTimeAsync(150);
  answer(1, "one");
  store.edit("forget", (piece) => changeVoice(piece, "a", (v) => ({ ...v, fitted: null })));
  await vi.advanceTimersByTimeAsync(150);
  expect(safetyOf("a")).toBeNull();
  away = true;
  store.edit("learn", (piece) => changeVoice(piece, "a", (v) => ({ ...v, fitted: MAPPING })));
  await vi.advanceTimersByTimeAsync(150);
  expect(asked).toHaveLength(2);
  away = false;
  surveying.anew();
  await vi.advanceTimersByTimeAsync(150);
  expect(asked).toHaveLength(4);
});
