import { beforeEach, expect, test } from "vitest";
import { type Fit, makePiece, makeVoice, type Opened, type Piece } from "../protocol/messages";
import type { MappingData } from "../steer/mapping";
import { addDemonstration, deleteDemonstrations, moveDemonstrations } from "./demonstrations";
import { belongs } from "./fitted";
import { Fitting } from "./fitting";
import { fitOf, Store } from "./store";
import { setMapping, setRefit } from "./voices";

let store: Store;
let fitting: Fitting;
let asked: Omit<Fit, "type" | "request">[];
let connected: boolean;

/** A mapping that says the same everywhere. */
const constant = (value: number, errors: (number | null)[]): MappingData => ({
  format: 1,
  algorithm: "linear",
  axes: 2,
  dims: 1,
  active: [true],
  values: [0],
  low: null,
  high: null,
  parts: [{ inputs: [], outputs: [0], centre: [], scale: [], bias: [value], terms: [], confidence: null }],
  errors,
  warnings: [],
});

const piece = (voice = makeVoice({ id: "v", model: "organ" })): Piece =>
  makePiece({
    id: "p",
    name: "",
    axes: [
      { id: "x", name: "x", rest: 0.5 },
      { id: "y", name: "y", rest: 0.5 },
    ],
    voices: [voice],
  });

const opened = (of: Piece): Opened => ({
  piece: of,
  revision: 1,
  serial: 0,
  history: { undo: [], redo: [], earlier: 0 },
});

function open(of: Piece): void {
  store.open(opened(of));
  fitting.adopt(opened(of));
  store.flush();
}

const place = (x: number, z: number): string => {
  const id = addDemonstration(store, [x, x], { latent: [z] })!;
  store.flush();
  return id;
};

function answer(value: number, request = asked.length): void {
  const fit = asked[request - 1]!;
  const errors = fit.demonstrations.map((d) => Math.abs(d.latent[0]! - value));
  const mapping = constant(value, errors) as unknown as { readonly [key: string]: unknown };
  fitting.answered({
    type: "fitted",
    request,
    slot: fit.slot,
    mapping,
    errors,
    warnings: [],
    milliseconds: 1,
  });
  store.flush();
}

const fitted = () => store.state.piece!.voices[0]!.fitted as unknown as MappingData | null;

beforeEach(() => {
  asked = [];
  connected = true;
  store = new Store(undefined, () => 0);
  store.set({
    models: [
      {
        name: "organ",
        title: "",
        about: "",
        sample_rate: 44100,
        channels: 1,
        hop: 256,
        dims: 1,
        delay: 0,
        encodes: false,
        bundled: true,
        bytes: 0,
        sha256: "",
        licence: "",
        credit: "",
        foreign: false,
        dreams: false,
        bars: "",
      },
    ],
  });
  fitting = new Fitting(store, (fit) => (connected ? asked.push(fit) : null));
  open(piece());
});

test("a placed sound is learned, and the answer becomes part of the piece", () => {
  place(0.2, 3);
  expect(asked.map((fit) => [fit.slot, fit.dims, fit.axes, fit.demonstrations.length])).toEqual([
    ["v:a", 1, 2, 1],
  ]);
  expect(fitOf(store.state, "v", "a").state).toBe("fitting");
  answer(3);
  expect(fitted()?.parts[0]?.bias).toEqual([3]);
  expect(fitOf(store.state, "v", "a")).toMatchObject({ state: "fitted", stale: false, sentence: null });
});

test("while one fit is under way only the newest of what happens meanwhile is asked for", () => {
  const id = place(0.2, 3);
  for (const x of [0.3, 0.4, 0.5]) {
    moveDemonstrations(store, new Map([[id, [x, x]]]));
    store.flush();
  }
  expect(asked.length).toBe(1);
  answer(3);
  expect(asked.length).toBe(2);
  expect(asked[1]!.demonstrations[0]!.point).toEqual([0.5, 0.5]);
  expect(asked[1]!.kept).not.toBeNull();
  answer(3);
  expect(asked.length).toBe(2);
});

test("an answer to an old question is not taken", () => {
  place(0.2, 3);
  fitting.back();
  answer(9, 1);
  expect(fitted()).toBeNull();
});

test("without a connection what was learned plays on, and the return learns what was missed", () => {
  place(0.2, 3);
  answer(3);
  connected = false;
  place(0.8, 5);
  expect(fitOf(store.state, "v", "a").sentence).toContain("keeps playing");
  expect(fitted()?.parts[0]?.bias).toEqual([3]);
  connected = true;
  fitting.back();
  expect(asked.at(-1)!.demonstrations.length).toBe(2);
});

test("a piece that learns on a button waits for it and says that it is behind", () => {
  setRefit(store, "button");
  place(0.2, 3);
  expect(asked.length).toBe(0);
  expect(fitOf(store.state, "v", "a").stale).toBe(true);
  fitting.now();
  expect(asked.length).toBe(1);
});

test("with the last demonstration the mapping goes", () => {
  const id = place(0.2, 3);
  answer(3);
  deleteDemonstrations(store, [id]);
  store.flush();
  expect(fitted()).toBeNull();
  expect(fitOf(store.state, "v", "a").state).toBe("none");
});

test("both sides of a comparison are learned, each with its own settings", () => {
  place(0.2, 3);
  answer(3);
  setMapping(store, { algorithm: "neighbours" }, "b");
  store.flush();
  expect(asked.map((fit) => [fit.slot, fit.settings.algorithm])).toEqual([
    ["v:a", "gp"],
    ["v:b", "neighbours"],
  ]);
});

test("a piece from the library keeps the mapping it was saved with", () => {
  place(0.2, 3);
  answer(3);
  const saved = store.state.piece!;
  asked = [];
  open({ ...saved, id: "again" });
  expect(asked).toEqual([]);
  expect(fitOf(store.state, "v", "a")).toMatchObject({ state: "fitted" });
});

test("a mapping that is not of these demonstrations is learned again when the piece is opened", () => {
  place(0.2, 3);
  answer(3);
  const voice = store.state.piece!.voices[0]!;
  const moved = voice.demonstrations.map((d) => ({ ...d, latent: [4] }));
  expect(belongs(fitted()!, voice.demonstrations, 2)).toBe(true);
  expect(belongs(fitted()!, moved, 2)).toBe(false);
  asked = [];
  open({ ...piece({ ...voice, demonstrations: moved }), id: "again" });
  expect(asked.length).toBe(1);
});
