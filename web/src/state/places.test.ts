// Which voices the server makes.

import { expect, test } from "vitest";
import type { ModelDescription } from "../net/models";
import { isUntried, NOWHERE, type Placed, placeOf } from "./places";

const model = (change: Partial<ModelDescription>): ModelDescription =>
  ({ runs_apart: false, parameters: 900_000, ...change }) as ModelDescription;
const wished = (wish: "auto" | "page" | "server"): Placed => ({ ...NOWHERE, wishes: { m: wish } });
const paced = (pace: number): Placed => ({ ...NOWHERE, paces: { m: pace } });

test("another program's models are made by the server, whatever is wished", () => {
  const apart = model({ runs_apart: true, parameters: 0 });
  for (const placed of [NOWHERE, wished("page")]) expect(placeOf(apart, "m", placed)).toBe("server");
  expect(isUntried(apart, "m", NOWHERE)).toBe(false);
});

test("large ones are, unless somebody knows better", () => {
  const large = model({ parameters: 10_000_001 });
  expect(placeOf(large, "m", NOWHERE)).toBe("server");
  expect(placeOf(large, "m", wished("page"))).toBe("page");
  expect(placeOf(model({ parameters: 10_000_000 }), "m", NOWHERE)).toBe("page");
});

test("those between are tried once, and those that were too slow are", () => {
  const between = model({ parameters: 3_000_000 });
  expect(placeOf(between, "m", NOWHERE)).toBe("page");
  expect(isUntried(between, "m", NOWHERE)).toBe(true);
  expect(isUntried(between, "m", wished("page"))).toBe(false);
  expect(placeOf(between, "m", paced(0.9))).toBe("server");
  expect(placeOf(between, "m", paced(0.1))).toBe("page");
  expect(isUntried(between, "m", paced(0.1))).toBe(false);
});

test("small ones play in the page without a trial", () => {
  expect(placeOf(model({}), "m", NOWHERE)).toBe("page");
  expect(isUntried(model({}), "m", NOWHERE)).toBe(false);
  expect(placeOf(model({}), "m", wished("server"))).toBe("server");
});
