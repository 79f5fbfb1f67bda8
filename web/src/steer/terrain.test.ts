import { describe, expect, test } from "vitest";
import { oklabToRgb } from "./colouring";
import { type LayerData, type MappingData, prepare } from "./mapping";
import {
  above,
  colouringOf,
  contours,
  cssColour,
  DARK,
  type Described,
  demonstrateNext,
  greatest,
  knowledgeOf,
  LIGHT,
  levelsBetween,
  loudness,
  loudnessAt,
  paint,
  remoteness,
  remotenessGrid,
  survey,
  uncertaintyGrid,
  type View,
} from "./terrain";

/** Repeatable numbers, -1..1. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

const matrix = (rows: number, columns: number, roll: () => number): number[][] =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, roll));

/** A Gaussian process over two axes, of the size of a well-filled pad. */
function padMapping(n: number, dims: number, seed = 1, extra = 0): MappingData {
  const roll = dice(seed);
  const layer = (profile: "matern52" | "exponential", length: number): LayerData => ({
    profile,
    length,
    weights: matrix(n, dims, roll),
  });
  const layers = [layer("matern52", 0.9), layer("exponential", 0.3)];
  layers[0]!.weights[0]!.forEach((_, d, row) => {
    row[d]! += extra * roll();
  });
  return {
    format: 1,
    algorithm: "gp",
    axes: 2,
    dims,
    active: Array(dims).fill(true),
    values: Array(dims).fill(0),
    low: null,
    high: null,
    parts: [
      {
        inputs: [0, 1],
        outputs: Array.from({ length: dims }, (_, d) => d),
        centre: [0.5, 0.5],
        scale: [2, 2],
        bias: Array(dims).fill(0),
        terms: [{ kind: "radial", centres: matrix(n, 2, roll), layers }],
        confidence: { length: 0.9, level: 1e-3, pin: 0.3, noise: Array(n).fill(1e-3) },
      },
    ],
    errors: [],
    warnings: [],
  };
}

/** The latent is the place: dimension 0 goes 0..1 to the right, dimension 1 upwards, the rest is 0. */
function straight(dims: number): MappingData {
  const weights = [0, 1].map((axis) => Array.from({ length: dims }, (_, d) => (d === axis ? 0.5 : 0)));
  const bias = Array.from({ length: dims }, (_, d) => (d < 2 ? 0.5 : 0));
  const data = padMapping(3, dims);
  const part = { ...data.parts[0]!, bias, confidence: null };
  return { ...data, parts: [{ ...part, terms: [{ kind: "polynomial", factors: [[0], [1]], weights }] }] };
}

const view: View = { x: 0, y: 1, rest: [0.5, 0.5], columns: 64, rows: 64 };
const identity = (dims: number): number[][] =>
  Array.from({ length: dims }, (_, i) => Array.from({ length: dims }, (_, j) => (i === j ? 1 : 0)));

/** A model whose loudness is -40 dB plus 10 dB for every unit of dimension 0. */
function model(dims: number): Described {
  const points = matrix(300, dims, dice(5)).map((row) => row.map((value) => 2 * value));
  return {
    dims,
    latent: { mean: Array(dims).fill(0), covariance: identity(dims), known_radius: 4 },
    loudness: { points, db: points.map((row) => -40 + 10 * row[0]!) },
  };
}

describe("a survey", () => {
  test("looks along the two axes asked for, top row first", () => {
    const terrain = survey(prepare(straight(4)), { ...view, columns: 5, rows: 3 });
    const at = (row: number, column: number, d: number): number =>
      terrain.latents[(row * 5 + column) * 4 + d]!;
    expect(at(0, 0, 0)).toBeCloseTo(0);
    expect(at(0, 4, 0)).toBeCloseTo(1);
    expect(at(0, 2, 1)).toBeCloseTo(1);
    expect(at(2, 2, 1)).toBeCloseTo(0);
  });

  test("leaves dimensions that are off to the base", () => {
    const data = straight(3);
    data.active[2] = false;
    data.parts[0]!.outputs = [0, 1];
    data.parts[0]!.bias = [0, 0];
    data.parts[0]!.terms = [{ kind: "polynomial", factors: [], weights: [] }];
    const terrain = survey(prepare(data), { ...view, columns: 2, rows: 2 }, [7, 8, 9]);
    expect([...terrain.latents].filter((_, i) => i % 3 === 2)).toEqual([9, 9, 9, 9]);
  });

  test("draws into the memory of the last one", () => {
    const mapping = prepare(padMapping(4, 3));
    const first = survey(mapping, view);
    expect(survey(mapping, view, null, first).latents).toBe(first.latents);
  });
});

