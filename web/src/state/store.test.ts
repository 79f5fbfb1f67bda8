import { beforeEach, expect, test } from "vitest";
import { makePiece, makeVoice, type Opened, type Piece } from "../protocol/messages";
import { addAxis, addPad, faders, removeAxis } from "./axes";
import {
  addDemonstration,
  addDemonstrations,
  deleteDemonstrations,
  duplicateDemonstrations,
  keep,
  moveDemonstrations,
  mute,
  place,
  relabel,
  weigh,
} from "./demonstrations";
import { currentLatent, setDimension, setExplored, throwDice } from "./explore";
import { type Operation, Store } from "./store";
import { endComparison, lock, setMapping, setOutput, setShapingAt, setSide } from "./voices";

let time = 0;
let store: Store;
let done: Operation[];

const opened = (piece: Piece, undo: { label: string; piece: Piece }[] = [], earlier = 0): Opened => ({
  piece,
  revision: 1,
  serial: 0,
  history: { undo: undo.map((step) => ({ ...step, at: 0 })), redo: [], earlier },
});

function description(dims: number) {
  const eye = Array.from({ length: dims }, (_, i) =>
    Array.from({ length: dims }, (_, k) => (i === k ? 1 : 0)),
  );
  const latent = {
    mean: new Array<number>(dims).fill(0),
    std: new Array<number>(dims).fill(1),
    covariance: eye,
    percentiles: { at: [], values: [] },
    explained: [],
    labels: [],
    known_radius: 3,
  };
  return {
    format: 1,
    name: "organ",
    title: "",
    about: "",
    sample_rate: 44100,
    channels: 1,
    hop: 256,
    dims,
    delay: 0,
    latent,
    loudness: null,
    match_lufs: -20,
    can_encode: true,
    runs_apart: false,
    parameters: 0,
    licence: "",
    credit: "",
    training: {},
    quality: {},
  };
}

