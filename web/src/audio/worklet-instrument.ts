// The Instrument in a browser: an AudioContext, the worklet that runs the kernel, and what the page last
// asked of it, so that a new context (another sample rate, a lost device) sounds like the old one.

import { fetchSound, keepSound } from "../net/http";
import type { ModelDescription } from "../net/models";
import type { Axis, BarsPlayed, Master, SafetyMap, Shaping, Source, Take, Tempo } from "../protocol/messages";
import { makeTempo } from "../protocol/messages";
import type { MappingData } from "../steer/mapping";
import { Buffering } from "./buffering";
import { type Connected, connect, fetchKernel, makeContext } from "./context";
import type { Following, Sound } from "./hearing";
import type { Decibels, Input, Instrument, InstrumentState, Meters, StreamStatus } from "./instrument";
import { Lines } from "./lines";
import { emptyMeters, readMeters, underrunsOf } from "./meters";
import { Microphone } from "./microphone";
import { SoundRecording, type TakeEnd, TakeRecording } from "./recording";
import { Slots } from "./slots";
import type { SpaceSettings } from "./space";
import { Spaces } from "./spaces";
import { inputOf, stackOf, type TakeStack } from "./take";
import {
  type FromWorklet,
  type Listening,
  type StreamReport,
  stampNow,
  type TakeInput,
  type ToWorklet,
  type WayMessage,
} from "./wire";

const TAKE_SEED = 1;
const REMEMBERED = "isobath.buffering";

export class WorkletInstrument extends EventTarget implements Instrument {
  state: InstrumentState = "idle";
  failure: string | null = null;
  sampleRate = 0;
  askedRate = 0;
  /** Sample of the running recording at which the last take began; for tests. */
  beganAt = 0;

  private context: AudioContext | null = null;
  private connected: Connected | null = null;
  private starting: Promise<void> | null = null;
  /** Asked for while a context is opened: it is told once it is there. */
  private readonly postponed: ToWorklet[] = [];
  private readonly buffering = Buffering.from(recall(), seconds());
  private module: WebAssembly.Module | null = null;

  private readonly lines: Lines;
  private readonly slots: Slots;
  private readonly spaces = new Spaces(
    (message) => this.send(message),
    (sentence) => this.complain(sentence),
  );
  /** By slot; what was last heard of each streamed voice. */
  private readonly slow = new Set<number>();
  private readonly reports = new Map<number, StreamReport>();
  protected axes: readonly Axis[] = [];
  private takes: readonly Take[] = [];
  protected gesture = new Float64Array(1);
  private master: Master = { gain_db: 0, ceiling_db: -1, guard_db: 8 };
  protected tempo: Tempo = makeTempo();
  private frozen = false;
  private fadedTo = 1;
  /** Where a take that has just ended began, on the worklet's clock: its loop goes on from there. */
  private roundFrom: number | null = null;
  scene: string | null = null;
  ways: (take: Take) => WayMessage | null = () => null;
  private watched = 0;
  private seed = TAKE_SEED;

  private recording: TakeRecording | null = null;
  private playing: Take | null = null;
  private sound: SoundRecording | null = null;
  private readonly meters: Meters = emptyMeters();
  private readonly microphone = new Microphone(() => this.dispatchEvent(new Event("input")));
  /** Counts what was asked to be played, so that a sound that comes late does not begin it. */
  private asked = 0;

  /** `page`: who this is, for a server that makes voices. */
  constructor(page: string) {
    super();
    const changed = () => this.dispatchEvent(new Event("streams"));
    this.lines = new Lines(page, changed, (sentence) => this.complain(sentence));
    this.slots = new Slots(
      (message, transfer) => this.send(message, transfer),
      () => this.connected !== null,
      this.lines,
    );
  }

  /** What the model on a slot is like. */
  protected shapeOf(slot: number): { readonly dims: number; readonly hop: number } {
    return this.slots.model(slot) ?? { dims: 0, hop: 1 };
  }

  protected get watchedSlot(): number {
    return this.watched;
  }

