import { describe, expect, it } from "vitest";
import { makeBox, makeWorld, makeZone } from "../protocol/messages";
import { areasAt, around, Caption } from "./captions";
import { bearings, type Spot } from "./telling";

const WORLD = makeWorld({ axes: { x: "e", y: null, z: "n", azimuth: null, elevation: null } });
const at = (x: number, z: number) => ({ x, y: 0, z, azimuth: 0, elevation: 0 });
const spot = (label: string, x: number, z: number, sounds = false): Spot => ({
  id: label,
  kind: "landmark",
  label,
  x,
  y: 0,
  z,
  sounds,
});
const SPOTS = [spot("the hut", 0, -10, true), spot("the tower", 0, -36)];
const here = (z: number, areas: readonly string[] = []) =>
  around(WORLD, at(0, z), bearings(SPOTS, at(0, z))[0], areas);

describe("the line of what is near", () => {
  it("has the nearest place, whether it sounds, and what one stands in", () => {
    expect(here(0).line).toBe("the hut, sounding, 10 metres, ahead");
    expect(here(-30, ["mist"]).line).toBe("in mist; the tower, 6 metres, ahead");
    expect(here(58).line).toBe("the end of this world");
    expect(around(WORLD, at(0, 45), bearings(SPOTS, at(0, 45))[0], []).line).toBe("the hut is far");
    expect(around(WORLD, at(0, 0), undefined, []).line).toBe("");
  });
  it("knows zones and walls that have a name", () => {
    const zones = [makeZone({ id: "z", label: "mist", size: [10, 10, 10] }), makeZone({ id: "y" })];
    const boxes = [makeBox({ id: "b", label: "the hall", position: [4, 0, 0], size: [4, 4, 4] })];
    expect(areasAt(zones, boxes, at(0, 0))).toEqual(["mist"]);
    expect(areasAt(zones, boxes, at(4, 0))).toEqual(["mist", "the hall"]);
    expect(areasAt(zones, boxes, at(20, 0))).toEqual([]);
  });
});

describe("what is said of it", () => {
  it("is said once, when it is new, and every four seconds at most", () => {
    const caption = new Caption();
    expect(caption.next(here(30), 0)).toBeNull(); // 40 m are not near
    expect(caption.next(here(0), 1)).toBe("the hut, sounding, 10 metres, ahead.");
    expect(caption.next(here(-2), 2)).toBeNull();
    expect(caption.next(here(-30, ["mist"]), 3)).toBeNull(); // too soon, and not lost
    expect(caption.next(here(-31, ["mist"]), 5.5)).toBe("In mist. the tower, 5 metres, ahead.");
    expect(caption.next(here(-31), 20)).toBeNull();
    expect(caption.next(here(-31, ["mist"]), 30)).toBe("In mist."); // entered again
    expect(caption.next(here(58), 60)).toBe("The end of this world.");
  });
});
