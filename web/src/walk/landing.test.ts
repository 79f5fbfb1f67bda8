import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  type LandSurveyed,
  makeHistory,
  makeOpened,
  makePiece,
  makeVoice,
  makeWorld,
  type Piece,
} from "../protocol/messages";
import { EMPTY, Store } from "../state/store";
import { Landing } from "./landing";

const piece = (id: string): Piece =>
  makePiece({ id, name: id, world: makeWorld({}), voices: [makeVoice({ id: "v", model: "m" })] });
const online = { connection: { ...EMPTY.connection, state: "online" as const } };
const answer = (request: number): LandSurveyed =>
  ({ type: "land_surveyed", request, land: { of: "measured" } }) as unknown as LandSurveyed;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("asks again what was under way when the connection went, and puts no answer on another piece", async () => {
  const store = new Store({ ...EMPTY, ...online, piece: piece("a") });
  let request = 0;
  const landing = new Landing(store, () => ++request);
  await vi.advanceTimersByTimeAsync(2000);
  expect([request, landing.measuring]).toEqual([1, true]);
  store.set({ connection: { ...EMPTY.connection, state: "offline" } });
  await vi.advanceTimersByTimeAsync(2000);
  expect(landing.measuring).toBe(false);
  store.set(online);
  await vi.advanceTimersByTimeAsync(2000);
  expect([request, landing.measuring]).toEqual([2, true]);
  store.open(makeOpened({ piece: piece("b"), revision: 1, history: makeHistory({}) }));
  await vi.advanceTimersByTimeAsync(100);
  landing.answered(answer(2));
  expect(store.state.piece?.world?.land ?? null).toBeNull();
  await vi.advanceTimersByTimeAsync(2000);
  expect(request).toBe(3);
  landing.answered(answer(3));
  expect(store.state.piece?.world?.land).toEqual({ of: "measured" });
  landing.stop();
});
