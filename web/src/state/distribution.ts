// The model's own distribution of latents: drawing from it and measuring against it.

import type { LatentStatistics } from "../net/models";

/** Lower triangle L with L Lᵀ = covariance (Cholesky); a dimension without variance gets none. */
export function cholesky(covariance: readonly (readonly number[])[]): number[][] {
  const n = covariance.length;
  const lower = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = covariance[i]![j]!;
      for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!;
      if (i === j) lower[i]![i] = Math.sqrt(Math.max(sum, 0));
      else lower[i]![j] = lower[j]![j]! > 1e-9 ? sum / lower[j]![j]! : 0;
    }
  }
  return lower;
}

/** One draw, `spread` times as wide as the training latents. */
export function gaussian(latent: LatentStatistics, spread: number, random: () => number): number[] {
  const lower = cholesky(latent.covariance);
  const normal = lower.map(() => standardNormal(random));
  return latent.mean.map((mean, i) => {
    let x = mean;
    for (let k = 0; k <= i; k++) x += spread * lower[i]![k]! * normal[k]!;
    return x;
  });
}

/** Squared Mahalanobis length of a difference of latents. */
export function whiten(latent: LatentStatistics, difference: readonly number[]): number {
  const lower = cholesky(latent.covariance);
  const y: number[] = [];
  let sum = 0;
  for (let i = 0; i < difference.length; i++) {
    let x = difference[i]!;
    for (let k = 0; k < i; k++) x -= lower[i]![k]! * y[k]!;
    y[i] = lower[i]![i]! > 1e-9 ? x / lower[i]![i]! : 0;
    sum += y[i]! * y[i]!;
  }
  return sum;
}

/** Box and Muller (1958). */
export function standardNormal(random: () => number): number {
  const u = Math.max(random(), Number.MIN_VALUE);
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * random());
}
