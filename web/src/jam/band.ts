// What a jam is heard on: a context of its own, sounds that are made once, and the clock of both.

import { CLOSED, LOUDNESS, OPEN, PIECES } from "./kit";
import type { KitMade, KitOrder } from "./kit-worker";
import { FETCHED, fetchHit, fetchNote, LONGEST_SECONDS, NOTE_DEGREE } from "./latent-sounds";
import { note, LOUDNESS as STRING_LOUDNESS } from "./pluck";
import type { FromJam, ToJam } from "./processor";
import processorUrl from "./processor.ts?worker&url";
import type { JamEvent, Who } from "./session";

const DEGREES = 8;
/** Made first, the loudest last. */
const ORDER = [6, 4, 8, 7, 5, 3, 2, 1];
const GAIN = 0.7;
const CLICK_GAIN = 0.25;
const TUNES: Record<Who, number> = { human: 1, machine: 0.86, second: 1.14 };
const PANS: Record<Who, number> = { human: -0.35, machine: 0.35, second: -0.35 };
/** A note of the human's rings so long, if it is not let go before. */
const RING_SECONDS = 3;
/** Notes that the audio thread remembers. */
const MOST_NOTES = 192;
/** Of two clocks against each other: further is believed at once, less by this share. */
const JUMP_SECONDS = 0.02;
const STEADY = 0.05;

/** What was heard: both channels from a moment of the context on. */
export interface Recorded {
  readonly seconds: number;
  readonly left: Float32Array;
  readonly right: Float32Array;
  /** Sounds so far that were put after they should have begun. */
  readonly late: number;
}

export class Band {
  private readonly made = new Map<string, Set<number>>();
  private readonly notes = new Set<string>();
  /** Players whose instruments are models of sound. */
  private latent: ReadonlySet<Who> = new Set();
  private readonly fetched = new Set<string>();
  private worker: Worker | null = null;
  private pieces: FromJam[] = [];
  /** Seconds that the context's clock is ahead of performance.now. */
  private ahead = Number.NEGATIVE_INFINITY;
  private recorded: ((sound: Recorded) => void) | null = null;

  private constructor(
    readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
  ) {}

  /** tick: hears the time of what is made next, every 11 ms. Call it while the person presses something. */
  static async open(tick: (seconds: number) => void): Promise<Band> {
    const context = new AudioContext({ latencyHint: "interactive" });
    try {
      await context.audioWorklet.addModule(processorUrl);
      const node = new AudioWorkletNode(context, "isobath-jam", {
        numberOfInputs: 0,
        outputChannelCount: [2],
      });
      node.connect(context.destination);
      const band = new Band(context, node);
      node.port.onmessage = ({ data }: MessageEvent<FromJam>) => band.told(data, tick);
      await Promise.all([band.tuned(), context.resume()]);
      return band;
    } catch (error) {
      void context.close(); // a page has few of them
      throw error;
    }
  }

  private told(message: FromJam, tick: (seconds: number) => void): void {
    if (message.type === "time") {
      tick(message.seconds);
      return;
    }
    this.pieces.push(message);
    if (message.type === "end") this.handOver(message.late);
  }

  /** Resolves when the first two kits have a first degree of force; the others follow. */
  private tuned(): Promise<void> {
    const worker = new Worker(new URL("./kit-worker.ts", import.meta.url), { type: "module" });
    this.worker = worker;
    const tunes = Object.entries(TUNES);
    const order: KitOrder = { rate: this.context.sampleRate, tunes, degrees: ORDER, of: DEGREES };
    return new Promise((ready, failed) => {
      let missing = PIECES * 2; // the second machine's come a moment later
      worker.onerror = () => failed(new Error("the drums could not be made"));
      worker.onmessage = ({ data: { who, piece, degree, sound } }: MessageEvent<KitMade>) => {
        this.tell({ type: "sound", id: `${who} ${piece} ${degree}`, sound }, [sound.buffer]);
        const key = `${who} ${piece}`;
        this.made.set(key, (this.made.get(key) ?? new Set()).add(degree));
        missing -= 1;
        if (missing === 0) ready();
      };
      worker.postMessage(order);
    });
  }

  /** Let models of sound play for these; until their sounds are here, our own do. */
  async playedByModels(players: readonly Who[]): Promise<void> {
    this.latent = new Set(players);
    const rate = this.context.sampleRate;
    for (const degree of FETCHED)
      for (const who of players)
        for (let piece = 0; piece < PIECES; piece++) {
          const key = `model ${who} ${piece}`;
          if (!this.latent.has(who) || this.made.get(key)?.has(degree)) continue;
          const sound = await fetchHit(who, piece, degree, rate);
          this.tell({ type: "sound", id: `${key} ${degree}`, sound }, [sound.buffer]);
          this.made.set(key, (this.made.get(key) ?? new Set()).add(degree));
        }
  }

  /** When the person heard what they played to: a moment of performance.now on the context's clock. */
  heardAt(stamp: number): number {
    const { contextTime, performanceTime } = this.context.getOutputTimestamp();
    if (contextTime === undefined || performanceTime === undefined || performanceTime === 0) {
      return this.context.currentTime - (performance.now() - stamp) / 1000;
    }
    return contextTime + (stamp - performanceTime) / 1000;
  }

