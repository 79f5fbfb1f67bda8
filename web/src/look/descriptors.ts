// What is heard, as a few numbers that a drawing can follow. src/isobath/sound/descriptors.py is the same in
// Python, and tests/golden/descriptors.json holds both to it.

export const BANDS = 32;
/** Of a spectrum, as the instrument gives it. */
export const BINS = 1024;
export const SNAPSHOTS_A_SECOND = 30;
/** Snapshots that are remembered: eight seconds. */
export const REMEMBERED = 240;
const LOWEST = 40;
const HIGHEST = 16000;
const QUIET = -90;
const RANGE = 70;
/** Onsets are this far apart at least, in snapshots. */
const APART = 4;

/** One moment. All of it 0..1, the bands from low to high. */
export interface Snapshot {
  readonly bands: Float64Array;
  readonly loudness: number;
  readonly brightness: number;
  /** Strength of what begins now; 0 where nothing does. */
  readonly onset: number;
  readonly latent: Float64Array;
}

const clamp = (x: number): number => Math.min(1, Math.max(0, x));

/** A-weighting as a factor on power (IEC 61672-1), 1 at 1 kHz. */
export function weight(hz: number): number {
  const f = hz * hz;
  const a =
    (12194 ** 2 * f * f) /
    ((f + 20.6 ** 2) * Math.sqrt((f + 107.7 ** 2) * (f + 737.9 ** 2)) * (f + 12194 ** 2));
  return (a * 1.2589) ** 2;
}

/** The last eight seconds of a sound, from its spectrum (dB, as an AnalyserNode gives it) 30 times a second. */
export class Descriptors {
  /** The newest last. */
  readonly past: Snapshot[] = [];
  private readonly flux: number[] = [];
  private since = APART;
  private weights = new Float64Array(0);
  /** Snapshots since the beginning. */
  count = 0;

  constructor(readonly sampleRate: number) {}

  hear(spectrum: ArrayLike<number>, latent: ArrayLike<number>): Snapshot {
    const bins = spectrum.length;
    const width = this.sampleRate / 2 / bins;
    const bands = new Float64Array(BANDS);
    const ratio = (HIGHEST / LOWEST) ** (1 / BANDS);
    for (let b = 0, low = LOWEST; b < BANDS; b++, low *= ratio) {
      const first = Math.max(1, Math.floor(low / width));
      const last = Math.min(bins - 1, Math.max(first, Math.floor((low * ratio) / width)));
      let most = Number.NEGATIVE_INFINITY;
      for (let i = first; i <= last; i++) most = Math.max(most, spectrum[i]!);
      bands[b] = clamp((most - QUIET) / RANGE);
    }
    if (this.weights.length !== bins)
      this.weights = Float64Array.from({ length: bins }, (_, i) => weight(i * width));
    let weighted = 0;
    let power = 0;
    let centre = 0;
    for (let i = 1; i < bins; i++) {
      const each = 10 ** (Math.max(-200, spectrum[i]!) / 10);
      weighted += each * this.weights[i]!;
      power += each;
      centre += each * i * width;
    }
    const loudness = clamp((10 * Math.log10(weighted + 1e-12) + 70) / 60);
    const brightness = power > 1e-9 ? clamp(Math.log2(centre / power / 100) / Math.log2(100)) : 0;
    const snapshot = {
      bands,
      loudness,
      brightness,
      onset: this.onset(bands),
      latent: Float64Array.from(latent),
    };
    this.past.push(snapshot);
    if (this.past.length > REMEMBERED) this.past.shift();
    this.count++;
    return snapshot;
  }

  /** How much begins: the mean rise of the bands, where it is far above what is usual. */
  private onset(bands: Float64Array): number {
    const before = this.past.at(-1)?.bands;
    let rise = 0;
    if (before !== undefined)
      for (let b = 0; b < BANDS; b++) rise += Math.max(0, bands[b]! - before[b]!) / BANDS;
    const usual = this.flux.reduce((sum, each) => sum + each, 0) / Math.max(1, this.flux.length);
    this.flux.push(rise);
    if (this.flux.length > 20) this.flux.shift();
    this.since++;
    if (rise < 0.03 + 2 * usual || this.since < APART) return 0;
    this.since = 0;
    return clamp(rise * 4);
  }
}
