// Where the page gets controllers from: Web MIDI, the Gamepad API, and the sensors of a phone. Each is opened
// when the piece has an input for it, or when the next controller that moves is waited for; a browser may
// ask the person first, and may say no.

import type { InputSource } from "../protocol/messages";
import { meansDevice, toldApart } from "./alike";
import { MidiReader } from "./midi";
import type { Key } from "./page-hub";
import { pressureOf } from "./pointers";

/** Where the values go. */
export interface Sink {
  say(key: Key, value: number): void;
  lose(gone: (source: InputSource) => boolean): void;
  /** Whether a key's values go anywhere. */
  wants(key: Key): boolean;
  /** A device was plugged in, or pulled out. */
  meet(kind: PageKind, name: string, on: boolean): void;
}

export type PageKind = "midi" | "gamepad" | "orientation" | "pen" | "key";

/** Open one kind of controller; what to tell the person if it cannot be had, or null. */
export type Open = (sink: Sink) => Promise<string | null>;

export class PageSources {
  private readonly opened = new Map<PageKind, Promise<string | null>>();

  constructor(
    private readonly sink: Sink,
    private readonly ways: Readonly<Record<PageKind, Open>> = {
      midi: openMidi,
      gamepad: openGamepads,
      orientation: openOrientation,
      pen: openPen,
      key: openKeys,
    },
  ) {}

  /** Open what is not open yet. */
  open(kind: PageKind): Promise<string | null> {
    let opening = this.opened.get(kind);
    if (opening === undefined) {
      opening = this.ways[kind](this.sink);
      this.opened.set(kind, opening);
      // What was refused may be asked for again.
      void opening.then((problem) => problem !== null && this.opened.delete(kind));
    }
    return opening;
  }
}

// ------------------------------------------------------------------------ MIDI

const NO_MIDI =
  "This browser has no MIDI for pages. Start Isobath with --midi auto, and it reads MIDI itself.";
const MIDI_REFUSED =
  "The browser does not let this page have MIDI. Allow it beside the address, and try again.";

async function openMidi(sink: Sink): Promise<string | null> {
  if (navigator.requestMIDIAccess === undefined) return NO_MIDI;
  try {
    const access = await navigator.requestMIDIAccess();
    /** What each port that is there is called, by its id. */
    const heard = new Map<string, string>();
    const meet = (): void => {
      for (const port of access.inputs.values()) {
        const known = heard.get(port.id);
        if (port.state === "connected" && known === undefined) {
          const name = toldApart(port.name ?? "MIDI", heard.values());
          heard.set(port.id, name);
          sink.meet("midi", name, true);
          const reader = new MidiReader();
          port.onmidimessage = (event) => hearMidi(sink, reader, name, event.data);
        } else if (port.state === "disconnected" && known !== undefined) {
          heard.delete(port.id);
          port.onmidimessage = null;
          sink.meet("midi", known, false);
          sink.lose((source) => source.kind === "midi" && meansDevice(source.port, known));
        }
      }
    };
    access.onstatechange = meet;
    meet();
    return null;
  } catch {
    return MIDI_REFUSED;
  }
}

/** Bytes of a port. */
export function hearMidi(sink: Sink, reader: MidiReader, port: string, bytes: Iterable<number> | null): void {
  for (const { channel, message, number, value, gone } of reader.feed(bytes ?? [])) {
    if (!gone) sink.say({ kind: "midi", port, channel, message, number }, value);
    else
      sink.lose(
        (source) =>
          source.kind === "midi" &&
          source.message === message &&
          meansDevice(source.port, port) &&
          (source.channel === null ? channel !== 0 : source.channel === channel) &&
          (source.number === null || source.number === number),
      );
  }
}

// ------------------------------------------------------------------------ gamepads

const PAD_MS = 8;

async function openGamepads(sink: Sink): Promise<string | null> {
  if (navigator.getGamepads === undefined) return "This browser has no gamepads for pages.";
  const reader = new PadReader(sink);
  setInterval(() => reader.look(navigator.getGamepads()), PAD_MS);
  return null;
}

type Pad = Pick<Gamepad, "index" | "id" | "axes"> & {
  readonly buttons: readonly { readonly value: number }[];
};

/** Says what has changed since the last look. */
export class PadReader {
  private readonly known = new Map<number, { readonly name: string; values: number[] }>();

  constructor(private readonly sink: Sink) {}

  private names(): string[] {
    return [...this.known.values()].map(({ name }) => name);
  }

  look(pads: readonly (Pad | null)[]): void {
    const there = new Set<number>();
    for (const pad of pads) {
      if (pad === null) continue;
      there.add(pad.index);
      const values = [...pad.axes.map((axis) => (axis + 1) / 2), ...pad.buttons.map((each) => each.value)];
      const before = this.known.get(pad.index);
      const name = before?.name ?? toldApart(pad.id, this.names());
      this.known.set(pad.index, { name, values });
      if (before === undefined) {
        // What it says when it appears is no movement: nobody has touched it yet.
        this.sink.meet("gamepad", name, true);
        continue;
      }
      values.forEach((value, k) => {
        if (value === before.values[k]) return;
        const axis = k < pad.axes.length;
        const index = axis ? k : k - pad.axes.length;
        this.sink.say({ kind: "gamepad", device: name, part: axis ? "axis" : "button", index }, value);
      });
    }
    for (const [index, { name }] of this.known) {
      if (there.has(index)) continue;
      this.known.delete(index);
      this.sink.meet("gamepad", name, false);
      this.sink.lose((source) => source.kind === "gamepad" && meansDevice(source.device, name));
    }
  }
}

