// The ground of a world as heights, for the eye and for the ear (src/isobath/engine/hills.py has the same).

/** Vertices of the ground along each side. */
export const COLUMNS = 113;
export const ROWS = 85;
/** Height of the eyes, and of the ears, above the ground. */
export const EYES = 1.7;

export interface Ground {
  /** Metres, ROWS x COLUMNS, row 0 in the north; null: flat. */
  readonly heights: Float32Array | null;
  readonly width: number;
  readonly depth: number;
}

/** Height of the ground anywhere, between its vertices. Allocates nothing. */
export function heightOf({ heights, width, depth }: Ground, x: number, z: number): number {
  if (heights === null) return 0;
  const column = Math.min(COLUMNS - 1.001, Math.max(0, (x / width + 0.5) * (COLUMNS - 1)));
  const row = Math.min(ROWS - 1.001, Math.max(0, (z / depth + 0.5) * (ROWS - 1)));
  const c = Math.floor(column);
  const r = Math.floor(row);
  const u = column - c;
  const v = row - r;
  const at = r * COLUMNS + c;
  const north = heights[at]! * (1 - u) + heights[at + 1]! * u;
  const south = heights[at + COLUMNS]! * (1 - u) + heights[at + COLUMNS + 1]! * u;
  return north * (1 - v) + south * v;
}