/** Repeatable numbers, 0..1. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

beforeEach(() => {
  time = 0;
  done = [];
  store = new Store(undefined, () => time);
  store.onOperation = (operation) => done.push(operation);
  const piece = makePiece({
    id: "p",
    name: "a piece",
    axes: [
      { id: "x", name: "x", rest: 0.5 },
      { id: "y", name: "y", rest: 0.25 },
    ],
    pads: [{ x: "x", y: "y", pressure: null }],
    voices: [makeVoice({ id: "v", model: "organ" })],
  });
  store.open(opened(piece));
  store.set({ descriptions: new Map([["organ", description(3)]]) });
});

const demonstrations = () => store.state.piece!.voices[0]!.demonstrations;

test("the current sound is placed where one points, selected, and undone", () => {
  setExplored(store, [1, 2, 3]);
  const id = addDemonstration(store, [0.2, Number.NaN], { label: "bright" })!;
  expect(demonstrations()).toMatchObject([{ id, point: [0.2, 0.25], latent: [1, 2, 3], label: "bright" }]);
  expect([...store.state.selection]).toEqual([id]);
  store.undo();
  expect(demonstrations()).toEqual([]);
  expect(store.state.selection.size).toBe(0);
  store.redo();
  expect(demonstrations().length).toBe(1);
});

test("a sound that is no number is not placed, and the musician hears why", () => {
  expect(addDemonstration(store, [0, 0], { latent: [Number.NaN, 0, 0] })).toBeNull();
  expect(store.state.notice?.kind).toBe("error");
  expect(demonstrations()).toEqual([]);
});

test("a drag is one undo step and one message that others join; a pause begins another", () => {
  const id = addDemonstration(store, [0, 0])!;
  for (const x of [0.1, 0.2, 0.3]) {
    time += 16;
    moveDemonstrations(store, new Map([[id, [x, x]]]));
  }
  time += 5000;
  moveDemonstrations(store, new Map([[id, [0.9, 2]]]));
  expect(demonstrations()[0]!.point).toEqual([0.9, 1]);
  expect(done.map((o) => o.kind === "change" && o.joins)).toEqual([false, false, true, true, false]);
  store.undo();
  expect(demonstrations()[0]!.point).toEqual([0.3, 0.3]);
  store.undo();
  expect(demonstrations()[0]!.point).toEqual([0, 0]);
  expect(store.state.redo).toBe("move a demonstration");
});

test("what is not touched is shared, so that undo costs little", () => {
  const id = addDemonstration(store, [0, 0])!;
  const before = store.state.piece!;
  relabel(store, id, "loud");
  const after = store.state.piece!;
  expect(after).not.toBe(before);
  expect(after.axes).toBe(before.axes);
  expect(after.voices[0]!.shaping).toBe(before.voices[0]!.shaping);
  relabel(store, id, "loud");
  expect(store.state.piece).toBe(after);
});

test("weights, mutes, copies and deletions reach exactly those chosen", () => {
  const a = addDemonstration(store, [0, 0])!;
  const b = addDemonstration(store, [1, 1])!;
  weigh(store, [a], 3);
  mute(store, [b], true);
  duplicateDemonstrations(store, [b]);
  expect(demonstrations().map((d) => [d.weight, d.muted])).toEqual([
    [3, false],
    [1, true],
    [1, true],
  ]);
  expect(demonstrations()[2]!.point).toEqual([0.95, 0.95]);
  deleteDemonstrations(store, [a, b]);
  expect(demonstrations().length).toBe(1);
});

test("a kept sound can be placed again and again", () => {
  setExplored(store, [3, 2, 1]);
  const kept = keep(store, "bell")!;
  setExplored(store, [0, 0, 0]);
  place(store, kept, [0.1, 0.1]);
  place(store, kept, [0.9, 0.9]);
  expect(demonstrations().map((d) => d.latent)).toEqual([
    [3, 2, 1],
    [3, 2, 1],
  ]);
  expect(demonstrations()[0]!.label).toBe("bell");
});

test("after an undo the server is told what the piece is, and an answer that comes late adds no step", () => {
  const id = addDemonstration(store, [0, 0])!;
  relabel(store, id, "a");
  store.undo();
  expect(done.at(-1)).toMatchObject({ kind: "undo", id: "p" });
  const count = done.length;
  store.amend((piece) => ({ ...piece, voices: piece.voices.map((v) => ({ ...v, fitted: { format: 1 } })) }));
  expect(done.length).toBe(count);
  store.redo();
  expect(demonstrations()[0]!.label).toBe("a");
});

test("a mapping learned from a change joins that change", () => {
  addDemonstration(store, [0, 0]);
  store.amend((piece) => ({ ...piece, voices: piece.voices.map((v) => ({ ...v, fitted: { format: 1 } })) }));
  expect(done.at(-1)).toMatchObject({ kind: "change", joins: true, label: "place a sound" });
  store.undo();
  expect(demonstrations()).toEqual([]);
});

test("undo goes on into the history the library kept, and then asks the library", () => {
  const older = { ...store.state.piece!, name: "older" };
  store.open(opened(store.state.piece!, [{ label: "rename", piece: older }], 3));
  expect(store.state.undo).toBe("rename");
  store.undo();
  expect(store.state.piece!.name).toBe("older");
  expect(store.state.undo).not.toBeNull();
  store.undo();
  expect(done.at(-1)).toEqual({ kind: "undo", id: "p", piece: null });
});

test("listeners hear once of many changes", async () => {
  let heard = 0;
  store.flush();
  store.subscribe(() => heard++);
  for (let i = 0; i < 10; i++) setShapingAt(store, "bias", 0, i);
  await Promise.resolve();
  expect(heard).toBe(1);
});

test("a new axis goes through every demonstration at rest, and takes itself out again everywhere", () => {
  addDemonstration(store, [0.1, 0.2]);
  setOutput(store, 1, { axes: [0, 1] });
  const id = addAxis(store)!;
  setOutput(store, 2, { axes: [2] });
  expect(demonstrations()[0]!.point).toEqual([0.1, 0.2, 0.5]);
  expect(faders(store.state.piece!).map((axis) => axis.id)).toEqual([id]);
  removeAxis(store, "x");
  expect(demonstrations()[0]!.point).toEqual([0.2, 0.5]);
  expect(store.state.piece!.pads).toEqual([]);
  expect(store.state.piece!.voices[0]!.mapping.outputs.map((o) => o.axes)).toEqual([null, [0], [1]]);
});

test("there are never more than 64 axes, however pads are added", () => {
  for (let i = 0; i < 40; i++) addPad(store);
  expect(store.state.piece!.axes.length).toBe(64);
  expect(addAxis(store)).toBeNull();
});

test("a locked dimension is left alone by the dice, follows its slider, and is placed as it sounds", () => {
  setExplored(store, [1, 1, 1]);
  lock(store, 1, 0.5);
  throwDice(store, 1, () => 0.3);
  expect(currentLatent(store)![1]).toBe(0.5);
  expect(currentLatent(store)![0]).not.toBe(1);
  setDimension(store, 1, 0.75);
  expect(store.state.piece!.voices[0]!.shaping.hold[1]).toBe(0.75);
  expect(currentLatent(store)![1]).toBe(0.75);
  lock(store, 1, null);
  expect(store.state.piece!.voices[0]!.shaping.held[1]).toBe(0);
});

test("the dice pass over sounds too soft to hear", () => {
  const roll = dice(4);
  const organ = store.state.descriptions.get("organ")!;
  const points = Array.from({ length: 80 }, () => [4 * roll() - 2, 4 * roll() - 2, 4 * roll() - 2]);
  const soft = points.map((point) => -60 + 15 * point[0]!); // above -45 dBFS from 1 on, one throw in six
  const loudness = { points, db: soft, brightness: soft };
  store.set({ descriptions: new Map([["organ", { ...organ, loudness }]]) });
  for (let i = 0; i < 20; i++) {
    throwDice(store, 1, roll);
    expect(currentLatent(store)![0]).toBeGreaterThan(0.8);
  }
});

test("two sides are compared on the same demonstrations, and the one that is heard can be kept", () => {
  setSide(store, "b");
  setMapping(store, { algorithm: "neighbours" });
  expect(store.state.piece!.voices[0]!.mapping.algorithm).toBe("gp");
  expect(store.state.piece!.voices[0]!.other!.algorithm).toBe("neighbours");
  endComparison(store);
  expect(store.state.piece!.voices[0]!).toMatchObject({ side: "a", other: null });
  expect(store.state.piece!.voices[0]!.mapping.algorithm).toBe("neighbours");
});

test("demonstrations out of a file come in one step, filled up to the voice; too large ones are refused", () => {
  const point = [0.5];
  addDemonstrations(store, [
    { point, latent: [1, 2], label: "bell" },
    { point, latent: [3, 4], label: "" },
  ]);
  expect(demonstrations()).toMatchObject([
    { point: [0.5, 0.25], latent: [1, 2, 0], label: "bell" },
    { point: [0.5, 0.25], latent: [3, 4, 0] },
  ]);
  expect(store.state.selection.size).toBe(2);
  expect(() => addDemonstrations(store, [{ point, latent: [1, 2, 3, 4], label: "" }])).toThrow(/4 outputs/);
  expect(() => addDemonstrations(store, [{ point: [0, 0, 0], latent: [1], label: "" }])).toThrow(/3 inputs/);
  expect(() => addDemonstrations(store, [])).toThrow(/no demonstrations/);
  store.undo();
  expect(demonstrations()).toEqual([]);
});
