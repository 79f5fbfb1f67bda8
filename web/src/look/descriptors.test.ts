// The page hears what Python hears, and every scene draws it within the picture.

import { expect, test } from "vitest";
import golden from "../../../tests/golden/descriptors.json";
import { Descriptors } from "./descriptors";
import { SCENES } from "./scenes";

function heard(): Descriptors {
  const found = new Descriptors(golden.sample_rate);
  for (const spectrum of golden.spectra) found.hear(spectrum, [0.5, -1, 2]);
  return found;
}

test("descriptors are those of Python", () => {
  heard().past.forEach((each, i) => {
    const said = [...each.bands, each.loudness, each.brightness, each.onset];
    said.forEach((value, k) => {
      expect(value).toBeCloseTo(golden.descriptors[i]![k]!, 4);
    });
  });
});

for (const [name, { scene }] of Object.entries(SCENES))
  test(`${name} draws numbers, in any shape of picture, from nothing on`, () => {
    const found = heard();
    for (const past of [[], found.past.slice(0, 1), found.past])
      for (const aspect of [0.5, 1.8])
        for (const mark of scene({ past, count: past.length, aspect, gain: 1 })) {
          expect(mark.points.every(Number.isFinite)).toBe(true);
          expect(mark.points.length % 2).toBe(0);
        }
    expect(scene({ past: found.past, count: 30, aspect: 1.8, gain: 1 }).length).toBeGreaterThan(5);
  });