  /** When what is put at a moment of the context is heard: a moment of performance.now. */
  stampOf(seconds: number): number {
    const now = performance.now();
    const ahead = this.heardAt(now) - now / 1000;
    // a stamp of the browser is off by a little, now and then; what others keep time by is not to shake
    const far = Math.abs(ahead - this.ahead) > JUMP_SECONDS;
    this.ahead = far ? ahead : this.ahead + STEADY * (ahead - this.ahead);
    return 1000 * (seconds - this.ahead);
  }

  /** Something better came than what was put for the case that nothing does. */
  better(): void {
    this.tell({ type: "better" });
  }

  /** Have it sound at its time; at once, where `now`; unless something better comes, where `provisional`. */
  put(event: JamEvent, now = false, provisional = false): void {
    const at = now ? 0 : event.seconds;
    if (event.kind === "drum") this.strike(event, at, provisional);
    else if (event.kind === "click") {
      const id = this.noted(event.pitch ? 93 : 86, event.velocity, 0.03);
      this.tell({ type: "put", id, at, put: { gain: CLICK_GAIN } });
    } else {
      const lasts = now ? RING_SECONDS : Math.max(0.02, event.length);
      const model = this.latent.has(event.who) ? this.notedByModel(event.pitch, lasts) : null;
      const degree = model ? NOTE_DEGREE / DEGREES : Math.ceil(event.velocity * DEGREES) / DEGREES;
      const id = model ?? this.noted(event.pitch, degree, lasts);
      const gain = GAIN * (event.velocity / degree) ** STRING_LOUDNESS;
      const group = now ? string(event.pitch) : "";
      this.tell({
        type: "put",
        id,
        at,
        put: { gain, pan: PANS[event.who], group, chokes: group, provisional },
      });
    }
  }

  private strike(event: JamEvent, at: number, provisional: boolean): void {
    const wanted = Math.min(DEGREES, Math.max(1, Math.ceil(event.velocity * DEGREES)));
    const own = `${event.who} ${event.pitch}`;
    const key = this.latent.has(event.who) && this.made.has(`model ${own}`) ? `model ${own}` : own;
    const made = [...(this.made.get(key) ?? [wanted])];
    // where a degree is not made yet nobody waits: the nearest one, as loud as it should be
    const degree = made.reduce((a, b) => (Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a));
    const gain = GAIN * ((event.velocity * DEGREES) / degree) ** LOUDNESS;
    const hats = `${event.who} hi-hat`;
    const group = event.pitch === OPEN ? hats : "";
    const chokes = event.pitch === OPEN || event.pitch === CLOSED ? hats : "";
    this.tell({
      type: "put",
      id: `${key} ${degree}`,
      at,
      put: { gain, pan: PANS[event.who], group, chokes, provisional },
    });
  }

  /** The human lets a note go. */
  letGo(pitch: number): void {
    this.tell({ type: "end", group: string(pitch) });
  }

  /** Nothing that was put sounds on. */
  hush(): void {
    this.tell({ type: "hush" });
  }

  /** Keep what is heard from now on. */
  record(): void {
    this.pieces = [];
    this.tell({ type: "record", on: true });
  }

  /** What was heard since. */
  stopRecording(): Promise<Recorded> {
    this.tell({ type: "record", on: false });
    return new Promise((resolve) => {
      this.recorded = resolve;
    });
  }

  private handOver(late: number): void {
    const sounds = this.pieces.filter((each) => each.type === "heard");
    const joined = (of: "left" | "right") => {
      const whole = new Float32Array(sounds.reduce((sum, each) => sum + each[of].length, 0));
      let at = 0;
      for (const each of sounds) {
        whole.set(each[of], at);
        at += each[of].length;
      }
      return whole;
    };
    this.recorded?.({ seconds: sounds[0]?.seconds ?? 0, left: joined("left"), right: joined("right"), late });
    this.recorded = null;
    this.pieces = [];
  }

  async close(): Promise<void> {
    this.worker?.terminate();
    this.hush();
    await this.context.close();
  }

  /** The id of a note by a model; null: it is fetched, and this once our own plays. */
  private notedByModel(pitch: number, seconds: number): string | null {
    const lasts = Math.round(Math.min(LONGEST_SECONDS, seconds) * 100) / 100;
    const id = `model note ${pitch} ${lasts}`;
    if (this.notes.has(id)) return id;
    if (this.fetched.has(id)) return null;
    this.fetched.add(id);
    fetchNote(pitch, lasts, this.context.sampleRate).then(
      (sound) => {
        this.tell({ type: "sound", id, sound }, [sound.buffer]);
        this.remember(id);
      },
      () => this.fetched.delete(id), // asked for again the next time
    );
    return null;
  }

  private remember(id: string): void {
    this.notes.add(id);
    const [oldest] = this.notes;
    if (this.notes.size <= MOST_NOTES || oldest === undefined) return;
    this.notes.delete(oldest);
    this.fetched.delete(oldest);
    this.tell({ type: "forget", id: oldest });
  }

  /** The id of a note, which is made if it is not there. */
  private noted(pitch: number, velocity: number, seconds: number): string {
    const lasts = Math.round(seconds * 100) / 100;
    const id = `note ${pitch} ${velocity} ${lasts}`;
    if (!this.notes.delete(id)) {
      const sound = note(pitch, velocity, lasts, this.context.sampleRate);
      this.tell({ type: "sound", id, sound }, [sound.buffer]);
    }
    this.remember(id); // the newest are last
    return id;
  }

  private tell(message: ToJam, transfer: Transferable[] = []): void {
    this.node.port.postMessage(message, transfer);
  }
}

const string = (pitch: number): string => `string ${pitch}`;
