// Play-along: a take or a recording sounds, the performer mimes it with whatever moves, and moments of both
// become demonstrations. The hands are not heard meanwhile, or they would play over what they mime.

import type { Mime, Mimed, Take } from "../protocol/messages";
import { addMimed } from "../state/demonstrations";
import { voiceOf } from "../state/edit";
import { listen } from "../state/explore";
import { announce } from "./announcer";
import type { App } from "./app";
import {
  type HeardAs,
  type MimedSound,
  type Over,
  type Playing,
  playModel,
  playRecording,
  secondsOf,
} from "./mimed-sound";
import { playTake, stopTakes } from "./transport";

/** Beats before the take, for hands that must leave the mouse. */
const COUNT = 3;
const BEAT_MS = 600;
/** The server gathers 20 moments a second; more would only be longer on the way. */
const EVERY_MS = 20;
const MOST = 24;
/** A take that ended so much before its time was stopped. */
const EARLY_SECONDS = 0.3;
const PATIENCE_MS = 20_000;
const STOPPED = "Stopped; nothing was placed.";

/** Something that sounds and can be mimed. */
interface Mimable {
  readonly seconds: number;
  /** How the server is told of it. */
  readonly asked: Pick<Mime, "take" | "latents" | "hop" | "sample_rate">;
  readonly play: (over: Over) => Playing;
}

export type Stage =
  | { readonly kind: "idle" }
  | { readonly kind: "count"; readonly left: number }
  | { readonly kind: "playing"; readonly began: number; readonly seconds: number }
  | { readonly kind: "asking" };

export class Miming {
  stage: Stage = { kind: "idle" };
  /** The demonstrations that are there make room. */
  instead = false;
  /** What came of it, in words. */
  result = "";
  private readonly seconds: number[] = [];
  private readonly points: number[][] = [];
  private end: () => void = () => {};
  private timer: ReturnType<typeof setTimeout> | undefined;
  private request: number | null = null;
  private voice = "";
  private readonly listeners = new Set<() => void>();

