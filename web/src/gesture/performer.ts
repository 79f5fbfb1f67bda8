// Where the performer is: one value per axis, 0..1, and which axes a hand is on right now.
// Pointers, keys and controllers write here; the instrument and the drawing read. The newest value wins.

import type { Axis } from "../protocol/messages";

/** A key or a controller has no hand that lets go: its axis counts as touched this long after a move. */
const LINGER_MS = 400;

export type Moved = (performer: Performer) => void;

export class Performer {
  /** One value per axis. */
  values: Float64Array<ArrayBuffer> = new Float64Array(0);
  /** Of who walks: x, y, z, azimuth, elevation; empty while nobody does. */
  pose: readonly number[] = [];
  /** Hands on each axis: more than 0 while it is touched. */
  private touches: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  private movedAt: Float64Array<ArrayBuffer> = new Float64Array(0);
  private settling: ReturnType<typeof setTimeout> | null = null;
  private indices = new Map<string, number>();
  private ids: readonly string[] = [];
  private readonly listeners = new Set<Moved>();
  /** Hands mime a take: they move, and are not heard. */
  miming = false;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Take over the axes of a piece; an axis that stays keeps its value, a new one starts at rest. */
  setAxes(axes: readonly Axis[]): void {
    const ids = axes.map((axis) => axis.id);
    if (ids.length === this.ids.length && ids.every((id, i) => id === this.ids[i])) return;
    const values = new Float64Array(axes.length);
    const touches = new Uint8Array(axes.length);
    axes.forEach((axis, i) => {
      const before = this.indices.get(axis.id);
      values[i] = before === undefined ? axis.rest : this.values[before]!;
      touches[i] = before === undefined ? 0 : this.touches[before]!;
    });
    this.values = values;
    this.touches = touches;
    this.movedAt = new Float64Array(axes.length).fill(Number.NEGATIVE_INFINITY);
    this.ids = ids;
    this.indices = new Map(ids.map((id, i) => [id, i]));
    this.tell();
  }

  /** Index of an axis, -1 if the piece has no such axis. */
  indexOf(axis: string): number {
    return this.indices.get(axis) ?? -1;
  }

  at(axis: string): number {
    const i = this.indexOf(axis);
    return i < 0 ? 0.5 : this.values[i]!;
  }

  /** Move one axis by id. */
  set(axis: string, value: number): void {
    if (this.put(this.indexOf(axis), value)) this.tell();
  }

  /** Move two axes at once. */
  set2(x: string, valueX: number, y: string, valueY: number): void {
    const movedX = this.put(this.indexOf(x), valueX);
    const movedY = this.put(this.indexOf(y), valueY);
    if (movedX || movedY) this.tell();
  }

  /** Move several axes at once. */
  setMany(axes: readonly string[], values: readonly number[]): void {
    let moved = false;
    axes.forEach((axis, k) => {
      moved = this.put(this.indexOf(axis), values[k]!) || moved;
    });
    if (moved) this.tell();
  }

  /** Forget what was moved a moment ago by something that has no hand; hands stay where they are. */
  letGo(): void {
    this.movedAt.fill(Number.NEGATIVE_INFINITY);
    this.tell();
  }

  /** Go to a whole point: a demonstration, a preset. */
  setAll(point: ArrayLike<number>): void {
    let moved = false;
    for (let i = 0; i < this.values.length && i < point.length; i++) moved = this.put(i, point[i]!) || moved;
    if (moved) this.tell();
  }

  /** A hand comes onto an axis: while a take plays, this axis is the performer's. */
  touch(axis: string): void {
    const i = this.indexOf(axis);
    if (i < 0) return;
    this.touches[i]!++;
    this.tell();
  }

  release(axis: string): void {
    const i = this.indexOf(axis);
    if (i < 0 || this.touches[i] === 0) return;
    this.touches[i]!--;
    this.tell();
  }

  /** Whether a hand is on an axis right now. */
  isHeld(axis: string): boolean {
    return (this.touches[this.indexOf(axis)] ?? 0) > 0;
  }

  isTouched(index: number): boolean {
    if (this.miming) return false;
    return (this.touches[index] ?? 0) > 0 || this.now() - this.movedAt[index]! < LINGER_MS;
  }

  /** Hear of every move at once (not once per frame): this is the way to the sound. */
  listen(listener: Moved): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private put(i: number, value: number): boolean {
    if (i < 0 || i >= this.values.length || Number.isNaN(value)) return false;
    const clamped = value > 0 ? Math.min(value, 1) : 0;
    if (this.values[i] === clamped) return false;
    this.values[i] = clamped;
    if (this.touches[i] === 0) this.linger(i);
    return true;
  }

  private linger(i: number): void {
    this.movedAt[i] = this.now();
    if (this.settling !== null) clearTimeout(this.settling);
    this.settling = setTimeout(() => this.tell(), LINGER_MS + 1);
  }

  private tell(): void {
    for (const listener of this.listeners) listener(this);
  }
}
