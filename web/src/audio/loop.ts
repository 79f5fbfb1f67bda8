// The heart: gesture -> mapping -> latent -> kernel, one latent frame at a time. The same steps as
// src/isobath/engine/loop.py, so that a take sounds the same here and there (docs/engine.md).
//
// Nothing in render() allocates. Everything that does (new models, takes, axes) happens between calls.

import type { Foresight } from "../steer/foresight";
import type { Prepared } from "../steer/mapping";
import { Glide } from "./glide";
import { type Dream, type Following, type Hearing, Live } from "./hearing";
import { type Player, QUANTUM, SHAPING, VOICES } from "./player";
import { Source } from "./source";
import { FEED, type Streamed } from "./streamed";
import { type RowChunk, TakePlayer, TakeRecorder, type TakeStack } from "./take";
import { Tempo } from "./tempo";

export interface LoopEvents {
  /** A gesture with this stamp was used by the sample at `offset` of the block being rendered. */
  used(stamp: number, offset: number): void;
  /** A take begins at the sample at `offset` of the block being rendered. */
  began(offset: number): void;
  /** The take that was played is over. */
  ended(): void;
  /** The bar is over at which the recording was to end. */
  barOver?(offset: number): void;
  /** A scene began with this frame of the take that is recorded. */
  sceneBegan?(scene: string, frame: number, seconds: number): void;
}

/** What a voice becomes; what is left out stays. */
export interface VoiceState {
  readonly slot: number;
  readonly values?: Float32Array;
  readonly mapping?: Prepared | null;
  readonly foresight?: Foresight | null;
}

/** What all voices become, and in which time. */
export interface Programme {
  readonly scene: string | null;
  readonly seconds: number;
  readonly voices: readonly VoiceState[];
}

/** The way of a take through scenes; the first is at frame 0. */
export interface Way {
  readonly frames: readonly number[];
  readonly programmes: readonly Programme[];
  /** What the voices go back to. */
  readonly home: Programme;
}

export interface Start {
  readonly seed: number;
  readonly take: TakeStack | null;
  /** What came in while that take was recorded. */
  readonly input?: Hearing | null;
  readonly deliver: ((rows: RowChunk) => void) | null;
  readonly way?: Way | null;
  /** It waits for the next bar. */
  readonly onBar?: boolean;
  /** Bars after which a recording ends by itself; 0: it does not. */
  readonly bars?: number;
  /** Sample of the page's clock at which it is taken to have begun; null: now. */
  readonly since?: number | null;
}

/** A voice's hops, made elsewhere: the next one, or null while it has not come. */
export interface Feed {
  next(): Float32Array | null;
}

