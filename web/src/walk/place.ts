// A place outside and a world inside: where one is on Earth becomes where one is in the world, and back.
// A plane that touches the Earth at the anchor; a kilometre away it is off by less than a hand's breadth.

import type { Site } from "../protocol/messages";
import { turns } from "./pose";

const EQUATOR = 6_378_137; // WGS 84: metres, and eccentricity squared
const ECCENTRICITY = 0.00669437999014;
const DEGREE = Math.PI / 180;

export interface OnEarth {
  readonly latitude: number;
  readonly longitude: number;
}

/** Metres a radian, to the east and to the north, at a latitude. */
function radii(latitude: number): { readonly east: number; readonly north: number } {
  const sin = Math.sin(latitude * DEGREE);
  const bent = 1 - ECCENTRICITY * sin * sin;
  return {
    east: (EQUATOR / Math.sqrt(bent)) * Math.cos(latitude * DEGREE),
    north: (EQUATOR * (1 - ECCENTRICITY)) / bent ** 1.5,
  };
}

/** Metres from one point on Earth to another, to the east and to the north. */
export function metresBetween(from: OnEarth, to: OnEarth): { readonly east: number; readonly north: number } {
  const { east, north } = radii(from.latitude);
  let over = to.longitude - from.longitude;
  over -= 360 * Math.round(over / 360);
  return { east: over * DEGREE * east, north: (to.latitude - from.latitude) * DEGREE * north };
}

/** The point on Earth so many metres to the east and north of another. */
export function movedBy(from: OnEarth, metres: { readonly east: number; readonly north: number }): OnEarth {
  const { east, north } = radii(from.latitude);
  return {
    latitude: from.latitude + metres.north / north / DEGREE,
    longitude: from.longitude + metres.east / east / DEGREE,
  };
}

/** Where in the world somebody stands who stands there outside. */
export function inWorld(site: Site, there: OnEarth): { readonly x: number; readonly z: number } {
  const { east, north } = metresBetween(site, there);
  const heading = 2 * Math.PI * site.turn;
  const [sin, cos] = [Math.sin(heading), Math.cos(heading)];
  const [right, ahead] = [east * cos - north * sin, east * sin + north * cos];
  return { x: site.x + site.scale * right, z: site.z - site.scale * ahead };
}

/** Where outside a spot of the world lies. */
export function onEarth(site: Site, spot: { readonly x: number; readonly z: number }): OnEarth {
  const [right, ahead] = [(spot.x - site.x) / site.scale, (site.z - spot.z) / site.scale];
  const heading = 2 * Math.PI * site.turn;
  const [sin, cos] = [Math.sin(heading), Math.cos(heading)];
  return movedBy(site, { east: right * cos + ahead * sin, north: ahead * cos - right * sin });
}

/** A heading outside (turns, clockwise from north) as an azimuth of the world. */
export function azimuthIn(site: Site, heading: number): number {
  return turns(heading - site.turn);
}

/** The same place, turned about the spot where somebody stands, who then faces the world's north. */
export function facing(site: Site, heading: number, here: OnEarth): Site {
  return { ...tiedAt(site, here), turn: turns(heading) };
}

/** The same place, larger or smaller about the spot where somebody stands. */
export function scaled(site: Site, scale: number, here: OnEarth): Site {
  return { ...tiedAt(site, here), scale };
}

/** The same place, tied to the Earth where somebody stands. */
function tiedAt(site: Site, { latitude, longitude }: OnEarth): Site {
  return { ...site, latitude, longitude, ...inWorld(site, { latitude, longitude }) };
}