  constructor(private readonly app: App) {
    const { link } = app;
    const others = link.taught;
    link.taught = (message) => {
      others(message);
      if (message.type === "mimed" && message.request === this.request) this.answered(message);
    };
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private set(stage: Stage): void {
    this.stage = stage;
    for (const listener of [...this.listeners]) listener();
  }

  /** Mime the last take, or stop. */
  toggle(): void {
    const take = this.app.store.state.piece?.takes.at(-1);
    if (this.stage.kind !== "idle") this.stop(STOPPED);
    else if (take === undefined) this.say("There is no take to play along with. Record one first (R).");
    else this.begin(take);
  }

  private say(sentence: string): void {
    this.result = sentence;
    announce(sentence);
    this.set(this.stage);
  }

  begin(take: Take): void {
    const seconds = (take.length * take.hop) / take.sample_rate;
    const asked = { take: take.id, latents: null, hop: 1, sample_rate: take.sample_rate };
    this.prepare(take.name, true, { seconds, asked, play: (over) => this.playTake(take, seconds, over) });
  }

  /** Mime a recording that the model of the edited voice has heard. */
  beginSound(sound: MimedSound, as: HeardAs): void {
    const { app } = this;
    const { latents, hop, sample_rate } = sound.file;
    const slot = app.store.state.voice;
    const play = (over: Over): Playing =>
      as === "model" ? playModel(app, sound, slot, over) : playRecording(app, sound, over);
    const asked = { take: "", latents, hop, sample_rate };
    this.prepare(sound.name, as === "model", { seconds: secondsOf(sound), asked, play });
  }

  private prepare(name: string, sounds: boolean, what: Mimable): void {
    const { instrument, store } = this.app;
    if (this.stage.kind !== "idle") return;
    if (sounds && instrument.state !== "running") {
      this.say("Start the sound first; then there is something to mime.");
      return;
    }
    if (store.state.takes.recording !== null) {
      this.say("A take is being recorded. Stop it first (R).");
      return;
    }
    this.result = "";
    listen(store, "play");
    announce(`Get ready to mime ${name}.`);
    this.count(what, COUNT);
  }

  private count(what: Mimable, left: number): void {
    if (left === 0) {
      this.play(what);
      return;
    }
    this.set({ kind: "count", left });
    this.timer = setTimeout(() => this.count(what, left - 1), BEAT_MS);
  }

  private play(what: Mimable): void {
    const { performer, instrument, store } = this.app;
    this.voice = voiceOf(store)?.id ?? "";
    this.seconds.length = 0;
    this.points.length = 0;
    performer.miming = instrument.mimed = true;
    this.note(0);
    const playing = what.play((whole, sentence = STOPPED) => {
      this.leave();
      if (whole) this.ask(what);
      else this.finish(sentence);
    });
    const off = performer.listen(() => {
      const now = playing.now();
      if (1000 * (now - this.seconds.at(-1)!) >= EVERY_MS) this.note(now);
    });
    this.end = () => {
      off();
      playing.stop();
      performer.miming = instrument.mimed = false;
    };
    this.set({ kind: "playing", began: performance.now(), seconds: what.seconds });
  }

  private playTake(take: Take, seconds: number, over: Over): Playing {
    const { instrument } = this.app;
    const began = performance.now();
    const now = (): number => (performance.now() - began) / 1000;
    const ended = (): void => {
      if (instrument.playingTake !== take.id) over(now() >= seconds - EARLY_SECONDS);
    };
    instrument.addEventListener("playing", ended);
    playTake(this.app, { ...take, loop: false });
    return { now, stop: () => instrument.removeEventListener("playing", ended) };
  }

  private note(seconds: number): void {
    this.seconds.push(seconds);
    this.points.push(Array.from(this.app.performer.values));
  }

  private leave(): void {
    clearTimeout(this.timer);
    this.end();
    this.end = () => {};
  }

  private ask(what: Mimable): void {
    this.request = this.app.link.mime({
      voice: this.voice,
      ...what.asked,
      seconds: this.seconds,
      points: this.points,
      most: MOST,
    });
    if (this.request === null) {
      this.finish("That needs the server, which does not answer. Nothing was placed.");
      return;
    }
    this.timer = setTimeout(() => this.finish("No demonstrations came of it. Mime it again."), PATIENCE_MS);
    this.set({ kind: "asking" });
  }

  private answered({ demonstrations, lag_seconds, conflicts }: Mimed): void {
    clearTimeout(this.timer);
    addMimed(this.app.store, this.voice, demonstrations, this.instead);
    this.finish(wordsFor(demonstrations.length, lag_seconds, conflicts));
  }

  /** End it, whatever was under way. */
  stop(sentence: string): void {
    const { kind } = this.stage;
    this.leave();
    if (kind === "playing") stopTakes(this.app);
    this.finish(sentence);
  }

  private finish(sentence: string): void {
    this.request = null;
    this.stage = { kind: "idle" };
    this.say(sentence);
  }
}

/** What came of it. */
export function wordsFor(count: number, lag: number, conflicts: number): string {
  if (count === 0) return "Nothing moved while it played, so there is nothing to place.";
  const told = [`${count} ${count === 1 ? "demonstration" : "demonstrations"} placed.`];
  if (Math.abs(lag) >= 0.02)
    told.push(
      `Your hands were ${Math.abs(lag).toFixed(2)} s ${lag > 0 ? "behind" : "ahead"}; that is taken off.`,
    );
  if (conflicts > 0)
    told.push(
      `${conflicts === 1 ? "At one place" : `At ${conflicts} places`} one gesture met different sounds; their mean lies there.`,
    );
  return told.join(" ");
}

const known = new WeakMap<App, Miming>();

/** One per page. */
export function mimingOf(app: App): Miming {
  let found = known.get(app);
  if (found === undefined) {
    found = new Miming(app);
    known.set(app, found);
  }
  return found;
}
