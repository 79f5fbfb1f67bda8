// A body in the world: what is wished for becomes movement, with the little inertia that makes it a walk.

import type { World } from "../protocol/messages";
import { EYES, type Pose, startOf, turns } from "./pose";

/** What the walker wants, from whatever hands, keys or sticks: each -1..1. */
export interface Wish {
  forward: number;
  right: number;
  up: number;
  /** Turning by keys or stick, clockwise. */
  turn: number;
  /** Looking up, by keys or stick. */
  tilt: number;
  /** 1 walking; more runs, less creeps. */
  pace: number;
}

export const STILL: Readonly<Wish> = { forward: 0, right: 0, up: 0, turn: 0, tilt: 0, pace: 1 };

/** Seconds until a wish is followed (time constant). */
const EASE = 0.14;
const TURN_SPEED = 0.28; // turns a second
const TILT_SPEED = 0.18;
/** Metres, and turns, a second that are no movement any more. */
const AT_REST = 2e-3;
const HIGHEST_TILT = 0.245;
/** A page that was asleep must not leap. */
const LONGEST_STEP = 0.1;

export class Walker {
  readonly pose: Pose;
  private readonly velocity = { x: 0, y: 0, z: 0, turn: 0, tilt: 0 };
  /** Height of the ground, in metres; the walker's eyes are never lower than EYES above it. */
  ground: (x: number, z: number) => number = () => 0;
  /** Leaves the ground: looking up and going forward climbs. */
  flies = false;

  constructor(world: World) {
    this.pose = startOf(world);
  }

  /** Metres a second. */
  get speed(): number {
    const { x, y, z } = this.velocity;
    return Math.hypot(x, y, z);
  }

  /** Turn the head at once: a mouse, a finger, a phone. */
  look(turn: number, tilt: number): void {
    this.pose.azimuth = turns(this.pose.azimuth + turn);
    this.pose.elevation = clamp(this.pose.elevation + tilt, -HIGHEST_TILT, HIGHEST_TILT);
  }

  /** Stand somewhere else, still. */
  goTo(pose: Partial<Pose>): void {
    Object.assign(this.pose, pose);
    Object.assign(this.velocity, { x: 0, y: 0, z: 0, turn: 0, tilt: 0 });
  }

  /** Let `seconds` pass; true while anything moves. */
  step(world: World, wish: Wish, seconds: number): boolean {
    const { pose, velocity } = this;
    const dt = Math.min(LONGEST_STEP, Math.max(0, seconds));
    const follow = 1 - Math.exp(-dt / EASE);
    const pace = world.speed * wish.pace;
    const length = Math.max(1, Math.hypot(wish.forward, wish.right, wish.up));
    const heading = 2 * Math.PI * pose.azimuth;
    const climb = this.flies ? 2 * Math.PI * pose.elevation : 0;
    const level = Math.cos(climb);
    const [sin, cos] = [Math.sin(heading), Math.cos(heading)];
    const wanted = {
      x: (wish.forward * level * sin + wish.right * cos) * (pace / length),
      z: (-wish.forward * level * cos + wish.right * sin) * (pace / length),
      y: (wish.up + wish.forward * Math.sin(climb)) * (pace / length),
      turn: wish.turn * TURN_SPEED,
      tilt: wish.tilt * TILT_SPEED,
    };
    for (const part of ["x", "y", "z", "turn", "tilt"] as const) {
      velocity[part] += (wanted[part] - velocity[part]) * follow;
      if (wanted[part] === 0 && Math.abs(velocity[part]) < AT_REST) velocity[part] = 0;
    }
    this.look(velocity.turn * dt, velocity.tilt * dt);
    pose.x += velocity.x * dt;
    pose.z += velocity.z * dt;
    if (this.flies) pose.y += velocity.y * dt;
    this.keepInside(world, follow);
    return this.speed > 0 || velocity.turn !== 0 || velocity.tilt !== 0;
  }

  /** Never out of the world, never under the ground; whoever does not fly stands on it. */
  private keepInside(world: World, follow: number): void {
    const { pose } = this;
    const [width, height, depth] = world.size;
    pose.x = clamp(pose.x, -width / 2, width / 2);
    pose.z = clamp(pose.z, -depth / 2, depth / 2);
    const feet = world.ground.shown ? this.ground(pose.x, pose.z) + EYES : -height / 2;
    if (this.flies) pose.y = clamp(pose.y, Math.max(-height / 2, feet), height / 2);
    else pose.y += (Math.min(feet, height / 2) - pose.y) * follow;
  }
}

function clamp(x: number, low: number, high: number): number {
  return x < low ? low : x > high ? high : x;
}
