import { describe, expect, it } from "vitest";
import { ago, decibels, duration, milliseconds, signed } from "./words";

describe("numbers as they are read", () => {
  it("zero has no sign, however it was reached", () => {
    expect(signed(0, 1)).toBe("0.0");
    expect(signed(-0.04, 1)).toBe("0.0");
    expect(signed(-1.25, 1)).toBe("\u22121.3");
    expect(signed(2, 0)).toBe("+2");
  });
  it("silence is minus infinity", () => {
    expect(decibels(-120)).toContain("\u221e");
    expect(decibels(-6)).toBe("\u22126.0 dB");
  });
  it("short times keep their tenths, long ones do not", () => {
    expect(milliseconds(0.0062)).toBe("6.2 ms");
    expect(milliseconds(0.25)).toBe("250 ms");
    expect(duration(4.24)).toBe("4.2 s");
    expect(duration(125)).toBe("2:05");
  });
  it("says the coarsest true thing about the past", () => {
    expect(ago(100, 130)).toBe("just now");
    expect(ago(0, 60)).toBe("1 minute ago");
    expect(ago(0, 7300)).toBe("2 hours ago");
  });
});
