// Where a value lies along an axis, and which round values are worth a figure there.

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
}

/** A scale that holds all values with a little room; logarithmic only if all are above nothing. */
export function scaleOf(values: Iterable<number>, log: boolean): Scale {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(high >= low)) return { low: 0, high: 1, log: false };
  if (log && low > 0) {
    if (high / low < 1.2) return { low: low / 1.1, high: high * 1.1, log: true };
    const room = (high / low) ** 0.05;
    return { low: low / room, high: high * room, log: true };
  }
  const room = high > low ? 0.05 * (high - low) : Math.max(1e-9, 0.1 * Math.abs(high));
  return { low: low >= 0 && low - room < 0 ? 0 : low - room, high: high + room, log: false };
}

/** 0 at the low end, 1 at the high one; not clamped. */
export function along(scale: Scale, value: number): number {
  if (!scale.log) return (value - scale.low) / (scale.high - scale.low);
  return Math.log(Math.max(value, 1e-30) / scale.low) / Math.log(scale.high / scale.low);
}

export function valueAt(scale: Scale, share: number): number {
  if (!scale.log) return scale.low + share * (scale.high - scale.low);
  return scale.low * (scale.high / scale.low) ** share;
}

/** Round values inside the scale, about as many as asked for. */
export function ticks(scale: Scale, about: number): number[] {
  const decades = scale.log ? logTicks(scale, about) : [];
  if (decades.length > 2) return decades;
  const step = roundStep((scale.high - scale.low) / Math.max(1, about));
  const found: number[] = [];
  for (let k = Math.ceil(scale.low / step - 1e-9); k * step <= scale.high + 1e-9 * step; k++)
    found.push(Number((k * step).toPrecision(12)));
  return found;
}

/** 1, 2, 5 of each decade; fewer of them where that would be too many. */
function logTicks(scale: Scale, about: number): number[] {
  const all: number[] = [];
  const first = Math.floor(Math.log10(scale.low));
  const last = Math.ceil(Math.log10(scale.high));
  for (let decade = first; decade <= last; decade++)
    for (const digit of [1, 2, 5]) all.push(Number(`${digit}e${decade}`));
  const inside = all.filter((value) => value >= scale.low && value <= scale.high);
  if (inside.length <= 1.6 * about) return inside;
  const decades = inside.filter((value) => Number.isInteger(Math.round(1e6 * Math.log10(value)) / 1e6));
  const every = Math.ceil(decades.length / about);
  return decades.length >= 2 ? decades.filter((_, i) => i % every === 0) : inside;
}

/** 1, 2 or 5 times a power of ten, at least as large as asked for. */
export function roundStep(least: number): number {
  if (!(least > 0) || !Number.isFinite(least)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  for (const digit of [1, 2, 5]) if (digit * power >= least * (1 - 1e-9)) return digit * power;
  return 10 * power;
}
