// What moves axes besides the walker: time, the places one enters, and the places one has been to.

import type { Cycle, Memory, Zone } from "../protocol/messages";
import type { Pose } from "./pose";

const DAY = 86_400;

/** Value of a cycle's axis. `seconds` since the walk began; `now` the local time of the day, in seconds. */
export function cycleValue(cycle: Cycle, seconds: number, now: number): number {
  const phase = ((cycle.clock ? now % DAY : seconds) / cycle.seconds) % 1;
  const share =
    cycle.wave === "rise"
      ? phase
      : cycle.wave === "triangle"
        ? 1 - Math.abs(2 * phase - 1)
        : 0.5 - 0.5 * Math.cos(2 * Math.PI * phase);
  return cycle.low + (cycle.high - cycle.low) * share;
}

/** Seconds since midnight, here. */
export function clockOfDay(date: Date): number {
  return date.getHours() * 3600 + date.getMinutes() * 60 + date.getSeconds() + date.getMilliseconds() / 1000;
}

/** How much one is inside a zone, 0..1. */
export function presence(zone: Zone, pose: Pose): number {
  const [w, h, d] = zone.size;
  const [x, y, z] = zone.position;
  const out = Math.hypot((pose.x - x) / (w / 2), (pose.y - y) / (h / 2), (pose.z - z) / (d / 2));
  if (zone.fade <= 0) return out <= 1 ? 1 : 0;
  // Metres to the border, as the zone is wide on average.
  const inside = ((1 - out) * Math.cbrt(w * h * d)) / 2;
  return Math.min(1, Math.max(0, 0.5 + inside / zone.fade));
}

/** Every axis that zones move: where several zones share one, the one that is most present decides. */
export function eachZone(
  zones: readonly Zone[],
  pose: Pose,
  rest: (axis: string) => number,
  tell: (axis: string, value: number) => void,
): void {
  const seen = new Set<string>();
  for (const { axis } of zones) {
    if (axis === "" || seen.has(axis)) continue;
    seen.add(axis);
    let most = 0;
    let value = rest(axis);
    for (const zone of zones) {
      const here = zone.axis === axis ? presence(zone, pose) : 0;
      if (here <= most) continue;
      most = here;
      value = rest(axis) + here * (zone.value - rest(axis));
    }
    tell(axis, value);
  }
}

/** The places that have been stood in. Each fades by half in `forgets` seconds. */
export class Visits {
  private readonly cells = new Map<string, { known: number; at: number }>();

  constructor(private readonly memory: Memory) {}

  /** Stand somewhere for a moment; how well this place is known now, 0..1. */
  stand(pose: Pose, seconds: number, now: number): number {
    const key = this.keyOf(pose.x, pose.z);
    const known = Math.min(1, this.known(key, now) + seconds / this.memory.seconds);
    this.cells.set(key, { known, at: now });
    return known;
  }

  /** How well a place is known, smooth between the middles of its cells. */
  at(x: number, z: number, now: number): number {
    const { cell } = this.memory;
    const [u, v] = [x / cell - 0.5, z / cell - 0.5];
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const [a, b] = [u - i, v - j];
    const known = (di: number, dj: number): number => this.known(`${i + di},${j + dj}`, now);
    return (
      (known(0, 0) * (1 - a) + known(1, 0) * a) * (1 - b) + (known(0, 1) * (1 - a) + known(1, 1) * a) * b
    );
  }

  /** As plain numbers, for keeping: [column, row, known, seconds] of each place. */
  keep(now: number): [string, number][] {
    return [...this.cells.keys()]
      .map((key): [string, number] => [key, Math.round(1000 * this.known(key, now)) / 1000])
      .filter(([, known]) => known >= 0.01);
  }

  restore(kept: readonly (readonly [string, number])[], then: number): void {
    for (const [key, known] of kept)
      if (/^-?\d+,-?\d+$/.test(key) && known > 0 && known <= 1) this.cells.set(key, { known, at: then });
  }

  private known(key: string, now: number): number {
    const cell = this.cells.get(key);
    return cell === undefined ? 0 : cell.known * 0.5 ** (Math.max(0, now - cell.at) / this.memory.forgets);
  }

  private keyOf(x: number, z: number): string {
    return `${Math.floor(x / this.memory.cell)},${Math.floor(z / this.memory.cell)}`;
  }
}