export class Loop {
  /** Where each voice's own input comes from; null: it has none of its own. */
  private readonly hearings: (Hearing | null)[] = new Array(VOICES).fill(null);
  private readonly dreams: (Dream | null)[] = new Array(VOICES).fill(null);
  private readonly dreamed = new Int32Array(VOICES);
  private readonly feeds: (Feed | null)[] = new Array(VOICES).fill(null);
  /** Voices that the server makes: their latents go out when they are due, and sound comes when it comes. */
  private readonly streamed: (Streamed | null)[] = new Array(VOICES).fill(null);
  private readonly followings: (Following | null)[] = new Array(VOICES).fill(null);
  /** What comes in now, for the voices that hear it. */
  readonly live = new Live();
  /** Samples a frame of each voice, at its model's own rate; 0: nobody there. */
  private readonly hops = new Int32Array(VOICES);
  private readonly rates = new Int32Array(VOICES);
  private recordedInput: Hearing | null = null;
  private readonly left = new Float32Array(QUANTUM);
  private readonly right = new Float32Array(QUANTUM);
  private readonly sources: (Source | null)[] = new Array(VOICES).fill(null);
  /** The gesture of the current frame. */
  gesture: Float64Array = new Float64Array(0);
  /** Where the performer's hands are. */
  private hands: Float64Array = new Float64Array(0);
  private touched: Uint8Array = new Uint8Array(0);
  /** Hands that lay on an axis when a take began: they count once they move or come anew. */
  private idle: Uint8Array = new Uint8Array(0);
  private rest: Float64Array = new Float64Array(0);
  private stamp = 0;
  private take: TakePlayer | null = null;
  private recorder: TakeRecorder | null = null;
  private pending: Start | null = null;
  silenced = false;
  private lead = -1;
  private readonly glides: (Glide | null)[] = new Array(VOICES).fill(null);
  private frozen = false;
  private way: Way | null = null;
  private station = 0;
  private gain = 1;
  private ceilingDb = -1;
  private guardDb = 8;
  /** Where the fade is, 0..1, and where it goes; a sample's share of the way. */
  private faded = 1;
  private fadeTo = 1;
  private fadeStep = 0;
  readonly tempo: Tempo;
  /** Samples rendered in all. */
  clock = 0;
  /** Samples of the take that had gone by when it began. */
  private skip = 0;
  private stopAt = Number.POSITIVE_INFINITY;
  /** When what is recorded began. */
  private recordedFrom = 0;
  /** Slot of the voice whose latent the meters show; the leading voice where it is empty. */
  watched = 0;
  /** Samples rendered since the start. */
  private samples = 0;
  /** Latent frames of the leading voice since the start. */
  frame = 0;

  constructor(
    readonly player: Player,
    private readonly events: LoopEvents,
  ) {
    this.tempo = new Tempo(player.sampleRate);
  }

  // ------------------------------------------------------------------ between blocks

  load(slot: number, blob: ArrayBuffer, seed: number, mean: ArrayLike<number>): void {
    const info = this.player.load(slot, blob, seed);
    this.forget(slot);
    this.sources[slot] = new Source(info.dims, mean, info.hop / info.sampleRate);
    this.glides[slot] = new Glide(info.hop / info.sampleRate);
    this.hops[slot] = info.hop;
    this.rates[slot] = info.sampleRate;
    this.findLead();
  }

  unload(slot: number): void {
    if (this.feeds[slot] || this.streamed[slot]) this.player.unfeed(slot);
    this.player.unload(slot);
    this.forget(slot);
    this.sources[slot] = null;
    this.findLead();
  }

  private forget(slot: number): void {
    this.hops[slot] = 0;
    this.hearings[slot] = null;
    this.dreams[slot] = null;
    this.feeds[slot] = null;
    const crossing = this.streamed[slot]?.crossing;
    if (crossing) this.player.unloadCrossing(crossing);
    this.streamed[slot] = null;
  }

  /** Let a voice listen to what `hearing` writes (`this.live`: what comes in now). */
  hear(slot: number, hearing: Hearing): void {
    if (!this.streamed[slot]) this.player.loadEar(slot, -1);
    else this.streamed[slot].hearing = hearing;
    this.hearings[slot] = hearing;
  }

  /** Let a voice listen to another one. */
  hearVoice(slot: number, other: number): void {
    if (this.streamed[slot])
      throw new Error(
        "A voice that the server makes cannot listen to another voice. Let it hear a sound or what comes in.",
      );
    this.player.loadEar(slot, other);
    this.hearings[slot] = null;
  }

  hearNobody(slot: number): void {
    this.player.unloadEar(slot);
    if (this.streamed[slot]) this.streamed[slot].hearing = null;
    this.hearings[slot] = null;
    this.dreams[slot] = null;
  }

  /** Latents of a voice's source, frame by frame since the reset. */
  setDream(slot: number, dream: Dream | null): void {
    this.dreams[slot] = dream;
    this.dreamed[slot] = 0;
  }

  /** A voice whose hops are made elsewhere. */
  feed(slot: number, channels: number, hop: number, feed: Feed, sampleRate = this.player.sampleRate): void {
    this.unload(slot);
    this.player.feed(slot, channels, hop, sampleRate);
    this.feeds[slot] = feed;
    this.hops[slot] = hop;
    this.rates[slot] = sampleRate;
    this.findLead();
  }

