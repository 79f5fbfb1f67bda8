// What a ray meets that has no surface of its own: boxes and zones are air. Only from outside: whoever stands
// within one looks through its walls.

export type Triple = readonly [number, number, number];

export interface Ray {
  readonly from: Triple;
  /** Of length 1. */
  readonly way: Triple;
}

/** Metres to where a ray enters a cuboid; null: it does not, or begins within. */
export function toBox({ from, way }: Ray, middle: Triple, size: Triple): number | null {
  let enters = Number.NEGATIVE_INFINITY;
  let leaves = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const low = middle[i]! - size[i]! / 2 - from[i]!;
    const high = middle[i]! + size[i]! / 2 - from[i]!;
    if (Math.abs(way[i]!) < 1e-12) {
      if (low > 0 || high < 0) return null;
      continue;
    }
    const [a, b] = [low / way[i]!, high / way[i]!];
    enters = Math.max(enters, Math.min(a, b));
    leaves = Math.min(leaves, Math.max(a, b));
  }
  return enters > 0 && enters <= leaves ? enters : null;
}

/** The same for an ellipsoid of these diameters. */
export function toEllipsoid({ from, way }: Ray, middle: Triple, size: Triple): number | null {
  // In a space where it is a sphere of radius 1.
  const at = from.map((x, i) => (x - middle[i]!) / (size[i]! / 2));
  const to = way.map((x, i) => x / (size[i]! / 2));
  const a = to.reduce((sum, x) => sum + x * x, 0);
  const b = to.reduce((sum, x, i) => sum + x * at[i]!, 0);
  const c = at.reduce((sum, x) => sum + x * x, 0) - 1;
  const root = b * b - a * c;
  if (c <= 0 || root < 0 || b >= 0) return null;
  return (-b - Math.sqrt(root)) / a;
}

export interface Airy {
  readonly kind: "box" | "zone";
  readonly id: string;
  readonly position: Triple;
  readonly size: Triple;
}

/** The nearest of them that a ray enters. */
export function nearestOf(
  ray: Ray,
  things: readonly Airy[],
): { readonly met: Airy; readonly metres: number } | null {
  let found: { met: Airy; metres: number } | null = null;
  for (const met of things) {
    const metres = (met.kind === "box" ? toBox : toEllipsoid)(ray, met.position, met.size);
    if (metres !== null && (found === null || metres < found.metres)) found = { met, metres };
  }
  return found;
}
