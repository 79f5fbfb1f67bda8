// Who else walks here, and where they are right now: poses come 15 times a second at best, and are gone through
// as one walks, from where somebody was seen to where they are said to be.

import type { Shares } from "../net/poses";
import type { RoomWalker, World } from "../protocol/messages";
import { type Pose, turns } from "./pose";

/** A pose is gone towards in as long as it took to come, and a little more. */
const PATIENCE = 1.15;
const SHORTEST = 1 / 15;
const LONGEST = 1.2;
/** Whoever is farther from where they were than this, and more, did not walk there. */
const STRIDE = 25;
/** Metres a second, at the world's pace of 1. */
const FASTEST = 14;

/** Somebody, as they are seen. */
export interface Other {
  readonly who: RoomWalker;
  /** Where they are now. */
  readonly pose: Pose;
  /** 0 gone, 1 wholly there: they come and go softly. */
  presence: number;
  /** Seconds that they have not moved. */
  still: number;
}

interface Known extends Other {
  who: RoomWalker;
  from: Pose;
  to: Pose | null;
  /** When `to` was told. */
  told: number;
  seconds: number;
}

const nowhere = (): Pose => ({ x: 0, y: 0, z: 0, azimuth: 0, elevation: 0 });

/** Shares of the world as metres and turns. */
export function poseOf(world: World, at: Shares): Pose {
  const [w, h, d] = world.size;
  return {
    x: (at.x - 0.5) * w,
    y: (at.y - 0.5) * h,
    z: (at.z - 0.5) * d,
    azimuth: at.azimuth,
    elevation: at.elevation,
  };
}

/** Metres and turns as shares of the world. */
export function sharesOf(world: World, pose: Pose): Shares {
  const [w, h, d] = world.size;
  return {
    x: pose.x / w + 0.5,
    y: pose.y / h + 0.5,
    z: pose.z / d + 0.5,
    azimuth: pose.azimuth,
    elevation: pose.elevation,
  };
}

export class Company {
  private readonly known = new Map<number, Known>();
  /** The walker of this page. */
  me = -1;

  /** Everybody anew. */
  joined(me: number, walkers: readonly RoomWalker[]): void {
    this.me = me;
    const here = new Set(walkers.map((each) => each.id));
    for (const id of this.known.keys()) if (!here.has(id)) this.known.delete(id);
    for (const each of walkers) this.came(each);
  }

  /** Somebody came, or is called something else. True: they were not here before. */
  came(who: RoomWalker): boolean {
    const before = this.known.get(who.id);
    if (before !== undefined) {
      before.who = who;
      return false;
    }
    const fresh = { pose: nowhere(), presence: 0, still: 0, from: nowhere(), to: null, told: 0, seconds: 1 };
    this.known.set(who.id, { who, ...fresh });
    return true;
  }

  left(id: number): RoomWalker | null {
    const who = this.known.get(id)?.who ?? null;
    this.known.delete(id);
    return who;
  }

  get(id: number): RoomWalker | null {
    return this.known.get(id)?.who ?? null;
  }

  get walkers(): RoomWalker[] {
    return [...this.known.values()].map((each) => each.who);
  }

  /** Somebody is said to be there, `now` in seconds. */
  told(id: number, to: Pose, now: number, pace: number): void {
    const one = this.known.get(id);
    if (one === undefined) return;
    const gap = now - one.told;
    const metres =
      one.to === null
        ? Number.POSITIVE_INFINITY
        : Math.hypot(to.x - one.pose.x, to.y - one.pose.y, to.z - one.pose.z);
    if (metres > STRIDE + FASTEST * pace * Math.min(gap, LONGEST)) {
      Object.assign(one.pose, to);
      one.presence = 0;
    }
    one.from = { ...one.pose };
    one.to = to;
    one.told = now;
    one.seconds = PATIENCE * Math.min(LONGEST, Math.max(SHORTEST, gap));
    one.still = 0;
  }

  /** Let time pass. */
  step(now: number, passed: number): void {
    for (const one of this.known.values()) {
      if (one.to === null) continue;
      const share = Math.min(1, (now - one.told) / one.seconds);
      between(one.from, one.to, share, one.pose);
      one.still = share < 1 ? 0 : one.still + passed;
      const wanted = one.who.away ? 0.35 : 1;
      one.presence += (wanted - one.presence) * (1 - Math.exp(-passed / 0.4));
    }
  }

  /** Everybody but the walker of this page who has been seen. */
  others(): readonly Other[] {
    return [...this.known.values()].filter((each) => each.who.id !== this.me && each.to !== null);
  }

  clear(): void {
    this.known.clear();
    this.me = -1;
  }
}

/** On the way from one pose to another; heads turn the shorter way. */
function between(from: Pose, to: Pose, share: number, into: Pose): void {
  into.x = from.x + share * (to.x - from.x);
  into.y = from.y + share * (to.y - from.y);
  into.z = from.z + share * (to.z - from.z);
  const turn = turns(to.azimuth - from.azimuth + 0.5) - 0.5;
  into.azimuth = turns(from.azimuth + share * turn);
  into.elevation = from.elevation + share * (to.elevation - from.elevation);
}
