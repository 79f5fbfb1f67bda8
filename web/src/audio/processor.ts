// The audio thread's end: messages in, one quantum of sound out, meters back about 60 times a second.
// Runs in AudioWorkletGlobalScope; built into one file of its own.

import type { SafetyMap } from "../protocol/messages";
import { Foresight, fitsTogether } from "../steer/foresight";
import { type MappingData, prepare } from "../steer/mapping";
import { Looped, quantised, Recorded } from "./hearing";
import { sourceFloats } from "./listening";
import { Loop, type Programme, type VoiceState, type Way } from "./loop";
import { Player, VOICES } from "./player";
import { Dreaming } from "./prior";
import { type FromStream, Streamed } from "./streamed";
import {
  type FromWorklet,
  type Listening,
  METER,
  METER_NUMBERS,
  type SceneMessage,
  SOUND_SAMPLES,
  type StreamReport,
  type ToWorklet,
  type WayMessage,
} from "./wire";

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

const CHANNELS = 2;
const METERS_PER_SECOND = 60;
const LOAD_SECONDS = 0.5;
const LATE_MS = 60;
const STREAM_REPORT_SECONDS = 0.25;

class IsobathProcessor extends AudioWorkletProcessor {
  private loop: Loop | null = null;
  private readonly meterBuffers: ArrayBuffer[] = [];
  private readonly soundBuffers: ArrayBuffer[] = [];
  private sinceMeters = 0;
  private latency = 0;

  /** Where streamed voices talk to their worker, by slot. */
  private readonly ports = new Map<number, MessagePort>();
  private sinceStreams = 0;

  private readonly dreams = new Map<number, Dreaming>();
  /** What comes in is kept: a take is recorded with it. */
  private inputLeft: Float32Array | null = null;
  private inputRight: Float32Array | null = null;
  private inputFilled = 0;
  private keepsInput = false;
  /** The block that comes in, and from where on it belongs to the take. */
  private coming: Float32Array[] = [];
  private inputFrom = 0;
  private wantsInput = false;

  private capturing = false;
  private sound: Float32Array | null = null;
  private filled = 0;
  private captured = 0;

  // The worklet has no finer clock than whole milliseconds; over half a second they average out.
  private busyMs = 0;
  private loadSamples = 0;
  private load = 0;
  private late = 0;
  private blockStart = 0;
  private clockStart = 0;
  private clockSamples = 0;

  constructor() {
    super();
    for (let i = 0; i < 4; i++) this.meterBuffers.push(new ArrayBuffer(METER_NUMBERS * 8));
    this.port.onmessage = (event: MessageEvent<ToWorklet>) => this.receive(event.data);
  }

  // ------------------------------------------------------------------ messages

  private receive(message: ToWorklet): void {
    if (message instanceof Float64Array) {
      this.loop?.setGesture(message);
      return;
    }
    if (message.type === "kernel") {
      this.prepareKernel(message.module);
      return;
    }
    if (message.type === "empty") {
      const pool = message.buffer.byteLength === METER_NUMBERS * 8 ? this.meterBuffers : this.soundBuffers;
      pool.push(message.buffer);
      return;
    }
    try {
      if (this.loop !== null) this.control(this.loop, message);
    } catch (problem) {
      this.post({ type: "complaint", sentence: sentenceOf(problem) });
    }
  }

  private prepareKernel(module: WebAssembly.Module): void {
    try {
      const player = new Player(module, CHANNELS, sampleRate);
      this.loop = new Loop(player, {
        used: (stamp, offset) => this.used(stamp, offset),
        began: (offset) => {
          this.keepsInput = this.wantsInput;
          this.inputFilled = 0;
          this.inputFrom = offset;
          this.post({ type: "began", capturedAt: this.captured + offset });
        },
        ended: () => this.post({ type: "ended" }),
        barOver: (offset) => {
          if (this.keepsInput) this.keepInput(this.coming, offset);
          if (this.loop !== null) this.finishTake(this.loop);
        },
        sceneBegan: (scene, frame, seconds) => this.post({ type: "scene-began", scene, frame, seconds }),
      });
      this.post({ type: "ready", delay: player.delay });
    } catch (problem) {
      this.post({ type: "failed", sentence: `The sound could not be built: ${sentenceOf(problem)}` });
    }
  }