  /** A voice that the server makes. */
  stream(slot: number, streamed: Streamed, mean: ArrayLike<number>): void {
    const { shape } = streamed;
    this.unload(slot);
    this.player.feed(slot, shape.channels, FEED, shape.rate);
    this.streamed[slot] = streamed;
    if (shape.rate !== this.player.sampleRate) streamed.crossing = this.player.loadCrossing(shape.rate);
    this.sources[slot] = new Source(shape.dims, mean, shape.hop / shape.rate);
    this.glides[slot] = new Glide(shape.hop / shape.rate);
    this.hops[slot] = shape.hop;
    this.rates[slot] = shape.rate;
    this.findLead();
  }

  streamedOn(slot: number): Streamed | null {
    return this.streamed[slot] ?? null;
  }

  /** Follow another voice's latents; null: the own mapping again. */
  follow(slot: number, following: Following | null): void {
    this.followings[slot] = following;
  }

  setMapping(slot: number, mapping: Prepared | null): void {
    this.sources[slot]?.setMapping(mapping);
  }

  setForesight(slot: number, foresight: Foresight | null): void {
    this.sources[slot]?.setForesight(foresight);
  }

  setDirect(slot: number, latent: ArrayLike<number> | null): void {
    this.sources[slot]?.setDirect(latent);
  }

  /** ib_shaping; `base` is what dimensions nobody learned have (the sliders). */
  setShaping(slot: number, values: Float32Array): void {
    const source = this.sources[slot];
    if (source === null || source === undefined) return;
    this.shape(slot, source, values, 0);
  }

  private shape(slot: number, source: Source, values: Float32Array, seconds: number): void {
    if (this.glides[slot]?.towards(values, seconds) ?? true) this.tellShaping(slot, source, values);
  }

  private tellShaping(slot: number, source: Source, values: Float32Array): void {
    this.player.shape(slot, values);
    for (let i = 0; i < source.dims; i++) source.base[i] = values[SHAPING.hold + i]!;
  }

  /** Voices become something else, at once or in a scene's time. */
  goOver(programme: Programme): void {
    const { scene, seconds, voices } = programme;
    for (const { slot, values, mapping, foresight } of voices) {
      const source = this.sources[slot];
      if (source === null || source === undefined) continue;
      if (mapping !== undefined) source.setMapping(mapping, seconds);
      if (foresight !== undefined) source.setForesight(foresight);
      if (values !== undefined) this.shape(slot, source, values, seconds);
    }
    if (scene !== null && this.recorder !== null)
      this.events.sceneBegan?.(scene, this.recorder.length, seconds);
  }

  /** Hold the latents where they are, or glide from there to what the gesture means. */
  freeze(on: boolean): void {
    if (this.frozen && !on) for (const source of this.sources) source?.thaw(this.gesture);
    this.frozen = on;
  }

  setMaster(gain: number, ceilingDb: number, guardDb: number): void {
    this.gain = gain;
    this.ceilingDb = ceilingDb;
    this.guardDb = guardDb;
    this.tellMaster();
  }

  /** The master to 0 or 1 of its gain. */
  fade(to: number, seconds: number): void {
    this.fadeTo = to;
    this.fadeStep = 1 / Math.max(1, seconds * this.player.sampleRate);
  }

  get fadedTo(): number {
    return this.faded;
  }

  private tellMaster(): void {
    this.player.master(this.gain * this.faded * this.faded, this.ceilingDb, this.guardDb);
  }

  private goOnFading(samples: number): void {
    if (this.faded === this.fadeTo) return;
    const step = samples * this.fadeStep;
    this.faded =
      this.faded < this.fadeTo
        ? Math.min(this.fadeTo, this.faded + step)
        : Math.max(this.fadeTo, this.faded - step);
    this.tellMaster();
  }

