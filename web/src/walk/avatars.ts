// Others as they are seen: soft figures of one stroke that breathe, look where they look, and have a name when one
// comes near. They are landmarks that walk.

import { Batch } from "../draw/brush";
import { between, light } from "../draw/colours";
import { Many } from "../draw/many";
import { sphere } from "../draw/shapes";
import type { Other } from "./company";
import { EYES, type Pose } from "./pose";
import type { WorldScene } from "./scene";

const MOST = 256;
/** Metres within which somebody's name is shown, and how many names at most. */
const NAMED = 22;
const NAMES = 10;
/** Seconds of one breath. */
const BREATH = 4.2;
const BODY = { width: 0.52, height: 1.32, depth: 0.4 } as const;
const HEAD = 0.34;
const PALE = light("#e9e6da");

type Ground = (x: number, z: number) => number;

export class Avatars {
  /** Three of each: a body, a head, and what looks, a small light spot where a face would be. */
  private readonly parts = new Many();
  private readonly batch: Batch;
  private readonly names: HTMLElement[] = [];
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(
    private readonly scene: WorldScene,
    private readonly layer: HTMLElement,
  ) {
    this.batch = new Batch(scene.brush, sphere(6), this.parts);
    scene.add(this.batch);
  }

  dispose(): void {
    this.scene.remove(this.batch);
    for (const name of this.names) name.remove();
  }

  /** Everybody where they are now, `seconds` on the clock of breathing. */
  show(others: readonly Other[], seconds: number, ground: Ground): void {
    const count = Math.min(MOST, others.length);
    this.parts.fill(3 * count);
    for (let i = 0; i < count; i++) this.place(3 * i, others[i]!, seconds, ground);
  }

  private place(at: number, { who, pose, presence }: Other, seconds: number, ground: Ground): void {
    const phase = 2 * Math.PI * (seconds / BREATH + who.id * 0.37);
    const breath = this.calm.matches ? 0 : Math.sin(phase);
    const there = Math.max(0.001, presence);
    const feet = Math.max(pose.y - EYES, ground(pose.x, pose.z));
    const turn = -2 * Math.PI * pose.azimuth;
    let tint = between(light(who.colour), PALE, 0.12);
    if (who.muted || who.away) tint = between(tint, PALE, 0.6);

    const height = BODY.height * (1 + 0.015 * breath) * there;
    const [width, depth] = [
      BODY.width * (1 + 0.03 * breath) * there,
      BODY.depth * (1 + 0.05 * breath) * there,
    ];
    this.parts.put(at, [pose.x, feet + 0.04 + height / 2, pose.z], [width, height, depth], tint, 1, turn);

    const head = HEAD * there;
    const top = feet + 0.04 + height + 0.1 * there + head / 2;
    this.parts.put(at + 1, [pose.x, top, pose.z], [head, head, head], tint);

    const tilt = 2 * Math.PI * pose.elevation;
    const [ahead, spot] = [0.42 * head * Math.cos(tilt), 0.36 * head];
    this.parts.put(
      at + 2,
      [pose.x - ahead * Math.sin(turn), top + 0.42 * head * Math.sin(tilt), pose.z - ahead * Math.cos(turn)],
      [spot, spot, spot],
      between(tint, PALE, 0.75),
    );
  }

  /** Names over the heads of those who are near; always as text. */
  name(others: readonly Other[], me: Pose, ground: Ground): void {
    const near = others
      .map((each) => ({
        each,
        metres: Math.hypot(each.pose.x - me.x, each.pose.y - me.y, each.pose.z - me.z),
      }))
      .filter(({ metres }) => metres < NAMED)
      .sort((a, b) => a.metres - b.metres)
      .slice(0, NAMES);
    const taken: { x: number; y: number }[] = [];
    near.forEach(({ each, metres }, i) => {
      const label = this.label(i);
      const here = each.pose;
      const eyes = Math.max(here.y, ground(here.x, here.z) + EYES);
      const at = this.scene.project(here.x, eyes + 0.42, here.z);
      const text = each.who.away ? `${each.who.name} (away)` : each.who.name;
      if (label.textContent !== text) label.textContent = text;
      // Behind a nearer one a name would be in the way of that one's.
      const covered =
        at !== null && taken.some(({ x, y }) => Math.abs(x - at.x) < 0.06 && Math.abs(y - at.y) < 0.03);
      label.hidden = at === null || covered;
      if (at === null || covered) return;
      taken.push(at);
      label.style.opacity = String(Math.min(1, 2 * (1 - metres / NAMED)) * each.presence);
      label.style.insetInlineStart = `${100 * at.x}%`;
      label.style.insetBlockStart = `${100 * at.y}%`;
    });
    for (const spare of this.names.slice(near.length)) spare.hidden = true;
  }

  private label(i: number): HTMLElement {
    let found = this.names[i];
    if (found === undefined) {
      found = document.createElement("span");
      found.className = "walker-name";
      this.layer.append(found);
      this.names[i] = found;
    }
    return found;
  }
}
