// The learned map as something to draw, surveyed by a worker: a rough chart at once, the fine one when
// there is time, nothing on the thread that follows the pointer.

import type { ModelDescription } from "../net/models";
import type { SafetyMap } from "../protocol/messages";
import type { Contour } from "./contours";
import type { MappingData } from "./mapping";

/** What a pad shows of the map. Grids have rows x columns nodes, the outer ones on the edges, row 0 at the top. */
export interface Relief {
  readonly columns: number;
  readonly rows: number;
  /** RGBA of every node. */
  readonly ground: Uint8ClampedArray<ArrayBuffer>;
  readonly isobaths: readonly Contour[];
  readonly step: number; // dB between isobaths
  /** dBFS; null where the model does not say. */
  readonly loudness: Float32Array | null;
  /** From here on it is loud for this model, dBFS. */
  readonly loudFrom: number;
  /** Measured by playing the voice silently; null until it has been. */
  readonly dangers: Dangers | null;
  /** 1 = the edge of what the model knows. */
  readonly remoteness: Float32Array;
  /** 0..1; null where the algorithm cannot tell. */
  readonly uncertainty: Float32Array | null;
  /** Where a demonstration would teach most, on this pad's two axes. */
  readonly next: { readonly x: number; readonly y: number } | null;
}

/** Where it is louder or rougher than the demonstrations around a place lead one to expect. */
export interface Dangers {
  /** LU louder than the place may be; 0 and below: as expected. */
  readonly loud: Float32Array;
  /** Asper rougher. */
  readonly rough: Float32Array;
  /** Around what is loud. */
  readonly lines: readonly Contour[];
}

export interface Look {
  readonly mapping: MappingData | null;
  readonly model: ModelDescription | null;
  readonly safety: SafetyMap | null;
  readonly x: number;
  readonly y: number;
  /** Where the other axes lie. */
  readonly rest: ArrayLike<number>;
  /** What the dimensions have that the map leaves alone. */
  readonly base: readonly number[];
  readonly demonstrations: readonly (readonly number[])[];
  readonly dark: boolean;
  readonly uncertainty: boolean;
}

/** To the worker. The model and the mapping are sent once each and known by number afterwards. */
export interface Order {
  readonly number: number;
  readonly model: { readonly key: number; readonly value: ModelDescription | null };
  readonly mapping: { readonly key: number; readonly value: MappingData | null };
  readonly safety: { readonly key: number; readonly value: SafetyMap | null; readonly same: boolean };
  readonly look: Omit<Look, "mapping" | "model" | "safety" | "rest"> & { readonly rest: Float64Array };
}

export interface Chart {
  readonly number: number;
  readonly relief: Relief | null;
}

export class ReliefSurvey {
  relief: Relief | null = null;
  private worker: Worker | null = null;
  private number = 0;
  private model: ModelDescription | null = null;
  private modelKey = 0;
  private mapping: MappingData | null = null;
  private mappingKey = 0;
  private safety: SafetyMap | null = null;
  private safetyKey = 0;
  private last = "";

  /** `done` is called when there is another relief to draw. */
  constructor(private readonly done: () => void) {}

  look(look: Look): void {
    const { mapping, model } = look;
    if (mapping === null || model === null || look.x < 0 || look.y < 0) {
      this.number++;
      this.last = "";
      if (this.relief === null) return;
      this.relief = null;
      this.done();
      return;
    }
    const sameModel = model === this.model;
    const sameMapping = mapping === this.mapping;
    const sameSafety = look.safety === this.safety;
    const others = Array.from(look.rest, (value, i) => (i === look.x || i === look.y ? 0 : value));
    const key = JSON.stringify([look.x, look.y, others, look.base, look.dark, look.uncertainty]);
    if (sameModel && sameMapping && sameSafety && key === this.last) return;
    this.last = key;
    if (!sameModel) this.modelKey++;
    if (!sameMapping) this.mappingKey++;
    if (!sameSafety) this.safetyKey++;
    this.model = model;
    this.mapping = mapping;
    this.safety = look.safety;
    const order: Order = {
      number: ++this.number,
      model: { key: this.modelKey, value: sameModel ? null : model },
      mapping: { key: this.mappingKey, value: sameMapping ? null : mapping },
      safety: { key: this.safetyKey, value: sameSafety ? null : look.safety, same: sameSafety },
      look: {
        ...look,
        rest: Float64Array.from(look.rest),
        ...{ mapping: undefined, model: undefined, safety: undefined },
      },
    };
    this.post(order);
  }

  private post(order: Order): void {
    if (this.worker === null) {
      this.worker = new Worker(new URL("./relief-worker.ts", import.meta.url), { type: "module" });
      this.worker.onmessage = (event: MessageEvent<Chart>) => {
        if (event.data.number !== this.number) return;
        this.relief = event.data.relief;
        this.done();
      };
    }
    this.worker.postMessage(order);
  }

  stop(): void {
    this.worker?.terminate();
    this.worker = null;
    this.model = null;
    this.mapping = null;
    this.safety = null;
    this.last = "";
  }
}
