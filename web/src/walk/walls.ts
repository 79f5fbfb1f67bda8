// Boxes as they are seen: a breath of mist between thin lines. Of three.js, and so for scene.ts alone.

import {
  BoxGeometry,
  type BufferGeometry,
  Color,
  DoubleSide,
  EdgesGeometry,
  Group,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  MeshBasicMaterial,
} from "three";
import type { Box } from "../protocol/messages";

export class Walls extends Group {
  readonly shape = new BoxGeometry(1, 1, 1);
  private readonly lines: BufferGeometry = new EdgesGeometry(this.shape);
  private drawn: readonly Box[] = [];

  show(boxes: readonly Box[]): void {
    if (boxes === this.drawn) return;
    this.drawn = boxes;
    this.empty();
    for (const box of boxes) {
      if (!box.shown) continue;
      const color = new Color(box.colour);
      const mist = new MeshBasicMaterial({
        color,
        transparent: true,
        opacity: 0.07,
        side: DoubleSide,
        depthWrite: false,
      });
      const line = new LineBasicMaterial({ color, transparent: true, opacity: 0.55 });
      for (const part of [new Mesh(this.shape, mist), new LineSegments(this.lines, line)]) {
        part.position.set(...box.position);
        part.scale.set(...box.size);
        this.add(part);
      }
    }
  }

  private empty(): void {
    for (const part of this.children) ((part as Mesh).material as MeshBasicMaterial).dispose();
    this.clear();
  }

  override dispose(): void {
    this.empty();
    this.shape.dispose();
    this.lines.dispose();
  }
}
