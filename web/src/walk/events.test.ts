import { describe, expect, it } from "vitest";
import { makeCycle, makeMemory, makeWorld, makeZone } from "../protocol/messages";
import { clockOfDay, cycleValue, eachZone, presence, Visits } from "./events";

const at = (x: number, y = 0, z = 0) => ({ x, y, z, azimuth: 0, elevation: 0 });

describe("a cycle", () => {
  it("goes up and down with the seconds of the walk", () => {
    const tide = makeCycle({ axis: "tide", seconds: 100, low: 0.2, high: 0.8 });
    expect(cycleValue(tide, 0, 0)).toBeCloseTo(0.2, 9);
    expect(cycleValue(tide, 50, 0)).toBeCloseTo(0.8, 9);
    expect(cycleValue(tide, 325, 0)).toBeCloseTo(0.5, 9);
  });
  it("follows the clock where it is told to", () => {
    const day = makeCycle({ axis: "day", seconds: 86_400, wave: "triangle", clock: true });
    expect(cycleValue(day, 12_345, 43_200)).toBeCloseTo(1, 9);
    expect(cycleValue({ ...day, wave: "rise" }, 0, 21_600)).toBeCloseTo(0.25, 9);
    expect(clockOfDay(new Date(2026, 5, 1, 6, 30, 15))).toBe(6 * 3600 + 30 * 60 + 15);
  });
});

describe("a zone", () => {
  const zone = makeZone({ id: "z", axis: "mood", position: [10, 0, 0], size: [8, 8, 8], value: 1 });
  it("is entered at one step, or over its fade", () => {
    expect(presence(zone, at(6.01))).toBe(1);
    expect(presence(zone, at(5.99))).toBe(0);
    const soft = { ...zone, fade: 2 };
    expect(presence(soft, at(6))).toBeCloseTo(0.5, 9);
    expect(presence(soft, at(7))).toBeCloseTo(1, 9);
    expect(presence(soft, at(5))).toBeCloseTo(0, 9);
  });
  it("leaves its axis at rest outside, and the one most present decides", () => {
    const other = makeZone({
      id: "y",
      axis: "mood",
      position: [10, 0, 0],
      size: [40, 40, 40],
      value: 0,
      fade: 40,
    });
    const world = makeWorld({ zones: [zone, other] });
    const told = (x: number) => {
      let value = Number.NaN;
      eachZone(
        world.zones,
        at(x),
        () => 0.5,
        (_, to) => {
          value = to;
        },
      );
      return value;
    };
    expect(told(10)).toBe(1);
    expect(told(100)).toBe(0.5);
    expect(told(20)).toBeCloseTo(0.5 - 0.5 * 0.75, 6);
  });
});

describe("memory", () => {
  const memory = makeMemory({ axis: "m", cell: 2, seconds: 10, forgets: 100 });
  it("grows while one stands, and fades by half", () => {
    const visits = new Visits(memory);
    for (let t = 0; t < 5; t++) visits.stand(at(0.5, 0, 0.5), 1, t);
    expect(visits.at(1, 1, 4)).toBeCloseTo(0.5, 1);
    expect(visits.at(1, 1, 104)).toBeCloseTo(0.25, 1);
    expect(visits.at(9, 9, 4)).toBe(0);
  });
  it("is smooth between places, and survives being kept", () => {
    const visits = new Visits(memory);
    visits.stand(at(1, 0, 1), 10, 0);
    expect(visits.at(2, 1, 0)).toBeCloseTo(0.5, 9);
    const again = new Visits(memory);
    again.restore(visits.keep(0), 0);
    expect(again.at(1, 1, 0)).toBeCloseTo(1, 9);
    again.restore(
      [
        ["x", 1],
        ["1,1", 7],
      ] as [string, number][],
      0,
    );
    expect(again.at(3, 3, 0)).toBe(0);
  });
});
