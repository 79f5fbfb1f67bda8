// What a walker who does not look is told: where they are, what is near, and where it lies.

import type { World } from "../protocol/messages";
import { type Pose, turns } from "./pose";

/** Something with a name that one can walk to. */
export interface Spot {
  readonly id: string;
  readonly kind: "landmark" | "demonstration" | "walker";
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** It carries a sound of its own. */
  readonly sounds?: boolean;
}

export interface Bearing {
  readonly spot: Spot;
  readonly metres: number;
  /** Turns clockwise from where one looks: -0.5 .. 0.5. */
  readonly turn: number;
}

/** Every spot, the nearest first. */
export function bearings(spots: readonly Spot[], pose: Pose): Bearing[] {
  return spots
    .map((spot) => {
      const [dx, dy, dz] = [spot.x - pose.x, spot.y - pose.y, spot.z - pose.z];
      const ahead = turns(Math.atan2(dx, -dz) / (2 * Math.PI) - pose.azimuth);
      return { spot, metres: Math.hypot(dx, dy, dz), turn: ahead > 0.5 ? ahead - 1 : ahead };
    })
    .sort((a, b) => a.metres - b.metres);
}

const WAYS = [
  "ahead",
  "ahead to the right",
  "to the right",
  "behind to the right",
  "behind",
  "behind to the left",
  "to the left",
  "ahead to the left",
] as const;

/** "12 metres, ahead to the left" */
export function spokenBearing({ metres, turn }: Bearing): string {
  if (metres < 1.5) return "here";
  const way = WAYS[Math.round(turns(turn) * 8) % 8]!;
  return `${metres < 10 ? metres.toFixed(0) : Math.round(metres / 5) * 5} metres, ${way}`;
}

const WINDS = [
  "north",
  "north-east",
  "east",
  "south-east",
  "south",
  "south-west",
  "west",
  "north-west",
] as const;

export function wind(azimuth: number): string {
  return WINDS[Math.round(turns(azimuth) * 8) % 8]!;
}

/** Where one is, in a sentence. */
export function whereabouts(world: World, pose: Pose, near: readonly Bearing[]): string {
  const parts = [`Looking ${wind(pose.azimuth)}`];
  if (world.axes.y !== null) parts.push(`${Math.round(pose.y)} metres up`);
  const first = near[0];
  const what =
    first === undefined
      ? "Nothing is marked in this world."
      : `Nearest: ${first.spot.label}, ${spokenBearing(first)}.`;
  return `${parts.join(", ")}. ${what}`;
}
