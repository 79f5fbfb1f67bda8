// Landmarks, whose shape is as fine as they are seen, in two draws however many there are.

import { Batch, type Brush } from "../draw/brush";
import { light } from "../draw/colours";
import { Many } from "../draw/many";
import { type Shape, sphere } from "../draw/shapes";
import type { Landmark } from "../protocol/messages";
import { type Ray, toEllipsoid } from "./picking";
import type { Pose } from "./pose";

/** Size over distance from which on one sees that a coarse sphere is none. */
const SEEN = 0.06;
/** So many are fine at most; the others are far, or one stands in a crowd. */
const FINE = 24;

export class Bodies {
  readonly batches: readonly Batch[];
  private readonly near = new Many();
  private readonly far = new Many();
  private all: readonly Landmark[] = [];
  private fine: readonly number[] = [];

  constructor(brush: Brush, shape: Shape) {
    this.batches = [new Batch(brush, shape, this.near), new Batch(brush, sphere(4), this.far)];
  }

  show(landmarks: readonly Landmark[]): void {
    this.all = landmarks;
    this.arrange(this.fine.filter((at) => at < landmarks.length));
  }

  /** From where they are looked at; whatever looks large becomes fine. */
  see(pose: Pose): void {
    const large: { readonly at: number; readonly seen: number }[] = [];
    for (let at = 0; at < this.all.length; at++) {
      const { position, size } = this.all[at]!;
      const away = Math.hypot(position[0] - pose.x, position[1] - pose.y, position[2] - pose.z);
      const seen = Math.max(...size) / Math.max(away, 0.1);
      if (seen > SEEN) large.push({ at, seen });
    }
    if (large.length > FINE) large.sort((a, b) => b.seen - a.seen).length = FINE;
    const fine = large.map((each) => each.at).sort((a, b) => a - b);
    if (fine.length !== this.fine.length || fine.some((at, i) => at !== this.fine[i])) this.arrange(fine);
  }

  private arrange(fine: readonly number[]): void {
    this.fine = fine;
    const chosen = new Set(fine);
    fill(
      this.near,
      fine.map((at) => this.all[at]!),
    );
    fill(
      this.far,
      this.all.filter((_, at) => !chosen.has(at)),
    );
  }

  /** The nearest that a ray meets. */
  meet(ray: Ray): { readonly id: string; readonly metres: number } | null {
    let found: { id: string; metres: number } | null = null;
    for (const { id, position, size } of this.all) {
      const metres = toEllipsoid(ray, position, size);
      if (metres !== null && (found === null || metres < found.metres)) found = { id, metres };
    }
    return found;
  }
}

function fill(many: Many, landmarks: readonly Landmark[]): void {
  many.fill(landmarks.length);
  landmarks.forEach(({ position, size, colour }, i) => {
    many.put(i, position, size, light(colour));
  });
}
