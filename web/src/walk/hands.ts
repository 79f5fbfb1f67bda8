// Keys, mouse, fingers and gamepad become one wish.

import { STILL, type Wish } from "./walker";

/** Turns that the head makes for a pixel of the pointer. */
const TURNS_PER_PIXEL = 1 / 2200;
/** Pixels that a finger moves its thumb pad for full speed. */
const STICK_REACH = 64;
const DEAD = 0.14;
const RUN = 3;
const CREEP = 0.3;

const KEYS: Readonly<Record<string, Partial<Wish>>> = {
  KeyW: { forward: 1 },
  KeyS: { forward: -1 },
  KeyA: { right: -1 },
  KeyD: { right: 1 },
  ArrowUp: { forward: 1 },
  ArrowDown: { forward: -1 },
  ArrowLeft: { turn: -1 },
  ArrowRight: { turn: 1 },
  KeyQ: { up: -1 },
  KeyE: { up: 1 },
  PageUp: { tilt: 1 },
  PageDown: { tilt: -1 },
};

interface Finger {
  readonly kind: "look" | "stick" | "grab";
  readonly fromX: number;
  readonly fromY: number;
  x: number;
  y: number;
}

export interface Looking {
  look(turn: number, tilt: number): void;
  /** A key that moves what is in hand, and nobody. */
  nudge?(event: KeyboardEvent): boolean;
  /** A press that takes something in the world by the hand; then it is not looked about. */
  grab?(event: PointerEvent): boolean;
  drag?(event: PointerEvent): void;
  /** The hand lets go; `from` is where it pressed. */
  release?(event: PointerEvent, from: { readonly x: number; readonly y: number }): void;
}

export class Hands {
  private readonly held = new Set<string>();
  private readonly fingers = new Map<number, Finger>();
  private readonly wish: Wish = { ...STILL };
  private shift = false;
  private alt = false;
  private leave: (() => void)[] = [];

  constructor(
    private readonly surface: HTMLElement,
    private readonly walker: Looking,
  ) {
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      act: (event: HTMLElementEventMap[K]) => void,
    ) => {
      surface.addEventListener(name, act);
      this.leave.push(() => surface.removeEventListener(name, act));
    };
    surface.style.touchAction = "none";
    on("keydown", (event) => this.key(event, true));
    on("keyup", (event) => this.key(event, false));
    on("blur", () => this.letGo());
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.up(event));
    on("wheel", (event) => event.preventDefault());
  }

  stop(): void {
    for (const off of this.leave) off();
    this.leave = [];
    this.letGo();
  }

  /** Whether any hand asks for movement. */
  get busy(): boolean {
    return this.held.size > 0 || this.fingers.size > 0;
  }

  /** The finger that walks, for drawing its thumb pad; null when there is none. */
  get stick(): { x: number; y: number; dx: number; dy: number } | null {
    for (const f of this.fingers.values())
      if (f.kind === "stick") return { x: f.fromX, y: f.fromY, dx: f.x - f.fromX, dy: f.y - f.fromY };
    return null;
  }

  /** What is wished for now. */
  now(): Wish {
    const wish = Object.assign(this.wish, STILL);
    for (const key of this.held) {
      const part = KEYS[key]!;
      for (const name of Object.keys(part) as (keyof Wish)[]) wish[name] += part[name]!;
    }
    wish.pace = this.shift ? RUN : this.alt ? CREEP : 1;
    const stick = this.stick;
    if (stick !== null) {
      wish.right += bounded(stick.dx / STICK_REACH);
      wish.forward -= bounded(stick.dy / STICK_REACH);
    }
    this.pad(wish);
    return wish;
  }

  private key(event: KeyboardEvent, down: boolean): void {
    this.shift = event.shiftKey;
    this.alt = event.altKey;
    if (event.ctrlKey || event.metaKey || KEYS[event.code] === undefined) return;
    if (down && this.walker.nudge?.(event) === true) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (down) this.held.add(event.code);
    else this.held.delete(event.code);
    event.preventDefault();
    event.stopPropagation();
  }

  private letGo(): void {
    this.held.clear();
    this.fingers.clear();
    this.shift = false;
    this.alt = false;
  }

  /** A mouse looks while it is pressed; a finger on the left half walks, on the right half looks. */
  private down(event: PointerEvent): void {
    if (event.button !== 0 || event.target !== this.surface) return;
    this.surface.focus({ preventScroll: true });
    const half = this.surface.clientWidth / 2;
    const touch = event.pointerType === "touch";
    const kind =
      this.walker.grab?.(event) === true ? "grab" : touch && event.offsetX < half ? "stick" : "look";
    this.fingers.set(event.pointerId, {
      kind,
      fromX: event.clientX,
      fromY: event.clientY,
      x: event.clientX,
      y: event.clientY,
    });
    try {
      this.surface.setPointerCapture(event.pointerId);
    } catch {} // a pointer made by a script cannot be captured; it still looks
  }

  private move(event: PointerEvent): void {
    const finger = this.fingers.get(event.pointerId);
    if (finger === undefined) return;
    if (finger.kind === "grab") this.walker.drag?.(event);
    else if (finger.kind === "look") {
      // The world is taken by the hand: it follows the finger.
      this.walker.look(
        (finger.x - event.clientX) * TURNS_PER_PIXEL,
        (event.clientY - finger.y) * TURNS_PER_PIXEL,
      );
    }
    finger.x = event.clientX;
    finger.y = event.clientY;
  }

  private up(event: PointerEvent): void {
    const finger = this.fingers.get(event.pointerId);
    if (finger !== undefined && finger.kind !== "stick")
      this.walker.release?.(event, { x: finger.fromX, y: finger.fromY });
    this.fingers.delete(event.pointerId);
  }

  /** Left stick walks, right stick looks, triggers rise and sink, a shoulder runs. */
  private pad(wish: Wish): void {
    const pad = navigator.getGamepads?.().find((each) => each?.connected && each.mapping === "standard");
    if (pad === null || pad === undefined) return;
    wish.right += dead(pad.axes[0]);
    wish.forward -= dead(pad.axes[1]);
    wish.turn += dead(pad.axes[2]);
    wish.tilt -= dead(pad.axes[3]);
    wish.up += (pad.buttons[7]?.value ?? 0) - (pad.buttons[6]?.value ?? 0);
    if (pad.buttons[5]?.pressed === true) wish.pace = RUN;
  }
}

function bounded(x: number): number {
  return Math.max(-1, Math.min(1, x));
}

/** A stick that does not rest in its middle stands still all the same. */
function dead(value: number | undefined): number {
  const x = bounded(value ?? 0);
  return Math.abs(x) < DEAD ? 0 : ((Math.abs(x) - DEAD) / (1 - DEAD)) * Math.sign(x);
}
