// The five shapes every mapping is a sum of, as terms.py has them. Their memory is made when they are: adding
// allocates nothing.

import type { Activation, Profile } from "./mapping-data";

/** Adds its outputs at the place `u` to `sum`. */
export interface Term {
  add(u: Float64Array, sum: Float64Array): void;
}

export function matern52(t2: number): number {
  const t = Math.sqrt(t2);
  return (1 + t + t2 / 3) * Math.exp(-t);
}

export interface Bumps {
  profile: Profile;
  nearness: number; // 1 / length², times 5 for matern52
  weights: Float64Array; // n, outputs
}

export class Radial implements Term {
  /** Two layers over the same centres, a process and its pin, go in one sweep: the usual case. */
  private readonly pair: boolean;

  constructor(
    readonly centres: Float64Array,
    private readonly layers: Bumps[],
    readonly count: number,
    private readonly outputs: number,
  ) {
    this.pair =
      layers[0]?.profile === "matern52" && layers[1]?.profile === "exponential" && layers.length === 2;
  }

  add(u: Float64Array, sum: Float64Array): void {
    if (this.pair) this.addPair(u, sum, this.layers[0]!, this.layers[1]!);
    else for (let l = 0; l < this.layers.length; l++) this.addLayer(u, sum, this.layers[l]!);
  }

  private addPair(u: Float64Array, sum: Float64Array, body: Bumps, pin: Bumps): void {
    const { centres, count, outputs } = this;
    const near = body.weights;
    const nearer = pin.weights;
    const axes = u.length;
    for (let i = 0, c = 0, row = 0; i < count; i++, row += outputs) {
      let squared = 0;
      for (let a = 0; a < axes; a++, c++) {
        const away = u[a]! - centres[c]!;
        squared += away * away;
      }
      const height = matern52(squared * body.nearness);
      const peak = Math.exp(-Math.sqrt(squared * pin.nearness));
      for (let o = 0; o < outputs; o++) sum[o]! += height * near[row + o]! + peak * nearer[row + o]!;
    }
  }

  private addLayer(u: Float64Array, sum: Float64Array, layer: Bumps): void {
    const { profile, nearness, weights } = layer;
    const { count, outputs } = this;
    for (let i = 0, row = 0; i < count; i++, row += outputs) {
      const height = heightOf(profile, squaredDistance(u, this.centres, i) * nearness);
      for (let o = 0; o < outputs; o++) sum[o]! += height * weights[row + o]!;
    }
  }
}

function heightOf(profile: Profile, squared: number): number {
  if (profile === "matern52") return matern52(squared);
  if (profile === "exponential") return Math.exp(-Math.sqrt(squared));
  return 0.5 * squared * Math.log(Math.max(squared, 1e-300));
}

export interface Layer {
  weights: Float64Array; // groups, rows, columns
  biases: Float64Array; // groups, rows
  rows: number;
  columns: number;
}

export class Network implements Term {
  private before: Float64Array;
  private after: Float64Array;

  constructor(
    private readonly layers: Layer[],
    private readonly groups: number,
  ) {
    const widest = Math.max(...layers.map((layer) => Math.max(layer.rows, layer.columns)));
    this.before = new Float64Array(widest);
    this.after = new Float64Array(widest);
  }

  add(u: Float64Array, sum: Float64Array): void {
    const { layers, groups } = this;
    for (let g = 0; g < groups; g++) {
      let from = this.before;
      let to = this.after;
      for (let i = 0; i < u.length; i++) from[i] = u[i]!;
      for (let l = 0; l < layers.length; l++) {
        const { weights, biases, rows, columns } = layers[l]!;
        const last = l === layers.length - 1;
        for (let r = 0; r < rows; r++) {
          const start = (g * rows + r) * columns;
          let total = biases[g * rows + r]!;
          for (let c = 0; c < columns; c++) total += weights[start + c]! * from[c]!;
          if (last) sum[g * rows + r]! += total;
          else to[r] = Math.tanh(total);
        }
        const swap = from;
        from = to;
        to = swap;
      }
    }
  }
}

export interface ActivatedLayer extends Layer {
  activation: Activation;
}

export class Layered implements Term {
  private before: Float64Array;
  private after: Float64Array;

  constructor(private readonly layers: ActivatedLayer[]) {
    const widest = Math.max(...layers.map((layer) => Math.max(layer.rows, layer.columns)));
    this.before = new Float64Array(widest);
    this.after = new Float64Array(widest);
  }