describe("colour", () => {
  const latents = (seed: number, extra = 0): Float64Array =>
    survey(prepare(padMapping(12, 8, seed, extra)), { ...view, columns: 24, rows: 24 }).latents;

  test("is white for white and grey for grey", () => {
    const rgba = new Uint8ClampedArray(4);
    oklabToRgb(1, 0, 0, rgba, 0);
    expect([...rgba]).toEqual([255, 255, 255, 255]);
    oklabToRgb(0, 0, 0, rgba, 0);
    expect([...rgba]).toEqual([0, 0, 0, 255]);
  });

  test("spans the three directions of greatest variance", () => {
    const data = latents(3);
    const { basis, centre } = colouringOf(data, 8, null);
    const variance = (direction: (d: number) => number): number => {
      let total = 0;
      for (let i = 0; i < data.length; i += 8) {
        let along = 0;
        for (let d = 0; d < 8; d++) along += (data[i + d]! - centre[d]!) * direction(d);
        total += along * along;
      }
      return total;
    };
    const found = [0, 1, 2].map((k) => variance((d) => basis[3 * d + k]!));
    expect(found[0]).toBeGreaterThan(found[1]!);
    expect(found[1]).toBeGreaterThan(found[2]!);
    const roll = dice(9);
    for (let trial = 0; trial < 200; trial++) {
      const random = Array.from({ length: 8 }, roll);
      const length = Math.hypot(...random);
      expect(variance((d) => random[d]! / length)).toBeLessThanOrEqual(found[0]! * 1.000001);
    }
    for (let a = 0; a < 3; a++)
      for (let b = 0; b < 3; b++) {
        let dot = 0;
        for (let d = 0; d < 8; d++) dot += basis[3 * d + a]! * basis[3 * d + b]!;
        expect(dot).toBeCloseTo(a === b ? 1 : 0, 9);
      }
  });

  test("hardly changes when a refit hardly changes the map", () => {
    const before = latents(3);
    const after = latents(3, 0.05);
    const old = colouringOf(before, 8, null);
    const now = colouringOf(after, 8, old);
    const [first, second] = [new Uint8ClampedArray(4 * 576), new Uint8ClampedArray(4 * 576)];
    paint(before, old, DARK, first);
    paint(after, now, DARK, second);
    const change = first.reduce((most, value, i) => Math.max(most, Math.abs(value - second[i]!)), 0);
    expect(change).toBeLessThan(24);
  });

  test("keeps its axes where only their order or sign would change", () => {
    const data = latents(4);
    const old = colouringOf(data, 8, null);
    const flipped = { ...old, basis: old.basis.map((value, i) => (i % 3 === 0 ? -value : value)) };
    const again = colouringOf(data, 8, flipped);
    again.basis.forEach((value, i) => {
      expect(value).toBeCloseTo(flipped.basis[i]!, 6);
    });
  });

  test("tells sounds apart by how far apart they are", () => {
    const data = latents(3);
    const colouring = colouringOf(data, 8, null);
    const away = (factor: number): number => {
      const latent = colouring.centre.map((value, d) => value + factor * colouring.basis[3 * d]!);
      const rgb = cssColour(latent, colouring, DARK).match(/\d+/g)!.map(Number);
      const middle = cssColour(colouring.centre, colouring, DARK).match(/\d+/g)!.map(Number);
      return Math.hypot(...rgb.map((value, i) => value - middle[i]!));
    };
    expect(away(0.3 / colouring.scale)).toBeGreaterThan(away(0.1 / colouring.scale));
    expect(away(0.1 / colouring.scale)).toBeGreaterThan(2);
  });

  test.each([1, 2, 3, 64])(
    "works for %i latent dimensions, and for a map that is everywhere the same",
    (dims) => {
      for (const data of [survey(prepare(padMapping(5, dims)), view).latents, new Float64Array(64 * dims)]) {
        const colouring = colouringOf(data, dims, null);
        expect(colouring.basis.every(Number.isFinite)).toBe(true);
        const rgba = new Uint8ClampedArray((4 * data.length) / dims);
        paint(data, colouringOf(data, dims, colouring), LIGHT, rgba);
        expect(rgba[3]).toBe(255);
      }
    },
  );
});

