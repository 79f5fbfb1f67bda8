import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Hands } from "./hands";

/** A canvas of 400 pixels across, as much of one as hands need. */
function surface() {
  const heard = new Map<string, (event: unknown) => void>();
  const element = {
    addEventListener: (name: string, act: (event: unknown) => void) => heard.set(name, act),
    removeEventListener: (name: string) => heard.delete(name),
    style: {},
    clientWidth: 400,
    focus: () => {},
    setPointerCapture: () => {},
  };
  const say = (name: string, event: Record<string, unknown> = {}): void =>
    heard.get(name)?.({ preventDefault: () => {}, stopPropagation: () => {}, target: element, ...event });
  return { element: element as unknown as HTMLElement, say, heard };
}

const finger = (pointerId: number, x: number, y: number) => ({
  pointerId,
  pointerType: "touch",
  button: 0,
  clientX: x,
  clientY: y,
  offsetX: x,
});

describe("what hands wish for", () => {
  let pads: unknown[] = [];
  beforeEach(() => {
    pads = [];
    vi.stubGlobal("navigator", { getGamepads: () => pads });
  });
  afterEach(() => void vi.unstubAllGlobals());

  it("is to walk by keys, to run with Shift, to creep with Alt, and to stand once they are let go", () => {
    const { element, say } = surface();
    const hands = new Hands(element, { look: () => {} });
    say("keydown", { code: "KeyW", shiftKey: true });
    say("keydown", { code: "ArrowRight", shiftKey: true });
    expect(hands.now()).toMatchObject({ forward: 1, turn: 1, pace: 3 });
    say("keydown", { code: "KeyD", altKey: true });
    expect(hands.now()).toMatchObject({ forward: 1, right: 1, pace: 0.3 });
    say("keyup", { code: "KeyW" });
    expect(hands.now()).toMatchObject({ forward: 0, right: 1, pace: 1 });
    say("blur");
    expect(hands.busy).toBe(false);
    expect(hands.now()).toMatchObject({ forward: 0, right: 0, turn: 0 });
  });

  it("is to walk with a finger on the left and to look with one on the right, both at once", () => {
    const { element, say } = surface();
    const looked: number[] = [];
    const hands = new Hands(element, { look: (turn) => looked.push(turn) });
    say("pointerdown", finger(1, 100, 300));
    say("pointerdown", finger(2, 300, 300));
    say("pointermove", finger(1, 132, 172));
    say("pointermove", finger(2, 256, 300));
    expect(hands.now()).toMatchObject({ forward: 1, right: 0.5 });
    expect(looked).toEqual([44 / 2200]);
    say("pointerup", finger(1, 132, 172));
    expect(hands.now()).toMatchObject({ forward: 0, right: 0 });
  });

  it("is what a gamepad says, but for sticks that rest a little off their middle", () => {
    const { element } = surface();
    const hands = new Hands(element, { look: () => {} });
    const buttons = Array.from({ length: 8 }, (_, i) => ({ value: i === 7 ? 0.5 : 0, pressed: i === 5 }));
    pads = [null, { connected: true, mapping: "standard", axes: [0.1, -1, 0.57, 0], buttons }];
    const wish = hands.now();
    expect(wish).toMatchObject({ forward: 1, right: 0, up: 0.5, pace: 3 });
    expect(wish.turn).toBeCloseTo(0.5, 6);
  });

  it("is to move what is in hand, and not oneself, while a key says so", () => {
    const { element, say, heard } = surface();
    const hands = new Hands(element, { look: () => {}, nudge: (event) => event.altKey });
    say("keydown", { code: "ArrowUp", key: "ArrowUp", altKey: true });
    expect(hands.now().forward).toBe(0);
    say("keydown", { code: "ArrowUp", key: "ArrowUp", altKey: false });
    expect(hands.now().forward).toBe(1);
    hands.stop();
    expect(heard.size).toBe(0);
  });
});
