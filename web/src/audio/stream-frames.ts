// The bytes of a streamed voice, as src/isobath/protocol/stream.py has them: 32-bit words, then 32-bit
// floats, little-endian as every machine with a browser is.

const LATENTS_WORDS = 5;
const SOUND_WORDS = 6;

/** Bytes of a frame asked for. */
export function latentsBytes(dims: number, given: boolean, heard: number): number {
  return 4 * (LATENTS_WORDS + dims * (given ? 2 : 1) + 2 * heard);
}

/** Write a frame into `buffer`, which has `latentsBytes`. `heard`: left, then right. */
export function writeLatents(
  buffer: ArrayBuffer,
  epoch: number,
  frame: number,
  latent: ArrayLike<number>,
  given: ArrayLike<number> | null,
  heard: readonly [Float32Array, Float32Array] | null,
): void {
  const words = new Uint32Array(buffer, 0, LATENTS_WORDS);
  const floats = new Float32Array(buffer, 4 * LATENTS_WORDS);
  const dims = latent.length;
  words[0] = epoch;
  words[1] = frame;
  words[2] = dims;
  words[3] = given === null ? 0 : 1;
  words[4] = heard === null ? 0 : heard[0].length;
  for (let i = 0; i < dims; i++) floats[i] = latent[i]!;
  if (given !== null) for (let i = 0; i < dims; i++) floats[dims + i] = given[i]!;
  if (heard === null) return;
  const at = given === null ? dims : 2 * dims;
  floats.set(heard[0], at);
  floats.set(heard[1], at + heard[0].length);
}

export interface SoundFrame {
  readonly epoch: number;
  readonly frame: number;
  readonly channels: number;
  readonly samples: number;
  /** It took so long to make, in microseconds. */
  readonly microseconds: number;
  /** As shaped; empty where there is none. */
  readonly latent: Float32Array;
  /** Channel after channel. */
  readonly sound: Float32Array;
}

/** null: the bytes are no sound. */
export function readSound(buffer: ArrayBuffer): SoundFrame | null {
  if (buffer.byteLength < 4 * SOUND_WORDS || buffer.byteLength % 4 !== 0) return null;
  const [epoch, frame, dims, channels, samples, microseconds] = new Uint32Array(buffer, 0, SOUND_WORDS);
  const floats = new Float32Array(buffer, 4 * SOUND_WORDS);
  if (floats.length !== dims! + channels! * samples!) return null;
  return {
    epoch: epoch!,
    frame: frame!,
    channels: channels!,
    samples: samples!,
    microseconds: microseconds!,
    latent: floats.subarray(0, dims),
    sound: floats.subarray(dims),
  };
}
