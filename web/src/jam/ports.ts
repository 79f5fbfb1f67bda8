// MIDI ports of the browser: what comes in plays the human, what the machine plays goes out.

import { PITCHES, pieceOf } from "./bars";
import type { JamEvent } from "./session";

const DRUM_CHANNEL = 9;
const MELODY_CHANNEL = 1;
const ALL_SOUND_OFF = 120;
const ALL_NOTES_OFF = 123;

export interface PortEvents {
  /** A pitch of MIDI, velocity 0 where it is let go; stamp: of performance.now. */
  note(pitch: number, velocity: number, stamp: number): void;
  /** A device is gone, or says that nothing sounds. */
  lost(): void;
  changed(): void;
}

export class Ports {
  private access: MIDIAccess | null = null;
  /** Notes that were sent and have not ended: when each does. */
  private output: string | null = null;

  constructor(private readonly events: PortEvents) {}

  static get there(): boolean {
    return typeof navigator.requestMIDIAccess === "function";
  }

  /** Ask the browser for its ports; the person may refuse. */
  async open(): Promise<void> {
    this.access ??= await navigator.requestMIDIAccess();
    this.access.onstatechange = ({ port }) => {
      if (port?.type === "input" && port.state === "disconnected") this.events.lost();
      this.listen();
    };
    this.listen();
  }

  close(): void {
    if (!this.access) return;
    this.hush();
    this.access.onstatechange = null;
    for (const input of this.access.inputs.values()) input.onmidimessage = null;
    this.access = null;
  }

  get opened(): boolean {
    return this.access !== null;
  }

  get inputs(): readonly string[] {
    return [...(this.access?.inputs.values() ?? [])]
      .filter(({ state }) => state === "connected")
      .map(({ name }) => name ?? "MIDI");
  }

  /** Ids and names. */
  get outputs(): readonly (readonly [string, string])[] {
    return [...(this.access?.outputs.values() ?? [])].map(({ id, name }) => [id, name ?? "MIDI"]);
  }

  get chosen(): string | null {
    return this.output;
  }

  /** Where the machine's notes go; null: nowhere. */
  choose(output: string | null): void {
    this.hush();
    this.output = output;
  }

  /** Send a note of the machine at a moment of performance.now. */
  send(event: JamEvent, stamp: number): void {
    const output = this.output === null ? null : this.access?.outputs.get(this.output);
    if (!output || event.kind === "click") return;
    const drum = event.kind === "drum";
    const channel = drum ? DRUM_CHANNEL : MELODY_CHANNEL;
    const pitch = drum ? PITCHES[event.pitch]![0]! : event.pitch;
    output.send([0x90 | channel, pitch, Math.max(1, Math.round(127 * event.velocity))], stamp);
    output.send([0x80 | channel, pitch, 0], stamp + 1000 * Math.max(0.02, event.length));
  }

  /** Nothing sounds on at the other end. */
  hush(): void {
    const output = this.output === null ? null : this.access?.outputs.get(this.output);
    for (const channel of [DRUM_CHANNEL, MELODY_CHANNEL])
      for (const control of [ALL_SOUND_OFF, ALL_NOTES_OFF]) output?.send([0xb0 | channel, control, 0]);
  }

  private listen(): void {
    for (const input of this.access?.inputs.values() ?? []) {
      input.onmidimessage = ({ data, timeStamp }) => {
        if (data) this.take(data, timeStamp);
      };
    }
    this.events.changed();
  }

  private take([status = 0, first = 0, second = 0]: Uint8Array, stamp: number): void {
    const kind = status & 0xf0;
    if (kind === 0x90) this.events.note(first & 127, (second & 127) / 127, stamp);
    else if (kind === 0x80) this.events.note(first & 127, 0, stamp);
    else if (kind === 0xb0 && (first === ALL_SOUND_OFF || first === ALL_NOTES_OFF)) this.events.lost();
  }
}

const KEY = "isobath.jam.notes";

/** Which piece of the kit a pitch plays: as pads of the usual makers send it, or as it was taught. */
export class NoteMap {
  private readonly taught = new Map<number, number>();

  constructor(private readonly storage: Storage | null) {
    try {
      const kept: unknown = JSON.parse(storage?.getItem(KEY) ?? "[]");
      if (Array.isArray(kept))
        for (const [pitch, piece] of kept)
          if (Number.isInteger(pitch) && PITCHES[piece]) this.taught.set(pitch, piece);
    } catch {
      // What cannot be read is as if it had not been taught.
    }
  }

  /** -1: no piece. */
  pieceOf(pitch: number): number {
    return this.taught.get(pitch) ?? pieceOf(pitch);
  }

  teach(pitch: number, piece: number): void {
    this.taught.set(pitch, piece);
    try {
      this.storage?.setItem(KEY, JSON.stringify([...this.taught]));
    } catch {
      // A forbidden storage costs the memory of this, nothing else.
    }
  }
}
