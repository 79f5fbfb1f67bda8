// One person's jam: the band that sounds, the turns, what is asked of the server, and what is played again.
// It is told what the hands do; it draws nothing.

import { get, post } from "../net/http";
import type { JamAnswer, JamPhrase, JamSession, JamSetting, JamSpace } from "../protocol/messages";
import { Band } from "./band";
import { counted, type Kind, notesOf } from "./bars";
import { FASTEST_BPM, SLOWEST_BPM, STEPS_PER_BAR } from "./clock";
import { type Going, keptOf, turnsOf, whereNext } from "./keeping";
import { type Due, Leader, Sender } from "./midi-clock";
import type { Timing } from "./ports";
import { HORIZON_SECONDS, Jam, type JamEvent, type Turn, type Wanted, type Who } from "./session";

const START_SECONDS = 0.3;
const AUDITION_SECONDS = 0.08;
const AHEAD_SECONDS = 0.12;
const STEPS_PER_BEAT = 4;
/** Nearer to its end a phrase's answer is not asked for ahead: the answer itself is about to be. */
const LEAST_STEPS_LEFT = 2.5;
const NOTE_SECONDS = 0.4;
/** MIDI's clock has so many ticks to a quarter. */
const TICKS_PER_BEAT = 24;

/** A phrase that is played again by itself. */
export interface Audition {
  readonly who: Who;
  readonly phrase: JamPhrase;
  readonly seconds: number;
  readonly bpm: number;
}

/** Another machine's clock. bpm: null where none ticks; placed: it said where its bars are. */
export interface Led {
  readonly bpm: number | null;
  readonly placed: boolean;
}

export interface PlayerEvents {
  changed(): void;
  /** A note is put on the line, to sound at a time of the context. */
  sounds(event: JamEvent): void;
  /** Messages of MIDI's clock, and when they are due by the context. */
  times(due: readonly Due[]): void;
  /** Phrases are there that could be kept. */
  worthKeeping(): void;
}

export class Player {
  jam: Jam | null = null;
  band: Band | null = null;
  kind: Kind = "drums";
  metronome = true;
  /** Players whose instruments are models of sound. */
  latent: readonly Who[] = [];
  countIn = 1;
  /** A sentence, where something went wrong. */
  failure: string | null = null;
  space: JamSpace | null = null;
  audition: Audition | null = null;
  /** Times of the machine's notes as they were put on the clock of samples. */
  readonly scheduled: number[] = [];
  /** The session that goes on, or has been opened. */
  going: Going | null = null;
  /** Names the session, here and where it is kept. */
  id = crypto.randomUUID() as string;
  name = "";
  /** The model of the session; null: as the settings have it. */
  private chosen: string | null = null;
  /** Clocks of other machines by their ports, and which of them leads; empty: our own. */
  private readonly leaders = new Map<string, Leader>();
  private followed = "";
  private readonly sender = new Sender();
  /** The jam's clock goes out. */
  private sends = false;
  private opening: Promise<Band> | null = null;
  private waiting: JamEvent[] = [];
  private beat = 0;
  private looking = false;
  /** The audio thread has the start of what is coming. */
  private provided: { readonly phrase: JamPhrase; readonly position: number; readonly until: number } | null =
    null;

  constructor(
    public settings: JamSetting,
    private readonly events: PlayerEvents,
  ) {}

  get running(): boolean {
    return this.jam !== null;
  }

  get model(): string {
    if (this.chosen !== null) return this.chosen;
    return this.kind === "melody" ? "melody" : this.settings.bars === 4 ? "drums-4" : "drums-2";
  }

  /** All turns, those of before included. */
  get turns(): readonly Turn[] {
    return [...(this.going?.turns ?? []), ...(this.jam?.turns ?? [])];
  }

  /** Seconds of the context that are heard now; null: nothing sounds. */
  get now(): number | null {
    return this.band === null ? null : this.band.heardAt(performance.now());
  }

  // ------------------------------------------------------------------ transport

  /** Sound. Call it while the person presses something. */
  open(): Promise<Band> {
    if (this.opening !== null) return this.opening;
    const opening = Band.open((seconds) => this.advance(seconds)).then(
      (band) => {
        if (this.opening !== opening) return band; // closed meanwhile
        this.band = band;
        this.playBy(this.latent);
        return band;
      },
      (error: Error) => {
        this.opening = null;
        throw new Error(`The jam cannot sound here (${error.message}). Use another browser.`);
      },
    );
    this.opening = opening;
    return opening;
  }

