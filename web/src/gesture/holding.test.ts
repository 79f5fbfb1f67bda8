// A hold is averaged as in Python: tests/golden/holding.json.

import { expect, test } from "vitest";
import golden from "../../../tests/golden/holding.json";
import { Holding, held } from "./holding";

test("a hold is where the hand was, and as still, as Python says", () => {
  for (const { seconds, points, end, held: told } of golden) {
    const found = held(seconds, points, end);
    expect(found?.point).toEqual(told.point);
    expect(found?.spread).toBeCloseTo(told.spread, 14);
    expect(found?.stillness).toBeCloseTo(told.stillness, 14);
    expect(found?.seconds).toBe(told.seconds);
  }
});

test("a hold that has not begun is none, and one that stands still is where it is", () => {
  let now = 1;
  const holding = new Holding(() => now);
  expect(holding.end()).toBeNull();
  holding.move([0.25, 0.5]);
  now = 2;
  expect(holding.end()).toMatchObject({ point: [0.25, 0.5], stillness: 1 });
});
