// The page conditions a gesture as Python does: tests/golden/conditioning.json holds what happened there.

import { expect, test } from "vitest";
import golden from "../../../tests/golden/conditioning.json";
import { Board } from "./board";

type Event =
  | ["put", number, number]
  | ["lose", number]
  | ["hand", number, number]
  | ["freeze", number, boolean]
  | ["step", number, number[]];

test("the same gesture leads to the same places, to the last bit", () => {
  const board = new Board(golden.rests, golden.given);
  let now = 0;
  for (const event of golden.events as Event[]) {
    switch (event[0]) {
      case "put":
        board.slots[event[1]]!.put(event[2]);
        break;
      case "lose":
        board.lose([board.slots[event[1]]!], now);
        break;
      case "hand":
        board.hand(event[1], event[2], now);
        break;
      case "freeze":
        board.freeze(event[1], event[2]);
        break;
      case "step":
        now = event[1];
        board.step(now);
        expect(board.values).toEqual(event[2]);
    }
  }
  expect(board.takeovers).toBe(golden.takeovers);
  expect(board.pulls).toBe(golden.pulls);
  expect(board.slots.reduce((sum, slot) => sum + slot.conditioner.outside, 0)).toBe(golden.outside);
});

test("another board goes on where this one is", () => {
  const given = (id: string, axis: number) => ({ ...golden.given[0]!, id, axis });
  const before = new Board([0.5, 0.5], [given("a", 0), given("b", 1)]);
  before.slots[0]!.put(0.2);
  before.slots[1]!.put(0.7);
  for (const now of [0, 0.1, 0.2]) before.step(now);
  const after = new Board([0.5, 0.5, 0.5], [given("b", 2), given("a", 1), given("c", 0)]);
  after.goOn(before, [1, 2]);
  expect(after.values).toEqual([0.5, 0.2, 0.7]);
  expect([0, 1, 2].map((i) => after.movedBy(i))).toEqual([null, "a", "b"]);
  after.slots[0]!.put(0.8);
  after.step(0.3);
  expect(after.values).toEqual([0.5, 0.2, 0.8]);
  expect(after.idle).toBe(true);
});
