// Whose turn it is, what is asked of the model and when, and what sounds: the page's copy of
// src/isobath/symbolic/jam/session.py for drums. It is told the time and what was played; it waits for
// nothing. What has not come by the bar line is not waited for: the last answer is played again.

import type { JamHit, JamMode, JamPhrase, JamSetting } from "../protocol/messages";
import { BarClock, STEPS_PER_BAR } from "./clock";

export type Who = "human" | "machine" | "second";
export const MARGIN_SECONDS = 0.02;
/** Before the bar line what is not there yet is late: an audio block and a turn of the page's thread. */
export const HORIZON_SECONDS = 0.12;
const ENCODE_STEPS = 0.5;
const STEPS_PER_BEAT = 4;
const MOST_HITS = 20000;

export interface JamEvent {
  readonly seconds: number;
  readonly who: Who;
  readonly kind: "drum" | "click";
  /** Piece of the kit; of a click, 1 on the bar line. */
  readonly piece: number;
  readonly velocity: number;
}

export interface Wanted {
  readonly number: number;
  readonly who: Exclude<Who, "human">;
  readonly settings: JamSetting;
  readonly phrase: JamPhrase | null;
  readonly other: JamPhrase | null;
  readonly share: number;
}

export interface Turn {
  readonly who: Who;
  readonly position: number;
  readonly phrase: JamPhrase;
  readonly repeated: boolean;
}

interface Hit {
  readonly position: number;
  readonly piece: number;
  readonly velocity: number;
}

interface Note extends Hit {
  readonly who: Who;
}

interface Playing {
  readonly position: number;
  readonly steps: number;
  readonly players: readonly Who[];
}

/** The phrase that begins at a position: a hit belongs to the sixteenth within half of which it lies. */
export function captured(hits: readonly Hit[], first: number, steps: number): JamPhrase {
  const kept = new Map<number, JamHit>();
  for (const { position, piece, velocity } of hits) {
    const step = Math.floor(position - first + 0.5);
    if (step < 0 || step >= steps) continue;
    const key = step * 16 + piece;
    if (velocity > (kept.get(key)?.velocity ?? 0)) {
      kept.set(key, { step, piece, velocity, offset: 2 * (step - (position - first)) });
    }
  }
  const order = [...kept.entries()].sort(([a], [b]) => a - b);
  return { steps, hits: order.map(([, hit]) => hit), tokens: [] };
}

export class Jam {
  readonly clock: BarClock;
  readonly turns: Turn[] = [];
  /** Answers that did not come in time. */
  missed = 0;
  /** Played when the very first answer is late. */
  spare: JamPhrase | null = null;
  private hits: Hit[] = [];
  private notes: Note[] = [];
  private click: number;
  private next: number;
  private phrase: Playing | null = null;
  private players: readonly Who[] | null = null;
  private readonly asked = new Map<Who, Wanted>();
  private readonly given = new Set<Who>();
  private readonly last = new Map<Who, JamPhrase>();
  private kept: JamPhrase[] = [];
  private number = 0;
  private morphed = 0;

  /** start: seconds at which the count-in begins. */
  constructor(
    public settings: JamSetting,
    start: number,
    countIn = 1,
    public metronome = true,
  ) {
    this.clock = new BarClock(settings.bpm, start, countIn);
    this.next = 0;
    this.click = -STEPS_PER_BAR * countIn;
  }

  /** The phrase that is played. */
  get playing(): Playing | null {
    return this.phrase;
  }

  /** Other settings: the tempo from the next bar line, the rest from the next phrase. */
  change(settings: JamSetting, now: number): void {
    if (settings.bpm !== this.settings.bpm) this.clock.change(settings.bpm, now);
    this.settings = settings;
  }

  /** The human plays, at a time of this clock; what is no hit is passed by. */
  hear(seconds: number, piece: number, velocity: number): boolean {
    const right = Number.isInteger(piece) && piece >= 0 && piece < 9 && velocity > 0 && velocity <= 1;
    if (!right || !Number.isFinite(seconds)) return false;
    this.hits.push({ position: this.clock.position(seconds), piece, velocity });
    if (this.hits.length > MOST_HITS) this.hits = this.hits.slice(-MOST_HITS / 2);
    return true;
  }

  /** An answer came. Whether it came in time. */
  give(wanted: Wanted, phrase: JamPhrase, now: number): boolean {
    if (this.asked.get(wanted.who) !== wanted || this.given.has(wanted.who) || !this.players) return false;
    this.given.add(wanted.who);
    this.play(wanted.who, phrase, now, false);
    return true;
  }