// ------------------------------------------------------------------------ orientation

const NO_SENSORS = "This device does not tell the page how it is held. That needs a phone, and TLS.";

interface Permission {
  requestPermission?(): Promise<"granted" | "denied">;
}

async function openOrientation(sink: Sink): Promise<string | null> {
  if (typeof DeviceOrientationEvent === "undefined") return NO_SENSORS;
  const asks = DeviceOrientationEvent as unknown as Permission;
  try {
    if (asks.requestPermission !== undefined && (await asks.requestPermission()) !== "granted")
      return NO_SENSORS;
  } catch {
    return NO_SENSORS;
  }
  addEventListener("deviceorientation", (event) => hearOrientation(sink, event));
  return null;
}

/** Degrees of the sensors, 0..1 from least to most. */
export function hearOrientation(
  sink: Sink,
  event: Pick<DeviceOrientationEvent, "alpha" | "beta" | "gamma">,
): void {
  const { alpha, beta, gamma } = event;
  if (alpha !== null) sink.say({ kind: "orientation", part: "turn" }, alpha / 360);
  if (beta !== null) sink.say({ kind: "orientation", part: "tilt" }, (beta + 180) / 360);
  if (gamma !== null) sink.say({ kind: "orientation", part: "roll" }, (gamma + 90) / 180);
}

// ------------------------------------------------------------------------ pen and fingers

async function openPen(sink: Sink): Promise<string | null> {
  const hear = (event: Event): void => {
    const surface = (event.target as Element | null)?.closest?.("isobath-surface");
    if (surface !== null && surface !== undefined) hearPen(sink, event as PointerEvent);
  };
  const raw = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove";
  for (const type of ["pointerdown", raw]) addEventListener(type, hear, { capture: true, passive: true });
  const lift = (event: PointerEvent): void => {
    if (event.pointerType !== "mouse") sink.lose((source) => source.kind === "pen");
  };
  addEventListener("pointerup", lift, { capture: true });
  addEventListener("pointercancel", lift, { capture: true });
  return null;
}

type Pen = Pick<PointerEvent, "pointerType" | "pressure" | "tiltX" | "tiltY" | "twist" | "buttons">;

/** How a pen is held while it is down: pressure, tilt and twist, 0..1 from least to most. */
export function hearPen(sink: Sink, event: Pen): void {
  const pressure = pressureOf(event);
  if (pressure === null || event.buttons === 0) return;
  sink.say({ kind: "pen", part: "pressure" }, pressure);
  if (event.pointerType !== "pen") return;
  sink.say({ kind: "pen", part: "tilt_x" }, (event.tiltX + 90) / 180);
  sink.say({ kind: "pen", part: "tilt_y" }, (90 - event.tiltY) / 180);
  sink.say({ kind: "pen", part: "twist" }, event.twist / 359);
}

// ------------------------------------------------------------------------ the computer's keyboard

/** Keys with which one finds one's way about a page stay what they are. */
const PLAYED =
  /^(Key[A-Z]|Digit\d|Numpad\w+|F\d+|Minus|Equal|Bracket\w+|Semicolon|Quote|Comma|Period|Slash|Backslash|Backquote|IntlBackslash)$/;

async function openKeys(sink: Sink): Promise<string | null> {
  const down = new Set<string>();
  addEventListener("keydown", (event) => hearKey(sink, down, event), { capture: true });
  addEventListener("keyup", (event) => hearKey(sink, down, event), { capture: true });
  addEventListener("blur", () => {
    for (const code of down) sink.say({ kind: "key", code }, 0);
    down.clear();
  });
  return null;
}

/** A key goes down or up. One that moves or does something here does nothing else. */
export function hearKey(
  sink: Sink,
  down: Set<string>,
  event: Pick<
    KeyboardEvent,
    | "type"
    | "code"
    | "repeat"
    | "ctrlKey"
    | "metaKey"
    | "altKey"
    | "target"
    | "preventDefault"
    | "stopPropagation"
  >,
): void {
  const { code } = event;
  const key: Key = { kind: "key", code };
  if (event.type === "keyup") {
    if (!down.delete(code)) return;
    sink.say(key, 0);
  } else {
    const target = event.target as HTMLElement | null;
    const writes = target?.matches?.(
      "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]",
    );
    if (!PLAYED.test(code) || event.ctrlKey || event.metaKey || event.altKey || writes === true) return;
    if (!sink.wants(key)) return;
    if (!event.repeat) {
      down.add(code);
      sink.say(key, 1);
    }
  }
  event.preventDefault();
  event.stopPropagation();
}
