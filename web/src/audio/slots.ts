// What each voice slot was last asked to be, told to the worklet now and again to every new one.

import type { ModelDescription } from "../net/models";
import { type BarsPlayed, makeSource, type SafetyMap, type Shaping, type Source } from "../protocol/messages";
import type { MappingData } from "../steer/mapping";
import type { Following } from "./hearing";
import type { Decibels } from "./instrument";
import type { Lines } from "./lines";
import { VOICES } from "./player";
import { shapingFloats } from "./shaping";
import type { Listening, ToWorklet, VoiceChange } from "./wire";

interface Slot {
  readonly model: ModelDescription;
  /** null: the server makes the voice. */
  readonly blob: ArrayBuffer | null;
  readonly seed: number;
  mapping: MappingData | null;
  safety: { map: SafetyMap | null; amount: number };
  latent: Float64Array | null;
  source: { source: Source; listening: Listening } | null;
  shaping: { shaping: Shaping; gainDb: Decibels; pan: number; muted: boolean } | null;
  time: { bars: BarsPlayed; bpm: number } | null;
}

const UNKNOWN: Slot["safety"] = { map: null, amount: 0 };

export class Slots {
  private readonly slots: (Slot | null)[] = new Array(VOICES).fill(null);
  private readonly followings: (Following | null)[] = new Array(VOICES).fill(null);
  private readonly answers = new Map<number, (sentence: string | null) => void>();
  private requests = 0;
  /** Changes that are told together, with a scene; null: each at once. */
  private gathered: Map<number, VoiceChange> | null = null;

  /** `send` is false while there is no worklet. */
  constructor(
    private readonly send: (message: ToWorklet, transfer?: Transferable[]) => boolean,
    /** Whether there is a worklet. */
    private readonly there: () => boolean,
    private readonly lines: Lines,
  ) {}

  /** Rejects with a sentence if the worklet refuses the model. `blob` null: the server makes the voice. */
  async put(slot: number, model: ModelDescription, blob: ArrayBuffer | null, seed: number): Promise<void> {
    this.lines.close(slot);
    const before = this.slots[slot];
    const { mapping = null, latent = null, shaping = null, safety = UNKNOWN, time = null } = before ?? {};
    const made: Slot = { model, blob, seed, mapping, safety, latent, shaping, source: null, time };
    this.slots[slot] = made;
    await this.tell(slot, made);
  }

  model(slot: number): ModelDescription | null {
    return this.slots[slot]?.model ?? null;
  }

  remove(slot: number): void {
    this.slots[slot] = null;
    this.lines.close(slot);
    this.send({ type: "off", slot });
  }

  mapping(slot: number, mapping: MappingData | null): void {
    const held = this.slots[slot];
    if (held) held.mapping = mapping;
    if (this.gather(slot, { mapping })) return;
    this.send({ type: "mapping", slot, mapping });
  }

  /** What is known to be loud; null: nothing is. */
  safety(slot: number, map: SafetyMap | null, amount: number): void {
    const held = this.slots[slot];
    if (held) held.safety = { map, amount };
    if (this.gather(slot, { safety: { map, amount } })) return;
    this.send({ type: "safety", slot, map, amount });
  }

  latent(slot: number, latent: ArrayLike<number> | null): void {
    const values = latent === null ? null : Float64Array.from(latent);
    const held = this.slots[slot];
    if (held) held.latent = values;
    this.send({ type: "latent", slot, latent: values });
  }

  shaping(slot: number, shaping: Shaping, gainDb: Decibels, pan: number, muted: boolean): void {
    const held = this.slots[slot];
    if (!held) return;
    held.shaping = { shaping, gainDb, pan, muted };
    this.tellShaping(slot, held);
  }

  source(slot: number, source: Source, listening: Listening | null): void {
    const held = this.slots[slot];
    if (!held) return;
    held.source = { source, listening: listening ?? held.source?.listening ?? { kind: "nobody" } };
    if (held.blob === null) this.lines.control(slot, null, streamedSource(held.source));
    const matchLufs = held.model.match_lufs;
    this.send({ type: "source", slot, source, matchLufs, listening });
  }

