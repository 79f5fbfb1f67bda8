import { afterEach, expect, it, vi } from "vitest";
import type { Many } from "../draw/many";
import { Avatars } from "./avatars";
import type { Other } from "./company";
import type { WorldScene } from "./scene";

afterEach(() => void vi.unstubAllGlobals());

const ADA = {
  who: { id: 1, name: "Ada", colour: "#7fb2ff", host: false, away: false, muted: false, weight: 1 },
  pose: { x: 1, y: 1.7, z: -2, azimuth: 0.1, elevation: 0 },
  presence: 1,
} as unknown as Other;

/** How somebody who stands is drawn, a second apart. */
function drawn(calm: boolean): number[][] {
  vi.stubGlobal("matchMedia", () => ({ matches: calm }));
  let parts: Many | null = null;
  const add = ({ many }: { many: Many | null }): void => {
    parts = many;
  };
  const avatars = new Avatars({ brush: {}, add } as unknown as WorldScene, {} as HTMLElement);
  return [0, 1].map((seconds) => {
    avatars.show([ADA], seconds, () => 0);
    return [...parts!.values.slice(0, 48)];
  });
}

it("others breathe, and stand quite still for whoever wants less to move", () => {
  const [now, later] = drawn(false);
  expect(later).not.toEqual(now);
  const [still, same] = drawn(true);
  expect(same).toEqual(still);
});
