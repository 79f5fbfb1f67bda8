// What controllers are called, for people, and which of the server's names means which source: the names of
// src/isobath/inputs/keys.py.

import type { Action, Heeded, InputSource } from "../protocol/messages";
import { meansDevice } from "./alike";
import { type Key, sourceOf } from "./page-hub";

const NOTES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
/** As src/isobath/inputs/keys.py names them. */
const GAMETRAK = ["left x", "left y", "left length", "right x", "right y", "right length"];
const ORIENTATION = { turn: "Turn", tilt: "Tilt", roll: "Roll" } as const;
const PEN = {
  pressure: "Pressure of the pen",
  tilt_x: "Tilt of the pen, sideways",
  tilt_y: "Tilt of the pen, up and down",
  twist: "Twist of the pen",
} as const;
const SHAPES = {
  sine: "Sine",
  triangle: "Triangle",
  saw: "Saw",
  square: "Square",
  walk: "Random walk",
  steps: "Steps",
} as const;

/** What something does, as a button says it. */
export const ACTIONS: Readonly<Record<Action, string>> = {
  demonstrate: "Place the sound",
  hold: "Hold to demonstrate",
  keep: "Keep on the shelf",
  record: "Record a take",
  play: "Play the last take",
  next: "Next scene",
  previous: "Previous scene",
  freeze: "Freeze",
  fade: "Fade out, or in",
  tap: "Tap the tempo",
  undo: "Undo",
  panic: "Silence at once",
};

export interface Words {
  /** "Controller 7" */
  readonly what: string;
  /** "Keys, channel 1" */
  readonly where: string;
}

/** What a source of a piece is called. */
export function wordsFor(source: InputSource): Words {
  switch (source.kind) {
    case "osc":
      return {
        what: source.address,
        where: source.argument === 0 ? "OSC" : `OSC, value ${source.argument + 1}`,
      };
    case "midi":
      return { what: midiWords(source), where: `${source.port || "any MIDI port"}, ${channelWords(source)}` };
    case "gamepad":
      return {
        what: `${source.part === "axis" ? "Stick axis" : "Button"} ${source.index + 1}`,
        where: source.device === "" ? "any gamepad" : plainDevice(source.device),
      };
    case "hid":
      return { what: `String ${GAMETRAK[source.index] ?? source.index}`, where: gametrak(source.device) };
    case "clock":
      return { what: SHAPES[source.shape], where: paceWords(source.rate, source.tempo) };
    case "sound":
      return {
        what: source.descriptor[0]!.toUpperCase() + source.descriptor.slice(1),
        where: "live sound",
      };
    case "program":
      return { what: source.name, where: "another program" };
    case "orientation":
      return { what: ORIENTATION[source.part], where: "this device" };
    case "pen":
      return { what: PEN[source.part], where: "on the chart" };
    case "gesture":
      return { what: source.name, where: count(source.examples.length) };
    case "key":
      return { what: `Key ${source.code.replace(/^(Key|Digit)/, "")}`, where: "this keyboard" };
  }
}

const count = (recordings: number): string => `${recordings} recording${recordings === 1 ? "" : "s"}`;

const gametrak = (device: string): string => device.replace("g", "G");

function paceWords(rate: number, tempo: number): string {
  if (tempo > 0) return `${figure(rate)} a beat at ${figure(tempo)}`;
  if (rate <= 0) return "stands still";
  return rate >= 1 ? `${figure(rate)} a second` : `every ${figure(1 / rate)} s`;
}

const figure = (x: number): string => String(Math.round(x * 100) / 100);

/** C4 is note 60. */
export function noteName(note: number): string {
  return `${NOTES[note % 12]}${Math.floor(note / 12) - 1}`;
}

function midiWords(source: Extract<InputSource, { kind: "midi" }>): string {
  const { message, number } = source;
  const n = number === null ? "any" : String(number);
  switch (message) {
    case "control":
      return `Controller ${n}`;
    case "control14":
      return `Controller ${n}, fine`;
    case "nrpn":
    case "rpn":
      return `${message.toUpperCase()} ${n}`;
    case "bend":
      return "Pitch bend";
    case "pressure":
      return "Pressure";
    case "key_pressure":
      return `Pressure of ${number === null ? "any key" : noteName(number)}`;
    case "note":
      return `Note ${number === null ? "any" : noteName(number)}`;
    case "velocity":
      return "How hard a key is struck";
    case "key":
      return "Which key is down";
    case "program":
      return `Program ${n}`;
  }
}