  /** End the recording with the bar that is played; false where none is. */
  stopOnBar(): boolean {
    if (this.recorder === null) return false;
    this.stopAt = Math.max(this.tempo.nextBar(this.clock), this.recordedFrom + this.tempo.barSamples);
    return true;
  }

  /** How long the recording has to be to end where it was to, seconds; and when it began. */
  get recordedSpan(): { readonly from: number; readonly seconds: number } {
    const samples = this.stopAt - this.recordedFrom;
    const whole = Number.isFinite(samples) ? samples / this.player.sampleRate : 0;
    return { from: this.recordedFrom, seconds: whole };
  }

  setAxes(rest: ArrayLike<number>): void {
    this.hands = Float64Array.from(rest);
    this.gesture = Float64Array.from(rest);
    this.rest = Float64Array.from(rest);
    this.touched = new Uint8Array(rest.length);
    this.idle = new Uint8Array(rest.length);
    this.take = null;
  }

  /** stamp, one value per axis, then 1 for each axis that is touched. */
  setGesture(message: Float64Array): void {
    const axes = this.hands.length;
    if (message.length < 1 + 2 * axes) return;
    this.stamp = message[0]!;
    for (let i = 0; i < axes; i++) {
      const touched = message[1 + axes + i]!;
      if (touched === 0 || message[1 + i] !== this.hands[i]) this.idle[i] = 0;
      this.hands[i] = message[1 + i]!;
      this.touched[i] = this.idle[i] ? 0 : touched;
    }
  }

  panic(): void {
    this.player.panic();
    this.silenced = true;
    this.pending = null;
  }

  resume(seed: number): void {
    if (!this.silenced) return;
    this.silenced = false;
    this.player.reset(seed);
    this.restartStreamed(seed);
  }

  private restartStreamed(seed: number): void {
    for (let slot = 0; slot < VOICES; slot++) this.streamed[slot]?.restart(seed + slot);
  }

  /** With the next block, fresh voices: for a take to play, to record, or both (an overdub). */
  start(start: Start): void {
    this.take = null;
    this.recorder = null;
    this.pending = start;
    this.silenced = false;
  }

  /** The recorder, its last rows delivered. */
  stopRecording(): TakeRecorder | null {
    const recorder = this.recorder;
    recorder?.flush();
    this.recorder = null;
    return recorder;
  }

  stopPlaying(): void {
    if (this.take === null) return;
    this.hands.set(this.gesture);
    this.take = null;
    this.recordedInput = null;
    if (this.way !== null) this.goOver(this.way.home);
    this.way = null;
  }

  /** Samples per frame of the leading voice, at its own rate; 0 without one. */
  get hop(): number {
    return this.lead < 0 ? 0 : this.hops[this.lead]!;
  }

  /** The leading voice's own rate, Hz; the player's without one. */
  get rate(): number {
    return this.lead < 0 ? this.player.sampleRate : this.rates[this.lead]!;
  }

  /** Write the last shaped latent of the voice that is watched; how many dimensions it has. */
  watchedLatent(into: Float64Array, offset: number): number {
    const slot = this.sources[this.watched] ? this.watched : this.lead;
    const dims = slot < 0 ? 0 : (this.sources[slot]?.dims ?? 0);
    const streamed = slot < 0 ? null : this.streamed[slot];
    if (streamed) for (let i = 0; i < dims; i++) into[offset + i] = streamed.latent[i]!;
    else if (dims > 0) this.player.latent(slot, into, offset, dims);
    return dims;
  }

  /** What the performer alone says of the voice that is watched: mapping, sliders, no source, no shaping. */
  watchedPerformer(into: Float64Array, offset: number, dims: number): void {
    const slot = this.sources[this.watched] ? this.watched : this.lead;
    const latent = this.sources[slot]?.latent;
    for (let i = 0; i < dims; i++) into[offset + i] = latent?.[i] ?? 0;
  }

