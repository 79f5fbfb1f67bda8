// The C kernel (kernel/isobath.h, kernel/player.h) as the render loop sees it: models on slots, latents
// in, sound out. Everything that allocates is named `load`, `unload` or `constructor`; the rest does not.

import { Arena } from "./arena";
import { Crossing, type CrossingKernel } from "./crossing";
import { SOURCE_FLOATS } from "./listening";
import { SPACE_END, Space } from "./space";

export const VOICES = 8; // IB_VOICES
const DIMS = 128; // IB_DIMS
const DECODER = 1; // IB_DECODER
export const QUANTUM = 4096; // IB_HOP: most samples rendered at once
const PAGE = 65536;

/** ib_shaping, as floats. */
export const SHAPING_FLOATS = 5 * DIMS + 6;
export const SHAPING = {
  hold: 0,
  held: DIMS,
  scale: 2 * DIMS,
  bias: 3 * DIMS,
  noise: 4 * DIMS,
  drift: 5 * DIMS,
  driftSeconds: 5 * DIMS + 1,
  smoothingSeconds: 5 * DIMS + 2,
  clamp: 5 * DIMS + 3,
  gain: 5 * DIMS + 4,
  pan: 5 * DIMS + 5,
} as const;

/** Index of `scrubbed` in ib_meters, as 32-bit words: the numbers before it are floats. */
const METERS_SCRUBBED = 7;

interface Exports extends CrossingKernel {
  readonly __heap_base: WebAssembly.Global<"i32">;
  readonly __indirect_function_table: WebAssembly.Table;
  ib_model_bytes(blob: number, bytes: bigint): bigint;
  ib_model_init(memory: number, bytes: bigint, blob: number, blobBytes: bigint): number;
  ib_model_info(model: number, info: number): void;
  ib_state_bytes(model: number, coder: number, batch: number, frames: number): bigint;
  ib_state_init(
    model: number,
    coder: number,
    batch: number,
    frames: number,
    memory: number,
    bytes: bigint,
  ): number;
  ib_state_reset(model: number, state: number, voice: number, seed: number): number;
  ib_player_bytes(channels: number, sampleRate: number): bigint;
  ib_player_init(memory: number, bytes: bigint, channels: number, sampleRate: number): number;
  ib_player_voice(player: number, slot: number, model: number, state: number): number;
  ib_player_shaping(player: number, slot: number): number;
  ib_player_incoming(player: number, slot: number): number;
  ib_player_latent(player: number, slot: number): number;
  ib_player_trim(player: number, slot: number): number;
  ib_player_due(player: number, voices: number): number;
  ib_player_stretch(player: number): number;
  ib_player_late(player: number, slot: number): number;
  ib_player_render(player: number, out: number, frames: number): number;
  ib_player_master(player: number, gain: number, ceilingDb: number, guardDb: number): void;
  ib_player_panic(player: number): void;
  ib_player_reset(player: number, seed: number): void;
  ib_player_meters(player: number): number;
  ib_player_delay(player: number): number;
  ib_ear_bytes(model: number, sampleRate: number): bigint;
  ib_player_listen(player: number, slot: number, memory: number, bytes: bigint, from: number): number;
  ib_player_source(player: number, slot: number): number;
  ib_player_input(player: number, slot: number): number;
  ib_player_given(player: number, slot: number): number;
  ib_player_said(player: number, slot: number): number;
  ib_player_ear_meters(player: number, slot: number): number;
  ib_player_feed(player: number, slot: number, channels: number, hop: number, sampleRate: number): number;
  ib_player_fed(player: number, slot: number): number;
  ib_player_filled(player: number, slot: number): void;
  ib_player_between(player: number, between: number, context: number): void;
  ib_model_mean(model: number): number;
  ib_model_whitening(model: number): number;
  ib_model_known_radius(model: number): number;
}

export interface ModelInfo {
  readonly sampleRate: number;
  readonly channels: number;
  readonly hop: number;
  readonly dims: number;
  /** Samples by which decode(encode(x)) lags x. */
  readonly delay: number;
  /** The blob brought an encoder along: the voice can listen. */
  readonly hasEncoder: boolean;
}

interface Loaded {
  readonly info: ModelInfo;
  readonly model: number;
  readonly modelBytes: number;
  readonly state: number;
  readonly stateBytes: number;
  ear: number;
  earBytes: number;
}

/** ib_ear_meters: peak, lufs (0: nothing known yet), match_db; underruns as a whole number. */
export const EAR_METERS = 4;

