// The world as it is seen: ground, landmarks, stones, sky.

import { Batch, Brush, type How, type Paint } from "../draw/brush";
import { between, encoded, light, type Rgb, times } from "../draw/colours";
import { Eye, type Triple } from "../draw/eye";
import { Many } from "../draw/many";
import { ground, matt, plain, sky } from "../draw/paints";
import { cube, edges, type Shape, sphere } from "../draw/shapes";
import type { Air, Box, Landmark, World, Zone } from "../protocol/messages";
import type { Kind, Thing } from "../state/world";
import { Bodies } from "./bodies";
import { FLAT, type Land } from "./land";
import { groundShape, toGround } from "./mesh";
import { type Airy, nearestOf, toEllipsoid } from "./picking";
import type { Pose } from "./pose";

/** A demonstration as it stands in the world. */
export interface Stone {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly colour: string;
  readonly selected: boolean;
}

/** What a ray met. */
export interface Met {
  readonly kind: "landmark" | "stone" | "ground" | "box" | "zone";
  readonly id: string | null;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

const VIEW_DEGREES = 68;
const NEAR = 0.05;
const FAR = 4000;
const STONE = 1.6;
/** How thick the air of zones and boxes is, and the lines about a box. */
const ZONE = 0.14;
const BOX = 0.07;
const LINES = 0.55;

const WHITE = light("#ffffff");
const NIGHT = light("#0b1620");
const ZENITH = light("#4f7890");
const SUN = light("#fff1dc");
const GLOW = light("#d81b78");
const SUNWARD = [-0.5, 1, 0.35].map((each) => each / Math.hypot(-0.5, 1, 0.35));
const ALL: Shape = { positions: Float32Array.of(-1, -1, 0, 3, -1, 0, -1, 3, 0) };

/** What surfaces and mist are lit and veiled with. */
interface Light {
  readonly above: Rgb;
  readonly below: Rgb;
  readonly sun: Rgb;
  /** As the picture has it. */
  readonly air: Rgb;
  readonly sight: readonly [number, number];
  readonly horizon: Rgb;
  readonly zenith: Rgb;
  readonly nadir: Rgb;
}

export class WorldScene {
  /** What draws; for the tests, too. */
  readonly brush: Brush;
  private readonly eye = new Eye(VIEW_DEGREES, NEAR, FAR);
  private readonly paints: { readonly [name in "matt" | "ground" | "plain" | "sky"]: Paint };
  private readonly sky: Batch;
  private readonly ground: Batch;
  private readonly landmarks: Bodies;
  private readonly stones = new Many();
  private readonly zones = new Many();
  private readonly boxes = new Many();
  /** Around what is in hand: a body or a zone, or a box. */
  private readonly glow = { round: new Many(), straight: new Many() };
  private readonly air: readonly { batch: Batch; veil: number; how: How }[];
  private readonly aura: readonly Batch[];
  private rim = true;
  private readonly pebbles: Batch;
  /** What others add: bodies of their own. */
  private readonly others = new Set<Batch>();
  private light: Light | null = null;
  private airOf: Air | null = null;
  /** 0 night, 1 as the air says. */
  private hour = 1;
  private world: World | null = null;
  private land: Land = FLAT;
  /** The world that the ground on the card is of. */
  private landOf: World | null = null;
  private lain: readonly Stone[] = [];
  /** What one sees through and can take in hand all the same. */
  private airy: readonly Airy[] = [];

  /** Throws where there is no WebGL. */
  constructor(canvas: HTMLCanvasElement) {
    const brush = new Brush(canvas, false);
    this.brush = brush;
    this.paints = { matt: matt(brush), ground: ground(brush), plain: plain(brush), sky: sky(brush) };
    const ball = sphere(16);
    this.sky = new Batch(brush, ALL);
    this.ground = new Batch(brush, ALL);
    this.landmarks = new Bodies(brush, ball);
    this.pebbles = new Batch(brush, sphere(3), this.stones);
    this.air = [
      { batch: new Batch(brush, ball, this.zones), veil: ZONE, how: { sides: "both", glass: true } },
      { batch: new Batch(brush, cube(), this.boxes), veil: BOX, how: { sides: "both", glass: true } },
      { batch: new Batch(brush, edges(), this.boxes), veil: LINES, how: { of: "lines", glass: true } },
    ];
    this.aura = [new Batch(brush, ball, this.glow.round), new Batch(brush, cube(), this.glow.straight)];
  }