  /** What the source of the voice that is watched says, before the performer; whether that is known here. */
  watchedSource(into: Float64Array, offset: number, dims: number): boolean {
    const slot = this.sources[this.watched] ? this.watched : this.lead;
    if (slot < 0 || this.streamed[slot]) return false;
    return this.player.said(slot, into, offset, dims);
  }

  /** Whether some voice hears what comes in now. */
  get hearsLive(): boolean {
    return this.hearings.some((hearing) => hearing === this.live);
  }

  get takePosition(): number {
    return this.take?.position ?? -1;
  }

  // ------------------------------------------------------------------ rendering

  /** Fill `out` with `samples`; `input` is what comes in meanwhile, one or two channels. */
  render(out: readonly Float32Array[], samples: number, input: readonly Float32Array[] = []): void {
    this.live.put(input, this.samples);
    let done = 0;
    while (done < samples) {
      if (this.recorder !== null && this.clock >= this.stopAt) this.events.barOver?.(done);
      if (this.begin(done)) this.live.put(input, -done);
      const due = this.player.due() === 0 ? this.player.waiting : 0;
      const frames = this.framesDue(due);
      if (frames !== 0) this.frameDue(frames, done);
      if (due !== 0) this.feedDue(due);
      const now = Math.min(
        this.player.stretch(),
        samples - done,
        this.untilStreamed(),
        this.untilLine(),
        this.faded === this.fadeTo ? samples : QUANTUM,
      );
      this.goOnFading(now);
      this.listen(now);
      this.player.render(out, done, now);
      this.samples += now;
      for (let slot = 0; slot < VOICES; slot++) {
        this.streamed[slot]?.advance(now);
      }
      done += now;
      this.clock += now;
    }
  }

  /** Samples until something begins or ends with a bar. */
  private untilLine(): number {
    const begins = this.pending?.onBar ? Math.ceil(this.tempo.nextBar(this.clock)) : Number.POSITIVE_INFINITY;
    const ends = this.recorder === null ? Number.POSITIVE_INFINITY : Math.ceil(this.stopAt);
    return Math.max(1, Math.min(begins, ends) - this.clock);
  }

  /** Of the voices that wait, those that want a latent; and the streamed ones that do. */
  private framesDue(due: number): number {
    let frames = due;
    for (let slot = 0; slot < VOICES; slot++) {
      const streamed = this.streamed[slot];
      if (!streamed) continue;
      frames = streamed.untilDue === 0 ? frames | (1 << slot) : frames & ~(1 << slot);
    }
    return frames;
  }

  /** Samples until a streamed voice wants a latent. */
  private untilStreamed(): number {
    let until = QUANTUM;
    for (let slot = 0; slot < VOICES; slot++)
      until = Math.min(until, this.streamed[slot]?.untilDue ?? QUANTUM);
    return until;
  }

  /** Write what the next `samples` of each input are. */
  private listen(samples: number): void {
    for (let slot = 0; slot < VOICES; slot++) {
      let hearing = this.hearings[slot];
      if (hearing === null || hearing === undefined) continue;
      if (hearing === this.live && this.recordedInput !== null) hearing = this.recordedInput;
      hearing.hear(this.samples, samples, this.left, this.right);
      const streamed = this.streamed[slot];
      if (streamed) streamed.listen(this.left, this.right, samples, this.player.floats);
      else this.player.hear(slot, this.left, this.right, samples);
    }
  }

