import { expect, test } from "vitest";
import { sentenceIn } from "./http";
import { waitBefore } from "./socket";

test("waits between attempts grow, and never beyond some six seconds", () => {
  const waits = Array.from({ length: 12 }, (_, attempt) => waitBefore(attempt, () => 0.5));
  expect(waits[0]).toBe(250);
  for (let i = 1; i < waits.length; i++) expect(waits[i]).toBeGreaterThanOrEqual(waits[i - 1]!);
  expect(waitBefore(30, () => 1)).toBeLessThanOrEqual(6250);
});

test("a refusal is told in the server's own words, and anything else with its number", () => {
  expect(sentenceIn('{"sentence": "Too loud.", "kind": "audio"}', 415)).toBe("Too loud.");
  expect(sentenceIn("<html>", 502)).toContain("502");
});