const REFUSALS: Readonly<Record<number, string>> = {
  [-1]: "The model's file is damaged. Fetch or import it again.",
  [-2]: "The model was made by another version of Isobath. Reload the page; if that does not help, export the model again.",
  [-3]: "The sound ran out of memory. Close other pages, or use fewer voices.",
  [-4]: "The sound was asked for something impossible. Reload the page.",
  [-5]: "This model cannot make sound: it has no decoder.",
};

export class KernelRefusal extends Error {
  constructor(code: number) {
    super(REFUSALS[code] ?? `The sound kernel refused (${code}). Reload the page.`);
  }
}

export class Player {
  private readonly c: Exports;
  private readonly arena: Arena;
  private readonly player: number;
  private readonly out: number;
  private readonly word: number;
  private readonly slots: (Loaded | null)[] = new Array(VOICES).fill(null);
  private f32!: Float32Array;
  private u32!: Uint32Array;
  private u8!: Uint8Array;
  /** What stands between the voices and the master, in a world. */
  space: Space | null = null;
  /** Bit mask of the voices that wait for a latent, after due(). */
  waiting = 0;

  constructor(
    module: WebAssembly.Module,
    readonly channels: number,
    readonly sampleRate: number,
  ) {
    this.c = new WebAssembly.Instance(module, {}).exports as unknown as Exports;
    const free = Math.max(this.c.__heap_base.value, SPACE_END);
    this.arena = new Arena(free, (bytes) => this.reserve(bytes));
    this.reserve(free);
    this.word = this.arena.take(64);
    this.out = this.arena.take(QUANTUM * channels * 4);
    const bytes = this.size(this.c.ib_player_bytes(channels, sampleRate));
    this.player = this.arena.take(bytes);
    this.check(this.c.ib_player_init(this.player, BigInt(bytes), channels, sampleRate));
  }

  /** Put a model on a slot with a fresh past; what was there before goes. */
  load(slot: number, blob: ArrayBuffer, seed: number): ModelInfo {
    this.unload(slot);
    const loaded = this.prepare(blob, seed);
    this.check(this.c.ib_player_voice(this.player, slot, loaded.model, loaded.state));
    this.slots[slot] = loaded;
    this.tellKnown(slot, loaded);
    return loaded.info;
  }

  unload(slot: number): void {
    const loaded = this.slots[slot];
    if (loaded === null || loaded === undefined) return;
    this.space?.know(slot, 0, 0, 0, 0, 0);
    this.c.ib_player_voice(this.player, slot, 0, 0);
    this.slots[slot] = null;
    this.freeEar(loaded);
    this.arena.give(loaded.state, loaded.stateBytes);
    this.arena.give(loaded.model, loaded.modelBytes);
  }

  /** The space, made from its module at first; what sounds goes over to it within 50 ms. Allocates. */
  loadSpace(module: WebAssembly.Module): Space {
    if (this.space !== null) return this.space;
    const { channels, sampleRate, arena, c } = this;
    const made = new Space(module, { memory: c.memory, arena, channels, sampleRate, floats: () => this.f32 });
    const index = c.__indirect_function_table.grow(1, made.run);
    c.ib_player_between(this.player, index, made.at);
    this.space = made;
    this.slots.forEach((loaded, slot) => {
      if (loaded !== null) this.tellKnown(slot, loaded);
    });
    return made;
  }

  private tellKnown(slot: number, { model, info }: Loaded): void {
    const { c } = this;
    const latent = c.ib_player_latent(this.player, slot);
    const radius = c.ib_model_known_radius(model);
    this.space?.know(slot, c.ib_model_mean(model), c.ib_model_whitening(model), latent, info.dims, radius);
  }

  private prepare(blob: ArrayBuffer, seed: number): Loaded {
    const c = this.c;
    const source = this.arena.take(blob.byteLength);
    this.u8.set(new Uint8Array(blob), source);
    let model = 0;
    let modelBytes = 0;
    try {
      modelBytes = this.size(c.ib_model_bytes(source, BigInt(blob.byteLength)));
      model = this.arena.take(modelBytes);
      this.check(c.ib_model_init(model, BigInt(modelBytes), source, BigInt(blob.byteLength)));
      const info = this.info(model);
      const stateBytes = this.size(c.ib_state_bytes(model, DECODER, 1, 1));
      const state = this.arena.take(stateBytes);
      this.check(c.ib_state_init(model, DECODER, 1, 1, state, BigInt(stateBytes)));
      this.check(c.ib_state_reset(model, state, -1, seed >>> 0));
      return { info, model, modelBytes, state, stateBytes, ear: 0, earBytes: 0 };
    } catch (problem) {
      if (model !== 0) this.arena.give(model, modelBytes);
      throw problem;
    } finally {
      this.arena.give(source, blob.byteLength);
    }
  }

