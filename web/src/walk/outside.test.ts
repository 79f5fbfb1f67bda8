import { describe, expect, it } from "vitest";
import { makeSite, makeWorld } from "../protocol/messages";
import { Compass, directionOf } from "./compass";
import { Fixes } from "./fixes";
import { Outside, type Sensors } from "./outside";
import { azimuthIn, facing, inWorld, metresBetween, movedBy, onEarth, scaled } from "./place";

const PARK = { latitude: 48.8462, longitude: 2.3372 }; // Jardin du Luxembourg

/** Metres on the ellipsoid by its own coordinates in space: another way to the same. */
function inSpace({ latitude, longitude }: typeof PARK): number[] {
  const [f, l] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  const n = 6_378_137 / Math.sqrt(1 - 0.00669437999014 * Math.sin(f) ** 2);
  return [
    n * Math.cos(f) * Math.cos(l),
    n * Math.cos(f) * Math.sin(l),
    n * (1 - 0.00669437999014) * Math.sin(f),
  ];
}

describe("a place outside", () => {
  it("is measured in metres as the Earth is round", () => {
    for (const [latitude, longitude] of [
      [48.8512, 2.3372],
      [48.8462, 2.3472],
      [48.8432, 2.3322],
    ] as const) {
      const there = { latitude, longitude };
      const { east, north } = metresBetween(PARK, there);
      const [a, b] = [inSpace(PARK), inSpace(there)];
      const straight = Math.hypot(...a.map((each, i) => each - b[i]!));
      expect(Math.hypot(east, north)).toBeCloseTo(straight, 0);
    }
  });

  it("goes on across the line where the date changes", () => {
    const { east } = metresBetween(
      { latitude: 0, longitude: 179.9999 },
      { latitude: 0, longitude: -179.9999 },
    );
    expect(east).toBeCloseTo(22.26, 1);
  });

  it("has its north where it was said to be, and its size", () => {
    const site = makeSite({ ...PARK, x: 10, z: -5, turn: 0.25, scale: 2 }); // the world's north lies east
    const there = movedBy(PARK, { east: 30, north: 0 });
    const spot = inWorld(site, there);
    expect(spot.x).toBeCloseTo(10, 6);
    expect(spot.z).toBeCloseTo(-65, 6);
    const back = onEarth(site, spot);
    expect(back.latitude).toBeCloseTo(there.latitude, 9);
    expect(back.longitude).toBeCloseTo(there.longitude, 9);
    expect(azimuthIn(site, 0.25)).toBe(0);
  });

  it("turns and grows about the spot where one stands", () => {
    const site = makeSite({ ...PARK, turn: 0.1, scale: 0.5 });
    const here = movedBy(PARK, { east: 12, north: -40 });
    const before = inWorld(site, here);
    for (const after of [facing(site, 0.7, here), scaled(site, 3, here)]) {
      expect(inWorld(after, here).x).toBeCloseTo(before.x, 6);
      expect(inWorld(after, here).z).toBeCloseTo(before.z, 6);
    }
    expect(azimuthIn(facing(site, 0.7, here), 0.7)).toBe(0);
  });
});

/** Numbers that look random and are the same every time. */
function noise(seed: number): () => number {
  let state = seed;
  const next = (): number => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next());
}