  /** Let models of sound play for these. */
  playBy(players: readonly Who[]): void {
    this.latent = players;
    this.band?.playedByModels(players).catch((error) => this.fail(error));
    this.events.changed();
  }

  async start(): Promise<void> {
    this.chosen = this.model;
    const band = await this.open();
    if (this.band !== band) return; // closed meanwhile
    this.audition = null;
    this.provided = null;
    this.waiting = [];
    this.failure = null;
    const begin = this.going === null ? 0 : whereNext(this.going.turns, this.countIn);
    const { kind, countIn, metronome } = this;
    const options = { kind, countIn, metronome, begin };
    const start = this.startOn(band);
    this.jam = new Jam(this.settings, start, options);
    this.jam.led = this.leader !== null;
    this.leader?.replace();
    this.beat = Number.NEGATIVE_INFINITY;
    this.events.changed();
    await this.warm(this.jam);
  }

  /** When the count-in begins: soon, or with a bar of the clock that leads. */
  private startOn(band: Band): number {
    const soon = band.context.currentTime + START_SECONDS;
    const line = this.leader?.barFrom(band.stampOf(soon) / 1000, performance.now() / 1000);
    if (!line) return soon;
    this.settings = { ...this.settings, bpm: withinTempo(line.bpm) };
    return soon + line.seconds - band.stampOf(soon) / 1000;
  }

  /** While it counts in: the model is read from the disk, and thinks of a phrase for when it is late. */
  private async warm(jam: Jam): Promise<void> {
    const { settings } = this;
    const wanted: Wanted = { number: 0, who: "second", settings, phrase: null, other: null, share: 0 };
    try {
      jam.spare = (await this.think(wanted, true)).phrase;
    } catch (error) {
      this.fail(error);
    }
  }

  stop(): void {
    if (!this.jam) return;
    const session = this.session;
    if (session) this.going = { session, turns: this.turns };
    this.endSending();
    this.jam = null;
    this.band?.hush();
    this.events.changed();
  }

  async close(): Promise<void> {
    this.stop();
    const { opening } = this;
    this.band = this.opening = null;
    await opening?.then(
      (band) => band.close(),
      () => {}, // it never sounded
    );
  }

  set(settings: Partial<JamSetting>): void {
    this.settings = { ...this.settings, ...settings };
    if (this.jam && this.band) this.jam.change(this.settings, this.band.context.currentTime);
    this.events.changed();
  }

  // ------------------------------------------------------------------ clocks of others

  private get leader(): Leader | null {
    return this.followed === "" ? null : this.leaderOf(this.followed);
  }

  private leaderOf(port: string): Leader {
    const leader = this.leaders.get(port) ?? new Leader();
    this.leaders.set(port, leader);
    return leader;
  }

  /** The clock that is to lead, as it ticks now; null: ours leads. */
  get led(): Led | null {
    if (!this.leader) return null;
    const { follower } = this.leader;
    const ticks = follower.ticks(performance.now() / 1000);
    return { bpm: ticks ? follower.bpm : null, placed: follower.placed };
  }

  /** Go with the clock of a port; empty: keep our own. */
  follow(port: string): void {
    if (port === this.followed) return;
    this.followed = port;
    this.leader?.replace();
    if (this.jam) this.jam.led = port !== "";
    this.events.changed();
  }

  /** Let others go with ours, from the next bar line on. */
  send(on: boolean): void {
    this.endSending();
    this.sends = on;
  }

  /** Something of a port's clock came, at a moment of performance.now. All are heard, so that their bars are
   *  known when one is chosen. */
  timing(port: string, what: Timing, stamp: number, sixteenths: number): void {
    const leader = this.leaderOf(port);
    const { follower } = leader;
    if (what === "tick") {
      follower.hear(stamp / 1000);
      if (port === this.followed && follower.tick % TICKS_PER_BEAT === 0) this.goWith(leader);
      return;
    }
    if (what === "start") follower.start();
    else if (what === "go on") follower.goOn();
    else if (what === "stop") follower.stop();
    else follower.locate(sixteenths);
    leader.replace();
    this.events.changed();
  }

