// Whose turn it is, what is asked of the model and when, and what sounds: the page's copy of
// src/isobath/symbolic/jam/session.py. It is told the time and what was played; it waits for
// nothing. What has not come by the bar line is not waited for: the last answer is played again.

import type { JamAnswer, JamMode, JamPhrase, JamSetting } from "../protocol/messages";
import { captured, count, type Kind, notesOf, type Played } from "./bars";
import { BarClock, STEPS_PER_BAR } from "./clock";

export type Who = "human" | "machine" | "second";
/** So long before the bar line what is not there yet is late: an audio block and a turn of the page's thread. */
export const MARGIN_SECONDS = 0.02;
/** What begins in the bar of so long from now is told: there no tempo changes any more, and a page that stands
 *  still for a moment does not stop it. */
export const HORIZON_SECONDS = 0.12;
/** Clicks are told so long before they are due, so that they can be ended. */
const CLICK_SECONDS = 0.6;
/** A note that should have sounded so long ago is left out: a page that stood still plays no heap of them. */
const TOO_LATE_SECONDS = 0.06;
const ENCODE_STEPS = 0.5;
const STEPS_PER_BEAT = 4;
const MOST_NOTES = 20000;

export interface JamEvent {
  readonly seconds: number;
  readonly who: Who;
  readonly kind: "drum" | "note" | "click";
  /** Piece of the kit, or pitch of MIDI; of a click, 1 on the bar line. */
  readonly pitch: number;
  readonly velocity: number;
  /** Seconds. */
  readonly length: number;
}

export interface Wanted {
  readonly number: number;
  readonly who: Exclude<Who, "human">;
  readonly settings: JamSetting;
  readonly phrase: JamPhrase | null;
  readonly other: JamPhrase | null;
  readonly share: number;
}

/** Where a phrase lies: latents, one for each part that the model hears at once, and where they are seen. */
export interface Lies {
  readonly place: JamAnswer["place"];
  readonly seen: JamAnswer["seen"];
}

export interface Turn extends Lies {
  readonly who: Who;
  readonly position: number;
  readonly phrase: JamPhrase;
  readonly repeated: boolean;
}

export type Answered = Pick<JamAnswer, "phrase"> & Partial<JamAnswer>;

interface Note extends Played {
  readonly who: Who;
}

interface Playing {
  readonly position: number;
  readonly steps: number;
  readonly players: readonly Who[];
}

export interface JamOptions {
  readonly kind?: Kind;
  readonly countIn?: number;
  readonly metronome?: boolean;
  /** Bar line after the count-in, over 0 where a session goes on. */
  readonly begin?: number;
}

const NOWHERE: Lies = { place: [], seen: [] };

export class Jam {
  readonly clock: BarClock;
  readonly turns: Turn[] = [];
  /** Answers that did not come in time, so that what was played before was played again. */
  missed = 0;
  /** Answers that did not come in time, so that what had been asked ahead was played. */
  hurried = 0;
  /** Played when the very first answer is late. */
  spare: JamPhrase | null = null;
  readonly kind: Kind;
  metronome: boolean;
  /** Another machine's clock leads: the tempo is not ours, and may change within a bar. */
  led = false;
  /** Bar line after the count-in. */
  readonly begins: number;
  private heard: Played[] = [];
  private readonly down = new Map<number, number>();
  private notes: Note[] = [];
  private click: number;
  private next: number;
  private phrase: Playing | null = null;
  private players: readonly Who[] | null = null;
  private readonly asked = new Map<Who, Wanted>();
  private readonly given = new Set<Who>();
  private readonly last = new Map<Who, Answered>();
  private kept: JamPhrase[] = [];
  private foresight: { readonly position: number; readonly answer: Answered } | null = null;
  private number = 0;
  private morphed = 0;