  /** Once no start is under way. */
  protected async settled(): Promise<void> {
    await this.starting?.catch(() => {});
  }

  /** How the voice on a slot comes from the server; null: it does not. */
  streamOf(slot: number): StreamStatus | null {
    const state = this.lines.states.get(slot);
    if (state === undefined) return null;
    const report = this.reports.get(slot);
    const delay = state === "playing" && report !== undefined && report.delay > 0 ? report.delay : null;
    return { state, delay, underruns: report?.underruns ?? 0 };
  }

  private heardOf(streams: readonly StreamReport[]): void {
    this.reports.clear();
    for (const report of streams) {
      this.reports.set(report.slot, report);
      if (report.load > 1 && !this.slow.has(report.slot)) {
        this.slow.add(report.slot);
        this.complain(
          "The server is too slow for a voice that it makes, so that voice breaks up. Choose a smaller model.",
        );
      }
    }
    this.dispatchEvent(new Event("streams"));
  }

  protected complain(detail: string): void {
    this.dispatchEvent(new CustomEvent("complaint", { detail }));
  }

  // ------------------------------------------------------------------ starting

  start(sampleRate: number): Promise<void> {
    if (this.context !== null && this.askedRate === sampleRate && this.state !== "failed")
      return this.resumeContext();
    this.starting ??= this.open(sampleRate).finally(() => {
      this.starting = null;
    });
    return this.starting;
  }

  private async open(sampleRate: number): Promise<void> {
    this.enter("starting");
    try {
      await this.close();
      this.askedRate = sampleRate;
      this.module ??= await fetchKernel();
      const context = makeContext(sampleRate, this.buffering.hint);
      this.context = context;
      this.sampleRate = context.sampleRate;
      context.onstatechange = () => this.follow();
      context.addEventListener("error", () =>
        this.fail("The output device is gone. Choose another one, then press start."),
      );
      const receive = (message: FromWorklet): void => this.receive(message);
      this.connected = await connect(context, this.module, receive, (sentence) => this.fail(sentence));
      this.resend();
      for (const message of this.postponed.splice(0)) this.send(message);
      this.microphone.connect(this.connected.node);
      await this.resumeContext();
      this.buffering.begin(seconds());
    } catch (problem) {
      this.postponed.length = 0;
      this.fail(problem instanceof Error ? problem.message : String(problem));
      throw problem;
    }
  }

  protected async close(): Promise<void> {
    const context = this.context;
    this.context = null;
    this.connected = null;
    this.microphone.connect(null);
    this.slots.forgetRequests();
    if (context !== null) {
      context.onstatechange = null;
      await context.close().catch(() => {});
    }
  }

  /** Tell a new worklet everything the page asked of the old one. */
  private resend(): void {
    this.sendAxes();
    this.setMaster(this.master);
    this.watch(this.watched);
    this.setTempo(this.tempo);
    if (this.frozen) this.setFrozen(true);
    if (this.fadedTo !== 1) this.fade(this.fadedTo, 0);
    this.spaces.tellAll();
    this.slots.tellAll((sentence) => this.fail(sentence));
  }

  private async resumeContext(): Promise<void> {
    const context = this.context;
    if (context === null) return;
    // Without a gesture of the person's, resume() waits for one; the page must not wait with it.
    const resumed = context.resume();
    await Promise.race([resumed, new Promise((done) => setTimeout(done, 500))]);
    this.follow();
  }

  /** A call or another app has taken the sound (Safari). Where nobody gives it back, it is asked for. */
  private interrupted = false;

  private follow(): void {
    const context = this.context;
    if (context === null || this.state === "failed") return;
    const state: string = context.state;
    const over = this.interrupted && state === "suspended";
    this.interrupted = state === "interrupted";
    if (over) void this.resumeContext();
    else if (context.state === "running") {
      this.failure = null;
      this.enter("running");
      this.sendGesture();
    } else if (context.state !== "closed") {
      this.failure =
        "The browser is holding the sound back. Press a key or click anywhere to let it through.";
      this.enter("suspended");
    }
  }

