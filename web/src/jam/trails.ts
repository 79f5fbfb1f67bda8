// Where both players have been in the latent, as the view shows it. Nothing here draws.

import type { JamSpace } from "../protocol/messages";
import type { Turn, Who } from "./session";

export type Spot = readonly [number, number, number];

/** A point that can be heard: a phrase somebody played, or one the model learned from. */
export interface Point {
  readonly kind: "turn" | "phrase";
  /** Number of the turn, or of the training phrase. */
  readonly index: number;
  /** Part of the turn, where its phrase is longer than the model's. */
  readonly part: number;
  readonly who: Who | null;
  readonly spot: Spot;
}

/** Phrases of a trail that are shown; older ones are forgotten by the eye. */
export const SHOWN = 48;

/** The turns' points, in the order of time. */
export function pointsOf(turns: readonly Turn[]): readonly Point[] {
  return turns
    .flatMap(({ who, seen }, index) =>
      seen.map((spot, part): Point => ({ kind: "turn", index, part, who, spot })),
    )
    .slice(-2 * SHOWN);
}

/** Where a latent is seen. */
export function seenAt(space: Pick<JamSpace, "mean" | "view">, place: readonly number[]): Spot {
  const along = (row: readonly number[]) =>
    row.reduce((sum, weight, i) => sum + weight * (place[i]! - space.mean[i]!), 0);
  const [x, y, z] = space.view;
  return [along(x!), along(y!), along(z!)];
}

/** The distance at which so many hits differ on average: between the pairs that are known. */
export function reachOf(reach: JamSpace["reach"], hits: number): number {
  let [before, from] = [0, 0];
  for (const [more, to] of reach) {
    if (hits <= more) return from + ((to - from) * (hits - before)) / Math.max(1e-9, more - before);
    [before, from] = [more, to];
  }
  return from;
}

/** A round number of latent units that is about so long. */
export function roundUnits(units: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(units, 1e-9)));
  return power * ([5, 2, 1].find((each) => each * power <= units) ?? 1);
}
