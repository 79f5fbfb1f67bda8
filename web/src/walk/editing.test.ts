import { describe, expect, it } from "vitest";
import { makeBox, makeLandmark, makeWorld, makeZone, type Piece, type World } from "../protocol/messages";
import type { App } from "../ui/app";
import { Editing } from "./editing";
import { nearestOf, toBox, toEllipsoid } from "./picking";
import type { Pose } from "./pose";
import type { WorldScene } from "./scene";

const HERE: Pose = { x: 0, y: 1.7, z: 0, azimuth: 0.25, elevation: 0 };
const WORLD: World = makeWorld({
  landmarks: [makeLandmark({ id: "stone", label: "stone", position: [30, 0, 0] })],
  boxes: [makeBox({ id: "hall", label: "hall", position: [10, 2, 0], size: [4, 4, 4] })],
  zones: [makeZone({ id: "mist", label: "mist", position: [0, 0, 20] })],
});

/** An app whose store has this world, and undoes. */
function appOf(world: World) {
  let piece = { world } as unknown as Piece;
  const merges: (string | null)[] = [];
  const store = {
    get state() {
      return { piece };
    },
    edit: (_: string, change: (piece: Piece) => Piece, merge: string | null = null) => {
      piece = change(piece);
      merges.push(merge);
    },
  };
  return { app: { store } as unknown as App, world: () => piece.world!, merges };
}

const key = (name: string, shift = false): KeyboardEvent =>
  ({ key: name, altKey: true, shiftKey: shift }) as KeyboardEvent;

describe("what a ray meets", () => {
  const ray = { from: [0, 0, 0] as const, way: [1, 0, 0] as const };
  it("is a box or a zone that it enters from outside", () => {
    expect(toBox(ray, [10, 0, 0], [4, 2, 2])).toBe(8);
    expect(toBox(ray, [10, 5, 0], [4, 2, 2])).toBeNull();
    expect(toBox(ray, [-10, 0, 0], [4, 2, 2])).toBeNull();
    expect(toBox(ray, [0, 0, 0], [4, 2, 2])).toBeNull();
    expect(toEllipsoid(ray, [10, 0, 0], [4, 2, 2])).toBeCloseTo(8, 9);
    expect(toEllipsoid(ray, [10, 0.9, 0], [4, 2, 2])).toBeCloseTo(10 - 2 * Math.sqrt(1 - 0.81), 9);
    expect(toEllipsoid(ray, [10, 2, 0], [4, 2, 2])).toBeNull();
    expect(toEllipsoid(ray, [0, 0, 0], [4, 2, 2])).toBeNull();
  });
  it("is the nearest of them", () => {
    const things = (["zone", "box"] as const).map((kind, i) => ({
      kind,
      id: kind,
      position: [20 - 8 * i, 0, 0] as const,
      size: [2, 2, 2] as const,
    }));
    expect(nearestOf(ray, things)).toMatchObject({ metres: 11, met: { id: "box" } });
    expect(nearestOf(ray, [])).toBeNull();
  });
});

describe("taking in hand", () => {
  it("goes from the nearest to the farthest by a key, landmark or not, and round again", () => {
    const { app } = appOf(WORLD);
    const editing = new Editing(
      () => app,
      () => {},
    );
    const taken = [1, 2, 3, 4].map(() => editing.takeNext(HERE)?.thing.id);
    expect(taken).toEqual(["hall", "mist", "stone", "hall"]);
    expect(editing.inHand?.kind).toBe("box");
    expect(
      new Editing(
        () => appOf(makeWorld()).app,
        () => {},
      ).takeNext(HERE),
    ).toBeNull();
  });

  it("moves a box by keys as one looks, in one step of undo, never out of the world", () => {
    const { app, world, merges } = appOf(WORLD);
    const editing = new Editing(
      () => app,
      () => {},
    );
    editing.choose("hall");
    expect(editing.nudge(key("ArrowUp"), HERE)).toBe(true); // one looks east
    expect(editing.nudge(key("ArrowLeft"), HERE)).toBe(true);
    expect(editing.nudge(key("ArrowUp", true), HERE)).toBe(true);
    expect(world().boxes[0]!.position).toEqual([10.5, 2.5, -0.5]);
    expect(new Set(merges)).toEqual(new Set(["box hall position"]));
    expect(editing.nudge({ ...key("ArrowUp"), altKey: false } as KeyboardEvent, HERE)).toBe(false);
    editing.move([1e6, 0, 0]);
    expect(world().boxes[0]!.position[0]).toBe(60);
    editing.scale(2);
    expect(world().boxes[0]!.size).toEqual([8, 8, 8]);
  });

  it("drags a zone along the ground, and takes it away", () => {
    const { app, world } = appOf(WORLD);
    const editing = new Editing(
      () => app,
      () => {},
    );
    const scene = {
      meet: () => ({ kind: "zone", id: "mist", x: 0, y: 0, z: 0 }),
      metresPerPixel: () => 0.1,
    } as unknown as WorldScene;
    const at = (x: number, y: number) =>
      ({
        clientX: x,
        clientY: y,
        shiftKey: false,
        target: { getBoundingClientRect: () => ({ left: 0, top: 0, width: 100, height: 100 }) },
      }) as unknown as PointerEvent;
    const north = { ...HERE, azimuth: 0 };
    expect(editing.press(at(50, 50), scene, north)).toBe(false);
    editing.release(at(50, 50), { x: 50, y: 50 }, scene);
    expect(editing.chosen).toBe("mist");
    expect(editing.press(at(50, 50), scene, north)).toBe(true);
    editing.drag(at(60, 45), scene, north);
    expect(world().zones[0]!.position).toEqual([1, 0, 19]);
    editing.delete();
    expect(world().zones).toEqual([]);
    expect(editing.inHand).toBeNull();
  });
});
