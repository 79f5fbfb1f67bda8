// A movement of axes while it is recorded: it begins with the first move and is over once all axes stand still.
// src/isobath/inputs/movements.py finds it again.

/** Between two looks, as the server looks. */
export const PERIOD_MS = 1000 / 30;
/** An axis that goes no further trembles. */
const MOVED = 0.01;
/** An axis that went no further had no part in it. */
const PART = 0.05;
/** Looks at axes that stand still, after which it is over. */
const REST = 18;
const MOST = 600;
/** Looks that a movement has at least. */
const FEWEST = 6;

export class MovementRecorder {
  private anchor: readonly number[] | null = null;
  private readonly looks: (readonly number[])[] = [];
  /** Looks until the last that moved. */
  private length = 0;

  /** Look where the axes are; whether it is over. */
  look(values: ArrayLike<number>): boolean {
    const here = Array.from(values);
    const moves =
      this.anchor !== null && here.some((value, i) => Math.abs(value - (this.anchor![i] ?? value)) > MOVED);
    if (this.anchor === null || moves) this.anchor = here;
    if (moves || this.looks.length > 0) this.looks.push(here);
    if (moves) this.length = this.looks.length;
    return this.looks.length >= MOST || (this.length > 0 && this.looks.length - this.length >= REST);
  }

  /** Axes that had a part in it, by index; none where it was too short. */
  get axes(): number[] {
    const { path } = this;
    if (path.length < FEWEST) return [];
    return path[0]!.flatMap((_, i) => {
      const values = path.map((each) => each[i]!);
      return Math.max(...values) - Math.min(...values) > PART ? [i] : [];
    });
  }

  /** Where these axes were, look by look. */
  of(axes: readonly number[]): number[][] {
    return this.path.map((each) => axes.map((i) => Math.round(each[i]! * 1000) / 1000));
  }

  private get path(): (readonly number[])[] {
    return this.looks.slice(0, this.length);
  }
}
