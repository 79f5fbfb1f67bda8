// Lines of equal depth: marching squares (Lorensen & Cline 1987, in the plane) over a grid.

export interface Contour {
  readonly level: number;
  /** x, y, x, y, ... in 0..1, y up. A closed line ends where it began. */
  readonly line: Float64Array;
}

/**
 * The contour lines of `grid` (rows x columns, nodes on the edges, row 0 at the top) at each level.
 * Cells with a value that is not finite have none.
 */
export function contours(
  grid: ArrayLike<number>,
  columns: number,
  rows: number,
  levels: readonly number[],
): Contour[] {
  return levels.flatMap((level) =>
    joined(crossings(grid, columns, rows, level), columns * rows).map((edges) => ({
      level,
      line: placed(edges, grid, columns, rows, level),
    })),
  );
}

/** Round levels `step` apart between the least and greatest value. */
export function levelsBetween(grid: ArrayLike<number>, step: number): number[] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < grid.length; i++) {
    low = Math.min(low, grid[i]!);
    high = Math.max(high, grid[i]!);
  }
  const levels: number[] = [];
  if (!Number.isFinite(high - low) || !(step > 0)) return levels;
  for (let k = Math.ceil(low / step); k * step <= high && levels.length < 100; k++) levels.push(k * step);
  return levels;
}

// An edge between a node and its right neighbour has the node's number; one between a node and the node
// below has that plus the number of nodes.

/** Pairs of edges that the line joins within a cell. */
function crossings(grid: ArrayLike<number>, columns: number, rows: number, level: number): number[] {
  const nodes = columns * rows;
  const pairs: number[] = [];
  for (let r = 0; r + 1 < rows; r++)
    for (let c = 0; c + 1 < columns; c++) {
      const node = r * columns + c;
      const a = grid[node]!;
      const b = grid[node + 1]!;
      const d = grid[node + columns]!;
      const e = grid[node + columns + 1]!;
      if (!Number.isFinite(a + b + d + e)) continue;
      const shape = (a >= level ? 8 : 0) | (b >= level ? 4 : 0) | (e >= level ? 2 : 0) | (d >= level ? 1 : 0);
      if (shape === 0 || shape === 15) continue;
      const top = node;
      const right = nodes + node + 1;
      const bottom = node + columns;
      const left = nodes + node;
      const high = (a + b + d + e) / 4 >= level;
      if (shape === 10 || shape === 5) {
        // A saddle: the middle says which corners hang together.
        if ((shape === 10) === high) pairs.push(top, right, left, bottom);
        else pairs.push(top, left, right, bottom);
      } else if (shape === 8 || shape === 7) pairs.push(top, left);
      else if (shape === 4 || shape === 11) pairs.push(top, right);
      else if (shape === 2 || shape === 13) pairs.push(right, bottom);
      else if (shape === 1 || shape === 14) pairs.push(left, bottom);
      else if (shape === 12 || shape === 3) pairs.push(left, right);
      else pairs.push(top, bottom);
    }
  return pairs;
}

/** Chains of edges: open ones from end to end, closed ones back to their start. */
function joined(pairs: number[], nodes: number): number[][] {
  const next = new Int32Array(4 * nodes).fill(-1); // two neighbours of each edge
  for (let i = 0; i < pairs.length; i += 2) {
    const a = pairs[i]!;
    const b = pairs[i + 1]!;
    next[2 * a + (next[2 * a]! < 0 ? 0 : 1)] = b;
    next[2 * b + (next[2 * b]! < 0 ? 0 : 1)] = a;
  }
  const chains: number[][] = [];
  const seen = new Uint8Array(2 * nodes);
  const follow = (start: number): void => {
    const chain = [start];
    seen[start] = 1;
    for (let from = -1, at = start; ; ) {
      const [one, other] = [next[2 * at]!, next[2 * at + 1]!];
      const to = one >= 0 && one !== from ? one : other !== from ? other : -1;
      if (to < 0) break;
      chain.push(to);
      if (seen[to]) break;
      seen[to] = 1;
      from = at;
      at = to;
    }
    chains.push(chain);
  };
  for (const edge of pairs) if (!seen[edge] && next[2 * edge + 1]! < 0) follow(edge);
  for (const edge of pairs) if (!seen[edge]) follow(edge);
  return chains;
}

function placed(
  edges: number[],
  grid: ArrayLike<number>,
  columns: number,
  rows: number,
  level: number,
): Float64Array {
  const nodes = columns * rows;
  const line = new Float64Array(2 * edges.length);
  edges.forEach((edge, i) => {
    const down = edge >= nodes;
    const node = down ? edge - nodes : edge;
    const from = grid[node]!;
    const to = grid[node + (down ? columns : 1)]!;
    const part = to === from ? 0.5 : (level - from) / (to - from);
    const column = (node % columns) + (down ? 0 : part);
    const row = Math.floor(node / columns) + (down ? part : 0);
    line[2 * i] = column / (columns - 1);
    line[2 * i + 1] = 1 - row / (rows - 1);
  });
  return line;
}
