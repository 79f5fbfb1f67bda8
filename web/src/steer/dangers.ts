// The worst places of a voice's safety map, in words.

import type { Demonstration, Piece, SafetyMap, Voice } from "../protocol/messages";
import { fitsTogether } from "./foresight";

export interface Place {
  /** One value per axis, 0..1. */
  readonly point: readonly number[];
  readonly lufs: number;
  /** LU louder than it may be, by the demonstrations around it. */
  readonly over: number;
  readonly asper: number;
  /** dB, 0 or negative: what foresight takes off in full. */
  readonly trim: number;
}

/** Worst places first, none nearer than APART to a worse one; at most `count`. */
export function worst(map: SafetyMap, by: "loud" | "rough", count: number): Place[] {
  if (!fitsTogether(map)) return [];
  const score =
    by === "loud"
      ? (i: number) => map.loudness[i]! - map.loud_from[i]!
      : (i: number) => map.roughness[i]! - map.rough_from;
  const order = map.loudness
    .map((_, i) => i)
    .filter((i) => score(i) > 0)
    .sort((a, b) => score(b) - score(a));
  const found: Place[] = [];
  for (const i of order) {
    const point = placeOf(map, i);
    if (found.some((other) => near(other.point, point))) continue;
    found.push({
      point,
      lufs: map.loudness[i]! / 10,
      over: (map.loudness[i]! - map.loud_from[i]!) / 10,
      asper: map.roughness[i]! / 100,
      trim: map.trim[i]! / 10,
    });
    if (found.length === count) break;
  }
  return found;
}

const APART = 0.15;

function near(a: readonly number[], b: readonly number[]): boolean {
  return Math.hypot(...a.map((value, i) => value - b[i]!)) < APART;
}

function placeOf(map: SafetyMap, node: number): number[] {
  if (map.shape.length === 0) return map.points[node]!.map((value) => value / 1000);
  const point: number[] = [];
  let left = node;
  for (let a = map.axes - 1; a >= 0; a--) {
    const count = map.shape[a]!;
    point.unshift((left % count) / (count - 1));
    left = Math.floor(left / count);
  }
  return point;
}

/** The label of the nearest demonstration that has one. */
export function nearest(demonstrations: readonly Demonstration[], point: readonly number[]): string | null {
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const d of demonstrations) {
    const away = Math.hypot(...point.map((value, i) => value - (d.point[i] ?? 0.5)));
    if (d.label !== "" && away < least) {
      least = away;
      best = d.label;
    }
  }
  return best;
}

/** "along 80, across 15". */
export function placeTold(piece: Piece, point: readonly number[]): string {
  return point.map((value, i) => `${piece.axes[i]?.name ?? "axis"} ${Math.round(100 * value)}`).join(", ");
}

/** What a screen reader says of the layer. */
export function dangersTold(piece: Piece, voice: Voice): string {
  if (voice.safety === null) return "";
  const [loud] = worst(voice.safety, "loud", 1);
  const [rough] = worst(voice.safety, "rough", 1);
  if (loud === undefined && rough === undefined)
    return "No place is measured to be louder or rougher than expected.";
  const told: string[] = [];
  const by = (place: Place): string => {
    const label = nearest(voice.demonstrations, place.point);
    return `${placeTold(piece, place.point)}${label === null ? "" : `, near ${label}`}`;
  };
  if (loud !== undefined)
    told.push(`Loudest beyond what is expected: ${by(loud)}, by ${loud.over.toFixed(0)} loudness units.`);
  if (rough !== undefined) told.push(`Roughest: ${by(rough)}.`);
  return told.join(" ");
}
