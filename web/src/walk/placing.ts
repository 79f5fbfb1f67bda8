// Landmarks that place themselves: where the sound turns, and where sounds of the training lie.

import type { ModelDescription } from "../net/models";
import type { Landmark, World } from "../protocol/messages";
import { type MappingData, prepare } from "../steer/mapping";
import { survey, type Terrain } from "../steer/terrain";
import { hinges } from "./land";
import { axisValue } from "./pose";

const HINGES = 9;
const SOUNDS = 12;
/** Places tried along each side when a sound is looked for. */
const TRIES = 25;
const TONES = ["#c96f4a", "#d9a441", "#5d8a7d", "#39627f", "#8a5a83"] as const;

/** A slender stele at each hinge: the sharper the turn, the taller. */
export function hingeMarks(world: World): Partial<Landmark>[] {
  const found = hinges(world, HINGES);
  const most = found[0]?.novelty ?? 1;
  return found.map(({ x, z, novelty }, i) => {
    const height = 4 + 8 * (novelty / most);
    return {
      label: `hinge ${i + 1}`,
      position: [round(x), round(height / 2 - 0.5), round(z)],
      size: [0.9, round(height), 0.9],
      stands: true,
      colour: "#a6115d",
    };
  });
}

/**
 * Sounds that the model learned from, where the map comes nearest to them: far ones are left out, and those
 * chosen lie apart in the latent space.
 */
export function soundMarks(
  world: World,
  mapping: MappingData,
  model: ModelDescription,
  axes: readonly { readonly id: string; readonly rest: number }[],
): Partial<Landmark>[] {
  const known = model.loudness;
  if (known === null || known.points.length === 0) return [];
  const terrain = ground(world, mapping, axes, model.latent.mean);
  const chosen: { at: number; index: number; miss: number }[] = [];
  const near = known.points.map((point, index) => ({ index, ...nearest(terrain, point) }));
  for (const each of near.sort((a, b) => a.miss - b.miss)) {
    if (chosen.length >= SOUNDS) break;
    const { x, z } = placeOf(world, each.at);
    const apart = chosen.every((other) => {
      const its = placeOf(world, other.at);
      return Math.hypot(its.x - x, its.z - z) > Math.min(world.size[0], world.size[2]) / 7;
    });
    if (apart) chosen.push(each);
  }
  return chosen.map(({ at, index }, i) => {
    const { x, z } = placeOf(world, at);
    const size = Math.max(0.8, Math.min(4, 4 + (known.db[index]! + 20) / 10));
    return {
      label: `sound ${i + 1}`,
      position: [round(x), round(size / 2), round(z)],
      size: [round(size), round(size), round(size)],
      stands: true,
      colour: TONES[i % TONES.length]!,
    };
  });
}

/** The latents of the whole ground, row by row from the north. */
function ground(
  world: World,
  mapping: MappingData,
  axes: readonly { readonly id: string; readonly rest: number }[],
  base: readonly number[],
): Terrain {
  const indexOf = (id: string | null): number => axes.findIndex((axis) => axis.id === id);
  const rest = axes.map((axis) => (axis.id === world.axes.y ? axisValue(world, "y", 0) : axis.rest));
  const view = { x: indexOf(world.axes.x), y: indexOf(world.axes.z), rest, columns: TRIES, rows: TRIES };
  return survey(prepare(mapping), view, base);
}

/** Where a node of the ground lies, in metres. */
function placeOf(world: World, at: number): { x: number; z: number } {
  return {
    x: ((at % TRIES) / (TRIES - 1) - 0.5) * world.size[0],
    z: (Math.floor(at / TRIES) / (TRIES - 1) - 0.5) * world.size[2],
  };
}

function nearest({ latents, dims }: Terrain, point: readonly number[]): { at: number; miss: number } {
  let at = 0;
  let miss = Number.POSITIVE_INFINITY;
  for (let node = 0; node < TRIES * TRIES; node++) {
    let sum = 0;
    for (let d = 0; d < dims && sum < miss; d++) sum += (latents[node * dims + d]! - (point[d] ?? 0)) ** 2;
    if (sum < miss) {
      miss = sum;
      at = node;
    }
  }
  return { at, miss };
}

const round = (metres: number): number => Math.round(10 * metres) / 10;
