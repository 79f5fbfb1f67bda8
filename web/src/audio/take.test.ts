import { expect, test } from "vitest";
import { joinRows, type StoredTake, stackOf, TakePlayer, TakeRecorder } from "./take";

const RATE = 44100;
const REST = Float64Array.of(0.5, 0.25, 0.5);

function take(given: Partial<StoredTake>): StoredTake {
  return {
    id: "a",
    hop: 100,
    sample_rate: RATE,
    length: 10,
    axes: ["x", "y"],
    frames: [0, 4],
    points: [
      [0.1, 0.2],
      [0.3, 0.4],
    ],
    loop: false,
    muted: false,
    over: null,
    ...given,
  };
}

function play(
  top: StoredTake,
  below: StoredTake[],
  frames: number[],
  axes = ["x", "y", "z"],
): (number[] | null)[] {
  const player = new TakePlayer(stackOf(top, top.loop, below, axes, RATE));
  const into = new Float64Array(axes.length);
  return frames.map((frame) =>
    player.at(frame * 100, into, REST.subarray(0, axes.length)) ? [...into] : null,
  );
}

test("a row holds until the next, and an axis the take lacks is at rest", () => {
  expect(play(take({}), [], [0, 3, 4, 9])).toEqual([
    [0.1, 0.2, 0.5],
    [0.1, 0.2, 0.5],
    [0.3, 0.4, 0.5],
    [0.3, 0.4, 0.5],
  ]);
});

test("a take ends with its last frame, and a loop begins again", () => {
  expect(play(take({}), [], [9, 10])[1]).toBeNull();
  expect(play(take({ loop: true }), [], [9, 10, 13, 14, 24])).toEqual([
    [0.3, 0.4, 0.5],
    [0.1, 0.2, 0.5],
    [0.1, 0.2, 0.5],
    [0.3, 0.4, 0.5],
    [0.3, 0.4, 0.5],
  ]);
});

test("before the first row every axis rests", () => {
  expect(play(take({ frames: [2], points: [[0.9, 0.8]] }), [], [1, 2])).toEqual([
    [0.5, 0.25, 0.5],
    [0.9, 0.8, 0.5],
  ]);
});

test("an overdub moves its own axes and leaves the others to the take below, each at its own frame", () => {
  const below = take({ id: "below", loop: true, length: 5 });
  const over = take({ id: "over", over: "below", axes: ["y"], frames: [0, 6], points: [[0.7], [0.9]] });
  expect(play(over, [below], [0, 4, 6])).toEqual([
    [0.1, 0.7, 0.5],
    [0.3, 0.7, 0.5],
    [0.1, 0.9, 0.5],
  ]);
  expect(play(over, [{ ...below, muted: true }], [4])).toEqual([[0.5, 0.7, 0.5]]);
  expect(play(over, [], [4])).toEqual([[0.5, 0.7, 0.5]]);
});

test("takes that lie over each other in a circle still end", () => {
  const a = take({ id: "a", over: "b" });
  expect(play(a, [take({ id: "b", over: "a" }), a], [0])).toEqual([[0.1, 0.2, 0.5]]);
});

test("a take recorded at another hop keeps its pace", () => {
  expect(play(take({ hop: 200 }), [], [7, 8])).toEqual([
    [0.1, 0.2, 0.5],
    [0.3, 0.4, 0.5],
  ]);
});

test("values that are no numbers rest, and others are kept within 0 and 1", () => {
  expect(play(take({ frames: [0], points: [[Number.NaN, 7]] }), [], [0])).toEqual([[0.5, 1, 0.5]]);
});

test("only changes are recorded, and a replay gives every frame back", () => {
  const chunks: Float64Array[] = [];
  const recorder = new TakeRecorder(2, (rows) => chunks.push(rows));
  const untouched = new Uint8Array(2);
  const gestures = Array.from({ length: 3000 }, (_, f) => [Math.floor(f / 3) / 1000, f < 1500 ? 0.2 : 0.4]);
  for (const gesture of gestures) recorder.add(Float64Array.from(gesture), untouched);
  recorder.flush();
  const { frames, points } = joinRows(chunks, 2, [0, 1]);
  expect(frames.length).toBe(1000);
  const top = take({ length: recorder.length, frames, points });
  const all = gestures.map((_, f) => f);
  expect(play(top, [], all, ["x", "y"])).toEqual(gestures);
});

test("an overdub remembers which axes a hand was on, and keeps only those", () => {
  const chunks: Float64Array[] = [];
  const recorder = new TakeRecorder(2, (rows) => chunks.push(rows));
  recorder.add(Float64Array.of(0.1, 0.2), Uint8Array.of(0, 0));
  recorder.add(Float64Array.of(0.3, 0.2), Uint8Array.of(0, 0));
  recorder.add(Float64Array.of(0.4, 0.6), Uint8Array.of(0, 1));
  recorder.flush();
  expect([...recorder.moved]).toEqual([0, 1]);
  expect(joinRows(chunks, 2, [1])).toEqual({ frames: [0, 2], points: [[0.2], [0.6]] });
});