  /** start: seconds at which the count-in begins. */
  constructor(
    public settings: JamSetting,
    start: number,
    { kind = "drums", countIn = 1, metronome = true, begin = 0 }: JamOptions = {},
  ) {
    this.kind = kind;
    this.metronome = metronome;
    this.clock = new BarClock(settings.bpm, start, countIn, begin);
    this.next = begin;
    this.begins = begin;
    this.click = begin - STEPS_PER_BAR * countIn;
  }

  /** Position, sixteenths and players of the next phrase, once that is decided. */
  get coming(): Playing | null {
    const steps = this.settings.bars * STEPS_PER_BAR;
    return this.players && { position: this.next, steps, players: this.players };
  }

  /** The phrase that is played. */
  get playing(): Playing | null {
    return this.phrase;
  }

  /** Other settings: the tempo from the next bar line, the rest from the next phrase. */
  change(settings: JamSetting, now: number): void {
    // notes up to the bar line after the horizon have been told already
    if (!this.led && settings.bpm !== this.settings.bpm)
      this.clock.change(settings.bpm, now + HORIZON_SECONDS);
    this.settings = settings;
  }

  /** Everything the human played, in order. */
  get played(): readonly Played[] {
    return this.heard;
  }

  /** The human plays a piece or a pitch, at a time of this clock; velocity 0 lets it go. Whether it begins
   *  a note; what is none is passed by. */
  hear(seconds: number, pitch: number, velocity: number): boolean {
    const highest = this.kind === "drums" ? 8 : 127;
    const right = Number.isInteger(pitch) && pitch >= 0 && pitch <= highest && velocity >= 0 && velocity <= 1;
    if (!right || !Number.isFinite(seconds)) return false;
    const position = this.clock.position(seconds);
    this.letGo(pitch, position);
    if (velocity === 0) return false;
    this.heard.push({ position, pitch, velocity, length: -1 });
    if (this.heard.length > MOST_NOTES) {
      this.heard = this.heard.slice(-MOST_NOTES / 2);
      this.down.clear();
    }
    this.down.set(pitch, this.heard.length - 1);
    return true;
  }

  private letGo(pitch: number, position: number): void {
    const at = this.down.get(pitch);
    if (at === undefined) return;
    this.down.delete(pitch);
    const note = this.heard[at]!;
    this.heard[at] = { ...note, length: Math.max(0.05, position - note.position) };
  }

  /** The device is gone, or all notes off: what sounds ends here. */
  lost(seconds: number): void {
    for (const pitch of [...this.down.keys()]) this.letGo(pitch, this.clock.position(seconds));
  }

  /** The human's phrase as far as it has been played. */
  get sofar(): JamPhrase | null {
    if (!this.phrase?.players.includes("human")) return null;
    return captured(this.kind, this.heard, this.phrase.position, this.phrase.steps);
  }

  /** What to ask to see the coming answer, while the phrase that it answers is still played. */
  get ahead(): Wanted | null {
    const phrase = this.sofar;
    const answered = ["trade", "lead", "follow"].includes(this.settings.mode);
    if (!phrase || !answered || this.players || count(phrase) === 0) return null;
    return { number: 0, who: "machine", settings: this.settings, phrase, other: null, share: 0 };
  }

  /** What was asked ahead came, while this phrase is played: seen, and played should the answer be late.
   *  Returns its first bar, from the bar line on, to be put for the case that the page stands still. */
  foresee(of: Playing, answer: Answered): readonly JamEvent[] {
    if (of !== this.phrase || this.players) return [];
    this.foresight = { position: of.position, answer };
    return notesOf(answer.phrase)
      .map((note) => ({ ...note, who: "machine" as const, position: this.next + Math.max(0, note.position) }))
      .filter(({ position }) => position < this.next + STEPS_PER_BAR)
      .map((note) => this.eventOf(note));
  }

  /** The coming answer to the phrase that is played, as far as it is known. */
  get foreseen(): Answered | null {
    return this.foresight && this.foresight.position === this.phrase?.position ? this.foresight.answer : null;
  }