  private control(loop: Loop, message: Exclude<ToWorklet, Float64Array>): void {
    switch (message.type) {
      case "voice":
        this.hangUp(message.slot);
        this.putVoice(loop, message);
        break;
      case "stream":
        this.hangUp(message.slot);
        this.streamVoice(loop, message);
        break;
      case "off":
        this.hangUp(message.slot);
        loop.unload(message.slot);
        break;
      case "axes":
        loop.setAxes(message.rest);
        break;
      case "mapping":
        this.setMapping(loop, message.slot, message.mapping);
        break;
      case "safety":
        loop.setForesight(message.slot, foreseen(message.map, message.amount));
        break;
      case "latent":
        loop.setDirect(message.slot, message.latent);
        break;
      case "shaping":
        loop.setShaping(message.slot, message.values);
        break;
      case "master":
        loop.setMaster(message.gain, message.ceilingDb, message.guardDb);
        break;
      case "watch":
        loop.watched = message.slot;
        break;
      case "panic":
        loop.panic();
        break;
      case "resume":
        loop.resume(message.seed);
        break;
      case "source":
        this.setSource(loop, message);
        break;
      case "follow":
        loop.follow(message.slot, message.following);
        break;
      case "space":
        this.place(() => loop.player.loadSpace(message.module).set(message.settings));
        break;
      case "place-sound":
        this.place(() => loop.player.space?.sound(message.number, message.sound));
        break;
      case "start":
        this.keepsInput = false;
        this.wantsInput = message.record && message.input === null && loop.hearsLive;
        loop.start({
          seed: message.seed,
          take: message.take,
          input: message.input === null ? null : new Recorded(message.input.sound, message.input.loop),
          deliver: message.record ? (rows) => this.post({ type: "rows", rows }) : null,
          way: this.prepareWay(message.way),
          onBar: message.onBar,
          bars: message.bars,
          since: message.since,
        });
        break;
      case "stop-playing":
        loop.stopPlaying();
        break;
      case "stop-recording":
        if (!message.onBar || !loop.stopOnBar()) this.finishTake(loop);
        break;
      case "scene":
        loop.goOver(this.prepareScene(message));
        break;
      case "freeze":
        loop.freeze(message.on);
        break;
      case "fade":
        loop.fade(message.to, message.seconds);
        break;
      case "tempo":
        loop.tempo.set(message.bpm, message.beats, loop.clock, message.phase);
        break;
      case "capture":
        this.capture(message.on);
        break;
    }
  }

  private putVoice(loop: Loop, message: Extract<ToWorklet, { type: "voice" }>): void {
    let sentence: string | null = null;
    try {
      loop.load(message.slot, message.blob, message.seed, message.mean);
    } catch (problem) {
      sentence = sentenceOf(problem);
    }
    this.post({ type: "voice", request: message.request, sentence });
  }

  private streamVoice(loop: Loop, message: Extract<ToWorklet, { type: "stream" }>): void {
    const { slot, shape, port } = message;
    let sentence: string | null = null;
    try {
      const streamed = new Streamed(shape, message.seed, port, sampleRate);
      loop.stream(slot, streamed, message.mean);
      this.ports.set(slot, port);
      port.onmessage = (event: MessageEvent<FromStream>) => streamed.receive(event.data);
    } catch (problem) {
      sentence = sentenceOf(problem);
    }
    this.post({ type: "voice", request: message.request, sentence });
  }

  private hangUp(slot: number): void {
    this.ports.get(slot)?.close();
    this.ports.delete(slot);
  }

  /** A damaged mapping is not played; the one before it is. */
  private setMapping(loop: Loop, slot: number, mapping: MappingData | null): void {
    try {
      loop.setMapping(slot, mapping === null ? null : prepare(mapping));
    } catch (problem) {
      this.post({ type: "complaint", sentence: sentenceOf(problem) });
    }
  }

  private prepareScene({ scene, seconds, voices }: SceneMessage): Programme {
    const ready = voices.map(({ slot, values, mapping, safety }): VoiceState => {
      const foresight = safety === undefined ? {} : { foresight: foreseen(safety.map, safety.amount) };
      return { slot, ...(values ? { values } : {}), ...this.prepareMapping(mapping), ...foresight };
    });
    return { scene, seconds, voices: ready };
  }

  private prepareMapping(mapping: MappingData | null | undefined): Pick<VoiceState, "mapping"> {
    if (mapping === undefined) return {};
    try {
      return { mapping: mapping === null ? null : prepare(mapping) };
    } catch (problem) {
      this.post({ type: "complaint", sentence: sentenceOf(problem) });
      return {};
    }
  }

