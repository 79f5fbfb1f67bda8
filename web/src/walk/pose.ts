// Where a walker is, and which axes of the piece that moves. Metres and turns, as protocol/world.py has them.

import type { World } from "../protocol/messages";

export interface Pose {
  x: number;
  y: number;
  z: number;
  /** Turns, 0..1: 0 north, 0.25 east. */
  azimuth: number;
  /** Turns, -0.25 (straight down) .. 0.25 (straight up). */
  elevation: number;
}

export { EYES } from "../audio/ground";

export function startOf(world: World): Pose {
  const [x, y, z] = world.start;
  return { x, y, z, azimuth: turns(world.facing), elevation: 0 };
}

/** Any turn as 0..1. */
export function turns(value: number): number {
  const rest = value % 1;
  return rest < 0 ? rest + 1 : rest;
}

/** A coordinate as the value of its axis: the middle of the world is 0.5; north (-z) is 1. */
export function axisValue(world: World, part: "x" | "y" | "z", metres: number): number {
  const size = world.size[part === "x" ? 0 : part === "y" ? 1 : 2];
  return 0.5 + (part === "z" ? -metres : metres) / size;
}

/** The coordinate at which an axis has this value. */
export function coordinate(world: World, part: "x" | "y" | "z", value: number): number {
  const size = world.size[part === "x" ? 0 : part === "y" ? 1 : 2];
  return (value - 0.5) * size * (part === "z" ? -1 : 1);
}

const PARTS = ["x", "y", "z", "azimuth", "elevation"] as const;
export type PosePart = (typeof PARTS)[number];

/** Tell every axis that the pose moves where it is now. */
export function eachAxis(world: World, pose: Pose, tell: (axis: string, value: number) => void): void {
  for (const part of PARTS) {
    const axis = world.axes[part];
    if (axis === null) continue;
    if (part === "azimuth") tell(axis, pose.azimuth);
    else if (part === "elevation") tell(axis, 2 * pose.elevation + 0.5);
    else tell(axis, axisValue(world, part, pose[part]));
  }
}

/** The pose that a gesture is, on the axes that the world has; the rest stays as it is. */
export function takePose(world: World, at: (axis: string) => number | null, into: Pose): void {
  for (const part of PARTS) {
    const axis = world.axes[part];
    const value = axis === null ? null : at(axis);
    if (value === null) continue;
    if (part === "azimuth") into.azimuth = turns(value);
    else if (part === "elevation") into.elevation = (value - 0.5) / 2;
    else into[part] = coordinate(world, part, value);
  }
}

/** How near the walker is to the end of the world: 0 inside, 1 on its edge. */
export function edgeOf(world: World, pose: Pose): number {
  let nearest = 0;
  for (const part of ["x", "y", "z"] as const) {
    if (world.axes[part] === null) continue;
    nearest = Math.max(nearest, Math.abs(2 * axisValue(world, part, pose[part]) - 1));
  }
  return Math.min(1, Math.max(0, (nearest - 0.85) / 0.15));
}
