// Undo and redo over immutable snapshots. A snapshot shares whatever did not change, so a thousand
// steps of a piece cost about as much as their differences. The last of each stack is the next to be taken.

/** Changes with equal keys close in time are one step; null never merges. */
export type Merge = string | null;

export interface Snapshot<T> {
  readonly value: T;
  readonly label: string;
}

const STEPS = 500;
const MERGE_MS = 1000;

export class History<T> {
  private past: Snapshot<T>[] = [];
  private future: Snapshot<T>[] = [];
  private lastMerge: Merge = null;
  private lastTime = Number.NEGATIVE_INFINITY;

  constructor(private readonly now: () => number) {}

  get undoLabel(): string | null {
    return this.past.at(-1)?.label ?? null;
  }

  get redoLabel(): string | null {
    return this.future.at(-1)?.label ?? null;
  }

  /** Remember `before`, which the change named `label` replaces; true if it joins the step before it. */
  push(before: T, label: string, merge: Merge): boolean {
    const time = this.now();
    const joins =
      merge !== null && merge === this.lastMerge && time - this.lastTime < MERGE_MS && this.past.length > 0;
    this.lastMerge = merge;
    this.lastTime = time;
    this.future = [];
    if (joins) return true;
    this.past.push({ value: before, label });
    if (this.past.length > STEPS) this.past.shift();
    return false;
  }

  undo(current: T): T | null {
    const step = this.past.pop();
    if (step === undefined) return null;
    this.future.push({ value: current, label: step.label });
    this.lastMerge = null;
    return step.value;
  }

  redo(current: T): T | null {
    const step = this.future.pop();
    if (step === undefined) return null;
    this.past.push({ value: current, label: step.label });
    this.lastMerge = null;
    return step.value;
  }

  replace(past: readonly Snapshot<T>[], future: readonly Snapshot<T>[]): void {
    this.past = [...past];
    this.future = [...future];
    this.lastMerge = null;
  }
}