  dispose(): void {
    this.brush.end();
  }

  /** Bodies that somebody else puts in. */
  add(bodies: Batch): void {
    this.others.add(bodies);
  }

  remove(bodies: Batch): void {
    this.others.delete(bodies);
    bodies.free();
  }

  /** Pixels; at most two device pixels to one of the page's. */
  resize(width: number, height: number): void {
    this.brush.resize(width, height);
    this.eye.widen(width / Math.max(1, height));
  }

  /** Light, fog and the plain ground. */
  setAir(world: World): void {
    this.world = world;
    this.airOf = world.air;
    this.shine();
  }

  /** Sky, fog and lamps, as the air and the hour have them. */
  private shine(): void {
    const air = this.airOf;
    if (air === null) return;
    const dim = 0.1 + 0.9 * this.hour;
    const horizon = between(light(air.sky), NIGHT, 1 - dim);
    const earth = light(air.ground);
    const strength = (air.light * dim) / Math.PI;
    this.light = {
      above: times(between(horizon, WHITE, 0.5), 1.9 * strength),
      below: times(earth, 0.6 * 1.9 * strength),
      sun: times(SUN, 1.3 * strength),
      air: seenAs(horizon),
      sight: [air.sight * 0.15, air.sight],
      horizon,
      zenith: between(horizon, ZENITH, 0.42 * dim),
      nadir: between(horizon, earth, 0.55),
    };
  }

  setLand(world: World, land: Land): void {
    const { size, air } = this.landOf ?? {};
    const same = size?.join() === world.size.join() && air?.ground === world.air.ground;
    this.world = this.landOf = world;
    if (same && land === this.land) return;
    this.land = land;
    this.ground.become(groundShape(world, land));
  }

  setLandmarks(landmarks: readonly Landmark[]): void {
    this.landmarks.show(landmarks);
  }

  /** Zones and boxes are mist: one sees through them, from outside and from inside. */
  setZones(zones: readonly Zone[], boxes: readonly Box[]): void {
    const airy: Airy[] = [];
    const show = (kind: "zone" | "box", into: Many, all: readonly (Zone | Box)[]): void => {
      const shown = all.filter((each) => each.shown);
      into.fill(shown.length);
      shown.forEach(({ id, position, size, colour }, i) => {
        into.put(i, position, size, light(colour));
        airy.push({ kind, id, position, size });
      });
    };
    show("zone", this.zones, zones);
    show("box", this.boxes, boxes);
    this.airy = airy;
  }

  /** 0 night, 1 as the air says. */
  setLight(share: number): void {
    if (Math.abs(share - this.hour) < 2e-3) return;
    this.hour = share;
    this.shine();
  }

  setStones(stones: readonly Stone[]): void {
    if (stones === this.lain) return;
    this.lain = stones;
    this.stones.fill(stones.length);
    stones.forEach((each, i) => {
      this.stones.put(i, [each.x, each.y, each.z], extentOf(each), light(each.colour));
    });
  }

  /** Draw from the walker's eyes. */
  draw(pose: Pose): void {
    const { brush, eye, paints } = this;
    eye.look([pose.x, pose.y, pose.z], pose.azimuth, pose.elevation);
    this.landmarks.see(pose);
    if (this.light === null) return;
    this.tell(this.light);
    brush.start();
    for (const batch of [...this.landmarks.batches, this.pebbles, ...this.others])
      brush.draw(batch, paints.matt);
    if (this.world?.ground.shown === true && this.ground.shape !== ALL)
      brush.draw(this.ground, paints.ground);
    brush.draw(this.sky, paints.sky); // where nothing stands yet
    for (const { batch, veil, how } of this.air) {
      paints.plain.set("veil", veil);
      brush.draw(batch, paints.plain, how);
    }
    // What is air glows itself, from within as well; a body has a rim.
    paints.plain.set("veil", this.rim ? 0.3 : 0.06);
    for (const batch of this.aura)
      brush.draw(batch, paints.plain, { sides: this.rim ? "inner" : "both", glass: true });
  }

