// Axes moved by controllers beside the page: the server says where they are. A hand on the page goes before
// them; once it is lifted, the next move of the controller, and no tremble, takes its axis over in a short glide.

import type { Performer } from "./performer";

export const GLIDE_MS = 80;
const TICK_MS = 8;
/** So far apart, hand and controller are not at the same place. */
const APART = 0.02;

interface Lane {
  /** Where the controller is. */
  told: number;
  /** Where it left the axis last. */
  put: number;
  /** How far the axis was from the controller when it took over, and when that was. */
  offset: number;
  since: number;
}

export class Outside {
  private readonly lanes = new Map<string, Lane>();
  /** Where controllers were when something else took their axes. */
  private readonly left = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly performer: Performer,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Controllers moved these axes. */
  moved(axes: readonly string[], values: readonly number[]): void {
    const now = this.now();
    axes.forEach((axis, k) => {
      const told = values[k]!;
      if (!(told >= 0 && told <= 1) || this.performer.indexOf(axis) < 0) return;
      const at = this.performer.at(axis);
      const before = this.lanes.get(axis);
      if (before !== undefined && (this.performer.isHeld(axis) || Math.abs(at - before.put) > APART))
        this.leave(axis, before);
      if (this.performer.isHeld(axis)) {
        if (!this.left.has(axis)) this.left.set(axis, told);
        return;
      }
      if (Math.abs(told - (this.left.get(axis) ?? Number.POSITIVE_INFINITY)) <= APART) return;
      this.left.delete(axis);
      const lane = this.lanes.get(axis);
      if (lane === undefined) this.lanes.set(axis, { told, put: at, offset: at - told, since: now });
      else lane.told = told;
    });
    this.step();
  }

  private leave(axis: string, lane: Lane): void {
    this.lanes.delete(axis);
    this.left.set(axis, lane.told);
  }

  private step(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const now = this.now();
    const axes: string[] = [];
    const values: number[] = [];
    let gliding = false;
    for (const [axis, lane] of this.lanes) {
      if (this.performer.isHeld(axis)) {
        this.leave(axis, lane);
        continue;
      }
      const done = Math.min(1, (now - lane.since) / GLIDE_MS);
      if (done >= 1) lane.offset = 0;
      const left = 1 - done * done * (3 - 2 * done);
      const value = lane.told + left * lane.offset;
      if (lane.offset !== 0) gliding = true;
      if (value === lane.put) continue;
      lane.put = value;
      axes.push(axis);
      values.push(value);
    }
    if (axes.length > 0) this.performer.setMany(axes, values);
    if (gliding) this.timer = setTimeout(() => this.step(), TICK_MS);
  }
}
