import { describe, expect, it } from "vitest";
import { fineness } from "./brush";
import { between, encoded, light } from "./colours";
import { dot, Eye, type Triple } from "./eye";
import { Many, NUMBERS } from "./many";
import { circle, cube, edges, type Shape, sphere, tube } from "./shapes";

/** Corners of each triangle. */
function triangles({ positions, faces }: Shape): Triple[][] {
  const corner = (at: number) => Array.from(positions.subarray(3 * at, 3 * at + 3)) as unknown as Triple;
  return Array.from({ length: faces!.length / 3 }, (_, i) =>
    [0, 1, 2].map((k) => corner(faces![3 * i + k]!)),
  );
}

/** Twice the area, as a vector out of the side from which the corners go anticlockwise. */
function face([a, b, c]: Triple[]): Triple {
  const [u, v] = [b!, c!].map((to) => to.map((x, i) => x - a![i]!)) as unknown as [Triple, Triple];
  return [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
}

describe("a shape", () => {
  it("shows its outside, closed and round", () => {
    for (const rings of [1, 3, 4, 6, 16]) {
      const all = triangles(sphere(rings));
      expect(all).toHaveLength(8 * rings * rings);
      expect(Math.min(...all.map((each) => dot(face(each), each[0]!)))).toBeGreaterThan(0);
      // Vectors of the faces of a closed body cancel.
      const sum = all.map(face).reduce((a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
      expect(Math.hypot(...sum)).toBeLessThan(1e-5);
    }
    const area = triangles(sphere(16)).reduce((total, each) => total + Math.hypot(...face(each)) / 2, 0);
    expect(area).toBeCloseTo(Math.PI, 1);
  });

  it("of a cube has six sides outwards and twelve edges", () => {
    for (const each of triangles(cube())) expect(dot(face(each), each[0]!)).toBeGreaterThan(0);
    const { positions } = edges();
    expect(positions.length).toBe(12 * 2 * 3);
    for (let i = 0; i < 12; i++) {
      const [from, to] = [positions.subarray(6 * i, 6 * i + 3), positions.subarray(6 * i + 3, 6 * i + 6)];
      expect(Math.hypot(from[0]! - to[0]!, from[1]! - to[1]!, from[2]! - to[2]!)).toBe(1);
    }
  });

  it("of a tube is seen from outside, and a circle lies about z", () => {
    for (const each of triangles(tube(8))) {
      const [x, , z] = each[0]!;
      expect(dot(face(each), [x, 0, z])).toBeGreaterThan(0);
    }
    expect(circle(96).positions.length).toBe(3 * 96);
    expect(circle(96).positions[2]).toBe(0);
  });
});

/** What the matrix makes of a place: x, y and depth, -1..1 in the picture. */
function clip(eye: Eye, place: Triple): number[] {
  const by = (row: number): number =>
    place.reduce((sum, x, i) => sum + x * eye.seen[4 * i + row]!, eye.seen[12 + row]!);
  return [0, 1, 2].map((row) => by(row) / by(3));
}

describe("an eye", () => {
  const eye = new Eye(68, 0.05, 4000);
  eye.widen(1.6);

  it("looks north at azimuth 0, east at a quarter, and up at an elevation", () => {
    eye.look([3, 1.7, -2], 0, 0);
    expect(clip(eye, [3, 1.7, -12])[0]).toBeCloseTo(0, 6);
    expect(clip(eye, [4, 1.7, -12])[0]).toBeGreaterThan(0);
    expect(clip(eye, [3, 2.7, -12])[1]).toBeGreaterThan(0);
    eye.look([0, 0, 0], 0.25, 0);
    expect(eye.ray(0, 0).way.map((x) => Math.round(x * 1e6) / 1e6 + 0)).toEqual([1, 0, 0]);
    eye.look([0, 0, 0], 0.25, 0.125);
    expect(eye.ray(0, 0).way[1]).toBeCloseTo(Math.SQRT1_2, 6);
  });

  it("finds the way back from the picture, by ray and by place, as the matrix has it", () => {
    eye.look([3, 1.7, -2], 0.31, -0.07);
    const { from, way } = eye.ray(0.4, -0.6);
    expect(Math.hypot(...way)).toBeCloseTo(1, 9);
    const place = from.map((x, i) => x + 17 * way[i]!) as unknown as Triple;
    const [x, y, depth] = clip(eye, place);
    expect([x, y]).toEqual([expect.closeTo(0.4, 4), expect.closeTo(-0.6, 4)]);
    expect(Math.abs(depth!)).toBeLessThan(1);
    const shown = eye.project(...place)!;
    expect(shown.x).toBeCloseTo(0.7, 6);
    expect(shown.y).toBeCloseTo(0.8, 6);
    expect(shown.distance).toBeCloseTo(17, 6);
  });

  it("sees nothing behind it or beside the picture", () => {
    eye.look([0, 0, 0], 0, 0);
    expect(eye.project(0, 0, 5)).toBeNull();
    expect(eye.project(50, 0, -5)).toBeNull();
    expect(eye.project(0, 0, -5000)).toBeNull();
    expect(eye.project(0, 0, -5)).not.toBeNull();
  });
});

describe("a colour", () => {
  it("is as much light as sRGB says, and comes back as it was", () => {
    expect(light("#ffffff")).toEqual([1, 1, 1]);
    expect(light("#808080")[0]).toBeCloseTo(0.2159, 4);
    for (const channel of [0, 3, 10, 11, 128, 254])
      expect(encoded(light(`#${channel.toString(16).padStart(2, "0").repeat(3)}`)[0]) * 255).toBeCloseTo(
        channel,
        3,
      );
  });

  it("may be short, is grey where it is none, and mixes as light", () => {
    expect(light("#f00")).toEqual(light("#ff0000"));
    expect(light("javascript:")).toEqual(light("url(x)"));
    expect(between([0, 0, 0], [1, 0.5, 0], 0.5)).toEqual([0.5, 0.25, 0]);
  });
});

describe("many", () => {
  it("stand where they are put, turned, and have room for more", () => {
    const many = new Many();
    many.fill(1);
    many.put(0, [1, 2, 3], [2, 4, 6], [0.1, 0.2, 0.3], 0.5, Math.PI / 2);
    const before = many.version;
    many.fill(1000);
    expect(many.version).toBeGreaterThan(before);
    expect(many.values.length).toBeGreaterThanOrEqual(1000 * NUMBERS);
    const [first] = [Array.from(many.values.subarray(0, NUMBERS), (x) => Math.round(x * 1e6) / 1e6 + 0)];
    expect(first).toEqual([0, 0, -2, 0, 4, 0, 6, 0, 0, 1, 2, 3, 0.1, 0.2, 0.3, 0.5]);
  });
});

describe("how fine it is drawn", () => {
  it("is two pixels to one at most, and six million in all", () => {
    expect(fineness(393, 851, 3)).toBe(2); // a phone
    expect(fineness(1280, 800, 1)).toBe(1);
    for (const [width, height, ratio] of [
      [2560, 1440, 2],
      [3840, 2160, 1],
    ] as const) {
      const to = fineness(width, height, ratio);
      expect(width * height * to ** 2).toBeCloseTo(6e6, 0);
    }
    expect(fineness(0, 0, 1)).toBe(1);
  });
});
