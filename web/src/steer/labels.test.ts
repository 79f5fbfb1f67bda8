import { describe, expect, it } from "vitest";
import { labelSides } from "./labels";

const ROOM = { left: 0, top: 0, right: 400, bottom: 400 };

describe("labels of soundings", () => {
  it("lie to the right of their mark, and to the left at the right edge", () => {
    const marks = [
      { x: 100, y: 100, width: 60 },
      { x: 380, y: 200, width: 60 },
    ];
    expect(labelSides(marks, ROOM, 16)).toEqual(["right", "left"]);
  });
  it("go above where a neighbour is in the way on both sides", () => {
    const marks = [
      { x: 200, y: 200, width: 80 },
      { x: 150, y: 200, width: 10 },
      { x: 250, y: 200, width: 10 },
    ];
    expect(labelSides(marks, ROOM, 16)[0]).toBe("above");
  });
  it("wait in a crowd until they are pointed at, and never lie over each other", () => {
    const crowd = Array.from({ length: 400 }, (_, i) => ({
      x: 20 + (i % 20) * 18,
      y: 20 + Math.floor(i / 20) * 18,
      width: 50,
    }));
    const sides = labelSides(crowd, ROOM, 16);
    expect(sides.filter((side) => side === "hidden").length).toBeGreaterThan(380);
    expect(labelSides([{ x: 5, y: 5, width: 900 }], ROOM, 16)).toEqual(["hidden"]);
  });
});
