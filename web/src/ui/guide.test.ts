import { describe, expect, it } from "vitest";
import { advance, PLACED, type Progress, STEPS } from "./guide-steps";

const nothing: Progress = { running: false, found: 0, placed: 0, steered: 0 };

describe("the guided start", () => {
  it("waits at each step until the thing itself is done", () => {
    expect(advance(1, nothing)).toBe(1);
    expect(advance(1, { ...nothing, running: true })).toBe(2);
    expect(advance(4, { ...nothing, running: true, placed: PLACED - 1 })).toBe(4);
    expect(advance(4, { ...nothing, running: true, placed: PLACED })).toBe(5);
  });
  it("passes over what was done already", () => {
    expect(advance(1, { running: true, found: 2, placed: 1, steered: 0 })).toBe(4);
  });
  it("ends at the last card and stays there", () => {
    const all: Progress = { running: true, found: 9, placed: 9, steered: 99 };
    expect(advance(1, all)).toBe(STEPS.length - 1);
    expect(advance(STEPS.length - 1, all)).toBe(STEPS.length - 1);
  });
  it("does not leave the welcome by itself", () => {
    expect(advance(0, { running: true, found: 9, placed: 9, steered: 99 })).toBe(0);
  });
});
