import { describe, expect, it } from "vitest";
import { frameOf, fromX, fromY, toX, toY } from "./frame";

describe("the frame of a chart", () => {
  const frame = frameOf(900, 700);
  it("takes every place to a pixel and back", () => {
    for (const value of [0, 0.25, 0.5, 0.99, 1]) {
      expect(fromX(frame, toX(frame, value))).toBeCloseTo(value, 12);
      expect(fromY(frame, toY(frame, value))).toBeCloseTo(value, 12);
    }
  });
  it("has 1 at the top", () => {
    expect(toY(frame, 1)).toBe(frame.top);
    expect(toY(frame, 0)).toBe(frame.top + frame.height);
  });
  it("keeps a pointer beyond the edge on the edge", () => {
    expect(fromX(frame, -500)).toBe(0);
    expect(fromY(frame, -500)).toBe(1);
  });
  it("leaves a phone more chart and less margin, and grows with the text", () => {
    expect(frameOf(360, 500).left).toBeLessThan(frame.left);
    expect(frameOf(900, 700, 1.5).left).toBeGreaterThan(frame.left);
  });
});
