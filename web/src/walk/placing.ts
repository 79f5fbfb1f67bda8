// Landmarks that place themselves: where the sound turns, and where sounds of the training lie.

import type { ModelDescription } from "../net/models";
import type { Landmark, World } from "../protocol/messages";
import { evaluate, type MappingData, prepare } from "../steer/mapping";
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
  const places = latentsOver(world, mapping, axes, model.latent.mean);
  const chosen: { at: number; index: number; miss: number }[] = [];
  const near = known.points.map((point, index) => ({ index, ...nearest(places.latents, point) }));
  for (const each of near.sort((a, b) => a.miss - b.miss)) {
    if (chosen.length >= SOUNDS) break;
    const { x, z } = places.of(each.at);
    const apart = chosen.every((other) => {
      const its = places.of(other.at);
      return Math.hypot(its.x - x, its.z - z) > Math.min(world.size[0], world.size[2]) / 7;
    });
    if (apart) chosen.push(each);
  }
  return chosen.map(({ at, index }, i) => {
    const { x, z } = places.of(at);
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

interface Places {
  readonly latents: readonly Float64Array[];
  of(at: number): { x: number; z: number };
}

function latentsOver(
  world: World,
  mapping: MappingData,
  axes: readonly { readonly id: string; readonly rest: number }[],
  base: readonly number[],
): Places {
  const ready = prepare(mapping);
  const indexOf = (id: string | null): number => axes.findIndex((axis) => axis.id === id);
  const [x, z] = [indexOf(world.axes.x), indexOf(world.axes.z)];
  const point = Float64Array.from(axes, (axis) =>
    axis.id === world.axes.y ? axisValue(world, "y", 0) : axis.rest,
  );
  const latents: Float64Array[] = [];
  for (let row = 0; row < TRIES; row++)
    for (let column = 0; column < TRIES; column++) {
      if (x >= 0) point[x] = column / (TRIES - 1);
      if (z >= 0) point[z] = 1 - row / (TRIES - 1);
      const latent = Float64Array.from({ length: ready.dims }, (_, d) => base[d] ?? 0);
      evaluate(ready, point, latent);
      latents.push(latent);
    }
  return {
    latents,
    of: (at) => ({
      x: ((at % TRIES) / (TRIES - 1) - 0.5) * world.size[0],
      z: (Math.floor(at / TRIES) / (TRIES - 1) - 0.5) * world.size[2],
    }),
  };
}

function nearest(latents: readonly Float64Array[], point: readonly number[]): { at: number; miss: number } {
  let at = 0;
  let miss = Number.POSITIVE_INFINITY;
  latents.forEach((latent, i) => {
    let sum = 0;
    for (let d = 0; d < latent.length && sum < miss; d++) sum += (latent[d]! - (point[d] ?? 0)) ** 2;
    if (sum < miss) {
      miss = sum;
      at = i;
    }
  });
  return { at, miss };
}

const round = (metres: number): number => Math.round(10 * metres) / 10;