describe("contours", () => {
  const hill = (columns: number, rows: number): Float64Array =>
    Float64Array.from({ length: columns * rows }, (_, i) => {
      const x = (i % columns) / (columns - 1) - 0.5;
      const y = Math.floor(i / columns) / (rows - 1) - 0.5;
      return -Math.hypot(x, y);
    });

  test("of a round hill are closed circles of the right size", () => {
    const lines = contours(hill(65, 65), 65, 65, [-0.25]);
    expect(lines).toHaveLength(1);
    const { line } = lines[0]!;
    expect([line[0], line[1]]).toEqual([line.at(-2), line.at(-1)]);
    for (let i = 0; i < line.length; i += 2)
      expect(Math.hypot(line[i]! - 0.5, line[i + 1]! - 0.5)).toBeCloseTo(0.25, 2);
  });

  test("of a slope run from edge to edge, y up", () => {
    const slope = Float64Array.from({ length: 9 * 9 }, (_, i) => 1 - Math.floor(i / 9) / 8);
    const [only] = contours(slope, 9, 9, [0.7]);
    expect(only!.line.length).toBe(18);
    for (let i = 1; i < 18; i += 2) expect(only!.line[i]).toBeCloseTo(0.7, 9);
    expect([only!.line[0], only!.line.at(-2)].sort()).toEqual([0, 1]);
  });

  test("of a saddle never cross", () => {
    const saddle = [1, 0, 0, 1];
    expect(contours(saddle, 2, 2, [0.4])).toHaveLength(2);
    expect(contours(saddle, 2, 2, [0.6])).toHaveLength(2);
  });

  test("leave out what is not finite", () => {
    const holed = hill(17, 17);
    holed[0] = Number.NaN;
    expect(contours(holed, 17, 17, [-0.2])).toHaveLength(1);
    expect(levelsBetween([Number.NaN, 1], 1)).toEqual([]);
  });

  test("lie at round levels", () => {
    expect(levelsBetween([-31, -12], 6)).toEqual([-30, -24, -18, -12]);
  });
});

