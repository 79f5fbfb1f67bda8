// MIDI ports of the browser: what comes in plays the human or leads the clock, what the machine plays and the
// jam's own clock go out.

import { PITCHES, pieceOf } from "./bars";
import { type Due, GO_ON, LOCATE, START, STOP, TICK } from "./midi-clock";
import type { JamEvent } from "./session";

const DRUM_CHANNEL = 9;
const MELODY_CHANNEL = 1;
const ALL_SOUND_OFF = 120;
const ALL_NOTES_OFF = 123;

/** What of another machine's clock came. */
export type Timing = "tick" | "start" | "go on" | "stop" | "place";

const TIMINGS = new Map<number, Timing>([
  [TICK, "tick"],
  [START, "start"],
  [GO_ON, "go on"],
  [STOP, "stop"],
  [LOCATE, "place"],
]);

export interface PortEvents {
  /** A pitch of MIDI, velocity 0 where it is let go; stamp: of performance.now. */
  note(pitch: number, velocity: number, stamp: number): void;
  /** A device is gone, or says that nothing sounds. */
  lost(): void;
  /** Of a port's clock. sixteenths: from the beginning, of a place. */
  timing(port: string, what: Timing, stamp: number, sixteenths: number): void;
  changed(): void;
}

/** Names of ports: which plays the human (empty: every one), and where the machine's notes go, the clock comes
 *  from and goes (empty: nowhere). A port that is not there is waited for. */
export interface Wires {
  readonly hears: string;
  readonly plays: string;
  readonly follows: string;
  readonly leads: string;
}

export const NO_WIRES: Wires = { hears: "", plays: "", follows: "", leads: "" };

export class Ports {
  private access: MIDIAccess | null = null;

  constructor(
    private readonly events: PortEvents,
    private wired: Wires = NO_WIRES,
  ) {}

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

  /** Names of what is plugged in. */
  get inputs(): readonly string[] {
    return named(this.access?.inputs.values() ?? []);
  }

  get outputs(): readonly string[] {
    return named(this.access?.outputs.values() ?? []);
  }

  get wires(): Wires {
    return this.wired;
  }

  wire(wires: Partial<Wires>): void {
    const next = { ...this.wired, ...wires };
    if (next.plays !== this.wired.plays) this.hush();
    if (next.leads !== this.wired.leads) this.sendTiming([{ seconds: 0, bytes: [STOP] }], () => 0);
    if (next.hears !== this.wired.hears) this.events.lost();
    this.wired = next;
  }

  /** Send a note of the machine at a moment of performance.now. */
  send(event: JamEvent, stamp: number): void {
    const output = this.outputOf(this.wired.plays);
    if (!output || event.kind === "click") return;
    const drum = event.kind === "drum";
    const channel = drum ? DRUM_CHANNEL : MELODY_CHANNEL;
    const pitch = drum ? PITCHES[event.pitch]![0]! : event.pitch;
    output.send([0x90 | channel, pitch, Math.max(1, Math.round(127 * event.velocity))], stamp);
    output.send([0x80 | channel, pitch, 0], stamp + 1000 * Math.max(0.02, event.length));
  }

  /** Send the jam's clock. stamp: moments of performance.now. */
  sendTiming(due: readonly Due[], stamp: (seconds: number) => number): void {
    const output = this.outputOf(this.wired.leads);
    for (const { seconds, bytes } of due) output?.send([...bytes], stamp(seconds));
  }

  /** Nothing sounds on at the other end. */
  hush(): void {
    const output = this.outputOf(this.wired.plays);
    for (const channel of [DRUM_CHANNEL, MELODY_CHANNEL])
      for (const control of [ALL_SOUND_OFF, ALL_NOTES_OFF]) output?.send([0xb0 | channel, control, 0]);
  }

  private outputOf(name: string): MIDIOutput | null {
    if (name === "") return null;
    const there = [...(this.access?.outputs.values() ?? [])].filter(isThere); // others refuse what is sent
    return there.find((each) => nameOf(each) === name) ?? null;
  }

  private listen(): void {
    for (const input of this.access?.inputs.values() ?? []) {
      const name = nameOf(input);
      input.onmidimessage = ({ data, timeStamp }) => {
        if (data) this.take(name, data, timeStamp);
      };
    }
    this.events.changed();
  }

  private take(name: string, [status = 0, first = 0, second = 0]: Uint8Array, stamp: number): void {
    const timing = TIMINGS.get(status);
    if (timing !== undefined) {
      this.events.timing(name, timing, stamp, (first & 127) | ((second & 127) << 7));
      return;
    }
    if (this.wired.hears !== "" && name !== this.wired.hears) return;
    const kind = status & 0xf0;
    if (kind === 0x90) this.events.note(first & 127, (second & 127) / 127, stamp);
    else if (kind === 0x80) this.events.note(first & 127, 0, stamp);
    else if (kind === 0xb0 && (first === ALL_SOUND_OFF || first === ALL_NOTES_OFF)) this.events.lost();
  }
}

const nameOf = ({ name }: MIDIPort): string => name || "MIDI";

const isThere = ({ state }: MIDIPort): boolean => state === "connected";

const named = (ports: Iterable<MIDIPort>): readonly string[] => [
  ...new Set([...ports].filter(isThere).map(nameOf)),
];

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
