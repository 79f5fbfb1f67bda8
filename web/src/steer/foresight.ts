// What is known to be loud is turned down before it is heard: a voice's safety map, asked for one gesture at
// a time. The same sums in the same order as src/isobath/engine/foresight.py; nothing here allocates once made.

import type { SafetyMap } from "../protocol/messages";

/** Exponent beyond which a scattered measurement no longer counts. */
const FAR = 20;
const GRID_AXES = 4;
/** What is known of each place, in the order of a map's slopes. */
const ROWS = ["loudness", "roughness", "trim", "loud_from"] as const;
export type Row = (typeof ROWS)[number];

/** Whether the parts of a map belong to one another; one that does not is as good as none. */
export function fitsTogether(map: SafetyMap): boolean {
  const { axes, shape, points } = map;
  const nodes = shape.length > 0 ? shape.reduce((a, b) => a * b, 1) : points.length;
  return (
    nodes > 0 &&
    (shape.length === 0 || (shape.length === axes && axes <= GRID_AXES && Math.min(...shape) >= 2)) &&
    (shape.length > 0 || (Number.isFinite(map.nearness) && map.slopes.length === ROWS.length)) &&
    map.slopes.every((slope) => slope.length === axes) &&
    points.every((point) => point.length === axes) &&
    [map.loudness, map.roughness, map.trim, map.loud_from].every((row) => row.length === nodes)
  );
}

export class Foresight {
  private readonly points: Float64Array | null;
  private readonly squares: Float64Array;
  private readonly cell: Int32Array;
  private readonly part: Float64Array;

  /** `amount`: 0..1, how much of the trim is given. The map must fit together. */
  constructor(
    readonly map: SafetyMap,
    readonly amount = 1,
  ) {
    this.points = map.shape.length > 0 ? null : Float64Array.from(map.points.flat(), (value) => value / 1000);
    this.squares = new Float64Array(map.points.length);
    this.cell = new Int32Array(map.axes);
    this.part = new Float64Array(map.axes);
  }

  /** What the voice is turned down by at a gesture, linear, 0..1. */
  gain(gesture: ArrayLike<number>): number {
    const db = (this.at(gesture, "trim") / 10) * this.amount;
    return db < 0 ? 10 ** (db / 20) : 1;
  }

  /** One of the map's rows at a place, in the row's own unit. */
  at(gesture: ArrayLike<number>, row: Row): number {
    const values = this.map[row];
    if (this.points === null) return this.between(gesture, values);
    return this.around(gesture, this.points, values, this.map.slopes[ROWS.indexOf(row)]!);
  }

  /** Straight lines between the nodes of a grid. */
  private between(gesture: ArrayLike<number>, values: readonly number[]): number {
    const { shape, axes } = this.map;
    const { cell, part } = this;
    for (let a = 0; a < axes; a++) {
      const place = inside(gesture[a]!) * (shape[a]! - 1);
      cell[a] = Math.min(shape[a]! - 2, Math.floor(place));
      part[a] = place - cell[a]!;
    }
    let sum = 0;
    for (let corner = 0; corner < 1 << axes; corner++) {
      let at = 0;
      let weight = 1;
      for (let a = 0; a < axes; a++) {
        const step = (corner >> a) & 1;
        at = at * shape[a]! + cell[a]! + step;
        weight *= step === 1 ? part[a]! : 1 - part[a]!;
      }
      if (weight > 0) sum += values[at]! * weight;
    }
    return sum;
  }

  /** Mean of scattered values, the near ones counting most (Nadaraya 1964), moved along the slope from where
      they lie on the mean to here. */
  private around(
    gesture: ArrayLike<number>,
    points: Float64Array,
    values: readonly number[],
    slope: readonly number[],
  ): number {
    const { squares, part: mean } = this;
    const { axes, nearness } = this.map;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < squares.length; i++) {
      let square = 0;
      for (let a = 0; a < axes; a++) square += (points[i * axes + a]! - inside(gesture[a]!)) ** 2;
      squares[i] = square;
      least = Math.min(least, square);
    }
    let total = 0;
    let weights = 0;
    mean.fill(0);
    for (let i = 0; i < squares.length; i++) {
      const away = (squares[i]! - least) * nearness;
      if (away > FAR) continue;
      const weight = Math.exp(-away);
      weights += weight;
      total += weight * values[i]!;
      for (let a = 0; a < axes; a++) mean[a]! += weight * points[i * axes + a]!;
    }
    let value = total / weights;
    for (let a = 0; a < axes; a++) value += slope[a]! * (inside(gesture[a]!) - mean[a]! / weights);
    return value;
  }
}

function inside(value: number): number {
  return value > 0 ? Math.min(1, value) : value <= 0 ? 0 : 0.5;
}
