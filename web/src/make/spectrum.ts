// A picture of a sound: level over time and pitch, from a plain FFT. Small clips only; it runs in the page.

const SIZE = 1024;
const FLOOR_DB = -84;
const LOWEST_HZ = 60;

/**
 * Levels 0..1, column after column, lowest pitch first: (columns x rows). Rows are spaced evenly in pitch
 * from 60 Hz to `highestHz`.
 */
export function spectrogram(
  samples: Float32Array,
  sampleRate: number,
  columns: number,
  rows: number,
  highestHz = Math.min(16000, sampleRate / 2),
): Float32Array {
  const found = new Float32Array(columns * rows);
  const window = Float32Array.from(
    { length: SIZE },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / SIZE),
  );
  const real = new Float32Array(SIZE);
  const imaginary = new Float32Array(SIZE);
  const bins = Float32Array.from({ length: rows + 1 }, (_, row) => {
    const hz = LOWEST_HZ * (highestHz / LOWEST_HZ) ** (row / rows);
    return (hz * SIZE) / sampleRate;
  });
  for (let column = 0; column < columns; column++) {
    const centre = ((column + 0.5) / columns) * samples.length;
    const start = Math.round(centre - SIZE / 2);
    for (let i = 0; i < SIZE; i++) {
      real[i] = (samples[start + i] ?? 0) * window[i]!;
      imaginary[i] = 0;
    }
    transform(real, imaginary);
    for (let row = 0; row < rows; row++) {
      const from = Math.max(1, Math.floor(bins[row]!));
      const to = Math.max(from + 1, Math.ceil(bins[row + 1]!));
      let power = 0;
      for (let bin = from; bin < to && bin < SIZE / 2; bin++)
        power = Math.max(power, real[bin]! * real[bin]! + imaginary[bin]! * imaginary[bin]!);
      const db = 10 * Math.log10(power / (SIZE * SIZE * 0.0625) + 1e-12);
      found[column * rows + row] = Math.max(0, Math.min(1, 1 - db / FLOOR_DB));
    }
  }
  return found;
}

/** In place, radix 2 (Cooley & Tukey 1965). */
export function transform(real: Float32Array, imaginary: Float32Array): void {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j]!, real[i]!];
      [imaginary[i], imaginary[j]] = [imaginary[j]!, imaginary[i]!];
    }
  }
  for (let length = 2; length <= size; length <<= 1) {
    const angle = (-2 * Math.PI) / length;
    const stepReal = Math.cos(angle);
    const stepImaginary = Math.sin(angle);
    for (let i = 0; i < size; i += length) {
      let turnReal = 1;
      let turnImaginary = 0;
      for (let k = i; k < i + length / 2; k++) {
        const far = k + length / 2;
        const r = real[far]! * turnReal - imaginary[far]! * turnImaginary;
        const m = real[far]! * turnImaginary + imaginary[far]! * turnReal;
        real[far] = real[k]! - r;
        imaginary[far] = imaginary[k]! - m;
        real[k] = real[k]! + r;
        imaginary[k] = imaginary[k]! + m;
        const next = turnReal * stepReal - turnImaginary * stepImaginary;
        turnImaginary = turnReal * stepImaginary + turnImaginary * stepReal;
        turnReal = next;
      }
    }
  }
}
