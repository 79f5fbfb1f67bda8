// The latent as it is seen: training phrases as a faint cloud, both players' trails, and how far the next
// answer may go. Seen from infinitely far, so that a distance on the screen is one of the latent.

import { Batch, Brush, type Paint } from "../draw/brush";
import { between, light, type Rgb } from "../draw/colours";
import { dot, type Triple } from "../draw/eye";
import { Many } from "../draw/many";
import { dots, matt, plain } from "../draw/paints";
import { circle, sphere, tube } from "../draw/shapes";
import type { Ink } from "../ui/canvas";
import type { Point, Spot } from "./trails";

const MOST = 512;
const CORNERS = 96;
/** Share of the shorter side that the cloud fills. */
const FILL = 0.86;
const NEAR_PIXELS = 14;
/** Latent units before and behind the middle that are seen. */
const DEEP = 1000;
/** Where the light comes from, for who looks; it is there even where it does not reach. */
const SUNWARD: Triple = [-0.4, 1, 0.9].map((each) => each / Math.hypot(-0.4, 1, 0.9)) as unknown as Triple;
const SUN: Rgb = [1.6 / Math.PI, 1.6 / Math.PI, 1.6 / Math.PI];
const ROUND: Rgb = [1.7 / Math.PI, 1.7 / Math.PI, 1.7 / Math.PI];
/** There is no air here. */
const CLEAR = [1e8, 2e8];

export interface Look {
  readonly points: readonly Point[];
  /** The point that sounds. */
  readonly heard: Point | null;
  /** How far the answer may go from the human's last phrase, in latent units; 0: not known. */
  readonly reach: number;
}

export class Cloud {
  private readonly brush: Brush;
  private readonly paints: { readonly [name in "matt" | "plain" | "dots"]: Paint };
  private readonly phrases: Batch;
  private readonly answers: Batch;
  private readonly balls = new Many();
  private readonly ways = new Many();
  /** Three about the cloud, one as far as an answer may go, one about what is heard. */
  private readonly circles = new Many();
  private readonly drawn: { readonly [name in "balls" | "ways" | "circles"]: Batch };
  private readonly seenBy = new Float32Array(16);
  private radius = 1;
  private zoom = 1;
  private width = 1;
  private height = 1;
  private azimuth = 0.6;
  private elevation = 0.35;
  private spots: readonly Spot[] = [];
  private look: Look = { points: [], heard: null, reach: 0 };
  private ink: Ink | null = null;

  /** Throws where there is no WebGL. */
  constructor(canvas: HTMLCanvasElement) {
    const brush = new Brush(canvas, true);
    this.brush = brush;
    brush.again = () => this.draw();
    this.paints = { matt: matt(brush), plain: plain(brush), dots: dots(brush) };
    this.phrases = new Batch(brush, { positions: new Float32Array() });
    this.answers = new Batch(brush, { positions: new Float32Array() });
    this.drawn = {
      balls: new Batch(brush, sphere(6), this.balls),
      ways: new Batch(brush, tube(8), this.ways),
      circles: new Batch(brush, circle(CORNERS), this.circles),
    };
  }

  dispose(): void {
    this.brush.end();
  }

  /** The training phrases; the view is made to hold them. */
  setPhrases(spots: readonly Spot[]): void {
    this.spots = spots;
    const far = spots.map((spot) => Math.hypot(...spot)).sort((a, b) => a - b);
    this.radius = Math.max(1e-3, far[Math.floor(0.985 * far.length)] ?? 1);
    this.phrases.become({ positions: new Float32Array(spots.flat()) });
  }

  setLook(look: Look): void {
    this.look = look;
    this.place();
  }

  setInk(ink: Ink): void {
    this.ink = ink;
    this.place();
  }