  private info(model: number): ModelInfo {
    this.c.ib_model_info(model, this.word);
    const at = this.word >> 2;
    return {
      sampleRate: this.u32[at]!,
      channels: this.u32[at + 1]!,
      hop: this.u32[at + 2]!,
      dims: this.u32[at + 3]!,
      delay: this.u32[at + 4]!,
      hasEncoder: this.u32[at + 5]! !== 0,
    };
  }

  // ------------------------------------------------------------------ sound as input

  /** Let a voice hear its own input (-1), or the voice on slot `to`. Allocates, like `load`. */
  loadEar(slot: number, to: number): void {
    const loaded = this.slots[slot];
    if (loaded === null || loaded === undefined) return;
    if (!loaded.info.hasEncoder)
      throw new Error(
        "This model has no encoder, so it cannot listen. Choose another source, or another model.",
      );
    const earBytes = this.size(this.c.ib_ear_bytes(loaded.model, this.sampleRate));
    const ear = this.arena.take(earBytes);
    this.check(this.c.ib_player_listen(this.player, slot, ear, BigInt(earBytes), to));
    this.freeEar(loaded);
    loaded.ear = ear;
    loaded.earBytes = earBytes;
  }

  /** The voice is the performer's alone again. */
  unloadEar(slot: number): void {
    const loaded = this.slots[slot];
    if (loaded === null || loaded === undefined) return;
    this.check(this.c.ib_player_listen(this.player, slot, 0, 0n, -1));
    this.freeEar(loaded);
  }

  hasEar(slot: number): boolean {
    return (this.slots[slot]?.ear ?? 0) !== 0;
  }

  private freeEar(loaded: Loaded): void {
    if (loaded.ear !== 0) this.arena.give(loaded.ear, loaded.earBytes);
    loaded.ear = 0;
    loaded.earBytes = 0;
  }

  /** All of ib_source at once, SOURCE_FLOATS of them. */
  source(slot: number, values: Float32Array): void {
    this.f32.set(values.subarray(0, SOURCE_FLOATS), this.c.ib_player_source(this.player, slot) >> 2);
  }

  /** What comes in on a slot while the next `samples` are rendered. */
  hear(slot: number, left: Float32Array, right: Float32Array, samples: number): void {
    const at = this.c.ib_player_input(this.player, slot) >> 2;
    for (let i = 0; i < samples; i++) {
      this.f32[at + i] = left[i]!;
      this.f32[at + QUANTUM + i] = right[i]!;
    }
  }

  /** The latent of a source that is dreamed elsewhere. */
  give(slot: number, latent: ArrayLike<number>): void {
    const at = this.c.ib_player_given(this.player, slot) >> 2;
    for (let i = 0; i < latent.length && i < DIMS; i++) this.f32[at + i] = latent[i]!;
  }

  /** What came in since the last read: EAR_METERS numbers. */
  earMeters(slot: number, into: Float64Array, offset = 0): void {
    const at = this.c.ib_player_ear_meters(this.player, slot) >> 2;
    for (let i = 0; i < 3; i++) into[offset + i] = this.f32[at + i]!;
    into[offset + 3] = this.u32[at + 3]!;
  }

  /** A voice whose hops are given with `fill`, at their own rate; what was on the slot goes. */
  feed(slot: number, channels: number, hop: number, sampleRate = this.sampleRate): void {
    this.unload(slot);
    this.check(this.c.ib_player_feed(this.player, slot, channels, hop, sampleRate));
  }

  /** The next hop of a fed voice that is due, channel after channel. */
  fill(slot: number, hop: Float32Array): void {
    this.f32.set(hop, this.c.ib_player_fed(this.player, slot) >> 2);
    this.c.ib_player_filled(this.player, slot);
  }

  /** From the player's rate to another. Allocates, like `load`. */
  loadCrossing(to: number): Crossing {
    const at = this.arena.take(Crossing.size(this.c, this.sampleRate, to));
    return new Crossing(this.c, at, this.sampleRate, to);
  }