describe("what the model knows", () => {
  const knowledge = knowledgeOf(model(8));

  test("is 1 away at the known radius, in the model's own units", () => {
    expect(remoteness(knowledge, [4, 0, 0, 0, 0, 0, 0, 0])).toBeCloseTo(1, 5);
    const stretched = knowledgeOf({
      ...model(2),
      latent: {
        mean: [1, 2],
        covariance: [
          [4, 0],
          [0, 0.25],
        ],
        known_radius: 2,
      },
    });
    expect(remoteness(stretched, [5, 2])).toBeCloseTo(1, 5);
    expect(remoteness(stretched, [1, 3])).toBeCloseTo(1, 5);
    const leaning = knowledgeOf({
      ...model(2),
      latent: {
        mean: [0, 0],
        covariance: [
          [1, 0.9],
          [0.9, 1],
        ],
        known_radius: 1,
      },
    });
    expect(remoteness(leaning, [1, 1])).toBeLessThan(remoteness(leaning, [1, -1]));
  });

  test("includes how loud a latent is", () => {
    for (const x of [-1.5, 0, 1.2])
      expect(Math.abs(loudnessAt(knowledge, [x, 0.3, 0, 0, 0, 0, 0, 0])! - (-40 + 10 * x))).toBeLessThan(1);
  });

  test("never predicts a loudness far beyond what was measured", () => {
    expect(loudnessAt(knowledge, Array(8).fill(50))).toBeLessThanOrEqual(-40 + 20 + 6);
  });

  test("takes one silence for another", () => {
    const deep = model(2);
    const db = deep.loudness!.points.map((row) => (row[0]! > 0 ? -20 : -140));
    const hushed = knowledgeOf({ ...deep, loudness: { points: deep.loudness!.points, db } });
    expect(loudnessAt(hushed, [-1.5, 0])).toBeGreaterThanOrEqual(-72);
    expect(loudnessAt(hushed, [-1.5, 0])).toBeLessThan(-60);
  });

  test("is silent about loudness where the model is", () => {
    const silent = knowledgeOf({ ...model(8), loudness: null });
    expect(loudness(survey(prepare(straight(8)), view), silent)).toBeNull();
  });

  test("marks loud and far places on the map", () => {
    const terrain = survey(prepare(straight(8)), view);
    const db = loudness(terrain, knowledge)!;
    const loud = above(db, -35);
    expect(loud[32 * 64]).toBe(0);
    expect(loud[32 * 64 + 63]).toBe(1);
    expect(db[32 * 64 + 31]!).toBeCloseTo((db[32 * 64 + 30]! + db[32 * 64 + 32]!) / 2, 0);
    const far = remotenessGrid(terrain, knowledge);
    expect(far[0]).toBeCloseTo(1 / 4, 4);
    expect(far[63]).toBeCloseTo(Math.SQRT2 / 4, 4);
  });
});

describe("where to demonstrate next", () => {
  test("is away from where demonstrations are", () => {
    const data = padMapping(6, 2);
    const term = data.parts[0]!.terms[0]! as { centres: number[][] };
    term.centres = [
      [-0.9, -0.9],
      [-0.8, 0.9],
      [-0.5, 0],
      [0, 0.6],
      [0, -0.7],
      [-0.2, 0.1],
    ];
    const mapping = prepare(data);
    const next = demonstrateNext(mapping, [], [0.5, 0.5], [0, 1]);
    expect(next[0]).toBeGreaterThan(0.8);
    const grid = uncertaintyGrid(mapping, view)!;
    expect(greatest(grid, view).x).toBeGreaterThan(0.8);
    expect(Math.max(...grid)).toBeLessThanOrEqual(1);
  });

  test("is the farthest place where the algorithm cannot tell, and leaves other axes at rest", () => {
    const next = demonstrateNext(
      prepare(straight(3)),
      [
        [0.1, 0.1, 0.2],
        [0.2, 0.8, 0.2],
      ],
      [0.5, 0.5, 0.2],
      [0, 1],
    );
    expect(next[0]).toBeGreaterThan(0.85);
    expect(next[2]).toBe(0.2);
    expect(demonstrateNext(null, [], [0.5, 0.5], [0, 1])).toEqual([0.5, 0.5]);
  });
});

test("a chart of 64 x 64 for 36 demonstrations of 8 dimensions is ready within a frame", () => {
  const mapping = prepare(padMapping(36, 8));
  const knowledge = knowledgeOf(model(8));
  const rgba = new Uint8ClampedArray(4 * 4096);
  let colouring = colouringOf(survey(mapping, view).latents, 8, null);
  const draw = (): void => {
    const terrain = survey(mapping, view);
    colouring = colouringOf(terrain.latents, 8, colouring);
    paint(terrain.latents, colouring, DARK, rgba);
    remotenessGrid(terrain, knowledge);
    const db = loudness(terrain, knowledge)!;
    contours(db, 64, 64, levelsBetween(db, 3));
  };
  // The goal is 8 ms on a quiet machine. On a busy one even the optimising compiler, a thread of its own, comes
  // late: the least disturbed of as many as it takes.
  const times: number[] = [];
  const patience = performance.now() + 20_000;
  while (times.length < 15 || (Math.min(...times) >= 40 && performance.now() < patience)) {
    const start = performance.now();
    draw();
    times.push(performance.now() - start);
  }
  expect(Math.min(...times)).toBeLessThan(40);
  if (import.meta.env.VITE_SHOW) console.log(times);
}, 30_000);