  resize(width: number, height: number): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.brush.resize(this.width, this.height);
  }

  /** Turn it by fractions of a turn. */
  turn(across: number, up: number): void {
    this.azimuth += 2 * Math.PI * across;
    this.elevation = Math.min(1.5, Math.max(-1.5, this.elevation + 2 * Math.PI * up));
  }

  closer(factor: number): void {
    this.zoom = Math.min(8, Math.max(0.6, this.zoom * factor));
    this.place();
  }

  get pixelsPerUnit(): number {
    return (FILL * this.zoom * Math.min(this.width, this.height)) / (2 * this.radius);
  }

  /** Who looks, as the cloud has it: to the right, upwards, and to the eye. */
  private view(): readonly [Triple, Triple, Triple] {
    const [sa, ca] = [Math.sin(this.azimuth), Math.cos(this.azimuth)];
    const [se, ce] = [Math.sin(this.elevation), Math.cos(this.elevation)];
    return [
      [ca, 0, sa],
      [sa * se, ce, -ca * se],
      [-sa * ce, se, ca * ce],
    ];
  }

  draw(): void {
    const { ink, brush, paints, seenBy } = this;
    if (!ink) return;
    const view = this.view();
    const sizes = [(2 * this.pixelsPerUnit) / this.width, (2 * this.pixelsPerUnit) / this.height, -1 / DEEP];
    seenBy.fill(0);
    for (let row = 0; row < 3; row++)
      for (let column = 0; column < 3; column++) seenBy[4 * column + row] = view[row]![column]! * sizes[row]!;
    seenBy[15] = 1;
    for (const paint of [paints.matt, paints.plain])
      paint.set("seen", seenBy).set("eye", [0, 0, 0]).set("air", [0, 0, 0]).set("sight", CLEAR);
    const [right, up, back] = view;
    const sunward = [0, 1, 2].map(
      (i) => right[i]! * SUNWARD[0] + up[i]! * SUNWARD[1] + back[i]! * SUNWARD[2],
    );
    paints.matt.set("above", ROUND).set("below", ROUND).set("sun", SUN).set("sunward", sunward);
    paints.dots.set("seen", seenBy).set("toward", back).set("colour", light(ink.ink3));
    paints.dots.set("size", 5 * ink.rem * brush.scale).set("radius", this.radius);
    paints.dots.set("least", ink.dark ? 0.16 : 0.12);
    this.round(view, ink);
    brush.start();
    brush.draw(this.drawn.balls, paints.matt);
    brush.draw(this.phrases, paints.dots, { of: "points", glass: true });
    paints.plain.set("veil", 0.9);
    brush.draw(this.drawn.ways, paints.plain, { glass: true });
    paints.plain.set("veil", 1);
    brush.draw(this.drawn.circles, paints.plain, { of: "loop", glass: true });
    paints.plain.set("veil", 0.4);
    brush.draw(this.answers, paints.plain, { of: "lines", glass: true });
  }

  /** The circles: three about the cloud, which turn with it, and two that face the eye. */
  private round([right, up, back]: readonly [Triple, Triple, Triple], ink: Ink): void {
    const { circles, look, radius } = this;
    const last = look.points.findLast(({ who }) => who === "human");
    const facing: [Spot | undefined, number, string, number][] = [
      [last?.spot, look.reach, ink.mark, 0.55],
      [look.heard?.spot, 11 / this.pixelsPerUnit, ink.ink, 0.9],
    ];
    circles.fill(5);
    const pale = light(ink.ink3);
    const sides = [
      [X, Y],
      [X, Z],
      [Z, Y],
    ] as const;
    sides.forEach(([a, b], i) => {
      circles.lay(i, NOWHERE, by(a, radius), by(b, radius), NOWHERE, pale, ink.dark ? 0.26 : 0.2);
    });
    let count = 3;
    for (const [spot, size, colour, alpha] of facing) {
      if (spot === undefined || size <= 0) continue;
      circles.lay(count, spot, by(right, size), by(up, size), by(back, size), light(colour), alpha);
      count += 1;
    }
    circles.fill(count);
  }

  /** Balls where phrases lie, and ways between those of one player. */
  private place(): void {
    const { ink, balls, ways } = this;
    if (!ink) return;
    const paper = light(ink.raised);
    const colours = { human: light(ink.mark), machine: light(ink.profileLine), second: light(ink.good) };
    const before = new Map<string, Spot>();
    const bridges: number[] = [];
    const shown = this.look.points.slice(-MOST);
    balls.fill(shown.length);
    ways.fill(shown.length);
    let count = 0;
    shown.forEach((point, i) => {
      const who = point.who ?? "machine";
      const age = (shown.length - 1 - i) / 36;
      const tone = between(colours[who], paper, Math.min(0.78, age));
      const radius = (i >= shown.length - 2 ? 6.5 : 4.2) * ink.rem * (1 - 0.4 * Math.min(1, age));
      const size = (2 * radius) / this.pixelsPerUnit;
      balls.put(i, point.spot, [size, size, size], tone);
      const from = before.get(who);
      if (from) {
        const thick = ((1 - 0.5 * Math.min(1, age)) * 1.1 * ink.rem) / this.pixelsPerUnit;
        way(ways, count, from, point.spot, thick, tone);
        count += 1;
      }
      const heard = before.get("human");
      if (who !== "human" && heard && shown[i - 1]?.who === "human") bridges.push(...heard, ...point.spot);
      before.set(who, point.spot);
    });
    ways.fill(count);
    const pale = light(ink.ink3);
    this.answers.become({
      positions: new Float32Array(bridges),
      colours: new Float32Array(bridges.map((_, i) => pale[i % 3]!)),
    });
  }

  /** The point under a place of the canvas, in pixels from its upper left; players' before the cloud's. */
  meet(x: number, y: number): Point | null {
    const cloud = this.spots.map(
      (spot, index): Point => ({ kind: "phrase", index, part: 0, who: null, spot }),
    );
    return this.nearest(this.look.points, x, y) ?? this.nearest(cloud, x, y);
  }

  private nearest(points: readonly Point[], x: number, y: number): Point | null {
    let found: Point | null = null;
    let least = NEAR_PIXELS;
    for (const point of points) {
      const at = this.seen(point.spot);
      const off = Math.hypot(at.x - x, at.y - y);
      if (off <= least) [found, least] = [point, off];
    }
    return found;
  }

  /** Where a spot is on the canvas, in pixels from its upper left. */
  seen(spot: Spot): { readonly x: number; readonly y: number } {
    const [right, up] = this.view();
    return {
      x: this.width / 2 + dot(right, spot) * this.pixelsPerUnit,
      y: this.height / 2 - dot(up, spot) * this.pixelsPerUnit,
    };
  }
}

const NOWHERE: Triple = [0, 0, 0];
const X: Triple = [1, 0, 0];
const Y: Triple = [0, 1, 0];
const Z: Triple = [0, 0, 1];

const by = (way: Triple, length: number): Triple => [way[0] * length, way[1] * length, way[2] * length];

const cross = (a: Triple, b: Triple): Triple => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** A tube from one place to another. */
function way(ways: Many, at: number, from: Spot, to: Spot, radius: number, colour: Rgb): void {
  const along: Triple = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
  const length = Math.max(1e-6, Math.hypot(...along));
  const side = cross(along, Math.abs(along[1]) < 0.9 * length ? Y : X);
  const x = by(side, 1 / Math.max(1e-12, Math.hypot(...side)));
  const z = by(cross(x, along), 1 / length);
  const middle: Triple = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2, (from[2] + to[2]) / 2];
  ways.lay(at, middle, by(x, radius), along, by(z, radius), colour);
}
