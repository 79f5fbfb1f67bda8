// The model's own distribution along one latent dimension, as the profile of a sea floor: a density
// drawn from the percentiles that a model file carries (docs/model-format.md, `latent.percentiles`).

export interface Percentiles {
  readonly at: readonly number[]; // 0..100, rising
  readonly values: readonly number[]; // one per `at`, rising
}

/** Share of the training latents below x: straight lines between the percentiles. */
export function below(percentiles: Percentiles, x: number): number {
  const { at, values } = percentiles;
  const last = values.length - 1;
  if (last < 0) return 0;
  if (x <= values[0]!) return 0;
  if (x >= values[last]!) return 1;
  let i = 1;
  while (values[i]! < x) i++;
  const from = values[i - 1]!;
  const to = values[i]!;
  const share = to > from ? (x - from) / (to - from) : 1;
  return (at[i - 1]! + share * (at[i]! - at[i - 1]!)) / 100;
}

/**
 * Density at `count` places from `low` to `high`, its peak 1. The steps between percentiles are blurred
 * by a bell a tenth as wide as the middle nine tenths, because nine numbers know no more.
 */
export function density(percentiles: Percentiles, low: number, high: number, count: number): Float64Array {
  const { at, values } = percentiles;
  const value = (share: number) => values[at.indexOf(share)] ?? 0;
  const spread = Math.max(value(95) - value(5), 1e-6);
  const step = (high - low) / (count - 1);
  const width = Math.max(spread * 0.09, step);
  const result = new Float64Array(count);
  const reach = 12;
  let peak = 0;
  for (let i = 0; i < count; i++) {
    const x = low + i * step;
    let sum = 0;
    for (let k = -reach; k < reach; k++) {
      const from = x + (k / reach) * 3 * width;
      const to = x + ((k + 1) / reach) * 3 * width;
      const middle = ((k + 0.5) / reach) * 3;
      sum += (below(percentiles, to) - below(percentiles, from)) * Math.exp(-0.5 * middle * middle);
    }
    result[i] = sum;
    peak = Math.max(peak, sum);
  }
  if (peak > 0) for (let i = 0; i < count; i++) result[i] = result[i]! / peak;
  return result;
}

/** The reach of a slider: what the model knows along the dimension, and a little beyond. */
export function reachOf(percentiles: Percentiles | undefined): { low: number; high: number } {
  const values = percentiles?.values;
  const low = values?.[0];
  const high = values?.at(-1);
  if (low === undefined || high === undefined || !(high > low)) return { low: -4, high: 4 };
  const beyond = 0.1 * (high - low);
  return { low: Math.floor((low - beyond) * 10) / 10, high: Math.ceil((high + beyond) * 10) / 10 };
}
