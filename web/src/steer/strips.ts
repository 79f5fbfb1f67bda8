// The learned map along single axes: what each fader would reach if it alone were moved from here.

import type { ModelDescription } from "../net/models";
import { type Colouring, colouringOf, DARK, LIGHT, paint } from "./colouring";
import { evaluate, type MappingData, type Prepared, prepare } from "./mapping";

export interface Along {
  readonly mapping: MappingData;
  readonly model: ModelDescription;
  /** Which axes, by index. */
  readonly axes: readonly number[];
  /** Where all axes are now. */
  readonly here: ArrayLike<number>;
  /** What the dimensions have that the map leaves alone. */
  readonly base: ArrayLike<number>;
  readonly dark: boolean;
}

/** Colours that all strips share, and that stay as they were while the map changes. */
export class Strips {
  private colouring: Colouring | null = null;
  private mapping: MappingData | null = null;
  private model: ModelDescription | null = null;
  private prepared: Prepared | null = null;

  /** RGBA of `nodes` places along each axis, its far end (1) first; null for a mapping that cannot be read. */
  colours(along: Along, nodes: number): Uint8ClampedArray<ArrayBuffer>[] | null {
    const prepared = this.understood(along.mapping);
    if (prepared === null || prepared.axes !== along.here.length) return null;
    if (this.model !== along.model) this.colouring = null;
    this.model = along.model;
    const { dims } = prepared;
    const latents = new Float64Array(along.axes.length * nodes * dims);
    const point = Float64Array.from(along.here);
    const latent = new Float64Array(dims);
    let at = 0;
    for (const axis of along.axes) {
      for (let k = 0; k < nodes; k++, at += dims) {
        point[axis] = 1 - k / (nodes - 1);
        for (let d = 0; d < dims; d++) latent[d] = along.base[d] ?? 0;
        evaluate(prepared, point, latent);
        latents.set(latent, at);
      }
      point[axis] = along.here[axis]!;
    }
    const colouring = colouringOf(latents, dims, this.colouring, along.model.latent.mean);
    this.colouring = colouring;
    return along.axes.map((_, i) => {
      const rgba = new Uint8ClampedArray(4 * nodes);
      const part = latents.subarray(i * nodes * dims, (i + 1) * nodes * dims);
      paint(part, colouring, along.dark ? DARK : LIGHT, rgba);
      return rgba;
    });
  }

  private understood(mapping: MappingData): Prepared | null {
    if (mapping === this.mapping) return this.prepared;
    this.mapping = mapping;
    try {
      this.prepared = prepare(mapping);
    } catch {
      this.prepared = null; // the sound says so; there is nothing to draw
    }
    return this.prepared;
  }
}