  /** How it plays in bars, where its model is one of bars. */
  inTime(slot: number, bars: BarsPlayed, bpm: number): void {
    const held = this.slots[slot];
    if (!held) return;
    held.time = { bars, bpm };
    if (held.blob === null) this.lines.inTime(slot, bars, bpm);
  }

  following(slot: number, following: Following | null): void {
    this.followings[slot] = following;
    this.send({ type: "follow", slot, following });
  }

  /** Everything that `change` asks of the voices, as one scene. */
  together(change: () => void): VoiceChange[] {
    this.gathered = new Map();
    try {
      change();
      return [...this.gathered.values()];
    } finally {
      this.gathered = null;
    }
  }

  private gather(slot: number, change: Omit<VoiceChange, "slot">): boolean {
    if (this.gathered === null) return false;
    this.gathered.set(slot, { ...this.gathered.get(slot), ...change, slot });
    return true;
  }

  /** Tell a new worklet everything. */
  tellAll(refused: (sentence: string) => void): void {
    this.slots.forEach((held, slot) => {
      if (held !== null) this.tell(slot, held).catch((problem: Error) => refused(problem.message));
    });
    this.followings.forEach((following, slot) => {
      if (following !== null) this.send({ type: "follow", slot, following });
    });
  }

  /** The worklet's answer to a model. */
  answered(request: number, sentence: string | null): void {
    this.answers.get(request)?.(sentence);
    this.answers.delete(request);
  }

  /** The worklet is gone, and what it was asked with it; the next one is asked again. */
  forgetRequests(): void {
    for (const answer of this.answers.values()) answer(null);
    this.answers.clear();
  }

  private tell(slot: number, held: Slot): Promise<void> {
    const request = ++this.requests;
    const { model, blob, seed } = held;
    const sent =
      blob === null
        ? this.stream(slot, held, request)
        : this.send({ type: "voice", request, slot, blob, seed, mean: model.latent.mean });
    if (!sent) return Promise.resolve();
    this.tellShaping(slot, held);
    this.send({ type: "mapping", slot, mapping: held.mapping });
    this.send({ type: "safety", slot, ...held.safety });
    this.send({ type: "latent", slot, latent: held.latent });
    if (held.source !== null)
      this.send({ type: "source", slot, matchLufs: model.match_lufs, ...held.source });
    return new Promise((resolve, reject) => {
      this.answers.set(request, (sentence) => {
        if (sentence === null) {
          resolve();
          return;
        }
        if (this.slots[slot] === held) this.slots[slot] = null;
        reject(new Error(sentence));
      });
    });
  }

  /** Have the server make a voice, and let the worklet talk to it. */
  private stream(slot: number, held: Slot, request: number): boolean {
    if (!this.there()) return false;
    const { model, seed } = held;
    const port = this.lines.open(slot, model.name);
    if (held.source !== null) this.lines.control(slot, null, streamedSource(held.source));
    if (held.time !== null) this.lines.inTime(slot, held.time.bars, held.time.bpm);
    const { dims, hop, channels, sample_rate: rate } = model;
    const shape = { dims, hop, channels, rate };
    return this.send({ type: "stream", request, slot, port, shape, seed, mean: model.latent.mean }, [port]);
  }

  private tellShaping(slot: number, held: Slot): void {
    if (held.shaping === null) return;
    const { shaping, gainDb, pan, muted } = held.shaping;
    if (held.blob === null) this.lines.control(slot, shaping, null);
    const values = shapingFloats(shaping, gainDb, pan, muted, held.model.latent.mean);
    if (!this.gather(slot, { values })) this.send({ type: "shaping", slot, values });
  }
}

/** What the server is told of a source: it hears what the page sends it, and never another voice. */
function streamedSource({ source, listening }: { source: Source; listening: Listening }): Source {
  if (source.kind === "voice" || (source.kind === "prior" && listening.kind !== "prior"))
    return makeSource({ ...source, kind: "gesture" });
  return source;
}
