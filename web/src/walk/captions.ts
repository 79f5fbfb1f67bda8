// What is near, in words: a line that everybody sees, and the same said aloud to whoever wants it said.

import type { Box, World, Zone } from "../protocol/messages";
import { presence } from "./events";
import { edgeOf, type Pose } from "./pose";
import { type Bearing, spokenBearing } from "./telling";

/** Metres beyond which a place is only told to be far, and within which it is said. */
const FAR = 40;
const BESIDE = 12;
/** Seconds between two sentences: a walk is to be listened to. */
const REST = 4;

export interface Around {
  /** What is seen. */
  readonly line: string;
  /** What is said, a part for each thing that can be new. */
  readonly said: readonly { readonly key: string; readonly sentence: string }[];
}

/** What is around somebody who stands at `pose`; `near` is the nearest place, `areas` what they stand in. */
export function around(
  world: World,
  pose: Pose,
  near: Bearing | undefined,
  areas: readonly string[],
): Around {
  if (edgeOf(world, pose) > 0.5) {
    const end = "the end of this world";
    return { line: end, said: [{ key: end, sentence: "The end of this world." }] };
  }
  const within = areas.map((area) => ({ key: `in ${area}`, sentence: `In ${area}.` }));
  const inside = areas.length === 0 ? "" : `in ${areas.join(", ")}`;
  if (near === undefined) return { line: inside, said: within };
  const { spot, metres } = near;
  const name = spot.sounds === true ? `${spot.label}, sounding` : spot.label;
  const where = metres > FAR ? `${spot.label} is far` : `${name}, ${spokenBearing(near)}`;
  const line = inside === "" ? where : `${inside}; ${where}`;
  if (metres > BESIDE) return { line, said: within };
  return { line, said: [...within, { key: spot.id, sentence: `${where}.` }] };
}

/** The names of the zones and places with walls that somebody stands in. */
export function areasAt(zones: readonly Zone[], boxes: readonly Box[], pose: Pose): string[] {
  const zoned = zones.filter((zone) => zone.label !== "" && presence(zone, pose) > 0.5);
  const walled = boxes.filter(({ label, position: [x, y, z], size: [w, h, d] }) => {
    const [east, up, south] = [Math.abs(pose.x - x), Math.abs(pose.y - y), Math.abs(pose.z - z)];
    return label !== "" && east < w / 2 && up < h / 2 && south < d / 2;
  });
  return [...zoned, ...walled].map(({ label }) => label);
}

/** Says what is new, once, and never more often than it can be listened to. */
export class Caption {
  private known = new Set<string>();
  private since = Number.NEGATIVE_INFINITY;

  /** What is to be said now, `seconds` on any clock; null: nothing. */
  next({ said }: Around, seconds: number): string | null {
    const keys = new Set(said.map(({ key }) => key));
    for (const key of this.known) if (!keys.has(key)) this.known.delete(key);
    const fresh = said.filter(({ key }) => !this.known.has(key));
    if (fresh.length === 0 || seconds - this.since < REST) return null;
    this.since = seconds;
    this.known = keys;
    return fresh.map(({ sentence }) => sentence).join(" ");
  }
}