  unloadCrossing(crossing: Crossing): void {
    this.arena.give(crossing.at, crossing.bytes);
  }

  /** The kernel's memory. */
  get floats(): Float32Array {
    return this.f32;
  }

  unfeed(slot: number): void {
    this.c.ib_player_voice(this.player, slot, 0, 0);
  }

  infoOf(slot: number): ModelInfo | null {
    return this.slots[slot]?.info ?? null;
  }

  /** Samples until some voice needs a latent; at 0, `waiting` says which. */
  due(): number {
    const samples = this.c.ib_player_due(this.player, this.word);
    this.waiting = this.u32[this.word >> 2]!;
    return samples;
  }

  /** Samples that may be rendered once the latents are written. */
  stretch(): number {
    return this.c.ib_player_stretch(this.player);
  }

  /** Samples by which a voice is heard later because its model has another rate. */
  late(slot: number): number {
    return this.c.ib_player_late(this.player, slot);
  }

  /** Write a voice's next latent. */
  incoming(slot: number, latent: Float64Array): void {
    const at = this.c.ib_player_incoming(this.player, slot) >> 2;
    for (let i = 0; i < latent.length; i++) this.f32[at + i] = latent[i]!;
  }

  /** What a voice is turned down by from its next due frame on, linear, 0..1. */
  trim(slot: number, gain: number): void {
    this.f32[this.c.ib_player_trim(this.player, slot) >> 2] = gain;
  }

  /** Render `samples` into `out`, from `offset` on. */
  render(out: readonly Float32Array[], offset: number, samples: number): void {
    this.c.ib_player_render(this.player, this.out, samples);
    const base = this.out >> 2;
    for (let c = 0; c < this.channels; c++) {
      const to = out[c]!;
      const from = base + c * samples;
      for (let i = 0; i < samples; i++) to[offset + i] = this.f32[from + i]!;
    }
  }

  /** All of ib_shaping at once, SHAPING_FLOATS of them. */
  shape(slot: number, values: Float32Array): void {
    this.f32.set(values.subarray(0, SHAPING_FLOATS), this.c.ib_player_shaping(this.player, slot) >> 2);
  }

  master(gain: number, ceilingDb: number, guardDb: number): void {
    this.c.ib_player_master(this.player, gain, ceilingDb, guardDb);
  }

  panic(): void {
    this.c.ib_player_panic(this.player);
  }

  reset(seed: number): void {
    this.c.ib_player_reset(this.player, seed >>> 0);
  }

  /** Samples the limiter looks ahead. */
  get delay(): number {
    return this.c.ib_player_delay(this.player);
  }

  /** Peak and RMS of both channels, limiter, guard, clamped, scrubbed: 8 numbers, since the last read. */
  meters(into: Float64Array): void {
    const at = this.c.ib_player_meters(this.player) >> 2;
    for (let i = 0; i < METERS_SCRUBBED; i++) into[i] = this.f32[at + i]!;
    into[METERS_SCRUBBED] = this.u32[at + METERS_SCRUBBED]!;
  }

  /** The last shaped latent of a voice, into `into` from `offset`. */
  latent(slot: number, into: Float64Array, offset: number, dims: number): void {
    const at = this.c.ib_player_latent(this.player, slot) >> 2;
    for (let i = 0; i < dims; i++) into[offset + i] = this.f32[at + i]!;
  }

  /** What the source of a voice last said, before the performer; whether it has one. */
  said(slot: number, into: Float64Array, offset: number, dims: number): boolean {
    const at = this.c.ib_player_said(this.player, slot) >> 2;
    if (at !== 0) for (let i = 0; i < dims; i++) into[offset + i] = this.f32[at + i]!;
    return at !== 0;
  }

  private reserve(bytes: number): void {
    const missing = bytes - this.c.memory.buffer.byteLength;
    if (missing > 0) this.c.memory.grow(Math.ceil(missing / PAGE));
    if (this.f32?.buffer === this.c.memory.buffer) return;
    this.f32 = new Float32Array(this.c.memory.buffer);
    this.u32 = new Uint32Array(this.c.memory.buffer);
    this.u8 = new Uint8Array(this.c.memory.buffer);
  }

  private size(bytes: bigint): number {
    if (bytes < 0n) throw new KernelRefusal(Number(bytes));
    return Number(bytes);
  }

  private check(code: number): void {
    if (code < 0) throw new KernelRefusal(code);
  }
}
