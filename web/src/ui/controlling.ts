// What the page knows of controllers while somebody looks: what they say, which are there, and the one that is
// being learned or calibrated, whether the page reads it or the server does.

import { meansDevice } from "../gesture/alike";
import { heededOf, keyName, sourceNamed, wordsFor } from "../gesture/naming";
import { Calibration, Noticing } from "../gesture/noticing";
import { type Key, matches, sourceOf } from "../gesture/page-hub";
import type { PageKind } from "../gesture/page-sources";
import type {
  Action,
  ControllerNoticed,
  ControllersNow,
  Heeded,
  Input,
  InputSource,
  InputsCalibrated,
  Mimed,
} from "../protocol/messages";
import { addInput, addTrigger, sameSource, setRanges } from "../state/controllers";
import { ownKinds } from "../state/heeding";
import { announce } from "./announcer";
import type { App } from "./app";

/** What the next controller that moves is for. */
export type Purpose =
  | {
      readonly kind: "axes";
      /** The first is waited for now, the others after it. */
      readonly axes: readonly string[];
      /** Those that were learned on the way. */
      readonly taken: readonly InputSource[];
    }
  | { readonly kind: "action"; readonly action: Action };

export interface Range {
  readonly lo: number;
  readonly hi: number;
}

interface Calibrating {
  readonly input: string;
  readonly own: Calibration | null;
  readonly request: number | null;
  /** So far. */
  range: Range | null;
}

/** Something that was heard and moves nothing. */
export interface Loose {
  readonly name: string;
  readonly where: string;
  readonly source: InputSource;
  readonly value: number;
}

interface Said {
  readonly key: Key;
  readonly value: number;
  readonly at: number;
  /** It has said something else before. */
  readonly moved: boolean;
}

const MOST_SERVED = 256;
const LOOSE_SHOWN = 4;
/** Of a note and of a fine controller come several values; one stands for all, the others are chosen by name. */
const KNOBS: ReadonlySet<string> = new Set(["control", "nrpn", "rpn", "bend", "pressure", "key_pressure"]);
/** Sources whose values are 0..1 by what they are. */
const MEASURED: ReadonlySet<InputSource["kind"]> = new Set(["osc", "program"]);

export class Controlling {
  /** What the server hears; null until it has said so. */
  now: ControllersNow | null = null;
  learning: Purpose | null = null;
  calibrating: Calibrating | null = null;
  /** Axes that stay where they are. */
  readonly frozen = new Set<string>();
  /** Why something cannot be had; empty: nothing is wrong. */
  problem = "";
  private readonly said = new Map<string, Said>();
  /** What the server heard; it forgets with every change of the piece. */
  private readonly served = new Map<string, Heeded>();
  private readonly listeners = new Set<() => void>();
  private noticing: Noticing | null = null;
  private asked: number | null = null;
  private watching = false;
  private scheduled = false;

  constructor(private readonly app: App) {
    const { link, hub, store } = app;
    const warned = link.controllers;
    link.controllers = (message) => {
      this.now = message;
      for (const each of message.heeded) this.served.set(`${each.kind} ${each.name}`, each);
      if (this.served.size > MOST_SERVED) this.served.clear();
      if (!this.watching) warned(message);
      this.changed();
    };
    const others = link.taught;
    link.taught = (message) => {
      others(message);
      this.taught(message);
    };
    hub.heard = (key, value) => this.heard(key, value);
    hub.met = () => this.changed();
    store.subscribe((state, previous) => {
      if (state.connection.state !== previous.connection.state && this.watching) link.watchControllers(true);
      if (state.piece?.id !== previous.piece?.id) this.forget();
    });
  }

