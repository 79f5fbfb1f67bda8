// Bytes of MIDI 1.0 as values from 0 to 1, for ports that the page reads itself. The same as
// src/isobath/inputs/midi/reading.py; tests/golden/midi.json holds both to it.

import type { MidiMessage } from "../protocol/messages";

const NOTE_OFF = 0x80;
const NOTE_ON = 0x90;
const KEY_PRESSURE = 0xa0;
const CONTROL = 0xb0;
const PROGRAM = 0xc0;
const PRESSURE = 0xd0;
const BEND = 0xe0;
const FINEST = 16383;
const COARSEST = 127;
const ALL_NOTES_OFF = 123;
/** The third of MPE's per-note controls. */
const SLIDE = 74;

/** One value. Channel 1 to 16, or 0 for whichever has the newest note. */
export interface Said {
  readonly channel: number;
  readonly message: MidiMessage;
  readonly number: number;
  readonly value: number;
  /** Let go: the value says nothing. */
  readonly gone: boolean;
}

type PerNote = "bend" | "pressure" | "control";

class Channel {
  readonly coarse = new Map<number, number>();
  control = -1;
  readonly fine = new Set<number>();
  parameter: { readonly kind: "nrpn" | "rpn"; readonly number: number } | null = null;
  readonly half = { nrpn: 0, rpn: 0 };
  data = 0;
  /** Notes that are down with their velocities, the newest last. */
  readonly notes = new Map<number, number>();
  /** Where its per-note controls are. */
  readonly now = new Map<PerNote, { readonly number: number; readonly value: number }>([
    ["bend", { number: 0, value: 0.5 }],
    ["pressure", { number: 0, value: 0 }],
  ]);
}

const lengthOf = (kind: number): number => (kind === PROGRAM || kind === PRESSURE ? 1 : 2);
const said = (channel: number, message: MidiMessage, number: number, value: number, gone = false): Said => ({
  channel,
  message,
  number,
  value,
  gone,
});

/** One cable. */
export class MidiReader {
  /** Bytes that belonged to nothing. */
  garbage = 0;
  private status = 0;
  private data: number[] = [];
  private exclusive = false;
  private readonly channels = Array.from({ length: 16 }, () => new Channel());
  /** Channels with notes down, that of the newest last. */
  private newest: number[] = [];

  /** The values in these bytes, which may end anywhere in a message. */
  feed(bytes: Iterable<number>): Said[] {
    const told: Said[] = [];
    for (const byte of bytes) {
      if (byte >= 0xf8) continue; // real time: it may come anywhere and changes nothing
      if (byte >= 0x80) this.begin(byte);
      else if (this.exclusive) continue;
      else if (this.status === 0) this.garbage++;
      else {
        this.data.push(byte);
        if (this.data.length === lengthOf(this.status & 0xf0)) {
          const values = this.data;
          this.data = [];
          this.message(told, this.status & 0xf0, this.status & 0x0f, values);
        }
      }
    }
    return told;
  }

  private begin(status: number): void {
    this.garbage += this.data.length;
    this.data = [];
    this.exclusive = status === 0xf0;
    this.status = status < 0xf0 ? status : 0;
  }

  private message(told: Said[], kind: number, at: number, values: readonly number[]): void {
    const first = values[0]!;
    const last = values.at(-1)!;
    if (kind === NOTE_ON && last > 0) this.noteOn(told, at, first, last / COARSEST);
    else if (kind === NOTE_ON || kind === NOTE_OFF) this.noteOff(told, at, first);
    else if (kind === CONTROL) this.control(told, at, first, last);
    else if (kind === PROGRAM)
      told.push(said(at + 1, "program", first, 1), said(at + 1, "program", first, 0));
    else if (kind === KEY_PRESSURE) told.push(said(at + 1, "key_pressure", first, last / COARSEST));
    else if (kind === PRESSURE) this.ofNote(told, at, "pressure", 0, last / COARSEST);
    else if (kind === BEND) {
      const bend = first | (last << 7);
      this.ofNote(told, at, "bend", 0, bend <= 8192 ? bend / 16384 : 0.5 + (bend - 8192) / 16382);
    }
  }

  // ------------------------------------------------------------------ notes

