// What pointers do on a pad besides playing: hold a sound until it is placed, move soundings, draw a box
// around several. Playing itself is gesture/pointers.ts.

import type { Demonstration } from "../protocol/messages";
import { select } from "../state/demonstrations";
import { voiceOf } from "../state/edit";
import { announce } from "../ui/announcer";
import type { App } from "../ui/app";
import { type Frame, fromX, fromY, toX, toY } from "./frame";
import { type Axes, moveFrom, originsOf, placeSound, visit } from "./placing";

interface Drag {
  /** "steer": a finger that began on a sounding which was not selected plays on from there. */
  readonly kind: "place" | "move" | "marquee" | "steer";
  readonly startX: number;
  readonly startY: number;
  /** For "move": where each moved demonstration was. */
  readonly origins: ReadonlyMap<string, readonly number[]>;
  readonly grabbed: string | null;
  moved: boolean;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The pad, as far as hands need to know it. */
export interface HandsOn {
  readonly app: App;
  readonly frame: Frame;
  readonly axes: Axes;
  /** Where the pointer is, in pixels of the pad. */
  local(event: PointerEvent): { x: number; y: number };
  /** Something about the hands is to be drawn. */
  changed(): void;
  focusWater(): void;
}

/** Less than this many pixels is a click. */
const STILL = 4;

export class Hands {
  /** Where the sound in hand hovers, in pixels. */
  held: { x: number; y: number } | null = null;
  box: Box | null = null;
  pressure = 0;
  private readonly drags = new Map<number, Drag>();

  constructor(private readonly on: HandsOn) {}

  get busy(): boolean {
    return this.drags.size > 0;
  }

  /** On open water, where the press does not play. */
  readonly down = (event: PointerEvent): void => {
    const playing = this.on.app.store.state.listen === "play" && !event.shiftKey;
    if (event.button !== 0 || playing) return;
    const { x, y } = this.on.local(event);
    const kind = event.shiftKey ? "marquee" : "place";
    this.begin(event, { kind, startX: x, startY: y, origins: new Map(), grabbed: null, moved: false });
    if (kind === "place") this.held = { x, y };
    this.on.focusWater();
    this.on.changed();
    event.preventDefault();
  };

  /** On a sounding. */
  grab(event: PointerEvent, { id }: Demonstration): void {
    if (event.button !== 0) return;
    const { store } = this.on.app;
    event.stopPropagation();
    if (event.shiftKey || event.ctrlKey || event.metaKey) {
      select(store, [id], "toggle");
      return;
    }
    const { x, y } = this.on.local(event);
    const selected = store.state.selection.has(id);
    const steers = !selected && event.pointerType === "touch" && store.state.listen === "play";
    if (!selected && !steers) select(store, [id]);
    this.begin(event, {
      kind: steers ? "steer" : "move",
      startX: x,
      startY: y,
      origins: originsOf(this.on.app, store.state.selection),
      grabbed: id,
      moved: false,
    });
  }

  private begin(event: PointerEvent, drag: Drag): void {
    this.drags.set(event.pointerId, drag);
    try {
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    } catch {
      // The pointer is gone already; its "up" will never come, and nothing is lost.
    }
  }

  readonly move = (event: PointerEvent): void => {
    const drag = this.drags.get(event.pointerId);
    const { x, y } = this.on.local(event);
    if (drag === undefined) {
      if (event.pointerType === "pen") this.pressure = event.pressure;
      if (event.pointerType === "mouse" && event.buttons === 0) this.hover(x, y);
      return;
    }
    if (!drag.moved && Math.hypot(x - drag.startX, y - drag.startY) < STILL) return;
    drag.moved = true;
    const { app, frame, axes } = this.on;
    if (drag.kind === "steer") this.steer(x, y);
    else if (drag.kind === "move")
      moveFrom(app, drag.origins, axes, (x - drag.startX) / frame.width, (drag.startY - y) / frame.height);
    else {
      if (drag.kind === "place") this.held = { x, y };
      else this.box = boxBetween(drag.startX, drag.startY, x, y);
      this.on.changed();
    }
  };

  private hover(x: number, y: number): void {
    const { app } = this.on;
    if (app.store.state.listen === "explore") {
      this.held = { x, y };
      this.on.changed();
    } else if (app.preferences.value.hover) this.steer(x, y);
  }

  private steer(x: number, y: number): void {
    const { app, frame, axes } = this.on;
    const ids = app.store.state.piece?.axes ?? [];
    const across = ids[axes.across]?.id;
    const up = ids[axes.up]?.id;
    if (across !== undefined && up !== undefined)
      app.performer.set2(across, fromX(frame, x), up, fromY(frame, y));
  }

  readonly leave = (): void => {
    if (this.busy || this.held === null) return;
    this.held = null;
    this.on.changed();
  };

  readonly up = (event: PointerEvent): void => {
    const drag = this.drags.get(event.pointerId);
    this.drags.delete(event.pointerId);
    if (drag === undefined) return;
    const { x, y } = this.on.local(event);
    const { app } = this.on;
    if (drag.kind === "place" && event.type === "pointerup") this.place(x, y);
    else if (drag.kind === "marquee") this.choose(event.ctrlKey || event.metaKey);
    else if (drag.grabbed !== null && !drag.moved) {
      if (drag.kind === "steer") select(app.store, [drag.grabbed]);
      visit(app, drag.grabbed);
    }
    this.on.changed();
  };

  private place(x: number, y: number): void {
    const { app, frame, axes } = this.on;
    this.held = null;
    const point = Float64Array.from(app.performer.values);
    if (axes.across >= 0) point[axes.across] = fromX(frame, x);
    if (axes.up >= 0) point[axes.up] = fromY(frame, y);
    placeSound(app, point, axes);
  }

  private choose(adding: boolean): void {
    const { app, frame, axes } = this.on;
    const { box } = this;
    this.box = null;
    if (box === null) return;
    const inside = (voiceOf(app.store)?.demonstrations ?? []).filter((d) => {
      const x = toX(frame, d.point[axes.across] ?? 0.5) - box.left;
      const y = toY(frame, d.point[axes.up] ?? 0.5) - box.top;
      return x >= 0 && x <= box.width && y >= 0 && y <= box.height;
    });
    const ids = inside.map((d) => d.id);
    select(app.store, ids, adding ? "add" : "only");
    announce(`${ids.length} ${ids.length === 1 ? "demonstration" : "demonstrations"} selected.`);
  }
}

function boxBetween(x1: number, y1: number, x2: number, y2: number): Box {
  return {
    left: Math.min(x1, x2),
    top: Math.min(y1, y2),
    width: Math.abs(x2 - x1),
    height: Math.abs(y2 - y1),
  };
}
