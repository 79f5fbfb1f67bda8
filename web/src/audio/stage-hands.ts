// What hands do, told to the stage 60 times a second at most: where axes go, and which sounds are looked for.

import type { FromPage } from "../protocol/messages";

const MOVE_MS = 1000 / 60;
/** What a controller at the server has moved reached the stage before the page heard of it. */
const ELSEWHERE_MS = 150;

/** Axes and where they are. */
export interface Placed {
  readonly axes: readonly { readonly id: string }[];
  /** The value of each. */
  readonly values: ArrayLike<number>;
}

export class StageHands {
  private on = false;
  /** This page began the stage: it starts at rest, and the performer is elsewhere. */
  private begun = false;
  private readonly told = new Map<string, number>();
  private readonly elsewhere = new Map<string, number>();
  private moved = Number.NEGATIVE_INFINITY;
  private moving: ReturnType<typeof setTimeout> | null = null;
  /** Axes that hands are on, and as they were told last. */
  private hands: readonly string[] = [];
  private toldHands = "";
  /** Sounds that are looked for, by slot. */
  private readonly explored = new Map<number, readonly number[]>();
  private exploring: ReturnType<typeof setTimeout> | null = null;
  private exploredAt = Number.NEGATIVE_INFINITY;
  private readonly toExplore = new Set<number>();

  constructor(
    /** True if it went out. */
    private readonly tell: (message: FromPage) => boolean,
    private readonly placed: () => Placed,
  ) {}

  /** The stage was begun by this page: all axes are told, not only what moves from now on. */
  begin(): void {
    this.begun = true;
    this.told.clear();
  }

  /** Tell from now on, first what holds already. */
  goOn(): void {
    this.on = true;
    this.toldHands = "";
    this.move();
    for (const slot of this.explored.keys()) this.toExplore.add(slot);
    this.explore();
  }

  goOff(): void {
    this.on = this.begun = false;
    this.told.clear();
  }

  /** Controllers at the server moved axes; the stage has heard of it already. */
  movedElsewhere(axes: readonly string[], values: readonly number[]): void {
    const now = performance.now();
    axes.forEach((axis, i) => {
      this.elsewhere.set(axis, now);
      this.told.set(axis, values[i]!);
    });
  }

  /** Hands lie on these axes, which may have gone elsewhere. */
  lie(hands: readonly string[]): void {
    this.hands = hands;
    this.move();
  }

  /** A voice plays a latent that is looked at; null: its mapping. */
  look(slot: number, latent: ArrayLike<number> | null): void {
    if (latent === null && !this.explored.has(slot)) return;
    if (latent === null) this.explored.delete(slot);
    else this.explored.set(slot, Array.from(latent));
    this.toExplore.add(slot);
    this.explore();
  }

  private explore(): void {
    if (!this.on || this.exploring !== null || this.toExplore.size === 0) return;
    const wait = this.exploredAt + MOVE_MS - performance.now();
    if (wait > 0) {
      this.exploring = setTimeout(() => {
        this.exploring = null;
        this.explore();
      }, wait);
      return;
    }
    this.exploredAt = performance.now();
    for (const slot of this.toExplore)
      this.tell({ type: "explore_on_stage", slot, latent: this.explored.get(slot) ?? null });
    this.toExplore.clear();
  }

  /** Tell where axes went since they were told last. */
  move(): void {
    if (!this.on || this.moving !== null) return;
    const wait = this.moved + MOVE_MS - performance.now();
    if (wait > 0) {
      this.moving = setTimeout(() => {
        this.moving = null;
        this.move();
      }, wait);
      return;
    }
    const now = performance.now();
    const found = this.placed();
    const axes: string[] = [];
    const values: number[] = [];
    found.axes.forEach(({ id }, i) => {
      const value = found.values[i]!;
      // Where somebody else began the stage, only what this hand moves from now on is told.
      if (!this.begun && !this.told.has(id)) this.told.set(id, value);
      if (this.told.get(id) === value || now - (this.elsewhere.get(id) ?? -ELSEWHERE_MS) < ELSEWHERE_MS)
        return;
      axes.push(id);
      values.push(value);
    });
    const { hands } = this;
    const lie = hands.join(" ");
    if (axes.length === 0 && lie === this.toldHands) return;
    if (!this.tell({ type: "move_on_stage", axes, values, hands })) return;
    this.moved = now;
    this.toldHands = lie;
    axes.forEach((axis, i) => {
      this.told.set(axis, values[i]!);
    });
  }
}