  /** Whether something began here, `offset` samples into the block. */
  private begin(offset: number): boolean {
    if (this.pending === null) return false;
    const { seed, take, deliver, input, way, onBar, bars, since } = this.pending;
    const line = onBar ? this.tempo.nextBar(this.clock - 1) : this.clock;
    if (line > this.clock) return false;
    this.pending = null;
    this.idle.set(this.touched);
    this.touched.fill(0);
    this.player.reset(seed);
    this.restartStreamed(seed);
    this.samples = 0;
    this.dreamed.fill(0);
    this.recordedInput = input ?? null;
    if (this.way !== null && !way) this.goOver(this.way.home);
    this.way = way ?? null;
    this.station = 0;
    if (way) this.goOver(way.programmes[0]!);
    for (let slot = 0; slot < VOICES; slot++) {
      const source = this.sources[slot];
      if (this.glides[slot]?.settle() && source) this.tellShaping(slot, source, this.glides[slot]!.now);
      source?.settle();
    }
    this.skip = since === null || since === undefined ? 0 : Math.max(0, Math.round(this.clock - since));
    this.recordedFrom = line;
    this.stopAt = deliver !== null && bars ? line + bars * this.tempo.barSamples : Number.POSITIVE_INFINITY;
    this.take = take === null ? null : new TakePlayer(take);
    this.recorder = deliver === null ? null : new TakeRecorder(this.hands.length, deliver);
    this.events.began(offset);
    return true;
  }

  private frameDue(waiting: number, offset: number): void {
    this.hold(offset);
    this.player.space?.stand(this.gesture);
    if (this.lead >= 0 && (waiting >> this.lead) & 1) {
      this.recorder?.add(this.gesture, this.touched);
      this.frame++;
    }
    for (let slot = 0; slot < VOICES; slot++) {
      const source = this.sources[slot];
      if (((waiting >> slot) & 1) === 0 || source === null || source === undefined) continue;
      this.nextLatent(slot, source);
    }
  }

  /** Give the voices that are made elsewhere what has come. */
  private feedDue(due: number): void {
    for (let slot = 0; slot < VOICES; slot++) {
      if (((due >> slot) & 1) === 0) continue;
      const hop = this.feeds[slot]?.next() ?? this.streamed[slot]?.take(this.samples) ?? null;
      if (hop !== null) this.player.fill(slot, hop);
    }
  }

  private nextLatent(slot: number, source: Source): void {
    const glide = this.glides[slot];
    if (glide?.next()) this.tellShaping(slot, source, glide.now);
    const following = this.followings[slot] ?? null;
    if (this.frozen) {
      this.give(slot, source, null);
      return;
    }
    source.next(
      this.gesture,
      following,
      following === null ? null : (this.sources[following.leader] ?? null),
    );
    const trim = source.trim(this.gesture);
    this.player.trim(slot, this.streamed[slot]?.least(trim) ?? trim);
    this.give(slot, source, this.dreams[slot]?.at(this.dreamed[slot]!++) ?? null);
  }

  private give(slot: number, source: Source, dreamt: Float32Array | null): void {
    const streamed = this.streamed[slot];
    if (streamed) {
      streamed.ask(source.latent, dreamt, this.samples);
      return;
    }
    this.player.incoming(slot, source.latent);
    if (dreamt !== null) this.player.give(slot, dreamt);
  }

  /** Make `gesture` what holds at this moment: the take's, but the performer's where a hand is. */
  private hold(offset: number): void {
    if (this.stamp !== 0) {
      this.events.used(this.stamp, offset);
      this.stamp = 0;
    }
    if (this.take !== null && !this.take.at(this.samples + this.skip, this.gesture, this.rest)) {
      this.stopPlaying();
      this.events.ended();
    }
    this.goOnWay();
    for (let i = 0; i < this.gesture.length; i++)
      if (this.take === null || this.touched[i]) this.gesture[i] = this.hands[i]!;
  }

  /** The scenes that a take goes through. */
  private goOnWay(): void {
    if (this.way === null || this.take === null) return;
    const { frames, programmes } = this.way;
    const frame = this.take.position;
    if (frame < frames[this.station]!) {
      this.station = 0; // it has begun again
      this.goOver(programmes[0]!);
    }
    while (this.station + 1 < frames.length && frames[this.station + 1]! <= frame)
      this.goOver(programmes[++this.station]!);
  }

  private findLead(): void {
    this.lead = this.hops.findIndex((hop) => hop > 0);
  }
}
