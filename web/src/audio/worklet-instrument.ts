// The Instrument in a browser: an AudioContext, the worklet that runs the kernel, and what the page last
// asked of it, so that a new context (another sample rate, a lost device) sounds like the old one.

import type { ModelDescription } from "../net/models";
import type { Axis, Master, Shaping, Take } from "../protocol/messages";
import { newId } from "../state/identity";
import type { MappingData } from "../steer/mapping";
import { Buffering } from "./buffering";
import type { Decibels, Instrument, InstrumentState, Meters } from "./instrument";
import relaxedUrl from "./kernel/isobath.relaxed.wasm?url";
import simdUrl from "./kernel/isobath.simd.wasm?url";
import { VOICES } from "./player";
import processorUrl from "./processor.ts?worker&url";
import { shapingFloats } from "./shaping";
import { chooseBuild } from "./simd";
import { joinRows, type RowChunk, stackOf, type TakeStack } from "./take";
import { WavWriter } from "./wav";
import { type FromWorklet, METER, SOUND_SAMPLES, stampNow, type ToWorklet } from "./wire";

interface Slot {
  readonly model: ModelDescription;
  readonly blob: ArrayBuffer;
  readonly seed: number;
  mapping: MappingData | null;
  latent: Float64Array | null;
  shaping: { shaping: Shaping; gainDb: Decibels; pan: number; muted: boolean } | null;
}

interface Recording {
  readonly name: string;
  readonly over: Take | null;
  readonly seed: number;
  readonly axes: readonly string[];
  readonly chunks: RowChunk[];
  finished: ((take: Take) => void) | null;
}

interface PlaybackStats {
  readonly underrunEvents: number;
}

const TAKE_SEED = 1;
const REMEMBERED = "isobath.buffering";

export class WorkletInstrument extends EventTarget implements Instrument {
  state: InstrumentState = "idle";
  failure: string | null = null;
  sampleRate = 0;
  /** Sample of the running recording at which the last take began; for tests. */
  beganAt = 0;

  private context: AudioContext | null = null;
  private node: AudioWorkletNode | null = null;
  private analyser: AnalyserNode | null = null;
  private limiterDelay = 0;
  private starting: Promise<void> | null = null;
  private readonly buffering = new Buffering(Number(recall()), seconds());
  private module: WebAssembly.Module | null = null;

  private readonly slots: (Slot | null)[] = new Array(VOICES).fill(null);
  private readonly answers = new Map<number, (sentence: string | null) => void>();
  private requests = 0;
  private axes: readonly Axis[] = [];
  private takes: readonly Take[] = [];
  private gesture = new Float64Array(1);
  private master: Master = { gain_db: 0, ceiling_db: -1, guard_db: 8 };
  private seed = TAKE_SEED;

  private recording: Recording | null = null;
  private playing: Take | null = null;
  private wav: WavWriter | null = null;
  private wavDone: ((blob: Blob) => void) | null = null;
  private readonly channels: [Float32Array, Float32Array] = [new Float32Array(0), new Float32Array(0)];
  private readonly meters: Meters = {
    peak: [0, 0],
    rms: [0, 0],
    limiterDb: 0,
    guardDb: 0,
    clamped: 0,
    scrubbed: 0,
    latent: new Float32Array(0),
    gesture: new Float64Array(0),
    frame: 0,
    load: 0,
    underruns: 0,
    latency: 0,
    outputLatency: 0,
    takeFrame: null,
  };

  // ------------------------------------------------------------------ starting

