// A mapping as it travels and is kept: the JSON of docs/mapping-format.md.

/** The JSON of docs/mapping-format.md. */
export interface MappingData {
  format: number;
  algorithm: string;
  axes: number;
  dims: number;
  active: boolean[];
  values: number[];
  low: number[] | null;
  high: number[] | null;
  parts: PartData[];
  /** RMS miss at each demonstration, in latent units; null where it cannot be used. */
  errors: (number | null)[];
  /** Sentences for the musician. */
  warnings: string[];
}

export interface PartData {
  inputs: number[];
  outputs: number[];
  centre: number[];
  scale: number[];
  bias: number[];
  terms: TermData[];
  confidence: { length: number; level: number; pin: number; noise: number[] } | null;
}

export type TermData =
  | { kind: "radial"; centres: number[][]; layers: LayerData[] }
  | { kind: "network"; weights: number[][][][]; biases: number[][][] }
  | { kind: "layers"; activations: Activation[]; weights: number[][][]; biases: number[][] }
  | { kind: "nearest"; count: number; power: number; centres: number[][]; values: number[][] }
  | { kind: "polynomial"; factors: number[][]; weights: number[][] };

export interface LayerData {
  profile: Profile;
  length: number;
  weights: number[][];
}

export type Profile = "matern52" | "exponential" | "thin_plate";

export type Activation = "identity" | "tanh" | "sigmoid" | "relu" | "sine";
