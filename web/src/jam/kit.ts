// A drum kit of nine pieces: the page's copy of src/isobath/sound/kit.py, which says how it is made.
// Every hit is a closed formula of time in double precision; tests/golden/kit.json holds both together.

const TAU = 2 * Math.PI;
export const PIECES = 9;
export const OPEN = 3;
export const CLOSED = 2;
export const LOUDNESS = 1.5;
export const FADE_SECONDS = 0.005;
const METAL = [1.0, 1.342, 1.5147, 1.9306, 2.1531, 2.4963];

interface Skin {
  readonly low: number;
  readonly fall: number;
  readonly settle: number;
  readonly decay: number;
  readonly noise: number;
  readonly rattle: number;
  readonly band: number;
  readonly gain: number;
}

interface Plate {
  readonly low: number;
  readonly decay: number;
  readonly wash: number;
  readonly bell: number;
  readonly gain: number;
}

const skin = (...v: [number, number, number, number, number, number, number, number]): Skin => ({
  low: v[0],
  fall: v[1],
  settle: v[2],
  decay: v[3],
  noise: v[4],
  rattle: v[5],
  band: v[6],
  gain: v[7],
});

const plate = (low: number, decay: number, wash: number, bell: number, gain: number): Plate => ({
  low,
  decay,
  wash,
  bell,
  gain,
});

const SKINS = new Map<number, Skin>([
  [0, skin(48, 110, 0.03, 0.16, 0.1, 0.004, 0, 1)],
  [1, skin(186, 60, 0.012, 0.085, 0.62, 0.11, 3200, 0.8)],
  [4, skin(86, 42, 0.05, 0.26, 0.1, 0.02, 900, 0.85)],
  [5, skin(118, 52, 0.045, 0.22, 0.1, 0.018, 1200, 0.8)],
  [6, skin(160, 64, 0.04, 0.18, 0.1, 0.016, 1600, 0.78)],
]);

const PLATES = new Map<number, Plate>([
  [CLOSED, plate(3140, 0.028, 0.62, 0, 0.42)],
  [OPEN, plate(3140, 0.21, 0.58, 0, 0.42)],
  [7, plate(2210, 0.62, 0.7, 0, 0.55)],
  [8, plate(2730, 0.43, 0.34, 0.45, 0.36)],
]);

/** A value from -1 to 1 for an index: a hash (finalizer of MurmurHash3, public domain). */
export function noise(index: number, seed: number): number {
  let x = (Math.imul(index, 2654435761) + seed * 40503 + 1) >>> 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  x ^= x >>> 16;
  return (x >>> 0) / 2147483648 - 1;
}

function softNoise(t: number, hertz: number, seed: number): number {
  const at = t * hertz;
  const index = Math.floor(at);
  const share = at - index;
  return noise(index, seed) * (1 - share) + noise(index + 1, seed) * share;
}

/** Ends it in silence, and rounds it to single precision. */
export function ended(sound: Float64Array, rate: number): Float32Array {
  const fade = Math.trunc(FADE_SECONDS * rate);
  const from = sound.length - fade;
  for (let i = 0; i < fade; i++) sound[from + i] = sound[from + i]! * (1 - (i + 1) / fade);
  return Float32Array.from(sound);
}

/** One hit. piece: 0 to 8 as in the classes of bars; velocity: 0 to 1; tune: factor of all pitches. */
export function hit(piece: number, velocity: number, rate: number, tune = 1, variant = 0): Float32Array {
  const force = Math.min(1, Math.max(0, velocity));
  const seed = piece * 16 + (variant % 16);
  const drum = SKINS.get(piece);
  if (drum) return ofSkin(drum, force, rate, tune, seed);
  const cymbal = PLATES.get(piece);
  if (!cymbal) throw new RangeError(`The kit has no piece ${piece}; it has 0 to 8.`);
  return ofPlate(cymbal, force, rate, tune, seed);
}

function ofSkin(of: Skin, force: number, rate: number, tune: number, seed: number): Float32Array {
  const sound = new Float64Array(Math.trunc(7 * Math.max(of.decay, of.rattle) * rate));
  const low = of.low * tune;
  const fall = of.fall * tune * (0.5 + force);
  const share = of.noise * (0.4 + 0.6 * force);
  const drive = 1 + 1.5 * force;
  const gain = (of.gain * force ** LOUDNESS) / Math.tanh(drive);
  for (let i = 0; i < sound.length; i++) {
    const t = i / rate;
    const phase = TAU * (low * t + fall * of.settle * (1 - Math.exp(-t / of.settle)));
    let body = Math.sin(phase) + 0.35 * force * Math.sin(1.593 * phase) * Math.exp(-t / (0.4 * of.decay));
    body *= Math.exp(-t / (of.decay * (0.7 + 0.3 * force)));
    let rattle = of.band
      ? softNoise(t, 1.2 * of.band, seed) * Math.cos(TAU * of.band * tune * t) +
        0.6 * force * noise(i, seed + 1)
      : noise(i, seed);
    rattle *= Math.exp(-t / (of.rattle * (0.6 + 0.4 * force)));
    sound[i] = gain * Math.tanh(drive * ((1 - share) * body + share * rattle));
  }
  return ended(sound, rate);
}

function ofPlate(of: Plate, force: number, rate: number, tune: number, seed: number): Float32Array {
  const decay = of.decay * (0.6 + 0.4 * force);
  const sound = new Float64Array(Math.trunc(5.5 * decay * rate));
  const partials = METAL.map((ratio, number) => ({ hertz: of.low * tune * ratio, number })).filter(
    ({ hertz }) => hertz * 1.6 < 0.45 * rate,
  );
  const gain = of.gain * force ** LOUDNESS;
  for (let i = 0; i < sound.length; i++) {
    const t = i / rate;
    let ring = 0;
    for (const { hertz, number } of partials) {
      const bend = (0.6 + 1.8 * force) * Math.sin(TAU * 0.5312 * hertz * t);
      ring += Math.sin(TAU * hertz * t + bend) * Math.exp((-t / decay) * (1 + 0.15 * number));
    }
    ring /= METAL.length;
    const white = 0.5 * (noise(i + 1, seed) - (0.25 + 0.7 * force) * noise(i, seed));
    const wash = white * Math.exp(-t / (0.8 * decay));
    const bell = Math.sin(TAU * of.low * 0.31 * tune * t) * Math.exp(-t / (1.4 * decay));
    sound[i] = gain * ((1 - of.wash) * 2 * ring + of.wash * wash + of.bell * bell * (0.5 + 0.5 * force));
  }
  return ended(sound, rate);
}