describe("positions from satellites", () => {
  it("become a walk that is nearer to the true one than they are", () => {
    const fixes = new Fixes();
    const random = noise(7);
    let [raw, smooth] = [0, 0];
    for (let t = 1; t <= 120; t++) {
      const [x, z] = [1.3 * t, 20 * Math.sin(t / 20)];
      const fix = { x: x + 4 * random(), z: z + 4 * random(), accuracy: 9.8, time: t };
      fixes.add(fix);
      const at = fixes.at(t)!;
      if (t <= 20) continue;
      raw += (fix.x - x) ** 2 + (fix.z - z) ** 2;
      smooth += (at.x - x) ** 2 + (at.z - z) ** 2;
    }
    expect(Math.sqrt(smooth / raw)).toBeLessThan(0.6);
    expect(fixes.at(120)!.accuracy).toBeLessThan(9.8);
  });

  it("count for what they are sure of", () => {
    const fixes = new Fixes();
    fixes.add({ x: 0, z: 0, accuracy: 5, time: 1 });
    fixes.add({ x: 10, z: 0, accuracy: 200, time: 1.1 });
    expect(Math.abs(fixes.at(1.1)!.x)).toBeLessThan(0.2);
    fixes.add({ x: 10, z: 0, accuracy: 1.5, time: 1.2 });
    expect(fixes.at(1.2)!.x).toBeGreaterThan(8);
  });

  it("that leap are not believed, until they insist", () => {
    const fixes = new Fixes();
    for (let t = 0; t < 5; t++) fixes.add({ x: 0, z: 0, accuracy: 5, time: t });
    expect(fixes.add({ x: 900, z: 0, accuracy: 5, time: 5 })).toBe(false);
    expect(Math.abs(fixes.at(5)!.x)).toBeLessThan(1);
    expect(fixes.add({ x: 900, z: 0, accuracy: 5, time: 6 })).toBe(false);
    expect(fixes.add({ x: 900, z: 0, accuracy: 5, time: 7 })).toBe(true);
    expect(fixes.at(7)!.x).toBeCloseTo(900);
  });

  it("that are no numbers, or come twice, change nothing", () => {
    const fixes = new Fixes();
    expect(fixes.add({ x: Number.NaN, z: 0, accuracy: 5, time: 1 })).toBe(false);
    expect(fixes.at(1)).toBeNull();
    fixes.add({ x: 1, z: 2, accuracy: 5, time: 1 });
    expect(fixes.add({ x: 5, z: 5, accuracy: 5, time: 1 })).toBe(false);
  });

  it("that stay away leave the walker standing, and less and less sure", () => {
    const fixes = new Fixes();
    for (let t = 0; t < 20; t++) fixes.add({ x: t, z: 0, accuracy: 3, time: t });
    expect(fixes.at(60)!.x).toBe(fixes.at(40)!.x);
    expect(fixes.at(60)!.x - 19).toBeLessThan(2);
    expect(fixes.at(22)!.accuracy).toBeGreaterThan(fixes.at(19)!.accuracy);
  });
});

describe("a phone in the hand", () => {
  const looks = (alpha: number, beta: number, gamma: number, screen = 0) =>
    directionOf({ alpha, beta, gamma }, screen);

  it("looks ahead, flat or held up, upright or on its side", () => {
    for (const beta of [0, 30, 60, 90]) {
      expect(looks(0, beta, 0).azimuth % 1).toBeCloseTo(0);
      expect(looks(270, beta, 0).azimuth).toBeCloseTo(0.25); // turned clockwise: alpha counts the other way
    }
    expect(looks(0, 90, 0).elevation).toBeCloseTo(0);
    expect(looks(0, 0, 0).elevation).toBeCloseTo(0);
    expect(looks(0, 120, 0).elevation).toBeCloseTo(30 / 360);
    expect(looks(0, 60, 0).elevation).toBeCloseTo(-30 / 360);
    // On its left side, held up: its right edge is above, its back looks east.
    const side = looks(0, 0, -90, 90);
    expect(side.azimuth).toBeCloseTo(0.25);
    expect(side.elevation).toBeCloseTo(0);
  });

  it("knows north from an iPhone's compass, and keeps it when held up", () => {
    const compass = new Compass();
    // Alpha began at 40 degrees for no reason; the edge really points east.
    for (let t = 0; t < 20; t++) compass.hear({ alpha: 40, beta: 10, gamma: 0 }, 0, false, 90, t / 10);
    expect(compass.north).toBe(true);
    expect(compass.heading).toBeCloseTo(0.25, 3);
    for (let t = 0; t < 20; t++) compass.hear({ alpha: 40, beta: 85, gamma: 0 }, 0, false, 300, 2 + t / 10);
    expect(compass.heading).toBeCloseTo(0.25, 3);
  });

  it("without a compass turns from wherever it began", () => {
    const compass = new Compass();
    compass.hear({ alpha: null, beta: null, gamma: null }, 0, false, null, 0);
    expect(compass.heading).toBeNull();
    compass.hear({ alpha: 10, beta: 0, gamma: 0 }, 0, false, null, 1);
    expect(compass.north).toBe(false);
    expect(compass.heading).toBeCloseTo(350 / 360);
  });
});

