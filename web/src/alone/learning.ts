// Learning in a page that stands alone: the Gaussian process of src/isobath/mapping/gaussian.py with the length
// and the noise that were chosen when the piece was published (choosing anew is left to Isobath), and the
// direct map, which learns nothing. Other algorithms stay as they were published.

import type { Fit, MappingSettings } from "../protocol/messages";
import { evaluate, type MappingData, prepare } from "../steer/mapping";
import type { PartData } from "../steer/mapping-data";
import { matern52 } from "../steer/mapping-terms";

const STAYS =
  "This page stands alone, and what this map was learned with needs Isobath itself: it stays as it was published.";
const JITTER = 1e-9;
const PIN = 2;
const STEP = Math.SQRT2;
/** Where nothing was chosen before: length in typical distances, noise relative to the map's variance. */
const [USUAL, NOISE] = [2, 1e-3];

type Matrix = Float64Array[];
type Confidence = NonNullable<PartData["confidence"]>;

export interface Learned {
  readonly mapping: Fit["kept"] & object;
  readonly errors: readonly number[];
}

/** Raises a sentence where nothing can be learned. */
export function learn(fit: Fit): Learned {
  const kept = fit.kept as unknown as MappingData | null;
  const { algorithm } = fit.settings;
  if (algorithm !== "gp" && algorithm !== "direct") throw new Error(STAYS);
  if (algorithm === "direct" && (kept === null || kept.algorithm !== "direct")) throw new Error(STAYS);
  const mapping = algorithm === "direct" ? { ...kept! } : process(fit, kept);
  mapping.errors = misses(mapping, fit.demonstrations);
  return { mapping: mapping as unknown as Learned["mapping"], errors: mapping.errors as number[] };
}

function process(fit: Fit, kept: MappingData | null): MappingData {
  const { axes, dims, settings } = fit;
  const shown = fit.demonstrations.filter(
    (each) => !each.muted && [...each.point, ...each.latent].every(Number.isFinite),
  );
  if (shown.length === 0) throw new Error("There is nothing to learn from: demonstrate something first.");
  const outputs = Array.from({ length: dims }, (_, i) => settings.outputs[i] ?? null);
  const learnt = outputs.map((each) => (each?.mode ?? "learned") === "learned");
  const groups = new Map<string, { inputs: number[]; outputs: number[] }>();
  outputs.forEach((each, i) => {
    if (!learnt[i]) return;
    const inputs = each?.axes === null || each === null ? axesUpTo(axes) : [...new Set(each.axes)];
    const group = groups.get(inputs.join()) ?? { inputs, outputs: [] };
    group.outputs.push(i);
    groups.set(inputs.join(), group);
  });
  const mean = shown.reduce((sum, each) => sum + each.weight, 0) / shown.length;
  const limits = settings.clamp ? limitsOf(shown, learnt) : null;
  return {
    format: 1,
    algorithm: "gp",
    axes,
    dims,
    active: outputs.map((each) => each?.mode !== "off"),
    values: outputs.map((each) => (each?.mode === "locked" ? each.value : 0)),
    low: limits?.low ?? null,
    high: limits?.high ?? null,
    parts: [...groups.values()].map((group) => {
      const before = kept?.parts.find(
        (each) => each.inputs.join() === group.inputs.join() && each.outputs.join() === group.outputs.join(),
      );
      const places = gather(
        shown.map((each) => ({
          u: group.inputs.map((i) => 2 * (each.point[i]! - 0.5)),
          y: group.outputs.map((i) => each.latent[i]!),
          weight: each.weight / mean,
        })),
      );
      return part(group, places, settings, before?.confidence ?? null);
    }),
    errors: [],
    warnings: [],
  };
}

interface Place {
  readonly u: readonly number[];
  y: number[];
  weight: number;
}

/** What was shown at one spot is one place, with the mean of it. */
function gather(places: readonly Place[]): Place[] {
  const found = new Map<string, Place & { count: number }>();
  for (const place of places) {
    const same = found.get(place.u.join());
    if (same === undefined) found.set(place.u.join(), { ...place, y: [...place.y], count: 1 });
    else {
      const both = same.weight * same.count + place.weight;
      same.y = same.y.map((y, i) => (y * same.weight * same.count + place.y[i]! * place.weight) / both);
      same.count++;
      same.weight = both / same.count;
    }
  }
  return [...found.values()];
}

