// Taking landmarks, boxes and zones by the hand: a press chooses, a drag moves along the ground, with Shift up
// and down; by keys the nearest is taken, and moved with Alt and the arrows.

import type { World } from "../protocol/messages";
import { changeThing, deleteThing, type Kind, type Thing, thingsOf } from "../state/world";
import type { App } from "../ui/app";
import type { Pose } from "./pose";
import type { WorldScene } from "./scene";

/** A press that moved less than this many pixels is a click. */
const CLICK = 5;
const SMALLEST = 0.05;
const LARGEST = 500;
/** Metres that a key moves what is in hand. */
const STEP = 0.5;
const KINDS: readonly Kind[] = ["landmark", "box", "zone"];
/** How far each arrow goes: to the right, and ahead. */
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** Something in the world, and what it is. */
export interface InHand {
  readonly kind: Kind;
  readonly thing: Thing;
}

export class Editing {
  /** What is in hand. */
  chosen: string | null = null;
  private from: { x: number; y: number; position: Thing["position"]; distance: number } | null = null;

  constructor(
    private readonly reach: () => App,
    private readonly changed: () => void,
  ) {}

  get world(): World | null {
    return this.reach().store.state.piece?.world ?? null;
  }

  get inHand(): InHand | null {
    const { world, chosen } = this;
    if (world === null || chosen === null) return null;
    for (const kind of KINDS) {
      const thing = thingsOf(world, kind).find((each) => each.id === chosen);
      if (thing !== undefined) return { kind, thing };
    }
    return null;
  }

  choose(id: string | null): void {
    if (this.chosen === id) return;
    this.chosen = id;
    this.changed();
  }

  /** Take in hand what is nearest; where that is, the next, and so on. The one it is now. */
  takeNext(pose: Pose): InHand | null {
    const { world } = this;
    if (world === null) return null;
    const away = ({ thing }: InHand): number =>
      Math.hypot(thing.position[0] - pose.x, thing.position[2] - pose.z);
    const all = KINDS.flatMap((kind) => thingsOf(world, kind).map((thing) => ({ kind, thing })));
    all.sort((a, b) => away(a) - away(b));
    const at = all.findIndex(({ thing }) => thing.id === this.chosen);
    this.choose(all[(at + 1) % Math.max(1, all.length)]?.thing.id ?? null);
    return this.inHand;
  }

  /** Alt and an arrow: a step across the ground as one looks, with Shift up and down; true if it was one. */
  nudge(event: KeyboardEvent, pose: Pose): boolean {
    const held = this.inHand;
    const arrow = ARROWS[event.key];
    if (held === null || arrow === undefined || !event.altKey) return false;
    const [right, ahead] = [arrow[0] * STEP, arrow[1] * STEP];
    const [x, y, z] = held.thing.position;
    const heading = 2 * Math.PI * pose.azimuth;
    const [sin, cos] = [Math.sin(heading), Math.cos(heading)];
    if (event.shiftKey) this.move([x, y + ahead, z]);
    else this.move([x + right * cos + ahead * sin, y, z + right * sin - ahead * cos]);
    return true;
  }

  /** A press on the canvas; true when it takes what is in hand, and so does not look about. */
  press(event: PointerEvent, scene: WorldScene, pose: Pose): boolean {
    const held = this.inHand;
    if (held === null) return false;
    const met = meetAt(event, scene);
    if (met?.id !== held.thing.id) return false;
    const { position } = held.thing;
    const [x, y, z] = position;
    const distance = Math.hypot(x - pose.x, y - pose.y, z - pose.z);
    this.from = { x: event.clientX, y: event.clientY, position, distance };
    return true;
  }

  /** Under the pointer it keeps its distance: as many metres as that far away are those pixels. */
  drag(event: PointerEvent, scene: WorldScene, pose: Pose): void {
    const { from } = this;
    if (from === null) return;
    const metres = scene.metresPerPixel(from.distance);
    const right = (event.clientX - from.x) * metres;
    const down = (event.clientY - from.y) * metres;
    const heading = 2 * Math.PI * pose.azimuth;
    const [x, y, z] = from.position;
    const across = { x: right * Math.cos(heading), z: right * Math.sin(heading) };
    // Downwards is towards the walker, unless the height is meant.
    const near = event.shiftKey
      ? { x: 0, z: 0 }
      : { x: -down * Math.sin(heading), z: down * Math.cos(heading) };
    this.move([x + across.x + 2 * near.x, event.shiftKey ? y - down : y, z + across.z + 2 * near.z]);
  }

  /** The hand lets go; a press that did not move chooses what lies there. */
  release(event: PointerEvent, pressed: { x: number; y: number }, scene: WorldScene): void {
    const moved = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y);
    this.from = null;
    if (moved >= CLICK) return;
    const met = meetAt(event, scene);
    this.choose(met === null || met.kind === "stone" || met.kind === "ground" ? null : met.id);
  }

  move(to: readonly [number, number, number]): void {
    const { world, inHand } = this;
    if (world === null || inHand === null) return;
    const bounded = to.map((value, i) => {
      const half = world.size[i]! / 2;
      return Math.round(100 * Math.max(-half, Math.min(half, value))) / 100;
    });
    this.change({ position: bounded as [number, number, number] });
  }

  change(to: Partial<Thing>): void {
    const { inHand } = this;
    if (inHand !== null) changeThing(this.reach().store, inHand.kind, inHand.thing.id, to);
  }

  scale(factor: number): void {
    const { inHand } = this;
    if (inHand === null) return;
    const size = inHand.thing.size.map((each) => bounded(each * factor)) as [number, number, number];
    this.change({ size });
  }

  delete(): void {
    const { inHand } = this;
    if (inHand === null) return;
    deleteThing(this.reach().store, inHand.kind, inHand.thing.id);
    this.choose(null);
  }
}

export function bounded(size: number): number {
  return Math.round(1000 * Math.max(SMALLEST, Math.min(LARGEST, size))) / 1000;
}

function meetAt(event: PointerEvent, scene: WorldScene) {
  const box = (event.target as HTMLElement).getBoundingClientRect();
  return scene.meet(
    (2 * (event.clientX - box.left)) / box.width - 1,
    1 - (2 * (event.clientY - box.top)) / box.height,
  );
}