  private prepareWay(way: WayMessage | null): Way | null {
    if (way === null) return null;
    const programmes = way.scenes.map((scene) => this.prepareScene(scene));
    return { frames: way.frames, programmes, home: this.prepareScene(way.home) };
  }

  /** A voice that cannot listen is the performer's alone, and says so. */
  private setSource(loop: Loop, message: Extract<ToWorklet, { type: "source" }>): void {
    const { slot, source, listening } = message;
    try {
      if (listening !== null) this.listen(loop, slot, listening);
    } catch (problem) {
      this.post({ type: "complaint", sentence: sentenceOf(problem) });
    }
    const dream = this.dreams.get(slot);
    if (dream !== undefined) dream.temperature = source.temperature;
    const given =
      source.kind === "prior" && dream === undefined ? { ...source, kind: "gesture" as const } : source;
    loop.player.source(slot, sourceFloats(given, message.matchLufs, loop.player.hasEar(slot)));
  }

  private place(act: () => void): void {
    try {
      act();
    } catch (problem) {
      this.post({ type: "complaint", sentence: sentenceOf(problem) });
    }
  }

  private listen(loop: Loop, slot: number, listening: Listening): void {
    loop.hearNobody(slot);
    this.dreams.delete(slot);
    if (listening.kind === "live") loop.hear(slot, loop.live);
    else if (listening.kind === "sound") loop.hear(slot, new Looped(listening.sound));
    else if (listening.kind === "voice") loop.hearVoice(slot, listening.slot);
    else if (listening.kind === "prior") {
      const dream = new Dreaming(listening.prior, listening.seed, 1);
      this.dreams.set(slot, dream);
      loop.setDream(slot, dream);
    }
  }

  private finishTake(loop: Loop): void {
    this.sendInput();
    this.keepsInput = false;
    this.wantsInput = false;
    const { from, seconds } = loop.recordedSpan;
    const recorder = loop.stopRecording();
    const moved = recorder?.moved ?? new Uint8Array(0);
    this.post({
      type: "recorded",
      length: recorder?.length ?? 0,
      hop: loop.hop,
      rate: loop.rate,
      moved,
      from,
      seconds,
    });
  }

  private post(message: FromWorklet, transfer: Transferable[] = []): void {
    this.port.postMessage(message, transfer);
  }