function part(
  group: { inputs: number[]; outputs: number[] },
  places: readonly Place[],
  settings: MappingSettings,
  before: Confidence | null,
): PartData {
  const { inputs, outputs } = group;
  const all = places.reduce((sum, each) => sum + each.weight, 0);
  const bias = outputs.map((_, k) => places.reduce((sum, each) => sum + each.weight * each.y[k]!, 0) / all);
  if (inputs.length === 0 || places.length === 1)
    return { inputs: [], outputs, centre: [], scale: [], bias, terms: [], confidence: null };
  const squared = places.map((a) =>
    Float64Array.from(places, (b) => a.u.reduce((sum, x, i) => sum + (x - b.u[i]!) ** 2, 0)),
  );
  const length = before?.length ?? USUAL * typical(squared);
  const level = before?.level ?? NOISE;
  const noise = places.map((each) => (level + (1 - settings.trust) ** 2) / each.weight);
  const kernel = squared.map((row) => row.map((d) => matern52((5 * d) / length ** 2)));
  const wanted = places.map((each) => Float64Array.from(each.y, (y, k) => y - bias[k]!));
  const body = solve(kernel, noise, wanted);
  const layers = [{ profile: "matern52" as const, length, weights: body.map((row) => [...row]) }];
  const pin = pinLength(squared, before?.pin ?? null);
  const strength = Math.max(0, 2 * settings.trust - 1);
  const terms: PartData["terms"] = [];
  const centres = places.map((each) => [...each.u]);
  if (strength > 0) {
    const left = wanted.map((row, i) =>
      row.map((y, k) => strength * (y - body.reduce((sum, b, j) => sum + kernel[i]![j]! * b[k]!, 0))),
    );
    const sharp = squared.map((row) => row.map((d) => Math.exp(-Math.sqrt(d) / pin)));
    const jitter = places.map(() => JITTER);
    const first = solve(sharp, jitter, left);
    const rest = left.map((row, i) =>
      row.map(
        (y, k) => y - JITTER * first[i]![k]! - first.reduce((sum, b, j) => sum + sharp[i]![j]! * b[k]!, 0),
      ),
    );
    const more = solve(sharp, jitter, rest);
    const weights = first.map((row, i) => [...row.map((x, k) => x + more[i]![k]!)]);
    terms.push({
      kind: "radial",
      centres,
      layers: [...layers, { profile: "exponential", length: pin, weights }],
    });
  } else terms.push({ kind: "radial", centres, layers });
  return {
    inputs,
    outputs,
    centre: inputs.map(() => 0.5),
    scale: inputs.map(() => 2),
    bias,
    terms,
    confidence: { length, level, pin, noise },
  };
}

const axesUpTo = (axes: number): number[] => Array.from({ length: axes }, (_, i) => i);

/** Root mean square distance between two places. */
function typical(squared: Matrix): number {
  const n = squared.length;
  const sum = squared.reduce((all, row) => all + row.reduce((a, b) => a + b, 0), 0);
  return Math.max(1e-6, Math.sqrt(sum / Math.max(1, n * (n - 1))));
}

function pinLength(squared: Matrix, before: number | null): number {
  const nearest = squared
    .map((row, i) => Math.sqrt(row.reduce((least, d, j) => (i === j ? least : Math.min(least, d)), 1e30)))
    .sort((a, b) => a - b);
  const middle = nearest.length >> 1;
  const median = nearest.length % 2 === 1 ? nearest[middle]! : (nearest[middle - 1]! + nearest[middle]!) / 2;
  const length = PIN * Math.max(median, 1e-3);
  return before !== null && length / before > 1 / STEP && length / before < STEP ? before : length;
}

/** (matrix + diagonal) · x = right, by Cholesky. */
function solve(matrix: Matrix, diagonal: readonly number[], right: Matrix): Matrix {
  const n = matrix.length;
  const lower = matrix.map((row, i) => {
    const copy = Float64Array.from(row);
    copy[i] = copy[i]! + diagonal[i]!;
    return copy;
  });
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = lower[i]![j]!;
      for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!;
      lower[i]![j] = i === j ? Math.sqrt(Math.max(sum, 1e-14)) : sum / lower[j]![j]!;
    }
  }
  const x = right.map((row) => Float64Array.from(row));
  for (let k = 0; k < (x[0]?.length ?? 0); k++) {
    for (let i = 0; i < n; i++) {
      let sum = x[i]![k]!;
      for (let j = 0; j < i; j++) sum -= lower[i]![j]! * x[j]![k]!;
      x[i]![k] = sum / lower[i]![i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = x[i]![k]!;
      for (let j = i + 1; j < n; j++) sum -= lower[j]![i]! * x[j]![k]!;
      x[i]![k] = sum / lower[i]![i]!;
    }
  }
  return x;
}

/** What was demonstrated, and a tenth beyond. */
function limitsOf(shown: Fit["demonstrations"], learnt: readonly boolean[]) {
  const ends = learnt.map((learned, i) => {
    if (!learned) return [-1e9, 1e9] as const;
    const all = shown.map((each) => each.latent[i]!);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    return [low - 0.1 * (high - low), high + 0.1 * (high - low)] as const;
  });
  return { low: ends.map(([low]) => low), high: ends.map(([, high]) => high) };
}

/** RMS distance from each demonstrated latent over what is learned. */
function misses(mapping: MappingData, demonstrations: Fit["demonstrations"]): number[] {
  const ready = prepare(mapping);
  const learned = mapping.parts.flatMap((each) => each.outputs);
  const latent = new Float64Array(mapping.dims);
  return demonstrations.map((each) => {
    evaluate(ready, each.point, latent);
    const sum = learned.reduce((all, k) => all + (latent[k]! - (each.latent[k] ?? Number.NaN)) ** 2, 0);
    return learned.length === 0 ? 0 : Math.sqrt(sum / learned.length);
  });
}
