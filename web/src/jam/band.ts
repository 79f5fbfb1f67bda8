// What a jam is heard on: a context of its own, sounds that are made once, and the clock of both.

import { CLOSED, hit, LOUDNESS, OPEN, PIECES } from "./kit";
import { note } from "./pluck";
import type { ToJam } from "./processor";
import processorUrl from "./processor.ts?worker&url";
import type { JamEvent, Who } from "./session";

const DEGREES = 8;
const GAIN = 0.7;
const CLICK_GAIN = 0.25;
const TUNES: Record<Who, number> = { human: 1, machine: 0.86, second: 1.14 };
const PANS: Record<Who, number> = { human: -0.35, machine: 0.35, second: -0.35 };

export class Band {
  private readonly made = new Map<string, Set<number>>();
  private readonly clicks = new Set<number>();

  private constructor(
    readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
  ) {
    for (const who of ["human", "machine"] as const) {
      for (let piece = 0; piece < PIECES; piece++) this.sound(piece, who, 6);
    }
  }

  /** tick: hears the time of what is made next, every 11 ms. Call it while the person presses something. */
  static async open(tick: (seconds: number) => void): Promise<Band> {
    const context = new AudioContext({ latencyHint: "interactive" });
    await context.audioWorklet.addModule(processorUrl);
    const node = new AudioWorkletNode(context, "isobath-jam", { numberOfInputs: 0, outputChannelCount: [2] });
    node.connect(context.destination);
    const band = new Band(context, node);
    node.port.onmessage = ({ data }: MessageEvent<number>) => tick(data);
    await context.resume();
    return band;
  }

  /** When the person heard what they played to: a moment of performance.now on the context's clock. */
  heardAt(stamp: number): number {
    const { contextTime, performanceTime } = this.context.getOutputTimestamp();
    if (contextTime === undefined || performanceTime === undefined || performanceTime === 0) {
      return this.context.currentTime - (performance.now() - stamp) / 1000;
    }
    return contextTime + (stamp - performanceTime) / 1000;
  }

  /** Have it sound at its time; at once, where `now`. */
  put(event: JamEvent, now = false): void {
    const at = now ? 0 : event.seconds;
    if (event.kind === "click") {
      const id = `click ${event.piece}`;
      if (!this.clicks.has(event.piece)) {
        this.clicks.add(event.piece);
        const sound = note(event.piece ? 93 : 86, event.velocity, 0.03, this.context.sampleRate);
        this.tell({ type: "sound", id, sound });
      }
      this.tell({ type: "put", id, at, put: { gain: CLICK_GAIN } });
      return;
    }
    const wanted = Math.min(DEGREES, Math.max(1, Math.ceil(event.velocity * DEGREES)));
    const degree = this.sound(event.piece, event.who, wanted);
    const gain = GAIN * ((event.velocity * DEGREES) / degree) ** LOUDNESS;
    const hats = `${event.who} hi-hat`;
    const group = event.piece === OPEN ? hats : "";
    const chokes = event.piece === OPEN || event.piece === CLOSED ? hats : "";
    const id = `${event.who} ${event.piece} ${degree}`;
    this.tell({ type: "put", id, at, put: { gain, pan: PANS[event.who], group, chokes } });
  }

  async close(): Promise<void> {
    this.tell({ type: "hush" });
    await this.context.close();
  }

  /** Makes a drum, and returns the degree of force it was made for. */
  private sound(piece: number, who: Who, degree: number): number {
    const key = `${who} ${piece}`;
    const made = this.made.get(key) ?? new Set<number>();
    this.made.set(key, made);
    if (!made.has(degree)) {
      made.add(degree);
      const sound = hit(piece, degree / DEGREES, this.context.sampleRate, TUNES[who]);
      this.tell({ type: "sound", id: `${who} ${piece} ${degree}`, sound });
    }
    return degree;
  }

  private tell(message: ToJam): void {
    this.node.port.postMessage(message);
  }
}
