import { expect, test } from "vitest";
import { chooseBuild } from "./simd";

test("the fastest build the browser understands is chosen, and none without SIMD", () => {
  expect(chooseBuild(() => true)).toBe("relaxed");
  let asked = 0;
  expect(chooseBuild(() => ++asked === 2)).toBe("simd");
  expect(chooseBuild(() => false)).toBeNull();
});

test("the probes are modules: an engine with SIMD takes the second", () => {
  expect(chooseBuild()).not.toBeNull();
});
