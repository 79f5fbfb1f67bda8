import { describe, expect, it } from "vitest";
import { makeDemonstration } from "../protocol/messages";
import { figure, named, nearness } from "./soundings";

describe("soundings", () => {
  it("write their miss as a chart writes the decimals of a depth", () => {
    expect(figure(0.14)).toBe(".14");
    expect(figure(1.4)).toBe("1.40");
  });
  it("say what they are, in words", () => {
    const bell = makeDemonstration({ id: "a", point: [0, 0], latent: [0], label: "bell", muted: true });
    expect(named(bell, 1, null)).toBe("Demonstration 2, bell, muted");
    expect(named({ ...bell, label: "", muted: false }, 0, 0.25)).toBe(
      "Demonstration 1, missed by 0.25 standard deviations",
    );
  });
  it("are as near as the axes that the pad does not show", () => {
    const axes = { across: 0, up: 1 };
    expect(nearness([0.1, 0.9, 0.5], [0.8, 0.2, 0.5], axes)).toBe(1);
    const far = nearness([0.1, 0.9, 1], [0.1, 0.9, 0], axes);
    expect(far).toBeGreaterThanOrEqual(0.4);
    expect(far).toBeLessThan(0.5);
  });
});