  /** It is now so late: what is to sound up to a horizon, and what is to be thought of. */
  advance(now: number): { events: JamEvent[]; asks: Wanted[] } {
    const asks: Wanted[] = [];
    for (;;) {
      if (!this.players) {
        if (now < this.clock.seconds(this.next - ENCODE_STEPS)) break;
        asks.push(...this.decide(now));
      }
      if (now < this.clock.seconds(this.next) - MARGIN_SECONDS) break;
      this.begin(now);
    }
    return { events: this.due(now), asks: asks.filter((each) => this.asked.get(each.who) === each) };
  }

  private decide(now: number): Wanted[] {
    let phrase: JamPhrase | null = null;
    if (this.phrase?.players.includes("human")) {
      const { position, steps } = this.phrase;
      phrase = captured(this.hits, position, steps);
      this.turns.push({ who: "human", position, phrase, repeated: false });
      if (phrase.hits.length) this.kept = [...this.kept.slice(-1), phrase];
    }
    const mode = this.settings.mode;
    const players = this.whose(mode, this.phrase?.players ?? []);
    this.players = players;
    this.asked.clear();
    this.given.clear();
    const others = players.filter((who) => who !== "human");
    const loop = this.kept.at(-1);
    if (mode === "loop" && loop) {
      for (const who of others) {
        this.given.add(who);
        this.play(who, loop, now, false);
      }
      return [];
    }
    for (const who of others) this.asked.set(who, this.wanted(who, phrase));
    return [...this.asked.values()];
  }

  private whose(mode: JamMode, before: readonly Who[]): readonly Who[] {
    if (mode === "machines") return before.length === 1 && before[0] === "machine" ? ["second"] : ["machine"];
    if (mode === "follow") return before.length ? ["human", "machine"] : ["human"];
    if (mode === "loop" || mode === "morph") {
      return this.kept.length >= (mode === "loop" ? 1 : 2) ? ["human", "machine"] : ["human"];
    }
    if (!before.length) return mode === "lead" ? ["machine"] : ["human"];
    return before.some((who) => who !== "human") ? ["human"] : ["machine"];
  }

  private wanted(who: Exclude<Who, "human">, heard: JamPhrase | null): Wanted {
    this.number += 1;
    const { settings, number } = this;
    let phrase = heard;
    let other: JamPhrase | null = null;
    let share = 0;
    if (settings.mode === "machines")
      phrase = this.last.get(who === "machine" ? "second" : "machine") ?? null;
    if (settings.mode === "morph" && this.kept.length === 2) {
      [phrase, other] = this.kept as [JamPhrase, JamPhrase];
      const last = settings.morph_phrases - 1;
      const at = this.morphed % (2 * last);
      this.morphed += 1;
      share = (at <= last ? at : 2 * last - at) / last;
    }
    return { number, who, settings, phrase, other, share };
  }

  private begin(now: number): void {
    const players = this.players ?? [];
    for (const who of players) {
      if (who !== "human" && !this.given.has(who)) {
        this.missed += 1;
        const silence: JamPhrase = { steps: this.settings.bars * STEPS_PER_BAR, hits: [], tokens: [] };
        this.play(who, this.last.get(who) ?? this.spare ?? this.kept.at(-1) ?? silence, now, true);
      }
    }
    const steps = this.settings.bars * STEPS_PER_BAR;
    this.phrase = { position: this.next, steps, players };
    this.next += steps;
    this.players = null;
  }

  private play(who: Who, phrase: JamPhrase, now: number, repeated: boolean): void {
    this.last.set(who, phrase);
    this.turns.push({ who, position: this.next, phrase, repeated });
    // an early first hit may be due before it could be thought of: as early as there is
    const first = Math.min(this.clock.position(now), this.next);
    for (const { step, piece, velocity, offset } of phrase.hits) {
      const position = Math.max(this.next + step - offset / 2, first);
      this.notes.push({ position, who, piece, velocity });
    }
    this.notes.sort((a, b) => a.position - b.position);
  }

  private due(now: number): JamEvent[] {
    const events: JamEvent[] = [];
    const until = now + HORIZON_SECONDS;
    for (; this.clock.seconds(this.click) <= until; this.click += STEPS_PER_BEAT) {
      if (!this.metronome && this.click >= 0) continue;
      const piece = this.click % STEPS_PER_BAR === 0 ? 1 : 0;
      const seconds = this.clock.seconds(this.click);
      events.push({ seconds, who: "machine", kind: "click", piece, velocity: piece ? 0.8 : 0.5 });
    }
    while (this.notes.length && this.clock.seconds(this.notes[0]!.position) <= until) {
      const { position, who, piece, velocity } = this.notes.shift()!;
      events.push({ seconds: this.clock.seconds(position), who, kind: "drum", piece, velocity });
    }
    return events;
  }
}