  add(u: Float64Array, sum: Float64Array): void {
    const { layers } = this;
    let from = this.before;
    let to = this.after;
    for (let i = 0; i < u.length; i++) from[i] = u[i]!;
    for (let l = 0; l < layers.length; l++) {
      const { weights, biases, rows, columns, activation } = layers[l]!;
      const last = l === layers.length - 1;
      for (let r = 0, start = 0; r < rows; r++, start += columns) {
        let total = biases[r]!;
        for (let c = 0; c < columns; c++) total += weights[start + c]! * from[c]!;
        const value = activate(activation, total);
        if (last) sum[r]! += value;
        else to[r] = value;
      }
      const swap = from;
      from = to;
      to = swap;
    }
  }
}

function activate(activation: Activation, x: number): number {
  if (activation === "sine") return Math.sin(x);
  if (activation === "tanh") return Math.tanh(x);
  if (activation === "relu") return Math.max(x, 0);
  if (activation === "sigmoid") return 0.5 * Math.tanh(0.5 * x) + 0.5;
  return x;
}

export class Nearest implements Term {
  private readonly r: Float64Array;
  private readonly closest: Float64Array;

  constructor(
    private readonly neighbours: number,
    private readonly power: number,
    private readonly centres: Float64Array,
    private readonly values: Float64Array,
    private readonly count: number,
    private readonly outputs: number,
  ) {
    this.r = new Float64Array(count);
    this.closest = new Float64Array(neighbours + 1);
  }

  add(u: Float64Array, sum: Float64Array): void {
    const { r, values, count, outputs } = this;
    for (let i = 0; i < count; i++) r[i] = Math.sqrt(squaredDistance(u, this.centres, i));
    this.pull(r);
    let total = 0;
    for (let i = 0; i < count; i++) total += r[i]!;
    for (let i = 0; i < count; i++) {
      if (r[i] === 0) continue;
      for (let o = 0; o < outputs; o++) sum[o]! += (r[i]! / total) * values[i * outputs + o]!;
    }
  }

  /** Distances become pulls, in place; see Nearest in terms.py. */
  private pull(r: Float64Array): void {
    const { neighbours, power, count } = this;
    let nearest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) nearest = Math.min(nearest, r[i]!);
    if (nearest < 1e-12) {
      for (let i = 0; i < count; i++) r[i] = r[i]! < 1e-12 ? 1 : 0;
      return;
    }
    const fades = neighbours > 0 && neighbours < count;
    const edge = fades ? nearest / this.following(r) : 0;
    const tied = fades && !(1 - edge > 1e-12);
    for (let i = 0; i < count; i++) {
      if (tied) r[i] = r[i]! <= nearest * (1 + 1e-9) ? 1 : 0;
      else r[i] = (Math.max(nearest / r[i]! - edge, 0) / (1 - edge)) ** power;
    }
  }

  /** Distance of the first demonstration that is no longer heard. */
  private following(r: Float64Array): number {
    const { closest, neighbours, count } = this;
    closest.fill(Number.POSITIVE_INFINITY);
    for (let i = 0; i < count; i++) {
      const distance = r[i]!;
      if (distance >= closest[neighbours]!) continue;
      let slot = neighbours;
      while (slot > 0 && closest[slot - 1]! > distance) {
        closest[slot] = closest[slot - 1]!;
        slot--;
      }
      closest[slot] = distance;
    }
    return closest[neighbours]!;
  }
}

export class Polynomial implements Term {
  constructor(
    private readonly factors: Int32Array[],
    private readonly weights: Float64Array,
    private readonly outputs: number,
  ) {}

  add(u: Float64Array, sum: Float64Array): void {
    const { factors, weights, outputs } = this;
    for (let p = 0; p < factors.length; p++) {
      const factor = factors[p]!;
      let product = 1;
      for (let k = 0; k < factor.length; k++) product *= u[factor[k]!]!;
      for (let o = 0; o < outputs; o++) sum[o]! += product * weights[p * outputs + o]!;
    }
  }
}

export function squaredDistance(u: Float64Array, centres: Float64Array, row: number): number {
  const start = row * u.length;
  let total = 0;
  for (let a = 0; a < u.length; a++) {
    const offset = u[a]! - centres[start + a]!;
    total += offset * offset;
  }
  return total;
}
