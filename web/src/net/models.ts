// What the server says about a model: the page's copy of docs/model-format.md, without the tensors.
// GET models/NAME -> ModelDescription; GET models/NAME/decoder -> the kernel's blob.

export type { Encoded, ModelSummary } from "../protocol/messages";

export interface LatentStatistics {
  readonly mean: readonly number[]; // dims
  readonly std: readonly number[]; // dims
  readonly covariance: readonly (readonly number[])[]; // dims x dims
  readonly percentiles: {
    readonly at: readonly number[]; // 0, 1, 5, 25, 50, 75, 95, 99, 100
    readonly values: readonly (readonly number[])[]; // dims x at
  };
  readonly explained: readonly number[]; // share of the variance, per dimension
  readonly labels: readonly string[]; // what a dimension carries, e.g. "loudness +0.92"
  readonly known_radius: number; // Mahalanobis distance of the 99th percentile
}

/** Loudness of the decoder held at some latents; what the surface's contour lines are drawn from. */
export interface LoudnessMap {
  readonly points: readonly (readonly number[])[]; // n x dims
  readonly db: readonly number[]; // n, dBFS RMS after A-weighting
  readonly brightness: readonly number[]; // n, spectral centroid in Hz
}

export interface ModelDescription {
  readonly format: number;
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly sample_rate: number; // Hz
  readonly channels: number;
  readonly hop: number; // samples per latent frame
  readonly dims: number;
  readonly delay: number; // samples
  readonly latent: LatentStatistics;
  /** The tensors that the file names, spelled out; null if the model has none. */
  readonly loudness: LoudnessMap | null;
  /** LUFS to which what the encoder hears is brought. */
  readonly match_lufs: number;
  readonly can_encode: boolean;
  /** Of another program: only the server can play it. */
  readonly runs_apart: boolean;
  /** Numbers in the decoder; 0 where they are not known. */
  readonly parameters: number;
  readonly licence: string;
  readonly credit: string;
  readonly training: Readonly<Record<string, unknown>>;
  readonly quality: Readonly<Record<string, unknown>>;
}

/** Row `frame` of an encoded sound. */
export function encodedFrame(
  file: { readonly latents: Uint8Array; readonly dims: number },
  frame: number,
): number[] {
  const view = new DataView(file.latents.buffer, file.latents.byteOffset, file.latents.byteLength);
  return Array.from({ length: file.dims }, (_, i) => view.getFloat32(4 * (frame * file.dims + i), true));
}