  /** Hear of changes; the answer takes the listener off again. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Once for everything that happens until the next frame. */
  private changed(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      for (const listener of [...this.listeners]) listener();
    });
  }

  watch(watching: boolean): void {
    this.watching = watching;
    this.app.link.watchControllers(watching);
    // Gamepads need no leave, so they can be shown before anything is connected.
    if (watching && this.owns("gamepad")) void this.app.sources.open("gamepad");
    if (!watching) {
      this.stopLearning();
      this.endCalibrating();
    }
  }

  private forget(): void {
    this.stopLearning();
    this.calibrating = null;
    this.frozen.clear();
    this.changed();
  }

  // ------------------------------------------------------------------ what is there

  /** Whether the page reads controllers of a kind, rather than the server. */
  owns(kind: InputSource["kind"]): kind is PageKind {
    return (ownKinds(this.app.link.reads) as ReadonlySet<string>).has(kind);
  }

  /** Devices that the page reads, and what the server listens to. */
  get doors(): { readonly name: string; readonly by: "page" | "server" }[] {
    const page = [...this.app.hub.there.values()].flatMap((names) => [...names]);
    return [
      ...page.map((name) => ({ name: deviceWords(name), by: "page" as const })),
      ...(this.now?.doors ?? []).map((name) => ({ name, by: "server" as const })),
    ];
  }

  /** Whether the device of a source is there; null: that cannot be told until it speaks. */
  isThere(source: InputSource): boolean | null {
    const doors = this.now?.doors;
    const door = (start: string): boolean | null =>
      doors === undefined ? null : doors.some((each) => each.startsWith(start));
    switch (source.kind) {
      case "midi":
      case "gamepad": {
        const name = source.kind === "midi" ? source.port : source.device;
        const there = this.owns(source.kind) ? [...(this.app.hub.there.get(source.kind) ?? [])] : doors;
        if (there === undefined) return null;
        return there.some((each) => meansDevice(name, each));
      }
      case "hid":
        return doors?.includes(source.device.replace("g", "G")) ?? null;
      case "osc":
        return door("OSC");
      case "sound":
        return door("sound of");
      case "program":
        return door("programs");
      case "key":
      case "gesture":
        return true;
      case "pen":
      case "orientation":
        return this.valueOf(source) === null ? null : true;
      case "clock":
        return true;
    }
  }

  /** What to do where a source is not there. */
  missing(source: InputSource): string {
    switch (source.kind) {
      case "osc":
        return "Isobath was started without --osc-in, so it hears no OSC.";
      case "sound":
        return "Isobath was started without --sound-in, so no live sound moves axes.";
      case "program":
        return "Isobath was started without --programs, so none can come in.";
      case "hid":
        return "No Gametrak is plugged in, or Isobath was started without --gamepads. It is remembered.";
      default:
        return "Not plugged in. It is remembered, and plays again when it is back.";
    }
  }

  // ------------------------------------------------------------------ what they say

  private heard(key: Key, value: number): void {
    const at = performance.now() / 1000;
    const name = keyName(key);
    const before = this.said.get(name);
    const moved = before !== undefined && (before.moved || before.value !== value);
    this.said.set(name, { key, value, at, moved });
    if (before?.moved !== moved) this.changed();
    if (this.noticing !== null && !this.isTaken(sourceOf(key)) && this.noticing.hear(name, value, at)) {
      this.found(sourceOf(key), null, name);
      return;
    }
    const { calibrating } = this;
    if (calibrating?.own == null) return;
    const input = this.inputOf(calibrating.input);
    if (input === null || !matches(input.source, key)) return;
    calibrating.own.hear(value);
    calibrating.range = calibrating.own.range;
    this.changed();
  }

  private inputOf(id: string): Input | null {
    return this.app.store.state.piece?.inputs.find((each) => each.id === id) ?? null;
  }

  /** What a source said last; null: nothing yet. */
  valueOf(source: InputSource): number | null {
    let newest: Said | null = null;
    for (const said of this.said.values())
      if (matches(source, said.key) && (newest === null || said.at > newest.at)) newest = said;
    return newest === null ? heededOf(source, [...this.served.values()]) : newest.value;
  }

  /** What was heard and belongs to no input, the newest first. */
  get loose(): Loose[] {
    const { piece } = this.app.store.state;
    const bound = [...(piece?.inputs ?? []), ...(piece?.triggers ?? [])].map((each) => each.source);
    const own = [...this.said.values()]
      .filter(({ key, moved }) => moved && isKnob(key) && !bound.some((source) => matches(source, key)))
      .sort((a, b) => b.at - a.at)
      .map(({ key, value }) => looseOf(sourceOf(key), value));
    const served: Loose[] = [];
    for (const each of this.now?.heeded ?? []) {
      if (each.moves) continue;
      each.values.forEach((value, argument) => {
        const source = sourceNamed(each, argument);
        if (source?.kind === "midi" && (!KNOBS.has(source.message) || source.channel === 0)) return;
        if (source !== null && !bound.some((one) => sameSource(one, source)))
          served.push(looseOf(source, value));
      });
    }
    return [...own, ...served].slice(0, LOOSE_SHOWN);
  }

  /** Which input is heard on an axis; empty: an address that needs none; null: nobody but the hand. */
  movedBy(axis: string): string | null {
    return this.app.hub.movedBy(axis) ?? this.now?.heard.find((each) => each.axis === axis)?.input ?? null;
  }

  /** What is ignored, and whether two pull at one axis. */
  get sentence(): string {
    const told = this.now?.sentence ?? "";
    const { pulls } = this.app.hub;
    if (pulls === 0 || told !== "") return told;
    return `Two controllers pulled at one axis ${pulls === 1 ? "once" : `${pulls} times`}; the one moved last is heard.`;
  }

  // ------------------------------------------------------------------ "move something"

  /** Let the page hear a kind of controller; a browser may ask the person first. */
  async open(kind: PageKind): Promise<void> {
    this.problem = (await this.app.sources.open(kind)) ?? "";
    if (this.problem !== "") announce(this.problem);
    this.changed();
  }

  /** The next controller that moves is connected. */
  learn(purpose: Purpose): void {
    this.endCalibrating();
    this.stopLearning();
    this.learning = purpose;
    this.app.hub.learning = true;
    this.listenForMoves();
    for (const kind of ["midi", "gamepad", "pen", "key"] as const) if (this.owns(kind)) void this.open(kind);
    const what = purpose.kind === "action" ? "Press a button, a key or a pedal." : "Move something.";
    announce(`${what} Escape ends it.`);
    this.changed();
  }

  /** The next movement of the axes becomes a button, or another recording of one. */
  recordMovement(action: Action, trigger: string | null = null): void {
    this.endCalibrating();
    this.stopLearning();
    this.app.movements.record(action, trigger, (sentence) => {
      announce(sentence);
      this.changed();
    });
    announce("Make the movement, then hold still. Escape ends it.");
    this.changed();
  }

  private listenForMoves(): void {
    this.noticing = new Noticing(performance.now() / 1000);
    this.asked = this.app.link.noticeController(true);
  }

  stopLearning(): void {
    if (this.app.movements.recording !== null) {
      this.app.movements.stop();
      this.changed();
    }
    if (this.learning === null) return;
    this.learning = null;
    this.app.hub.learning = false;
    this.noticing = null;
    this.asked = null;
    this.app.link.noticeController(false);
    this.changed();
  }

  /** Learned on the way to this one: it is not taken twice. */
  private isTaken(source: InputSource): boolean {
    return this.learning?.kind === "axes" && this.learning.taken.some((each) => sameSource(each, source));
  }

  private found(source: InputSource, range: Range | null, name: string): void {
    const purpose = this.learning;
    if (purpose === null) return;
    const { store } = this.app;
    if (purpose.kind === "action") {
      this.stopLearning();
      addTrigger(store, source, purpose.action);
      announce(`${name} is connected.`);
      return;
    }
    const [axis, ...left] = purpose.axes;
    const measured = MEASURED.has(source.kind) && range !== null ? range : {};
    const id = axis === undefined ? null : addInput(store, axis, source, measured);
    const called = store.state.piece?.axes.find((each) => each.id === axis)?.name ?? "the axis";
    if (left.length === 0) this.stopLearning();
    else {
      this.learning = { kind: "axes", axes: left, taken: [...purpose.taken, source] };
      this.listenForMoves();
    }
    if (id === null) return;
    announce(`${name} moves ${called}.${left.length > 0 ? " Now the next one." : ""}`);
    if (left.length === 0 && MEASURED.has(source.kind)) this.calibrate(id);
    this.changed();
  }

  // ------------------------------------------------------------------ wiggling

  /** Learn the range of an input from how far it is moved. */
  calibrate(id: string): void {
    this.stopLearning();
    this.endCalibrating();
    const input = this.inputOf(id);
    if (input === null) return;
    const own = this.owns(input.source.kind);
    this.calibrating = {
      input: id,
      own: own ? new Calibration() : null,
      request: own ? null : this.app.link.calibrateInputs([id], true),
      range: null,
    };
    announce("Move it to its ends and back a few times.");
    this.changed();
  }

  /** What was reached is its range from now on. */
  endCalibrating(keep = false): void {
    const { calibrating } = this;
    if (calibrating === null) return;
    this.calibrating = null;
    if (calibrating.own === null) this.app.link.calibrateInputs([], false);
    if (keep && calibrating.range !== null) {
      setRanges(this.app.store, [{ input: calibrating.input, ...calibrating.range }]);
      announce("Calibrated.");
    } else if (keep) announce("It was not moved far enough to tell.");
    this.changed();
  }

  private taught(message: ControllerNoticed | InputsCalibrated | Mimed): void {
    if (message.type === "controller_noticed") {
      if (message.request !== this.asked) return;
      this.asked = null;
      if (this.isTaken(message.source)) this.asked = this.app.link.noticeController(true);
      else this.found(message.source, { lo: message.lo, hi: message.hi }, spokenName(message));
    } else if (message.type === "inputs_calibrated") {
      const { calibrating } = this;
      if (calibrating === null || message.request !== calibrating.request) return;
      const range = message.ranges.find((each) => each.input === calibrating.input);
      if (range !== undefined) calibrating.range = { lo: range.lo, hi: range.hi };
      this.changed();
    }
  }

  // ------------------------------------------------------------------ staying

  /** Let an axis stay where it is, whatever its controllers say, or follow them again. */
  freeze(axis: string, on: boolean): void {
    if (on) this.frozen.add(axis);
    else this.frozen.delete(axis);
    this.app.hub.freeze([axis], on);
    this.app.link.freezeAxes([axis], on);
    this.changed();
  }
}

function isKnob(key: Key): boolean {
  return key.kind !== "midi" || (KNOBS.has(key.message) && key.channel !== 0);
}

function looseOf(source: InputSource, value: number): Loose {
  const { what, where } = wordsFor(source);
  return { name: what, where, source, value };
}

function spokenName(message: ControllerNoticed): string {
  return message.name || wordsFor(message.source).what;
}

/** A device's name as a person would say it. */
function deviceWords(name: string): string {
  return wordsFor({ kind: "gamepad", part: "axis", index: 0, device: name }).where;
}

const known = new WeakMap<App, Controlling>();

/** One per page; what was heard stays known while the panel is closed. */
export function controllingOf(app: App): Controlling {
  let found = known.get(app);
  if (found === undefined) {
    found = new Controlling(app);
    known.set(app, found);
  }
  return found;
}
