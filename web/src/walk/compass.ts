// How a phone is held, as a direction one looks in. A phone held up is a window: one looks out of its back.
// A phone that lies in the hand is a map: one looks ahead, where its upper edge points.

import { turns } from "./pose";

const DEGREE = Math.PI / 180;
/** Seconds over which the needle comes to rest. */
const EASE = 0.12;
/** Seconds over which an unsure north is believed. */
const NORTHING = 4;
/** Sine of how far down a phone looks that begins to lie in the hand, and one that does. */
const [RAISED, LYING] = [-0.77, -0.97];
/** A compass can be trusted for the upper edge while that is not steeper than this (degrees). */
const LEVEL = 50;

export interface Held {
  /** Degrees, as the browser gives them (W3C Device Orientation). */
  readonly alpha: number | null;
  readonly beta: number | null;
  readonly gamma: number | null;
}

export interface Direction {
  /** Turns, clockwise from what alpha calls north. */
  readonly azimuth: number;
  /** Turns: 0 level, up to 0.25. */
  readonly elevation: number;
}

type Vector = readonly [east: number, north: number, up: number];

/** Where a phone looks whose screen is turned by `screen` degrees. */
export function directionOf(held: Held, screen: number): Direction {
  const [a, b, g] = [held.alpha ?? 0, held.beta ?? 0, held.gamma ?? 0].map((each) => each * DEGREE) as [
    number,
    number,
    number,
  ];
  const [sa, ca, sb, cb, sg, cg] = [
    Math.sin(a),
    Math.cos(a),
    Math.sin(b),
    Math.cos(b),
    Math.sin(g),
    Math.cos(g),
  ];
  // The axes of the device in east, north and up: turned about z by alpha, x by beta, y by gamma.
  const right: Vector = [ca * cg - sa * sb * sg, sa * cg + ca * sb * sg, -cb * sg];
  const top: Vector = [-sa * cb, ca * cb, sb];
  const back: Vector = [-(ca * sg + sa * sb * cg), ca * sb * cg - sa * sg, -cb * cg];
  const [so, co] = [Math.sin(screen * DEGREE), Math.cos(screen * DEGREE)];
  const edge = [0, 1].map((i) => so * right[i]! + co * top[i]!) as [number, number];
  // Held up, the back points ahead and the edge up; lying, the edge ahead and the back down.
  const east = back[0] + edge[0];
  const north = back[1] + edge[1];
  const lying = Math.min(1, Math.max(0, (RAISED - back[2]) / (RAISED - LYING)));
  const elevation = (Math.asin(Math.max(-1, Math.min(1, back[2]))) / (2 * Math.PI)) * (1 - lying);
  return { azimuth: turns(Math.atan2(east, north) / (2 * Math.PI)), elevation };
}

/** The shortest way from one azimuth to another, in turns. */
export function between(from: number, to: number): number {
  const way = to - from;
  return way - Math.round(way);
}

/** A needle that comes to rest, and knows whether north is north. */
export class Compass {
  /** Clockwise from north, in turns; null: no sensor has spoken. */
  heading: number | null = null;
  elevation = 0;
  /** Whether `heading` counts from north, or from wherever the phone was switched on. */
  north = false;
  /** What is added to the sensor's own azimuth. */
  private offset: number | null = null;
  private heard = 0;

  /** The sensor spoke. `absolute`: alpha counts from north; `compass`: degrees of an iPhone's. */
  hear(held: Held, screen: number, absolute: boolean, compass: number | null, now: number): void {
    if (held.alpha === null || held.beta === null) return;
    const { azimuth, elevation } = directionOf(held, screen);
    const dt = Math.min(1, Math.max(0.001, now - this.heard));
    this.heard = now;
    if (absolute) {
      this.offset = 0;
      this.north = true;
    } else if (compass !== null && Math.abs(held.beta) < LEVEL) {
      // Its upper edge points there; what alpha says of the same edge differs by the offset.
      const off = between(turns(-held.alpha / 360), compass / 360);
      const believe = this.north ? 1 - Math.exp(-dt / NORTHING) : 1;
      this.offset = this.offset === null ? off : this.offset + believe * between(this.offset, off);
      this.north = true;
    }
    const seen = turns(azimuth + (this.offset ?? 0));
    if (this.heading === null) {
      this.heading = seen;
      this.elevation = elevation;
      return;
    }
    const follow = 1 - Math.exp(-dt / EASE);
    this.heading = turns(this.heading + follow * between(this.heading, seen));
    this.elevation += follow * (elevation - this.elevation);
  }
}