  start(sampleRate: number): Promise<void> {
    if (this.context !== null && this.sampleRate === sampleRate && this.state !== "failed")
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
      this.sampleRate = sampleRate;
      this.module ??= await this.fetchKernel();
      const context = makeContext(sampleRate, this.buffering.hint);
      this.context = context;
      context.onstatechange = () => this.follow();
      context.addEventListener("error", () =>
        this.fail("The output device is gone. Choose another one, then press start."),
      );
      await context.audioWorklet.addModule(processorUrl);
      await this.connect(context, this.module);
      this.resend();
      await this.resumeContext();
      this.buffering.begin(seconds());
    } catch (problem) {
      this.fail(problem instanceof Error ? problem.message : String(problem));
      throw problem;
    }
  }

  private async fetchKernel(): Promise<WebAssembly.Module> {
    if (typeof AudioContext === "undefined" || !("audioWorklet" in AudioContext.prototype))
      throw new Error(
        isSecureContext
          ? "This browser has no AudioWorklet, so nothing can sound here. Use a current Firefox, Chrome, Edge or Safari."
          : "Browsers play sound like this only on a secure page. Open Isobath on this computer (http://127.0.0.1), or over https.",
      );
    const build = chooseBuild();
    if (build === null)
      throw new Error(
        "This browser cannot run the sound: it lacks WebAssembly SIMD. Use a current Firefox, Chrome, Edge or Safari.",
      );
    const url = build === "relaxed" ? relaxedUrl : simdUrl;
    const answer = await fetch(url).catch(() => null);
    if (answer === null || !answer.ok)
      throw new Error(
        "The sound could not be fetched from the server. Is Isobath still running? Reload the page.",
      );
    return WebAssembly.compile(await answer.arrayBuffer());
  }

  private connect(context: AudioContext, module: WebAssembly.Module): Promise<void> {
    const node = new AudioWorkletNode(context, "isobath", { numberOfInputs: 0, outputChannelCount: [2] });
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    analyser.smoothingTimeConstant = 0.6;
    node.connect(context.destination);
    node.connect(analyser);
    this.node = node;
    this.analyser = analyser;
    return new Promise((resolve, reject) => {
      node.onprocessorerror = () => {
        const sentence = "The sound stopped because of a mistake of ours. Press start to play on.";
        reject(new Error(sentence));
        this.fail(sentence);
      };
      node.port.onmessage = (event: MessageEvent<FromWorklet>) => {
        const message = event.data;
        if (message.type === "ready") {
          this.limiterDelay = message.delay / context.sampleRate;
          resolve();
        } else if (message.type === "failed") {
          reject(new Error(message.sentence));
          this.fail(message.sentence);
        } else this.receive(message);
      };
      this.send({ type: "kernel", module });
    });
  }

  private async close(): Promise<void> {
    const context = this.context;
    this.context = null;
    this.node = null;
    for (const answer of this.answers.values()) answer(null);
    this.answers.clear();
    if (context !== null) {
      context.onstatechange = null;
      await context.close().catch(() => {});
    }
  }

  /** Tell a new worklet everything the page asked of the old one. */
  private resend(): void {
    this.sendAxes();
    this.setMaster(this.master);
    this.slots.forEach((slot, index) => {
      if (slot === null) return;
      void this.sendVoice(index, slot).catch((problem: Error) => this.fail(problem.message));
      this.sendSettings(index, slot);
    });
  }

  private async resumeContext(): Promise<void> {
    const context = this.context;
    if (context === null) return;
    // Without a gesture of the person's, resume() waits for one; the page must not wait with it.
    const resumed = context.resume();
    await Promise.race([resumed, new Promise((done) => setTimeout(done, 500))]);
    this.follow();
  }

  private follow(): void {
    const context = this.context;
    if (context === null || this.state === "failed") return;
    if (context.state === "running") {
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
    await this.context?.suspend();
    this.failure = null;
    if (this.context !== null) this.enter("suspended");
  }

  private enter(state: InstrumentState): void {
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

  async setVoice(slot: number, model: ModelDescription, blob: ArrayBuffer, seed: number): Promise<void> {
    const before = this.slots[slot];
    const made: Slot = {
      model,
      blob,
      seed,
      mapping: before?.mapping ?? null,
      latent: before?.latent ?? null,
      shaping: before?.shaping ?? null,
    };
    this.slots[slot] = made;
    if (this.node === null) return;
    const loaded = this.sendVoice(slot, made);
    this.sendSettings(slot, made);
    await loaded;
  }

  removeVoice(slot: number): void {
    this.slots[slot] = null;
    this.send({ type: "off", slot });
  }

  setMapping(slot: number, mapping: MappingData | null): void {
    const held = this.slots[slot];
    if (held) held.mapping = mapping;
    this.send({ type: "mapping", slot, mapping });
  }

  setLatent(slot: number, latent: ArrayLike<number> | null): void {
    const values = latent === null ? null : Float64Array.from(latent);
    const held = this.slots[slot];
    if (held) held.latent = values;
    this.send({ type: "latent", slot, latent: values });
  }

  setShaping(slot: number, shaping: Shaping, gainDb: Decibels, pan: number, muted: boolean): void {
    const held = this.slots[slot];
    if (!held) return;
    held.shaping = { shaping, gainDb, pan, muted };
    this.sendShaping(slot, held);
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

  setAxes(axes: readonly Axis[]): void {
    this.axes = axes;
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

  private sendVoice(slot: number, held: Slot): Promise<void> {
    const request = ++this.requests;
    const { blob, seed, model } = held;
    return new Promise((resolve, reject) => {
      this.answers.set(request, (sentence) => {
        if (sentence === null) resolve();
        else {
          if (this.slots[slot] === held) this.slots[slot] = null;
          reject(new Error(sentence));
        }
      });
      this.send({ type: "voice", request, slot, blob, seed, mean: model.latent.mean });
    });
  }

  private sendSettings(slot: number, held: Slot): void {
    this.sendShaping(slot, held);
    this.send({ type: "mapping", slot, mapping: held.mapping });
    this.send({ type: "latent", slot, latent: held.latent });
  }

  private sendShaping(slot: number, held: Slot): void {
    if (held.shaping === null) return;
    const { shaping, gainDb, pan, muted } = held.shaping;
    const values = shapingFloats(shaping, gainDb, pan, muted, held.model.latent.mean);
    this.send({ type: "shaping", slot, values });
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
    this.recording = { name, over: over ?? null, seed, axes, chunks: [], finished: null };
    this.playing = over ?? null;
    const take = over === undefined ? null : this.stack(over, over.loop);
    this.send({ type: "start", seed, take, record: true });
    this.seed = seed;
  }

  stopTake(): Promise<Take> {
    const recording = this.recording;
    if (recording === null) return Promise.reject(new Error("No take is being recorded."));
    return new Promise((resolve) => {
      recording.finished = resolve;
      this.send({ type: "stop-recording" });
    });
  }

  private stack(take: Take, loop: boolean): TakeStack {
    const axes = this.axes.map((axis) => axis.id);
    return stackOf(take, loop, this.takes, axes, this.sampleRate);
  }

  private finishTake(length: number, hop: number, moved: Uint8Array): void {
    const recording = this.recording;
    if (recording === null) return;
    this.recording = null;
    // An overdub keeps the axes that were moved; a take of its own keeps all of them.
    const all = recording.axes.map((_, i) => i);
    const columns = recording.over === null ? all : all.filter((i) => moved[i] === 1);
    const { frames, points } = joinRows(recording.chunks, recording.axes.length, columns);
    const take: Take = {
      id: newId(),
      name: recording.name,
      hop,
      sample_rate: this.sampleRate,
      length,
      axes: columns.map((i) => recording.axes[i]!),
      frames,
      points,
      seed: recording.seed,
      loop: recording.over?.loop ?? false,
      muted: false,
      over: recording.over?.id ?? null,
    };
    recording.finished?.(take);
    this.dispatchEvent(new CustomEvent("take", { detail: take }));
  }

  playTake(take: Take, loop: boolean): void {
    this.playing = take;
    this.seed = take.seed;
    this.send({ type: "start", seed: take.seed, take: this.stack(take, loop), record: false });
  }

  stopPlaying(): void {
    this.send({ type: "stop-playing" });
    this.playing = null;
    this.dispatchEvent(new Event("playing"));
  }

  // ------------------------------------------------------------------ the sound itself

  get recordingSound(): boolean {
    return this.wav !== null;
  }

  recordSound(): void {
    if (this.wav !== null || this.node === null) return;
    this.wav = new WavWriter(2, this.sampleRate);
    this.send({ type: "capture", on: true });
  }

  stopSound(): Promise<Blob> {
    if (this.wav === null) return Promise.reject(new Error("No sound is being recorded."));
    return new Promise((resolve) => {
      this.wavDone = resolve;
      this.send({ type: "capture", on: false });
    });
  }

  spectrum(into: Float32Array<ArrayBuffer>): void {
    if (this.analyser === null) into.fill(Number.NEGATIVE_INFINITY);
    else this.analyser.getFloatFrequencyData(into);
  }

  // ------------------------------------------------------------------ from the worklet

  private send(message: ToWorklet): void {
    this.node?.port.postMessage(message);
  }

  private receive(message: FromWorklet): void {
    switch (message.type) {
      case "voice":
        this.answers.get(message.request)?.(message.sentence);
        this.answers.delete(message.request);
        break;
      case "meters":
        this.readMeters(message.buffer);
        break;
      case "rows":
        this.recording?.chunks.push(message.rows);
        break;
      case "recorded":
        this.finishTake(message.length, message.hop, message.moved);
        break;
      case "began":
        this.beganAt = message.capturedAt;
        this.dispatchEvent(new Event("playing"));
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

  private keepSound(message: Extract<FromWorklet, { type: "sound" }>): void {
    const { buffer, samples, last } = message;
    if (this.wav !== null && samples > 0) {
      this.channels[0] = new Float32Array(buffer, 0, SOUND_SAMPLES);
      this.channels[1] = new Float32Array(buffer, 4 * SOUND_SAMPLES, SOUND_SAMPLES);
      this.wav.add(this.channels, samples);
    }
    if (buffer.byteLength > 0) this.node?.port.postMessage({ type: "empty", buffer }, [buffer]);
    if (!last || this.wav === null) return;
    const blob = this.wav.blob();
    this.wav = null;
    this.wavDone?.(blob);
    this.wavDone = null;
  }

  private readMeters(buffer: ArrayBuffer): void {
    const values = new Float64Array(buffer);
    const meters = this.meters;
    meters.peak[0] = values[METER.peak]!;
    meters.peak[1] = values[METER.peak + 1]!;
    meters.rms[0] = values[METER.rms]!;
    meters.rms[1] = values[METER.rms + 1]!;
    meters.limiterDb = values[METER.limiterDb]!;
    meters.guardDb = values[METER.guardDb]!;
    meters.clamped = values[METER.clamped]!;
    meters.scrubbed = values[METER.scrubbed]!;
    meters.frame = values[METER.frame]!;
    meters.load = values[METER.load]!;
    meters.latency = values[METER.latency]!;
    const takeFrame = values[METER.takeFrame]!;
    meters.takeFrame = takeFrame < 0 ? null : takeFrame;
    const stats = (this.context as (AudioContext & { playbackStats?: PlaybackStats }) | null)?.playbackStats;
    meters.underruns = stats?.underrunEvents ?? values[METER.late]!;
    this.watchBreaks(meters.underruns);
    meters.outputLatency = this.context?.outputLatency || this.context?.baseLatency || 0;
    const axes = values[METER.axes]!;
    const dims = values[METER.dims]!;
    if (meters.gesture.length !== axes) meters.gesture = new Float64Array(axes);
    if (meters.latent.length !== dims) meters.latent = new Float32Array(dims);
    for (let i = 0; i < axes; i++) meters.gesture[i] = values[METER.head + i]!;
    for (let i = 0; i < dims; i++) meters.latent[i] = values[METER.head + axes + i]!;
    this.node?.port.postMessage({ type: "empty", buffer }, [buffer]);
    this.dispatchEvent(new CustomEvent<Meters>("meters", { detail: meters }));
  }

  /** Sound that keeps breaking up is kept further ahead; never in the middle of a recording. */
  private watchBreaks(underruns: number): void {
    if (this.state !== "running" || this.recording !== null || this.wav !== null || this.playing !== null)
      return;
    if (!this.buffering.watch(underruns, seconds())) return;
    remember(String(this.buffering.step));
    this.starting ??= this.open(this.sampleRate).finally(() => {
      this.starting = null;
    });
    this.starting.catch(() => {}); // its failure is in `failure`
  }

  /** Seconds the limiter looks ahead; part of the latency. */
  get lookAhead(): number {
    return this.limiterDelay;
  }
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

function remember(step: string): void {
  try {
    localStorage.setItem(REMEMBERED, step);
  } catch {}
}

function makeContext(sampleRate: number, latencyHint: number): AudioContext {
  let context: AudioContext;
  try {
    context = new AudioContext({ sampleRate, latencyHint });
  } catch {
    throw new Error(
      `This browser will not play sound at ${sampleRate} Hz, the rate of this model. ` +
        "Choose another output device, or a model of another sample rate.",
    );
  }
  if (context.sampleRate !== sampleRate) {
    void context.close();
    throw new Error(
      `This browser plays at ${context.sampleRate} Hz only, and this model sounds at ${sampleRate} Hz: ` +
        "everything would be out of tune. Use another browser, or a model of another sample rate.",
    );
  }
  return context;
}
