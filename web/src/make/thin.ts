// A long curve made as short as the screen: of each column of pixels its least, greatest and mean value,
// so that no peak is lost and no column is drawn a hundred times.

export interface Line {
  /** Rising. */
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

export interface Thinned {
  /** Mean step of what lies in each column; columns with nothing in them are left out. */
  readonly steps: number[];
  readonly means: number[];
  readonly least: number[];
  readonly most: number[];
}

export function thin(line: Line, from: number, to: number, columns: number): Thinned {
  const found: Thinned = { steps: [], means: [], least: [], most: [] };
  const span = Math.max(1e-9, to - from);
  let column = -1;
  let count = 0;
  let step = 0;
  let mean = 0;
  const close = (): void => {
    if (count === 0) return;
    found.steps.push(step / count);
    found.means.push(mean / count);
    count = 0;
    step = 0;
    mean = 0;
  };
  for (let i = 0; i < line.steps.length; i++) {
    const at = line.steps[i]!;
    const value = line.values[i]!;
    if (at < from || at > to || !Number.isFinite(value)) continue;
    const here = Math.min(columns - 1, Math.floor(((at - from) / span) * columns));
    if (here !== column) {
      close();
      column = here;
      found.least.push(value);
      found.most.push(value);
    }
    const last = found.least.length - 1;
    found.least[last] = Math.min(found.least[last]!, value);
    found.most[last] = Math.max(found.most[last]!, value);
    step += at;
    mean += value;
    count++;
  }
  close();
  return found;
}

/** Mean of the neighbours on both sides: what the eye should follow through a noisy curve. */
export function smoothed(values: readonly number[], reach: number): number[] {
  const sums = [0];
  for (const value of values) sums.push(sums[sums.length - 1]! + value);
  return values.map((_, i) => {
    const near = Math.min(reach, i, values.length - 1 - i);
    return (sums[i + near + 1]! - sums[i - near]!) / (2 * near + 1);
  });
}

/** Index of the step nearest to `at`; -1 of nothing. */
export function nearest(steps: readonly number[], at: number): number {
  let low = 0;
  let high = steps.length - 1;
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low > 0 && at - steps[low - 1]! < steps[low]! - at ? low - 1 : low;
}

/** A curve with what came later behind it. What was there from the first of the new steps on is replaced. */
export function extended(line: Line | undefined, added: Line): Line {
  if (line === undefined || line.steps.length === 0) return added;
  const first = added.steps[0];
  if (first === undefined) return line;
  let keep = line.steps.length;
  while (keep > 0 && line.steps[keep - 1]! >= first) keep--;
  return {
    steps: [...line.steps.slice(0, keep), ...added.steps],
    values: [...line.values.slice(0, keep), ...added.values],
  };
}
