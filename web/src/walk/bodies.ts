// Many of one shape in one draw, and landmarks, whose shape is as fine as they are seen. Of three.js.

import {
  type BufferGeometry,
  Color,
  InstancedMesh,
  type Intersection,
  type Material,
  Matrix4,
  MeshLambertMaterial,
  type Object3D,
  type Raycaster,
  SphereGeometry,
} from "three";
import type { Landmark } from "../protocol/messages";
import type { Pose } from "./pose";

/** Size over distance from which on one sees that a coarse sphere is none. */
const SEEN = 0.06;
/** So many are fine at most; the others are far, or one stands in a crowd. */
const FINE = 24;

const PLACE = new Matrix4();
const TINT = new Color();

export const matt = (): Material => new MeshLambertMaterial();

/** A mesh with room for so many, the old one where that does; it stands in `parent`. */
export function room(
  parent: Object3D,
  old: InstancedMesh | null,
  shape: BufferGeometry,
  count: number,
  stuff: () => Material = matt,
): InstancedMesh {
  if (old !== null && count <= old.instanceMatrix.count) {
    old.count = count;
    return old;
  }
  if (old !== null) {
    parent.remove(old);
    old.dispose();
  }
  const mesh = new InstancedMesh(shape, stuff(), Math.max(16, 2 * count));
  mesh.count = count;
  mesh.frustumCulled = false;
  parent.add(mesh);
  return mesh;
}

/** Put one of them somewhere. */
export function put(
  mesh: InstancedMesh,
  at: number,
  position: readonly [number, number, number],
  size: readonly [number, number, number],
  colour: string,
): void {
  PLACE.makeScale(...size).setPosition(...position);
  mesh.setMatrixAt(at, PLACE);
  mesh.setColorAt(at, TINT.set(colour));
}

export function settle(mesh: InstancedMesh): void {
  mesh.instanceMatrix.needsUpdate = true;
  if (mesh.instanceColor !== null) mesh.instanceColor.needsUpdate = true;
  mesh.computeBoundingSphere();
}

export class Bodies {
  private readonly coarse = new SphereGeometry(0.5, 10, 7);
  private all: readonly Landmark[] = [];
  private fine: readonly number[] = [];
  private near: InstancedMesh | null = null;
  private far: InstancedMesh | null = null;
  private nearIds: readonly string[] = [];
  private farIds: readonly string[] = [];

  constructor(
    private readonly parent: Object3D,
    private readonly shape: SphereGeometry,
  ) {}

  show(landmarks: readonly Landmark[]): void {
    this.all = landmarks;
    this.arrange(this.fine.filter((at) => at < landmarks.length));
  }

  /** From where they are looked at; whatever looks large becomes fine. */
  see(pose: Pose): void {
    const large: { readonly at: number; readonly seen: number }[] = [];
    for (let at = 0; at < this.all.length; at++) {
      const { position, size } = this.all[at]!;
      const away = Math.hypot(position[0] - pose.x, position[1] - pose.y, position[2] - pose.z);
      const seen = Math.max(...size) / Math.max(away, 0.1);
      if (seen > SEEN) large.push({ at, seen });
    }
    if (large.length > FINE) large.sort((a, b) => b.seen - a.seen).length = FINE;
    const fine = large.map((each) => each.at).sort((a, b) => a - b);
    if (fine.length !== this.fine.length || fine.some((at, i) => at !== this.fine[i])) this.arrange(fine);
  }

  private arrange(fine: readonly number[]): void {
    this.fine = fine;
    const chosen = new Set(fine);
    const near = fine.map((at) => this.all[at]!);
    const far = this.all.filter((_, at) => !chosen.has(at));
    this.near = this.fill(this.near, this.shape, near);
    this.far = this.fill(this.far, this.coarse, far);
    this.nearIds = near.map((each) => each.id);
    this.farIds = far.map((each) => each.id);
  }

  private fill(
    old: InstancedMesh | null,
    shape: BufferGeometry,
    landmarks: readonly Landmark[],
  ): InstancedMesh {
    const mesh = room(this.parent, old, shape, landmarks.length);
    landmarks.forEach((each, i) => {
      put(mesh, i, each.position, each.size, each.colour);
    });
    settle(mesh);
    return mesh;
  }

  /** The nearest that a ray meets. */
  meet(ray: Raycaster): { readonly id: string; readonly hit: Intersection } | null {
    const meshes = [this.near, this.far].filter((each) => each !== null);
    const hit = ray.intersectObjects(meshes, false)[0];
    if (hit === undefined) return null;
    const ids = hit.object === this.near ? this.nearIds : this.farIds;
    return { id: ids[hit.instanceId ?? -1] ?? "", hit };
  }

  dispose(): void {
    this.near?.dispose();
    this.far?.dispose();
    this.coarse.dispose();
  }
}