  private goWith(leader: Leader): void {
    const { jam, band } = this;
    const bpm = Math.round(10 * withinTempo(leader.follower.bpm ?? this.settings.bpm)) / 10;
    if (bpm !== this.settings.bpm) this.set({ bpm });
    else this.events.changed();
    if (!jam || !band) return;
    const seconds = band.context.currentTime;
    const stamp = band.stampOf(seconds) / 1000;
    leader.lead(jam.clock, performance.now() / 1000, (at) => seconds + at - stamp);
  }

  private endSending(): void {
    const bytes = this.sender.stop();
    if (bytes && this.band) this.events.times([{ seconds: this.band.context.currentTime, bytes }]);
  }

  // ------------------------------------------------------------------ sessions

  /** All of the session, to be kept; null where there is nothing yet. */
  get session(): JamSession | null {
    if (!this.jam || this.jam.turns.length === 0) return this.going?.session ?? null;
    const all = keptOf(this.jam, this.model, this.settings, this.name, this.going?.session ?? null);
    return { ...all, latent: this.latent };
  }

  /** The session has another name. */
  named(name: string): void {
    this.name = name;
    if (this.going) this.going = { ...this.going, session: { ...this.going.session, name } };
  }

  /** From nothing. */
  fresh(kind: Kind = this.kind): void {
    this.stop();
    Object.assign(this, { going: null, chosen: null, id: crypto.randomUUID(), name: "", kind });
    this.events.changed();
  }

  /** A session that was kept, to be heard or gone on with. */
  async recall(id: string, kind: Kind, session: JamSession): Promise<void> {
    this.fresh(kind);
    Object.assign(this, { id, name: session.name, chosen: session.model, settings: session.settings });
    const space = await this.fetchSpace();
    this.going = { session, turns: turnsOf(session, space) };
    this.playBy(session.latent);
  }

  /** Where the model's phrases lie. */
  async fetchSpace(): Promise<JamSpace> {
    const { model } = this;
    if (this.space?.model === model) return this.space;
    const answer = await get(`jam/space?model=${encodeURIComponent(model)}`);
    const space = (await answer.json()) as JamSpace;
    if (space.model === this.model) this.space = space;
    return space;
  }

  // ------------------------------------------------------------------ time

  private advance(now: number): void {
    const { jam, band } = this;
    if (!band) return;
    this.again(now);
    if (!jam) return;
    const turns = jam.turns.length;
    const before = jam.playing;
    const { events, asks } = jam.advance(now);
    const begun = jam.playing !== before ? jam.playing : null;
    const { provided } = this;
    const answer =
      provided &&
      jam.turns.findLast(({ who, position }) => who === "machine" && position === provided.position);
    const ahead = provided !== null && answer?.phrase === provided.phrase;
    if (provided && !ahead && (begun || answer)) {
      band.better();
      this.provided = null;
    }
    for (const event of events) {
      // what was asked ahead is in the audio thread already, and sounds even where the page stands still
      const there = ahead && event.kind !== "click" && event.seconds < provided.until;
      const line = there ? jam.clock.seconds(provided.position) : 0; // nothing of it is before the bar line
      if (event.kind !== "click") this.scheduled.push(Math.max(line, event.seconds));
      if (!there) band.put(event);
      this.events.sounds(event);
    }
    if (this.sends) {
      const due = this.sender.due(jam.clock, jam.begins, now, now + HORIZON_SECONDS);
      if (due.length > 0) this.events.times(due);
    }
    if (begun) {
      this.provided = null;
      this.looking = false; // a server that hangs takes no more than one phrase's foresight with it
    }
    for (const wanted of asks) void this.ask(jam, wanted);
    this.foresee(jam, now);
    if (jam.turns.length !== turns || begun) this.events.changed();
  }

  private again(now: number): void {
    const { audition } = this;
    if (!audition) return;
    while (this.waiting.length > 0 && this.waiting[0]!.seconds <= now + AHEAD_SECONDS) {
      const event = this.waiting.shift()!;
      this.band?.put(event);
      this.events.sounds(event);
    }
    if (now < audition.seconds + (15 / audition.bpm) * audition.phrase.steps) return;
    this.audition = null;
    this.events.changed();
  }

  private async ask(jam: Jam, wanted: Wanted): Promise<void> {
    try {
      const answer = await this.think(wanted);
      const now = this.band?.context.currentTime;
      if (now === undefined || jam !== this.jam || !jam.give(wanted, answer, now)) return;
      this.failure = null;
      this.events.changed();
      this.events.worthKeeping();
    } catch (error) {
      this.fail(error); // the last answer is played again
    }
  }

