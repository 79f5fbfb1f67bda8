// Taking landmarks by the hand: a press chooses, a drag moves along the ground, with Shift up and down.

import type { Landmark, World } from "../protocol/messages";
import { changeLandmark, deleteLandmark } from "../state/world";
import type { App } from "../ui/app";
import type { Pose } from "./pose";
import type { WorldScene } from "./scene";

/** A press that moved less than this many pixels is a click. */
const CLICK = 5;
const SMALLEST = 0.05;
const LARGEST = 500;

export class Editing {
  /** The landmark in hand. */
  chosen: string | null = null;
  private from: { x: number; y: number; position: Landmark["position"]; distance: number } | null = null;

  constructor(
    private readonly reach: () => App,
    private readonly changed: () => void,
  ) {}

  get world(): World | null {
    return this.reach().store.state.piece?.world ?? null;
  }

  get landmark(): Landmark | null {
    return this.world?.landmarks.find((each) => each.id === this.chosen) ?? null;
  }

  choose(id: string | null): void {
    if (this.chosen === id) return;
    this.chosen = id;
    this.changed();
  }

  /** A press on the canvas; true when it takes the landmark in hand and so does not look about. */
  press(event: PointerEvent, scene: WorldScene, pose: Pose): boolean {
    const landmark = this.landmark;
    if (landmark === null) return false;
    const met = meetAt(event, scene);
    if (met?.kind !== "landmark" || met.id !== landmark.id) return false;
    const [x, y, z] = landmark.position;
    const distance = Math.hypot(x - pose.x, y - pose.y, z - pose.z);
    this.from = { x: event.clientX, y: event.clientY, position: landmark.position, distance };
    return true;
  }

  /** Under the pointer the landmark keeps its distance: as many metres as that far away are those pixels. */
  drag(event: PointerEvent, scene: WorldScene, pose: Pose): void {
    const { from, chosen } = this;
    if (from === null || chosen === null) return;
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
    this.move(chosen, [x + across.x + 2 * near.x, event.shiftKey ? y - down : y, z + across.z + 2 * near.z]);
  }

  /** The hand lets go; a press that did not move chooses what lies there. */
  release(event: PointerEvent, pressed: { x: number; y: number }, scene: WorldScene): void {
    const moved = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y);
    this.from = null;
    if (moved >= CLICK) return;
    const met = meetAt(event, scene);
    this.choose(met?.kind === "landmark" ? met.id : null);
  }

  move(id: string, to: readonly [number, number, number]): void {
    const world = this.world;
    if (world === null) return;
    const bounded = to.map((value, i) => {
      const half = world.size[i]! / 2;
      return Math.round(100 * Math.max(-half, Math.min(half, value))) / 100;
    });
    changeLandmark(this.reach().store, id, { position: bounded as [number, number, number] });
  }

  scale(factor: number): void {
    const { landmark } = this;
    if (landmark === null) return;
    const size = landmark.size.map((each) => bounded(each * factor)) as [number, number, number];
    changeLandmark(this.reach().store, landmark.id, { size });
  }

  delete(): void {
    if (this.chosen === null) return;
    deleteLandmark(this.reach().store, this.chosen);
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