  private noteOn(told: Said[], at: number, note: number, velocity: number): void {
    const { notes } = this.channels[at]!;
    notes.delete(note);
    notes.set(note, velocity);
    this.newest = [...this.newest.filter((each) => each !== at), at];
    told.push(said(at + 1, "note", note, 1));
    this.newestNote(told, at);
    this.perNote(told, at);
  }

  /** Velocity and key of the newest note of a channel. */
  private newestNote(told: Said[], at: number): void {
    const [note, velocity] = [...this.channels[at]!.notes].at(-1)!;
    for (const where of [at + 1, 0])
      told.push(said(where, "velocity", note, velocity), said(where, "key", note, note / COARSEST));
  }

  private perNote(told: Said[], at: number): void {
    for (const [message, { number, value }] of this.channels[at]!.now)
      told.push(said(0, message, number, value));
  }

  private noteOff(told: Said[], at: number, note: number): void {
    const channel = this.channels[at]!;
    channel.notes.delete(note);
    told.push(said(at + 1, "note", note, 0));
    for (const message of ["velocity", "key"] as const) told.push(said(at + 1, message, note, 0, true));
    if (channel.notes.size > 0) {
      this.newestNote(told, at);
      return;
    }
    const newest = this.newest.at(-1) === at;
    this.newest = this.newest.filter((each) => each !== at);
    if (!newest) return;
    const other = this.newest.at(-1);
    if (other !== undefined) {
      this.newestNote(told, other);
      this.perNote(told, other);
      return;
    }
    for (const message of ["velocity", "key"] as const) told.push(said(0, message, note, 0, true));
    for (const [message, { number }] of channel.now) told.push(said(0, message, number, 0, true));
  }

  /** A control that MPE has for each note. */
  private ofNote(told: Said[], at: number, message: PerNote, number: number, value: number): void {
    this.channels[at]!.now.set(message, { number, value });
    told.push(said(at + 1, message, number, value));
    if (this.newest.at(-1) === at) told.push(said(0, message, number, value));
  }

  // ------------------------------------------------------------------ controllers

  private control(told: Said[], at: number, number: number, value: number): void {
    const channel = this.channels[at]!;
    if (number >= 98 && number <= 101) this.select(channel, number, value);
    else if ((number === 6 || number === 38) && channel.parameter !== null)
      this.dataEntry(told, at, number, value);
    else if (number >= 120) {
      if (number >= ALL_NOTES_OFF) for (const note of [...channel.notes.keys()]) this.noteOff(told, at, note);
    } else if (number === SLIDE) this.ofNote(told, at, "control", number, value / COARSEST);
    else {
      // A fine half comes right behind its coarse one; otherwise it is a controller of its own.
      const fine = number >= 32 && number < 64 && channel.control === number - 32;
      channel.control = number;
      if (!fine) told.push(said(at + 1, "control", number, value / COARSEST));
      this.fine(told, at, number, value);
    }
  }

  private fine(told: Said[], at: number, number: number, value: number): void {
    const { coarse, fine } = this.channels[at]!;
    if (number < 32) {
      coarse.set(number, value);
      if (!fine.has(number)) told.push(said(at + 1, "control14", number, value / COARSEST));
    } else if (number < 64) {
      fine.add(number - 32);
      const whole = ((coarse.get(number - 32) ?? 0) << 7) | value;
      told.push(said(at + 1, "control14", number - 32, whole / FINEST));
    }
  }

  private select(channel: Channel, number: number, value: number): void {
    const kind = number < 100 ? "nrpn" : "rpn";
    const half = channel.half[kind];
    const chosen = number === 99 || number === 101 ? (value << 7) | (half & 0x7f) : (half & ~0x7f) | value;
    channel.half[kind] = chosen;
    channel.parameter = chosen === 0x3fff ? null : { kind, number: chosen };
  }

  private dataEntry(told: Said[], at: number, number: number, value: number): void {
    const channel = this.channels[at]!;
    const { kind, number: parameter } = channel.parameter!;
    const marked = parameter + (kind === "nrpn" ? 1 << 14 : 2 << 14);
    if (number === 6) {
      channel.data = value;
      if (!channel.fine.has(marked)) told.push(said(at + 1, kind, parameter, value / COARSEST));
    } else {
      channel.fine.add(marked);
      told.push(said(at + 1, kind, parameter, ((channel.data << 7) | value) / FINEST));
    }
  }
}
