// The kernel's resampler (kernel/resample.h) for what a voice hears that is made elsewhere: from the player's
// rate to its model's. Rendering calls run(); nothing in it allocates.

/** What the kernel gives for it. */
export interface CrossingKernel {
  readonly memory: WebAssembly.Memory;
  ib_resampler_bytes(from: number, to: number, channels: number): bigint;
  ib_resampler_init(memory: number, bytes: bigint, from: number, to: number, channels: number): number;
  ib_resampler_reset(resampler: number): void;
  ib_resampler_run(
    resampler: number,
    input: number,
    inputFrames: number,
    used: number,
    output: number,
    outputFrames: number,
  ): number;
}

const FRAMES_BYTES = 24; // ib_frames: at, frame_step and channel_step, 8 bytes each
/** Samples that go through at once. */
export const CHUNK = 128;

export class Crossing {
  readonly bytes: number;
  private readonly input: number;
  private readonly output: number;
  private readonly sound: number;

  /** Bytes of memory that two channels from one rate to another take. */
  static size(kernel: CrossingKernel, from: number, to: number): number {
    const bytes = Number(kernel.ib_resampler_bytes(from, to, 2));
    if (bytes < 0) throw new Error(`What comes in at ${from} Hz cannot be brought to ${to} Hz.`);
    return bytes + 2 * FRAMES_BYTES + 64 + 4 * CHUNK * 4;
  }

  /** In `size` bytes at `at`, aligned as the kernel wants them. */
  constructor(
    private readonly kernel: CrossingKernel,
    readonly at: number,
    from: number,
    to: number,
  ) {
    const own = Number(kernel.ib_resampler_bytes(from, to, 2));
    this.bytes = Crossing.size(kernel, from, to);
    this.input = at + own;
    this.output = this.input + FRAMES_BYTES;
    this.sound = this.output + FRAMES_BYTES + 64 - ((2 * FRAMES_BYTES) % 64);
    kernel.ib_resampler_init(at, BigInt(own), from, to, 2);
    this.place(this.input, this.sound);
    this.place(this.output, this.sound + 2 * CHUNK * 4);
  }

  private place(at: number, sound: number): void {
    const view = new DataView(this.kernel.memory.buffer);
    view.setUint32(at, sound, true);
    view.setBigInt64(at + 8, 1n, true);
    view.setBigInt64(at + 16, BigInt(CHUNK), true);
  }

  reset(): void {
    this.kernel.ib_resampler_reset(this.at);
  }

  /**
   * Take in `samples` from `from` on, CHUNK at most, and write what they make into `into` from `at` on;
   * how many there are. What there is no room for comes out later. `memory`: the kernel's, as floats.
   */
  run(
    memory: Float32Array,
    left: Float32Array,
    right: Float32Array,
    from: number,
    samples: number,
    into: readonly [Float32Array, Float32Array],
    at: number,
  ): number {
    const sound = this.sound >> 2;
    for (let i = 0; i < samples; i++) {
      memory[sound + i] = left[from + i]!;
      memory[sound + CHUNK + i] = right[from + i]!;
    }
    let made = 0;
    for (let given = samples; ; given = 0) {
      const room = Math.min(CHUNK, into[0].length - at - made);
      const now = this.kernel.ib_resampler_run(this.at, this.input, given, 0, this.output, room);
      if (now <= 0) return made;
      for (let c = 0; c < 2; c++)
        for (let i = 0; i < now; i++) into[c]![at + made + i] = memory[sound + (2 + c) * CHUNK + i]!;
      made += now;
    }
  }
}
