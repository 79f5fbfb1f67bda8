import { describe, expect, it } from "vitest";
import { below, density, reachOf } from "./profile";

const NORMAL = {
  at: [0, 1, 5, 25, 50, 75, 95, 99, 100],
  values: [-4, -2.326, -1.645, -0.674, 0, 0.674, 1.645, 2.326, 4],
};

describe("the profile behind a slider", () => {
  it("half of everything lies below the median", () => {
    expect(below(NORMAL, 0)).toBeCloseTo(0.5, 12);
    expect(below(NORMAL, -9)).toBe(0);
    expect(below(NORMAL, 9)).toBe(1);
  });
  it("of a bell is highest near its middle, falls to both sides and is even", () => {
    const profile = density(NORMAL, -4, 4, 81);
    expect(Math.max(...profile)).toBe(1);
    expect(profile[40]).toBeGreaterThan(0.95);
    expect(profile[60]!).toBeLessThan(profile[48]!);
    for (let i = 0; i < 40; i++) expect(profile[i]).toBeCloseTo(profile[80 - i]!, 9);
    expect(profile[0]).toBeLessThan(0.05);
  });
  it("of two heaps shows both", () => {
    const two = { at: NORMAL.at, values: [-3, -2.4, -2.2, -2, 0, 2, 2.2, 2.4, 3] };
    const profile = density(two, -3, 3, 61);
    expect(profile[30]!).toBeLessThan(0.5 * profile[9]!);
  });
  it("reaches a little beyond what the model knows, also for a dimension that never moves", () => {
    expect(reachOf(NORMAL).high).toBeGreaterThan(4);
    expect(reachOf({ at: [0, 100], values: [0, 0] })).toEqual({ low: -4, high: 4 });
  });
});