  /** Tell every program of this picture's eye and light. */
  private tell({ above, below, sun, air, sight, horizon, zenith, nadir }: Light): void {
    const { eye, paints } = this;
    for (const paint of [paints.matt, paints.ground, paints.plain])
      paint.set("seen", eye.seen).set("eye", eye.at).set("air", air).set("sight", sight);
    for (const paint of [paints.matt, paints.ground])
      paint.set("above", above).set("below", below).set("sun", sun).set("sunward", SUNWARD);
    paints.sky.set("across", times(eye.right, eye.across)).set("rise", times(eye.up, eye.rise));
    paints.sky.set("ahead", times(eye.back, -1)).set("horizon", horizon).set("zenith", zenith);
    paints.sky.set("nadir", nadir);
  }

  /** What lies under a place of the canvas (-1..1, y up). */
  meet(x: number, y: number): Met | null {
    const ray = this.eye.ray(x, y);
    const met = (kind: Met["kind"], id: string | null, metres: number): Met => {
      const [px, py, pz] = ray.from.map((each, i) => each + ray.way[i]! * metres) as [number, number, number];
      return { kind, id, x: px, y: py, z: pz };
    };
    const landmark = this.landmarks.meet(ray);
    const { world } = this;
    const earth = world?.ground.shown === true ? toGround(ray, world, this.land) : null;
    let behind = earth ?? Number.POSITIVE_INFINITY;
    let stone: Stone | null = null;
    for (const each of this.lain) {
      const metres = toEllipsoid(ray, [each.x, each.y, each.z], extentOf(each));
      if (metres !== null && metres < behind) [stone, behind] = [each, metres];
    }
    if (landmark !== null && landmark.metres <= behind) return met("landmark", landmark.id, landmark.metres);
    if (stone !== null) return met("stone", stone.id, behind);
    const air = nearestOf(ray, this.airy);
    if (air !== null && air.metres <= behind) return met(air.met.kind, air.met.id, air.metres);
    return earth === null ? null : met("ground", null, earth);
  }

  /** Where a point of the world is on the canvas (0..1 from the top left), null where it is not seen. */
  project(x: number, y: number, z: number): { x: number; y: number; distance: number } | null {
    return this.eye.project(x, y, z);
  }

  /** How many metres a pixel is, so far away. */
  metresPerPixel(distance: number): number {
    return (2 * distance * this.eye.rise) / (this.brush.canvas.clientHeight || 1);
  }

  /** Put something into the light of the hand; null: nothing. */
  choose(held: { readonly kind: Kind; readonly thing: Thing } | null): void {
    const { round, straight } = this.glow;
    round.fill(held !== null && held.kind !== "box" ? 1 : 0);
    straight.fill(held?.kind === "box" ? 1 : 0);
    if (held === null) return;
    this.rim = held.kind === "landmark";
    const wide = (metres: number): number => metres * (this.rim ? 1.06 : 1) + 0.05;
    const [w, h, d] = held.thing.size;
    const into = held.kind === "box" ? straight : round;
    into.put(0, held.thing.position, [wide(w), wide(h), wide(d)], GLOW);
  }
}

/** Stones lie flat; one that is selected is larger. */
function extentOf({ selected }: Stone): Triple {
  const size = selected ? 1.35 * STONE : STONE;
  return [size, 0.7 * size, size];
}

const seenAs = (colour: Rgb): Rgb => [encoded(colour[0]), encoded(colour[1]), encoded(colour[2])];