describe("walking outside", () => {
  function walkOut(secure = true) {
    let tell: PositionCallback = () => {};
    let fail: PositionErrorCallback = () => {};
    let now = 0;
    const geolocation = {
      watchPosition: (found: PositionCallback, lost: PositionErrorCallback) => {
        tell = found;
        fail = lost;
        return 1;
      },
      clearWatch: () => {},
      getCurrentPosition: () => {},
    } as unknown as Geolocation;
    const asked: ((ends: () => void) => void)[] = [];
    const turning = () => new Promise<() => void>((answer) => asked.push(answer));
    const sensors: Sensors = { geolocation, secure, now: () => now, turning };
    const outside = new Outside(() => {}, sensors);
    const stand = (east: number, north: number, accuracy = 4): void => {
      now += 1;
      tell({ coords: { ...movedBy(PARK, { east, north }), accuracy } } as GeolocationPosition);
    };
    const refuse = (code: number): void =>
      fail({ code, PERMISSION_DENIED: 1, message: "" } as GeolocationPositionError);
    return { outside, stand, refuse, asked };
  }
  const world = makeWorld({ size: [100, 60, 100] });
  const pose = () => ({ x: 0, y: 0, z: 24, azimuth: 0, elevation: 0 });

  it("hears the compass once, and no more where it was switched off while the person was asked", async () => {
    const { outside, asked } = walkOut();
    let hearing = 0;
    const answer = async (): Promise<void> => {
      for (const each of asked.splice(0)) {
        hearing += 1;
        each(() => {
          hearing -= 1;
        });
      }
      await new Promise((done) => setTimeout(done));
    };
    void outside.look(true);
    void outside.look(false);
    await answer();
    expect(hearing).toBe(0);
    void outside.look(true);
    void outside.look(true);
    await answer();
    expect(hearing).toBe(1);
    outside.end();
    expect(hearing).toBe(0);
  });

  it("brings the walker to where the person is, once that was said", () => {
    const { outside, stand } = walkOut();
    outside.start();
    stand(0, 0);
    const at = pose();
    expect(outside.carry(at, world, 1)).toBe(false);
    expect(at.z).toBe(24);
    outside.standHere({ x: 0, z: 24 });
    for (let i = 1; i <= 30; i++) stand(0, i);
    for (let i = 0; i < 20; i++) outside.carry(at, world, 0.2);
    expect(at.z).toBeGreaterThan(-9);
    expect(at.z).toBeLessThan(-3);
    expect(at.x).toBeCloseTo(0, 0);
    expect(outside.trail.length).toBeGreaterThan(10);
    outside.turn(0.25); // the trail turns with the world
    expect(outside.trail).toHaveLength(2 * Math.floor(outside.trail.length / 2));
    expect(Math.abs(outside.trail[0]! - outside.trail.at(-2)!)).toBeGreaterThan(15);
  });

  it("stops at the edge of the world, and says how far that is", () => {
    const { outside, stand } = walkOut();
    outside.start();
    stand(0, 0);
    outside.standHere({ x: 0, z: 0 });
    for (let i = 1; i <= 60; i++) stand(2 * i, 0);
    const at = pose();
    for (let i = 0; i < 20; i++) outside.carry(at, world, 1);
    expect(at.x).toBeCloseTo(50, 3);
    expect(outside.astray(world)).toBeGreaterThan(60);
  });

  it("says why it cannot", () => {
    const { outside, refuse } = walkOut();
    outside.start();
    refuse(3);
    expect(outside.state).toBe("searching");
    refuse(1);
    expect(outside.state).toBe("refused");
    expect(outside.sentence).toMatch(/Allow it/);
    const insecure = walkOut(false).outside;
    insecure.start();
    expect(insecure.sentence).toMatch(/--phone/);
  });
});
