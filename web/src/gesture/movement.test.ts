import { expect, test } from "vitest";
import { MovementRecorder } from "./movement";

function recorded(path: readonly (readonly number[])[]): { over: number; recorder: MovementRecorder } {
  const recorder = new MovementRecorder();
  const over = path.findIndex((values) => recorder.look(values));
  return { over, recorder };
}

const still = (at: readonly number[], looks: number) => Array.from({ length: looks }, () => at);
const line = Array.from({ length: 20 }, (_, i) => [0.1 + 0.04 * i, 0.5 + 0.0005 * (i % 2), 0.3]);

test("a movement begins with the first move, ends standing still, and is of the axes that moved", () => {
  const { over, recorder } = recorded([...still([0.1, 0.5, 0.3], 40), ...line, ...still(line[19]!, 40)]);
  expect(over).toBe(40 + 20 + 17);
  expect(recorder.axes).toEqual([0]);
  const path = recorder.of([0]);
  expect(path).toHaveLength(19);
  expect([path[0], path[18]]).toEqual([[0.14], [0.86]]);
});

test("a twitch is no movement, and nothing at all is none", () => {
  expect(recorded([...still([0.5], 3), [0.7], ...still([0.7], 40)]).recorder.axes).toEqual([]);
  const { over, recorder } = recorded(still([0.5], 100));
  expect([over, recorder.axes]).toEqual([-1, []]);
});

test("one without end is cut", () => {
  const { over } = recorded(Array.from({ length: 900 }, (_, i) => [0.5 + 0.4 * Math.sin(i / 3)]));
  expect(over).toBe(600);
});
