import { describe, expect, it } from "vitest";
import { Wake } from "./wake";

/** A canvas that counts strokes. */
function counting(): { context: CanvasRenderingContext2D; alphas: number[] } {
  const alphas: number[] = [];
  const context = {
    globalAlpha: 1,
    beginPath() {},
    moveTo() {},
    lineTo() {},
    stroke() {
      alphas.push(this.globalAlpha);
    },
  };
  return { context: context as unknown as CanvasRenderingContext2D, alphas };
}

describe("the wake", () => {
  it("fades behind the vessel and is gone after a while", () => {
    const wake = new Wake();
    for (let i = 0; i <= 20; i++) wake.add(10 * i, 0, i * 0.05);
    const { context, alphas } = counting();
    wake.draw(context, 1, "red", 4);
    expect(alphas.length).toBeGreaterThan(10);
    for (let i = 1; i < alphas.length; i++) expect(alphas[i]).toBeLessThan(alphas[i - 1]!);
    expect(wake.alive(1)).toBe(true);
    expect(wake.alive(4)).toBe(false);
  });
  it("turns the bow towards where the vessel goes", () => {
    const wake = new Wake();
    for (let i = 0; i < 40; i++) wake.add(0, 10 * i, i * 0.05);
    expect(Math.sin(wake.heading)).toBeCloseTo(1, 6);
  });
  it("is not drawn across a leap", () => {
    const wake = new Wake();
    wake.add(0, 0, 0);
    wake.add(20, 0, 0.05);
    wake.add(900, 500, 0.1);
    const { context, alphas } = counting();
    wake.draw(context, 0.1, "red", 4);
    expect(alphas).toEqual([]);
  });
  it("grows nothing while the vessel rests", () => {
    const wake = new Wake();
    for (let i = 0; i < 100; i++) wake.add(50, 50, i * 0.016);
    expect(wake.alive(3)).toBe(false);
  });
});