  async suspend(): Promise<void> {
    this.interrupted = false;
    await this.context?.suspend();
    this.failure = null;
    if (this.context !== null) this.enter("suspended");
  }

  protected enter(state: InstrumentState): void {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  private fail(sentence: string): void {
    this.failure = sentence;
    this.state = "failed";
    this.dispatchEvent(new Event("state"));
  }

  // ------------------------------------------------------------------ voices and controls

  setVoice(slot: number, model: ModelDescription, blob: ArrayBuffer | null, seed: number): Promise<void> {
    this.reports.delete(slot);
    this.slow.delete(slot);
    return this.slots.put(slot, model, blob, seed);
  }

  removeVoice(slot: number): void {
    this.slots.remove(slot);
  }

  setMapping(slot: number, mapping: MappingData | null): void {
    this.slots.mapping(slot, mapping);
  }

  setSafety(slot: number, map: SafetyMap | null, amount: number): void {
    this.slots.safety(slot, map, amount);
  }

  recall(scene: string | null, seconds: number, change: () => void): void {
    const voices = this.slots.together(change);
    this.send({ type: "scene", scene, seconds, voices });
  }

  setFrozen(on: boolean): void {
    this.frozen = on;
    this.send({ type: "freeze", on });
  }

  fade(to: number, seconds: number): void {
    this.fadedTo = to;
    this.send({ type: "fade", to, seconds });
  }

  setTempo(tempo: Tempo, phase: number | null = null): void {
    this.tempo = tempo;
    this.send({ type: "tempo", bpm: tempo.bpm, beats: tempo.beats, phase });
  }

  setLatent(slot: number, latent: ArrayLike<number> | null): void {
    this.slots.latent(slot, latent);
  }

  setShaping(slot: number, shaping: Shaping, gainDb: Decibels, pan: number, muted: boolean): void {
    this.slots.shaping(slot, shaping, gainDb, pan, muted);
  }

  setSource(slot: number, source: Source, listening: Listening | null): void {
    this.slots.source(slot, source, listening);
  }

  setInTime(slot: number, bars: BarsPlayed, bpm: number): void {
    this.slots.inTime(slot, bars, bpm);
  }

  setFollowing(slot: number, following: Following | null): void {
    this.slots.following(slot, following);
  }

  setSpace(settings: SpaceSettings): void {
    this.spaces.set(settings);
  }

  setPlaceSound(number: number, sound: Sound | null): void {
    this.spaces.sound(number, sound);
  }

  get input(): Input {
    return this.microphone.input;
  }

  setInput(wanted: boolean): void {
    this.microphone.want(wanted);
  }

  setMaster(master: Master): void {
    this.master = master;
    this.send({
      type: "master",
      gain: 10 ** (master.gain_db / 20),
      ceilingDb: Math.min(master.ceiling_db, -1),
      guardDb: master.guard_db,
    });
  }

  watch(slot: number): void {
    this.watched = slot;
    this.send({ type: "watch", slot });
  }

  setAxes(axes: readonly Axis[]): void {
    const same =
      axes.length === this.axes.length &&
      axes.every(({ id, rest }, i) => id === this.axes[i]!.id && rest === this.axes[i]!.rest);
    this.axes = axes;
    if (same) return; // the piece came anew from elsewhere: what plays goes on
    this.gesture = new Float64Array(1 + 2 * axes.length);
    axes.forEach((axis, i) => {
      this.gesture[1 + i] = axis.rest;
    });
    this.sendAxes();
  }

  setTakes(takes: readonly Take[]): void {
    this.takes = takes;
  }

  setGesture(values: ArrayLike<number>, touched?: ArrayLike<number>): void {
    const axes = this.axes.length;
    this.gesture[0] = stampNow();
    for (let i = 0; i < axes; i++) {
      this.gesture[1 + i] = values[i] ?? this.axes[i]!.rest;
      this.gesture[1 + axes + i] = touched?.[i] ?? 0;
    }
    // A context that does not run would pile messages up.
    if (this.state === "running") this.send(this.gesture);
  }

  private sendGesture(): void {
    this.gesture[0] = 0; // not a move: it says nothing about latency
    this.send(this.gesture);
  }

  private sendAxes(): void {
    this.send({ type: "axes", rest: this.axes.map((axis) => axis.rest) });
    this.sendGesture();
  }

  panic(): void {
    this.send({ type: "panic" });
  }

  resume(): void {
    this.send({ type: "resume", seed: this.seed });
  }

  // ------------------------------------------------------------------ takes

  get recordingTake(): boolean {
    return this.recording !== null;
  }

  get playingTake(): string | null {
    return this.playing?.id ?? null;
  }

  recordTake(name: string, over?: Take): void {
    const axes = this.axes.map((axis) => axis.id);
    const seed = over?.seed ?? TAKE_SEED;
    this.recording = new TakeRecording(name, over ?? null, seed, axes, this.sampleRate, this.scene);
    this.playing = over ?? null;
    this.seed = seed;
    const take = over === undefined ? null : this.stack(over, over.loop);
    this.begin(over, over?.loop ?? false, (input) => {
      const { synchronised: onBar, bars } = this.tempo;
      const way = over === undefined ? null : this.ways(over);
      this.send({
        type: "start",
        seed,
        take,
        input,
        record: true,
        way,
        onBar,
        bars: onBar ? bars : 0,
        since: null,
      });
    });
  }

  stopTake(): Promise<Take> {
    const recording = this.recording;
    if (recording === null) return Promise.reject(new Error("No take is being recorded."));
    this.asked++;
    this.send({ type: "stop-recording", onBar: this.tempo.synchronised });
    return recording.take.then(async (take) => {
      const heard = recording.heard();
      if (heard === null) return take;
      try {
        return { ...take, input: (await keepSound(heard)).id };
      } catch (problem) {
        const why = problem instanceof Error ? problem.message : String(problem);
        const detail = `${why} The take is kept without the sound that came in.`;
        this.complain(detail);
        return take;
      }
    });
  }

  /** Begin once what came in with a take is here; silence in its place where it is gone, and a sentence. */
  private begin(take: Take | undefined, loop: boolean, start: (input: TakeInput | null) => void): void {
    const found = take === undefined ? null : inputOf(take, loop, this.takes, this.sampleRate);
    const asked = ++this.asked;
    if (found === null) {
      start(null);
      return;
    }
    fetchSound(found.id, this.sampleRate)
      .catch((problem: Error) => {
        this.complain(problem.message);
        return [];
      })
      .then((sound) => {
        if (asked === this.asked) start({ sound, loop: found.loop });
      });
  }

  private stack(take: Take, loop: boolean): TakeStack {
    const axes = this.axes.map((axis) => axis.id);
    return stackOf(take, loop, this.takes, axes, this.sampleRate);
  }

  private finishTake(end: TakeEnd): void {
    this.roundFrom = end.seconds > 0 ? end.from + end.seconds * this.sampleRate : null;
    const take = this.recording?.end(end);
    this.recording = null;
    if (take !== undefined) this.dispatchEvent(new CustomEvent("take", { detail: take }));
  }

  playTake(take: Take, loop: boolean): void {
    const since = take.seconds > 0 && loop ? this.roundFrom : null;
    this.roundFrom = null;
    this.playing = take;
    this.seed = take.seed;
    this.begin(take, loop, (input) => {
      const onBar = this.tempo.synchronised && since === null;
      this.send({
        type: "start",
        seed: take.seed,
        take: this.stack(take, loop),
        input,
        record: false,
        way: this.ways(take),
        onBar,
        bars: 0,
        since,
      });
    });
  }

  stopPlaying(): void {
    this.asked++;
    this.send({ type: "stop-playing" });
    this.playing = null;
    this.dispatchEvent(new Event("playing"));
  }

  // ------------------------------------------------------------------ the sound itself

  get recordingSound(): boolean {
    return this.sound !== null;
  }

  recordSound(): void {
    if (this.sound !== null || (this.connected === null && this.starting === null)) return;
    this.sound = new SoundRecording(this.sampleRate);
    this.send({ type: "capture", on: true });
  }

  stopSound(): Promise<Blob> {
    if (this.sound === null) return Promise.reject(new Error("No sound is being recorded."));
    this.send({ type: "capture", on: false });
    return this.sound.file;
  }

  spectrum(into: Float32Array<ArrayBuffer>): void {
    if (this.connected === null) into.fill(Number.NEGATIVE_INFINITY);
    else this.connected.analyser.getFloatFrequencyData(into);
  }

  // ------------------------------------------------------------------ from the worklet

  private send(message: ToWorklet, transfer: Transferable[] = []): boolean {
    if (this.connected === null && this.starting !== null && awaited(message)) this.postponed.push(message);
    this.connected?.node.port.postMessage(message, transfer);
    return this.connected !== null;
  }

  /** Hand a buffer back to be filled again. */
  private giveBack(buffer: ArrayBuffer): void {
    if (buffer.byteLength > 0) this.connected?.node.port.postMessage({ type: "empty", buffer }, [buffer]);
  }

  private receive(message: FromWorklet): void {
    switch (message.type) {
      case "voice":
        this.slots.answered(message.request, message.sentence);
        break;
      case "complaint":
        this.complain(message.sentence);
        break;
      case "streams":
        this.heardOf(message.streams);
        break;
      case "meters":
        this.report(message.buffer);
        break;
      case "rows":
        this.recording?.add(message.rows);
        break;
      case "input":
        this.recording?.hear(message.left, message.right);
        break;
      case "recorded":
        this.finishTake(message);
        break;
      case "began":
        this.beganAt = message.capturedAt;
        this.dispatchEvent(new Event("playing"));
        break;
      case "scene-began":
        this.recording?.goOver(message);
        break;
      case "ended":
        this.playing = null;
        this.dispatchEvent(new Event("playing"));
        break;
      case "sound":
        this.keepSound(message);
        break;
    }
  }

  private keepSound({ buffer, samples, last }: Extract<FromWorklet, { type: "sound" }>): void {
    this.sound?.add(buffer, samples);
    this.giveBack(buffer);
    if (!last) return;
    this.sound?.end();
    this.sound = null;
  }

  private report(buffer: ArrayBuffer): void {
    const context = this.context;
    if (context === null) return;
    readMeters(new Float64Array(buffer), this.meters);
    this.giveBack(buffer);
    this.meters.underruns = underrunsOf(context) ?? this.meters.underruns;
    this.meters.outputLatency = context.outputLatency || context.baseLatency || 0;
    this.watchBreaks(this.meters.underruns);
    this.dispatchEvent(new CustomEvent<Meters>("meters", { detail: this.meters }));
  }

  /** Sound that keeps breaking up is kept further ahead; never in the middle of a recording. */
  private watchBreaks(underruns: number): void {
    if (this.state !== "running" || this.recording !== null || this.sound !== null || this.playing !== null)
      return;
    if (!this.buffering.watch(underruns, seconds())) return;
    remember(String(this.buffering));
    this.starting ??= this.open(this.askedRate).finally(() => {
      this.starting = null;
    });
    this.starting.catch(() => {}); // its failure is in `failure`
  }

  /** Seconds the limiter looks ahead; part of the latency. */
  get lookAhead(): number {
    return (this.connected?.delay ?? 0) / this.sampleRate;
  }
}

/** Whether it must not be lost while there is no worklet; everything else is told to every new one. */
function awaited(message: ToWorklet): boolean {
  return "type" in message && (message.type === "start" || message.type === "capture");
}

function seconds(): number {
  return performance.now() / 1000;
}

function recall(): string | null {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null; // storage is switched off
  }
}

function remember(text: string): void {
  try {
    localStorage.setItem(REMEMBERED, text);
  } catch {}
}
