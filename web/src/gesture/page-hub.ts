// Controllers that the page reads itself: what they say goes to the axes of the piece as the server would
// send it (src/isobath/inputs), through the same board. The performer's hand goes before them.

import type { Action, Input, InputSource, Piece, Trigger } from "../protocol/messages";
import { meansDevice } from "./alike";
import { Board, type Slot } from "./board";
import type { Performer } from "./performer";

const PERIOD_MS = 5;
const PATIENCE_MS = 50;
const MIDDLE = 0.5;

/** What a value that comes in is called. */
export type Key =
  | {
      readonly kind: "midi";
      readonly port: string;
      readonly channel: number;
      readonly message: string;
      readonly number: number;
    }
  | {
      readonly kind: "gamepad";
      readonly device: string;
      readonly part: "axis" | "button";
      readonly index: number;
    }
  | { readonly kind: "orientation"; readonly part: "turn" | "tilt" | "roll" }
  | { readonly kind: "pen"; readonly part: "pressure" | "tilt_x" | "tilt_y" | "twist" }
  | { readonly kind: "key"; readonly code: string };

/** Whether the values of a key are this source's. */
export function matches(source: InputSource, key: Key): boolean {
  if (source.kind === "midi" && key.kind === "midi")
    return (
      source.message === key.message &&
      meansDevice(source.port, key.port) &&
      (source.channel === null ? key.channel !== 0 : source.channel === key.channel) &&
      (source.number === null || source.number === key.number)
    );
  if (source.kind === "gamepad" && key.kind === "gamepad")
    return source.part === key.part && source.index === key.index && meansDevice(source.device, key.device);
  if (source.kind === "key" && key.kind === "key") return source.code === key.code;
  if (source.kind === "pen" && key.kind === "pen") return source.part === key.part;
  return source.kind === "orientation" && key.kind === "orientation" && source.part === key.part;
}

/** The source that means a key's values: what "move a knob" puts into a piece. */
export function sourceOf(key: Key): InputSource {
  if (key.kind !== "midi") return key;
  const anyNumber = key.message === "velocity" || key.message === "key";
  const message = key.message as Extract<InputSource, { kind: "midi" }>["message"];
  return { ...key, message, number: anyNumber ? null : key.number };
}

interface Gate {
  readonly trigger: Trigger;
  down: boolean;
}

export class PageHub {
  private axes: readonly string[] = [];
  private inputs: readonly Input[] = [];
  private board = new Board([], []);
  private slots: readonly Slot[] = [];
  private gates: Gate[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private moving = false;
  /** Devices that are plugged in, by kind. */
  readonly there = new Map<InputSource["kind"], ReadonlySet<string>>();
  /** Hears of devices that come and go. */
  met: () => void = () => {};
  /** Whatever comes in is wanted: something is being learned. */
  learning = false;
  /** Hears every value with its key: "move a knob". */
  heard: (key: Key, value: number) => void = () => {};

  constructor(
    private readonly performer: Performer,
    private readonly act: (action: Action, begins: boolean) => void,
    private readonly now: () => number = () => performance.now() / 1000,
  ) {
    performer.listen(() => this.hands());
  }

  /** The piece that is played, and which kinds of controller the page reads. */
  show(piece: Pick<Piece, "axes" | "inputs" | "triggers">, kinds: ReadonlySet<InputSource["kind"]>): void {
    const ids = piece.axes.map((axis) => axis.id);
    const inputs = piece.inputs.filter(
      (input) => !input.muted && kinds.has(input.source.kind) && ids.includes(input.axis),
    );
    const rests = piece.axes.map((axis) => axis.rest);
    const given = inputs.map((input) => ({ ...input, axis: ids.indexOf(input.axis) }));
    const board = new Board(rests, given);
    board.goOn(
      this.board,
      this.axes.map((id) => (ids.includes(id) ? ids.indexOf(id) : null)),
    );
    this.board = board;
    this.axes = ids;
    this.inputs = inputs;
    this.slots = board.slots;
    const down = new Set(this.gates.filter((gate) => gate.down).map((gate) => gate.trigger.id));
    this.gates = piece.triggers
      .filter((trigger) => !trigger.muted && kinds.has(trigger.source.kind))
      .map((trigger) => ({ trigger, down: down.has(trigger.id) }));
  }

  /** Whether a key's values go anywhere. */
  wants(key: Key): boolean {
    return (
      this.learning ||
      this.inputs.some((input) => matches(input.source, key)) ||
      this.gates.some(({ trigger }) => matches(trigger.source, key))
    );
  }

  /** A controller says a value. */
  say(key: Key, value: number): void {
    this.heard(key, value);
    let any = false;
    this.inputs.forEach((input, i) => {
      if (!matches(input.source, key)) return;
      this.slots[i]!.put(value);
      any = true;
    });
    for (const gate of this.gates) {
      if (!matches(gate.trigger.source, key) || value > MIDDLE === gate.down) continue;
      gate.down = !gate.down;
      this.act(gate.trigger.action, gate.down);
    }
    if (any) this.wake();
  }

  /** Controllers are gone, or were let go. */
  lose(gone: (key: InputSource) => boolean): void {
    const slots = this.slots.filter((_, i) => gone(this.inputs[i]!.source));
    this.board.lose(slots, this.now());
    if (slots.length > 0) this.wake();
  }

  /** A device was plugged in, or pulled out. */
  meet(kind: InputSource["kind"], name: string, on: boolean): void {
    const there = new Set(this.there.get(kind));
    if (on) there.add(name);
    else there.delete(name);
    this.there.set(kind, there);
    this.met();
  }

  /** Let axes stay where they are, whatever their controllers say, or follow them again. */
  freeze(axes: readonly string[], on: boolean): void {
    for (const axis of axes) this.board.freeze(this.axes.indexOf(axis), on);
    this.wake();
  }

  /** Which input moves an axis right now; null: none that the page reads. */
  movedBy(axis: string): string | null {
    return this.board.movedBy(this.axes.indexOf(axis));
  }

  /** How often two of them pulled at one axis. */
  get pulls(): number {
    return this.board.pulls;
  }

  /** One step now; the next one follows by itself as long as something moves. */
  private wake(): void {
    if (this.timer === null) this.step();
  }

  private step(): void {
    this.timer = null;
    const moved = this.board.step(this.now()).filter((i) => !this.performer.isHeld(this.axes[i]!));
    if (moved.length > 0) {
      const { values } = this.board;
      this.moving = true;
      this.performer.setMany(
        moved.map((i) => this.axes[i]!),
        moved.map((i) => values[i]!),
      );
      this.moving = false;
    }
    if (!this.board.idle) this.timer = setTimeout(() => this.step(), PERIOD_MS);
    else if (this.board.waiting) this.timer = setTimeout(() => this.step(), PATIENCE_MS);
  }

  /** Where something else put the axes: controllers take over from there. */
  private hands(): void {
    if (this.moving || this.axes.length === 0) return;
    const { values } = this.board;
    const now = this.now();
    this.axes.forEach((id, i) => {
      if (this.performer.indexOf(id) < 0) return;
      const at = this.performer.at(id);
      if (at !== values[i]) this.board.hand(i, at, now);
    });
  }
}
