// Where voices and sounds stand in a world, and what its places do to them: the kernel's second module
// (kernel/space/space.h), fetched for a world and laid into the memory of the first. The same is told to it
// by src/isobath/engine/space.py, so that a take sounds the same here and there.

import type { Arena } from "./arena";
import { EYES, type Ground, heightOf } from "./ground";
import type { Sound } from "./hearing";

/** Where the module's own data ends at the latest: what is handed out begins behind it. */
export const SPACE_END = 0x90000;
export const SPACE_SOUNDS = 16;

/** One part of the pose: (gesture[axis] + offset) * size; axis -1: always 0. */
export interface PosePart {
  readonly axis: number;
  readonly size: number;
  readonly offset: number;
}

export interface SpaceSettings {
  /** ib_space_settings. */
  readonly values: Float32Array;
  /** x, y, z in metres, azimuth and elevation in turns. */
  readonly parts: readonly PosePart[];
  /** What a walker stands on whom no axis lifts; null: nothing, and the height is what the axis says. */
  readonly ground: Ground | null;
}

interface Exports {
  readonly __heap_base: WebAssembly.Global<"i32">;
  ib_space_bytes(sampleRate: number): number;
  ib_space_init(memory: number, bytes: number, channels: number, sampleRate: number): number;
  ib_space_set(space: number): number;
  ib_space_changed(space: number): void;
  ib_space_pose(space: number): number;
  ib_space_sound(space: number, number: number, audio: number, channels: number, frames: number): number;
  ib_space_known(
    space: number,
    slot: number,
    mean: number,
    whitening: number,
    latent: number,
    dims: number,
    radius: number,
  ): void;
  ib_space_run(space: number, apart: number, mix: number, samples: number): void;
  ib_space_meters(space: number): number;
}

/** What of the kernel a space stands in. */
export interface Home {
  readonly memory: WebAssembly.Memory;
  readonly arena: Arena;
  readonly channels: number;
  readonly sampleRate: number;
  /** The kernel's memory as floats, as it is now: it moves when it grows. */
  readonly floats: () => Float32Array;
}

export class Space {
  /** What the player calls, and with what. */
  readonly run: (space: number, apart: number, mix: number, samples: number) => void;
  readonly at: number;
  private readonly c: Exports;
  private readonly pose: number;
  private parts: readonly PosePart[] = [];
  private ground: Ground | null = null;
  private readonly sounds: ({ at: number; bytes: number } | null)[] = new Array(SPACE_SOUNDS).fill(null);

  constructor(
    module: WebAssembly.Module,
    private readonly home: Home,
  ) {
    const { memory, arena, channels, sampleRate } = home;
    this.c = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
    const bytes = this.c.ib_space_bytes(sampleRate);
    if (this.c.__heap_base.value > SPACE_END || bytes < 0)
      throw new Error("This world needs another version of the sound. Reload the page.");
    this.at = arena.take(bytes);
    this.c.ib_space_init(this.at, bytes, channels, sampleRate);
    this.pose = this.c.ib_space_pose(this.at) >> 2;
    this.run = this.c.ib_space_run;
  }

  set({ values, parts, ground }: SpaceSettings): void {
    this.home.floats().set(values, this.c.ib_space_set(this.at) >> 2);
    this.c.ib_space_changed(this.at);
    this.parts = parts;
    this.ground = ground;
  }

  /** Where a gesture is. Allocates nothing. */
  stand(gesture: Float64Array): void {
    const floats = this.home.floats();
    for (let i = 0; i < this.parts.length; i++) {
      const part = this.parts[i]!;
      floats[this.pose + i] = part.axis < 0 ? 0 : ((gesture[part.axis] ?? 0) + part.offset) * part.size;
    }
    if (this.ground !== null && this.parts.length > 2)
      floats[this.pose + 1] = heightOf(this.ground, floats[this.pose]!, floats[this.pose + 2]!) + EYES;
  }

  /** The sound of a place, looped; null: none. Allocates. */
  sound(number: number, sound: Sound | null): void {
    const before = this.sounds[number];
    const frames = sound?.[0]?.length ?? 0;
    if (sound === null || frames < 2) {
      this.c.ib_space_sound(this.at, number, 0, 0, 0);
      this.sounds[number] = null;
    } else {
      const channels = Math.min(2, sound.length);
      const bytes = 4 * channels * frames;
      const at = this.home.arena.take(bytes);
      for (let c = 0; c < channels; c++) this.home.floats().set(sound[c]!, (at >> 2) + c * frames);
      this.c.ib_space_sound(this.at, number, at, channels, frames);
      this.sounds[number] = { at, bytes };
    }
    if (before) this.home.arena.give(before.at, before.bytes);
  }

  /** What the model on a slot knows, by the addresses of its numbers; dims 0: nothing is known. */
  know(slot: number, mean: number, whitening: number, latent: number, dims: number, radius: number): void {
    const known = Number.isFinite(radius) && mean !== 0 && whitening !== 0 ? radius : 0;
    this.c.ib_space_known(this.at, slot, mean, whitening, latent, dims, known);
  }

  /** How far into the edge, how wet, how filtered it is, and how many sounds are heard. */
  meters(): readonly number[] {
    const at = this.c.ib_space_meters(this.at) >> 2;
    return [...this.home.floats().subarray(at, at + 4)];
  }
}