  // ------------------------------------------------------------------ sound

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0];
    const samples = out?.[0]?.length ?? 0;
    if (this.loop === null || out === undefined || samples === 0) return true;
    this.blockStart = Date.now();
    try {
      const input = inputs[0] ?? [];
      this.coming = input;
      this.loop.render(out, samples, input);
      if (this.keepsInput) this.keepInput(input, samples);
    } catch (problem) {
      this.loop = null;
      for (const channel of out) channel.fill(0);
      this.post({
        type: "failed",
        sentence: `The sound stopped (${sentenceOf(problem)}). Press start to play on.`,
      });
      return true;
    }
    this.watch(samples);
    if (this.capturing) this.keep(out, samples);
    this.sinceMeters += samples;
    if (this.sinceMeters >= sampleRate / METERS_PER_SECOND) this.report(this.loop);
    this.sinceStreams += samples;
    if (this.ports.size > 0 && this.sinceStreams >= STREAM_REPORT_SECONDS * sampleRate)
      this.reportStreams(this.loop);
    return true;
  }

  /** A gesture made at `stamp` is first heard `offset` samples into the block being rendered. */
  private used(stamp: number, offset: number): void {
    const delay = this.loop?.player.delay ?? 0;
    // Date.now() is rounded down: half a millisecond on average.
    const seconds = (this.blockStart + 0.5 - stamp) / 1000 + (offset + delay) / sampleRate;
    if (seconds < 0 || seconds > 5) return;
    this.latency = this.latency === 0 ? seconds : this.latency + 0.1 * (seconds - this.latency);
  }

  private watch(samples: number): void {
    this.busyMs += Date.now() - this.blockStart;
    this.loadSamples += samples;
    if (this.loadSamples >= LOAD_SECONDS * sampleRate) {
      this.load = (this.busyMs * sampleRate) / (1000 * this.loadSamples);
      this.busyMs = 0;
      this.loadSamples = 0;
    }
    if (this.clockStart === 0) this.clockStart = this.blockStart;
    const behind = this.blockStart - this.clockStart - (1000 * this.clockSamples) / sampleRate;
    this.clockSamples += samples;
    if (behind > LATE_MS) {
      this.late++;
      this.clockStart = this.blockStart;
      this.clockSamples = samples;
    } else if (behind < 0) {
      this.clockStart = this.blockStart;
      this.clockSamples = samples;
    }
  }

  private report(loop: Loop): void {
    this.sinceMeters = 0;
    const buffer = this.meterBuffers.pop();
    if (buffer === undefined) return; // the page is busy; it gets the next one
    const values = new Float64Array(buffer);
    loop.player.meters(values);
    values[METER.frame] = loop.frame;
    values[METER.load] = this.load;
    values[METER.late] = this.late;
    values[METER.latency] = this.latency;
    values[METER.takeFrame] = loop.takePosition;
    values[METER.beat] = loop.tempo.beatAt(loop.clock);
    values[METER.faded] = loop.fadedTo;
    const axes = Math.min(loop.gesture.length, 64);
    values[METER.axes] = axes;
    for (let i = 0; i < axes; i++) values[METER.head + i] = loop.gesture[i]!;
    const dims = loop.watchedLatent(values, METER.head + axes);
    values[METER.dims] = dims;
    loop.watchedPerformer(values, METER.head + axes + dims, dims);
    const ear = loop.watched;
    values[METER.listening] = loop.player.hasEar(ear) ? 1 : 0;
    loop.player.earMeters(ear, values, METER.earPeak);
    values[METER.said] = loop.watchedSource(values, METER.head + axes + 2 * dims, dims) ? 1 : 0;
    this.post({ type: "meters", buffer }, [buffer]);
  }

  private reportStreams(loop: Loop): void {
    this.sinceStreams = 0;
    const streams: StreamReport[] = [];
    for (let slot = 0; slot < VOICES; slot++) {
      const streamed = loop.streamedOn(slot);
      if (streamed === null) continue;
      const { ring, load } = streamed;
      const { margin, underruns } = ring;
      streams.push({
        slot,
        delay: ring.delay / ring.rate + loop.player.late(slot) / sampleRate,
        margin,
        underruns,
        load,
      });
    }
    this.post({ type: "streams", streams });
  }

  // ------------------------------------------------------------------ keeping what comes in

  private keepInput(input: Float32Array[], samples: number): void {
    if (this.inputLeft === null || this.inputRight === null) {
      this.inputLeft = new Float32Array(SOUND_SAMPLES);
      this.inputRight = new Float32Array(SOUND_SAMPLES);
    }
    const [one, other = one] = input;
    const from = this.inputFrom;
    this.inputFrom = 0;
    for (let i = from; i < samples; i++) {
      this.inputLeft[this.inputFilled + i - from] = quantised(one?.[i] ?? 0);
      this.inputRight[this.inputFilled + i - from] = quantised(other?.[i] ?? 0);
    }
    this.inputFilled += Math.max(0, samples - from);
    if (this.inputFilled + samples > SOUND_SAMPLES) this.sendInput();
  }

  private sendInput(): void {
    if (!this.keepsInput || this.inputLeft === null || this.inputRight === null) return;
    const left = this.inputLeft.slice(0, this.inputFilled);
    const right = this.inputRight.slice(0, this.inputFilled);
    this.inputFilled = 0;
    this.post({ type: "input", left, right }, [left.buffer, right.buffer]);
  }

  // ------------------------------------------------------------------ recording the sound

  private capture(on: boolean): void {
    if (on && !this.capturing) {
      this.captured = 0;
      this.filled = 0;
      this.capturing = true;
    } else if (!on && this.capturing) {
      this.capturing = false;
      this.send(true);
    }
  }

  private keep(out: Float32Array[], samples: number): void {
    this.sound ??= new Float32Array(this.soundBuffers.pop() ?? new ArrayBuffer(4 * CHANNELS * SOUND_SAMPLES));
    for (let c = 0; c < CHANNELS; c++) this.sound.set(out[c]!, c * SOUND_SAMPLES + this.filled);
    this.filled += samples;
    this.captured += samples;
    if (this.filled + samples > SOUND_SAMPLES) this.send(false);
  }

  private send(last: boolean): void {
    const buffer = (this.sound?.buffer as ArrayBuffer | undefined) ?? new ArrayBuffer(0);
    const samples = this.filled;
    this.sound = null;
    this.filled = 0;
    this.post({ type: "sound", buffer, samples, last }, [buffer]);
  }
}

/** A map that does not fit together is as good as none. */
function foreseen(map: SafetyMap | null, amount: number): Foresight | null {
  return map !== null && amount > 0 && fitsTogether(map) ? new Foresight(map, Math.min(1, amount)) : null;
}

function sentenceOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}

registerProcessor("isobath", IsobathProcessor);
