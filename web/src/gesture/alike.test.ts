import { expect, test } from "vitest";
import { meansDevice, toldApart } from "./alike";

// The same as tests/inputs/test_alike.py.
test.each([
  ["Pad", [], "Pad"],
  ["Pad", ["Other"], "Pad"],
  ["Pad", ["Pad"], "Pad #2"],
  ["Pad", ["Pad", "Pad #2"], "Pad #3"],
  ["Pad", ["Pad #2"], "Pad"],
  ["Keys:Keys 1 24:0", ["Keys:Keys 1 20:0"], "Keys:Keys 1 #2"],
  ["Keys:Keys 2 24:1", ["Keys:Keys 1 24:0"], "Keys:Keys 2 24:1"],
])("%s among %j is called %s", (name, taken, called) => {
  expect(toldApart(name, taken)).toBe(called);
});

const THERE = ["Pad", "Pad #2", "Pad X 20:0"];

test.each([
  ["", THERE],
  ["pad", ["Pad", "Pad X 20:0"]],
  ["Pad #2", ["Pad #2"]],
  ["pa", THERE],
  ["Pad X", ["Pad X 20:0"]],
  ["Pad #3", []],
  ["pa #2", ["Pad #2"]],
])("%j means %j", (wanted, means) => {
  expect(THERE.filter((each) => meansDevice(wanted, each))).toEqual(means);
});