function channelWords({ channel }: Extract<InputSource, { kind: "midi" }>): string {
  if (channel === null) return "every channel";
  return channel === 0 ? "the newest note" : `channel ${channel}`;
}

/** Browsers add vendor and product numbers to a gamepad's name. */
function plainDevice(device: string): string {
  return (
    device
      .replace(/\s*\([^)]*(?:Vendor|Product|STANDARD)[^)]*\)/gi, "")
      .replace(/^[0-9a-f]{4}-[0-9a-f]{4}-/i, "")
      .trim() || device
  );
}

/** One name for everything a key says. */
export function keyName(key: Key): string {
  const { what, where } = wordsFor(sourceOf(key));
  return `${what}, ${where}`;
}

const MIDI_NAME = /^(.+?) (\d+), (?:channel (\d+)|the newest note), (.*)$/s;
const PAD_NAME = /^(axis|button) (\d+), (.*)$/s;

/** What the server heard of a source, among all it heard; null: nothing yet. */
export function heededOf(source: InputSource, heeded: readonly Heeded[]): number | null {
  for (const each of heeded) {
    if (each.kind !== source.kind || !means(source, each.name)) continue;
    const value = each.values[source.kind === "osc" ? source.argument : 0];
    if (value !== undefined) return value;
  }
  return null;
}

/** What the server calls something, as the source that means it; null where it cannot be bound from here. */
export function sourceNamed({ kind, name }: Heeded, argument = 0): InputSource | null {
  switch (kind) {
    case "osc":
      return { kind, address: name, argument };
    case "midi": {
      const found = MIDI_NAME.exec(name);
      if (found === null) return null;
      const message = found[1]!.replaceAll(" ", "_") as Extract<InputSource, { kind: "midi" }>["message"];
      const any = message === "velocity" || message === "key";
      const number = any ? null : Number(found[2]);
      return { kind, message, number, channel: Number(found[3] ?? 0), port: found[4]! };
    }
    case "gamepad": {
      const found = PAD_NAME.exec(name);
      if (found === null) return null;
      const part = found[1] === "axis" ? "axis" : "button";
      return { kind, part, index: Number(found[2]), device: found[3]! };
    }
    case "hid": {
      const index = GAMETRAK.indexOf(name.replace(/^Gametrak (?:#2 )?/, ""));
      const device = name.startsWith("Gametrak #2 ") ? "gametrak #2" : "gametrak";
      return index < 0 ? null : { kind, device, index };
    }
    case "sound":
      return { kind, descriptor: name as Extract<InputSource, { kind: "sound" }>["descriptor"] };
    case "program":
      return { kind, name };
  }
}

function means(source: InputSource, name: string): boolean {
  switch (source.kind) {
    case "osc":
      return name === source.address || patternOf(source.address)?.test(name) === true;
    case "midi": {
      const found = sourceNamed({ kind: "midi", name, values: [], count: 0, moves: false });
      if (found?.kind !== "midi") return false;
      return (
        found.message === source.message &&
        meansDevice(source.port, found.port) &&
        (source.channel === null ? found.channel !== 0 : source.channel === found.channel) &&
        (source.number === null || source.number === found.number)
      );
    }
    case "gamepad": {
      const found = PAD_NAME.exec(name);
      return (
        found !== null &&
        found[1] === source.part &&
        Number(found[2]) === source.index &&
        meansDevice(source.device, found[3]!)
      );
    }
    case "hid":
      return name === `${gametrak(source.device)} ${GAMETRAK[source.index]}`;
    case "sound":
      return name === source.descriptor;
    case "program":
      return name === source.name;
    default:
      return false;
  }
}

/** An OSC address with wildcards; null where it has none. */
function patternOf(address: string): RegExp | null {
  if (!/[?*[{]/.test(address)) return null;
  const text = address.replace(
    /\{([^}]*)\}|\[(!?)([^\]]*)\]|([?*])|([.+^$()|\\])/g,
    (_, list, not, set, wild, plain) => {
      if (list !== undefined) return `(?:${String(list).split(",").map(escaped).join("|")})`;
      if (set !== undefined) return `[${not === "!" ? "^" : ""}${String(set).replace(/[\\^\]]/g, "\\$&")}]`;
      if (wild !== undefined) return wild === "?" ? "[^/]" : "[^/]*";
      return `\\${plain}`;
    },
  );
  try {
    return new RegExp(`^${text}$`);
  } catch {
    return null;
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
