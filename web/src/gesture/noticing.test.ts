import { expect, test } from "vitest";
import { Calibration, Noticing } from "./noticing";

test("of controllers that tremble the one that is moved is noticed", () => {
  const noticing = new Noticing(0);
  const found: string[] = [];
  for (let i = 0; i < 300; i++) {
    for (const name of ["a", "b", "c"]) {
      const value = 0.5 + 0.01 * Math.sin(i * 1.3 + name.charCodeAt(0));
      const moved = name === "b" && i > 100 ? (i - 100) / 300 : 0;
      if (noticing.hear(name, value + moved, i / 100)) found.push(name);
    }
  }
  expect(new Set(found)).toEqual(new Set(["b"]));
  expect(new Noticing(0).hear("a", Number.NaN, 1)).toBe(false);
});

test("wiggling learns the range, and no spike does", () => {
  const calibration = new Calibration();
  for (let i = 0; i < 400; i++)
    calibration.hear(i % 50 === 7 ? (i % 100 === 7 ? 9000 : -9000) : 512 + 300 * Math.sin(i / 20));
  const range = calibration.range!;
  expect(range.lo).toBeGreaterThan(212);
  expect(range.lo).toBeLessThan(225);
  expect(range.hi).toBeGreaterThan(800);
  expect(range.hi).toBeLessThan(812);
  expect(new Calibration().range).toBeNull();
});
