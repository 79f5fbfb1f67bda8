// Shapes as the card wants them: corners, the way each faces, and which of them make a triangle.

export interface Shape {
  /** Corners, x y z each. */
  readonly positions: Float32Array;
  /** Of length 1; without them the shape has no light of its own on it. */
  readonly normals?: Float32Array;
  /** Light of each corner, r g b; without them every copy has its own colour. */
  readonly colours?: Float32Array;
  /** Corners of each triangle, anticlockwise from outside; without them all corners in their order. */
  readonly faces?: Uint16Array;
}

/**
 * A sphere of diameter 1: `rings` rows of triangles from either pole to the equator, four more in each, so that
 * all are of about one size; 8 rings² in all.
 */
export function sphere(rings: number): Shape {
  const rows: number[] = [];
  const normals: number[] = [];
  for (let row = 0; row <= 2 * rings; row++) {
    rows.push(normals.length / 3);
    const polar = (Math.PI * row) / (2 * rings);
    const count = 4 * Math.min(row, 2 * rings - row);
    for (let i = 0; i < Math.max(1, count); i++) {
      const around = (2 * Math.PI * i) / Math.max(1, count);
      normals.push(Math.sin(polar) * Math.cos(around), Math.cos(polar), Math.sin(polar) * Math.sin(around));
    }
  }
  const faces: number[] = [];
  for (let row = 0; row < 2 * rings; row++) {
    const north = row < rings;
    // The shorter row and the longer one, and how many steps each quarter of the shorter one has.
    const [short, long] = north ? [rows[row]!, rows[row + 1]!] : [rows[row + 1]!, rows[row]!];
    const steps = north ? row : 2 * rings - row - 1;
    const face = (a: number, b: number, c: number) => faces.push(...(north ? [a, b, c] : [a, c, b]));
    const near = (i: number) => short + (steps === 0 ? 0 : i % (4 * steps));
    const wide = (i: number) => long + (i % (4 * steps + 4));
    for (let quarter = 0; quarter < 4; quarter++)
      for (let i = 0; i <= steps; i++) {
        const [s, l] = [quarter * steps + i, quarter * (steps + 1) + i];
        face(near(s), wide(l + 1), wide(l));
        if (i < steps) face(near(s), near(s + 1), wide(l + 1));
      }
  }
  const facing = Float32Array.from(normals);
  return { positions: facing.map((x) => x / 2), normals: facing, faces: Uint16Array.from(faces) };
}

const CORNERS = Array.from({ length: 8 }, (_, i) => [i & 1, (i >> 1) & 1, i >> 2].map((bit) => bit - 0.5));

/** A cube of edge 1, for air: it has no normals. */
export function cube(): Shape {
  const quads = [
    [0, 4, 6, 2],
    [1, 3, 7, 5],
    [0, 1, 5, 4],
    [2, 6, 7, 3],
    [0, 2, 3, 1],
    [4, 5, 7, 6],
  ];
  const faces = quads.flatMap(([a, b, c, d]) => [a!, b!, c!, a!, c!, d!]);
  return { positions: Float32Array.from(CORNERS.flat()), faces: Uint16Array.from(faces) };
}

/** The twelve edges of that cube, for lines. */
export function edges(): Shape {
  const pairs = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((from) =>
    [1, 2, 4].filter((bit) => (from & bit) === 0).map((bit) => [from, from | bit]),
  );
  return { positions: Float32Array.from(pairs.flat().flatMap((at) => CORNERS[at]!)) };
}

/** A circle of radius 1 about z, for a closed line. */
export function circle(corners: number): Shape {
  const places = Array.from({ length: corners }, (_, i) => {
    const angle = (2 * Math.PI * i) / corners;
    return [Math.cos(angle), Math.sin(angle), 0];
  });
  return { positions: Float32Array.from(places.flat()) };
}

/** A tube of radius 1 and length 1 along y, open at its ends. */
export function tube(sides: number): Shape {
  const positions: number[] = [];
  const faces: number[] = [];
  for (let i = 0; i < sides; i++) {
    const angle = (2 * Math.PI * i) / sides;
    const [x, z] = [Math.cos(angle), Math.sin(angle)];
    positions.push(x, -0.5, z, x, 0.5, z);
    const [low, next] = [2 * i, (2 * i + 2) % (2 * sides)];
    faces.push(low, low + 1, next, next, low + 1, next + 1);
  }
  return { positions: Float32Array.from(positions), faces: Uint16Array.from(faces) };
}
