import { expect, test } from "vitest";
import { makeShaping } from "../protocol/messages";
import { SHAPING as AT } from "./player";
import { shapingFloats } from "./shaping";

test("what a piece leaves out is neutral: sliders at the mean, nothing held, nothing scaled", () => {
  const values = shapingFloats(makeShaping({ bias: [0.5] }), 0, 0, false, [3, 4]);
  expect([...values.subarray(AT.hold, AT.hold + 3)]).toEqual([3, 4, 0]);
  expect([values[AT.held], values[AT.scale], values[AT.bias], values[AT.bias + 1]]).toEqual([0, 1, 0.5, 0]);
  expect([values[AT.gain], values[AT.clamp]]).toEqual([1, 1]);
});

test("decibels become gain, and a muted voice has none", () => {
  expect(shapingFloats(makeShaping(), -20, 0.5, false, [])[AT.gain]).toBeCloseTo(0.1);
  expect(shapingFloats(makeShaping(), -20, 0.5, true, [])[AT.gain]).toBe(0);
});