  /** Once a beat, see what is coming. */
  private foresee(jam: Jam, now: number): void {
    const position = jam.clock.position(now);
    const beat = Math.floor(position / STEPS_PER_BEAT);
    if (beat === this.beat) return;
    this.beat = beat;
    const { playing, ahead } = jam;
    if (!ahead || !playing || this.looking) return;
    if (playing.position + playing.steps - position < LEAST_STEPS_LEFT) return;
    this.looking = true;
    this.think(ahead, true)
      .then((answer) => {
        const events = jam.foresee(playing, answer);
        if (jam !== this.jam || jam.foreseen !== answer) return;
        if (!jam.led) this.provide(jam, answer.phrase, playing.position + playing.steps, events);
        this.events.changed();
      })
      .catch(() => {}) // the answer itself will say what is wrong
      .finally(() => {
        this.looking = false;
      });
  }

  /** The start of what is coming goes to the audio thread, for the case that the page stands still. */
  private provide(jam: Jam, phrase: JamPhrase, position: number, events: readonly JamEvent[]): void {
    this.band?.better();
    for (const event of events) this.band?.put(event, false, true);
    this.provided = { phrase, position, until: jam.clock.seconds(position + STEPS_PER_BAR) };
  }

  private async think(wanted: Wanted, ahead = false): Promise<JamAnswer> {
    const { who, settings, phrase, other, share } = wanted;
    const last = this.going?.turns.findLast((turn) => turn.who === who && turn.place.length > 0)?.place ?? [];
    const ask = { session: this.id, model: this.model, who, settings, phrase, other, share, ahead, last };
    return (await post("jam/answer", JSON.stringify(ask), "application/json")).json() as Promise<JamAnswer>;
  }

  private fail(error: unknown): void {
    this.failure = (error as Error).message;
    this.events.changed();
  }

  // ------------------------------------------------------------------ hands

  /** The human plays; velocity 0 lets go. stamp: of performance.now; late: seconds it took to get here. */
  async play(pitch: number, velocity: number, stamp: number, late = 0): Promise<void> {
    if (!this.band && velocity === 0) return;
    const band = this.band ?? (await this.open());
    const seconds = band.heardAt(stamp) - late;
    this.jam?.hear(seconds, pitch, velocity);
    if (velocity === 0) {
      if (this.kind === "melody") band.letGo(pitch);
      return;
    }
    const kind = this.kind === "drums" ? "drum" : "note";
    const event: JamEvent = { seconds, who: "human", kind, pitch, velocity, length: NOTE_SECONDS };
    band.put(event, true);
  }

  /** A device is gone: what it held ends. */
  lost(): void {
    if (!this.band || !this.jam) return;
    for (const { pitch, length } of this.jam.played) if (length < 0) this.band.letGo(pitch);
    this.jam.lost(this.band.context.currentTime);
  }

  /** Play a phrase again, in time with what is played. Says what it is. */
  async hear(phrase: JamPhrase, who: Who): Promise<string> {
    const band = await this.open();
    const { jam } = this;
    const soon = band.context.currentTime + AUDITION_SECONDS;
    let seconds = soon;
    if (jam) {
      const beat = Math.ceil(jam.clock.position(soon) / STEPS_PER_BEAT);
      seconds = jam.clock.seconds(beat * STEPS_PER_BEAT);
    }
    const bpm = jam?.clock.bpm(seconds) ?? this.settings.bpm;
    this.audition = { who, phrase, seconds, bpm };
    const kind = phrase.tokens.length > 0 ? "note" : "drum";
    this.waiting = notesOf(phrase)
      .map(({ position, pitch, velocity, length }): JamEvent => {
        const at = seconds + (15 / bpm) * position;
        return { seconds: at, who, kind, pitch, velocity, length: (15 / bpm) * length };
      })
      .sort((a, b) => a.seconds - b.seconds);
    this.events.changed();
    return counted(kind === "note" ? "melody" : "drums", phrase);
  }

  /** Play what is at a place of the latent. */
  async hearPlace(place: readonly number[]): Promise<string> {
    const body = JSON.stringify({ model: this.model, place: [place] });
    const answer = (await (await post("jam/phrase", body, "application/json")).json()) as JamAnswer;
    return this.hear(answer.phrase, "machine");
  }
}

const withinTempo = (bpm: number): number => Math.min(FASTEST_BPM, Math.max(SLOWEST_BPM, bpm));