  /** An answer came. Whether it came in time. */
  give(wanted: Wanted, answer: Answered, now: number): boolean {
    if (this.asked.get(wanted.who) !== wanted || this.given.has(wanted.who) || !this.players) return false;
    if (now >= this.clock.seconds(this.next) - MARGIN_SECONDS) return false; // the page stood still
    this.given.add(wanted.who);
    this.place(answer);
    this.play(wanted.who, answer, now, false);
    return true;
  }

  /** The human's phrase, now that it is known where it lies. */
  private place({ heard = [], heard_seen = [] }: Answered): void {
    if (heard.length === 0) return;
    for (let at = this.turns.length - 1; at >= Math.max(0, this.turns.length - 3); at--) {
      const turn = this.turns[at]!;
      if (turn.who !== "human") continue;
      this.turns[at] = { ...turn, place: heard, seen: heard_seen };
      return;
    }
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
      phrase = captured(this.kind, this.heard, position, steps);
      this.turns.push({ who: "human", position, phrase, repeated: false, ...NOWHERE });
      if (count(phrase)) this.kept = [...this.kept.slice(-1), phrase];
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
        this.play(who, { phrase: loop }, now, false);
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
      phrase = this.last.get(who === "machine" ? "second" : "machine")?.phrase ?? null;
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
      if (who === "human" || this.given.has(who)) continue;
      if (who === "machine" && this.foreseen) {
        this.hurried += 1;
        this.place(this.foreseen);
        this.play(who, this.foreseen, now, false);
      } else {
        this.missed += 1;
        this.play(who, this.last.get(who) ?? { phrase: this.instead() }, now, true);
      }
    }
    const steps = this.settings.bars * STEPS_PER_BAR;
    this.phrase = { position: this.next, steps, players };
    this.next += steps;
    this.players = null;
  }

  private instead(): JamPhrase {
    const silence: JamPhrase = { steps: this.settings.bars * STEPS_PER_BAR, hits: [], tokens: [] };
    return this.kept.at(-1) ?? this.spare ?? silence;
  }

  private play(who: Who, answer: Answered, now: number, repeated: boolean): void {
    const { phrase, place = [], seen = [] } = answer;
    this.last.set(who, answer);
    this.turns.push({ who, position: this.next, phrase, repeated, place, seen });
    // an early first hit may be due before it could be thought of: as early as there is
    const first = Math.min(this.clock.position(now), this.next);
    for (const note of notesOf(phrase)) {
      this.notes.push({ ...note, who, position: Math.max(this.next + note.position, first) });
    }
    this.notes.sort((a, b) => a.position - b.position);
  }

  private due(now: number): JamEvent[] {
    const events: JamEvent[] = [];
    const position = this.clock.position(now + HORIZON_SECONDS);
    const line = this.led ? position : STEPS_PER_BAR * Math.floor(position / STEPS_PER_BAR + 1);
    const until = now + CLICK_SECONDS;
    for (; this.click < line && this.clock.seconds(this.click) <= until; this.click += STEPS_PER_BEAT) {
      if (!this.metronome && this.click >= this.begins) continue;
      const pitch = this.click % STEPS_PER_BAR === 0 ? 1 : 0;
      const seconds = this.clock.seconds(this.click);
      events.push({
        seconds,
        who: "machine",
        kind: "click",
        pitch,
        velocity: pitch ? 0.8 : 0.5,
        length: 0.03,
      });
    }
    while (this.notes.length && this.notes[0]!.position < line) {
      const event = this.eventOf(this.notes.shift()!);
      if (event.seconds > now - TOO_LATE_SECONDS) events.push(event);
    }
    return events;
  }

  private eventOf({ position, who, pitch, velocity, length }: Note): JamEvent {
    const seconds = this.clock.seconds(position);
    const lasts = this.clock.seconds(position + length) - seconds;
    return { seconds, who, kind: this.kind === "drums" ? "drum" : "note", pitch, velocity, length: lasts };
  }
}
