// Jam: pads, a clock, and a machine that answers on the next bar line.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { type JamMode, type JamPhrase, type JamSessionKept, makeJamSetting } from "../protocol/messages";
import { announce } from "../ui/announcer";
import { View } from "../ui/app";
import { type Ink, ink } from "../ui/canvas";
import { icon } from "../ui/icons";
import { segments, slider, toggle, tool } from "../ui/parts";
import { safeStorage } from "../ui/preferences";
import { ticker } from "../ui/ticker";
import { counted, type Kind, PIECES } from "./bars";
import { FASTEST_BPM, SLOWEST_BPM, Tap } from "./clock";
import { allSessions, fileOf, forgetSession, keepSession, sessionOf } from "./keeping";
import { HIGHEST_OCTAVE, keyVelocity, LOWEST_OCTAVE, lowestOf, NOTES, PADS, pressVelocity } from "./pads";
import { Player } from "./player";
import { NoteMap, Ports } from "./ports";
import { type Choices, recall, remember } from "./remembering";
import { drawPart, type Part, rangeOf } from "./score";
import type { Jam, JamEvent, Turn, Who } from "./session";
import "./space-view";

import { type Point, pointsOf, reachOf } from "./trails";
import "../styles/jam.css";

const MODES: readonly (readonly [JamMode, string, string])[] = [
  ["trade", "Trade bars", "You play, the machine answers, you play."],
  ["lead", "Machine first", "The machine plays, you answer."],
  ["follow", "Both at once", "Each phrase of the machine answers your last one."],
  ["machines", "Two machines", "They trade, you listen."],
  ["loop", "Loop", "Your last phrase goes round as you played it."],
  ["morph", "Morph", "Play two phrases; the machine goes from one to the other and back."],
];
const FLASH_MS = 140;
const STRIP = 24;
/** Settings that are moved in steps, and how they are read. */
type Knob = "changed_hits" | "lead" | "density" | "velocity" | "offset" | "pitch" | "morph_phrases";

@customElement("isobath-jam")
export class JamView extends View {
  @query("canvas[data-who=human]") private yours!: HTMLCanvasElement | null;
  @query("canvas[data-who=machine]") private machines!: HTMLCanvasElement | null;
  @query(".jam-beats") private beats!: HTMLElement | null;
  @state() private sessions: readonly JamSessionKept[] | null = null;
  @state() private heard: Point | null = null;
  @state() private hint: string | null = null;
  private readonly choices: Choices = recall();
  readonly player = new Player(makeJamSetting(this.choices.settings), {
    changed: () => this.changed(),
    sounds: (event) => this.sounds(event),
    worthKeeping: () => this.keepSoon(),
  });
  private readonly ports = new Ports({
    note: (pitch, velocity, stamp) => this.midi(pitch, velocity, stamp),
    lost: () => this.player.lost(),
    changed: () => this.requestUpdate(),
  });
  private readonly notes = new NoteMap(safeStorage());
  private readonly tap = new Tap();
  private octave = 4;
  private late = this.choices.late;
  /** A pitch of MIDI that waits for its pad. */
  private stray: number | null = null;
  private readonly down = new Map<string, number>();
  private flashes: JamEvent[] = [];
  private dirty = true;
  private inked: Ink | null = null;
  private beat = "";
  private keeping = 0;

  /** The session that is played; for the tests, and for whoever stands at the console. */
  get jam(): Jam | null {
    return this.player.jam;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.player.kind = this.choices.kind;
    this.player.metronome = this.choices.metronome;
    this.player.countIn = this.choices.countIn;
    this.player.latent = this.choices.latent;
    const pressed = (event: KeyboardEvent) => this.keyed(event);
    const let_ = (event: KeyboardEvent) => this.unkeyed(event);
    window.addEventListener("keydown", pressed, true);
    window.addEventListener("keyup", let_, true);
    this.whileHere(() => {
      window.removeEventListener("keydown", pressed, true);
      window.removeEventListener("keyup", let_, true);
    });
    this.whileHere(ticker.add(() => this.frame()));
    this.player.fetchSpace().then(
      () => this.changed(),
      (error: Error) => {
        this.player.failure = error.message;
        this.changed();
      },
    );
    if (this.choices.midi) void this.openPorts();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    void this.keepNow();
    this.ports.close();
    void this.player.close();
  }

  protected override concerns(): boolean {
    return false; // nothing of the piece is seen here
  }

  protected override updated(_: PropertyValues): void {
    this.dirty = true;
  }

  private changed(): void {
    this.dirty = true;
    this.requestUpdate();
  }

  private remember(): void {
    const { settings, kind, metronome, countIn, latent } = this.player;
    remember({ settings, kind, metronome, countIn, latent, late: this.late, midi: this.ports.opened });
  }

  // ------------------------------------------------------------------ transport

  private readonly toggle = async (): Promise<void> => {
    if (this.player.running) {
      this.player.stop();
      announce("Stopped.");
      await this.keepNow();
      return;
    }
    this.heard = null;
    try {
      await this.player.start();
    } catch (error) {
      this.player.failure = (error as Error).message;
    }
    this.changed();
  };

  /** Kept without being asked, a little after each answer. */
  private keepSoon(): void {
    if (this.keeping) return;
    this.keeping = window.setTimeout(() => void this.keepNow(), 2000);
  }

  private async keepNow(): Promise<void> {
    clearTimeout(this.keeping);
    this.keeping = 0;
    const { session, id } = this.player;
    if (!session || session.played.length === 0) return;
    try {
      const kept = await keepSession(id, session);
      if (this.sessions) this.sessions = [kept, ...this.sessions.filter((each) => each.id !== id)];
    } catch (error) {
      this.player.failure = (error as Error).message;
      this.changed();
    }
  }

  private choose(kind: Kind): void {
    void this.keepNow();
    this.player.fresh(kind);
    this.heard = null;
    this.remember();
    void this.player.fetchSpace().then(() => this.changed());
  }

  private set(settings: Parameters<Player["set"]>[0]): void {
    this.player.set(settings);
    this.remember();
    if (settings.bars !== undefined) void this.player.fetchSpace().then(() => this.changed());
  }

  // ------------------------------------------------------------------ hands

  private play(pitch: number, velocity: number, stamp: number, late = 0): void {
    if (velocity > 0) {
      this.flash(pitch, "human", velocity);
      if (this.stray !== null) this.teach(pitch);
    }
    this.player.play(pitch, velocity, stamp, late).catch((error: Error) => {
      this.player.failure = error.message;
      this.changed();
    });
  }

  private keyed(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.closest("input[type=number], input[type=text], select, textarea") !== null) return;
    if (event.key === "Escape") {
      location.hash = "";
    } else {
      const pitch = this.pitchOf(event.code);
      const octaves = { KeyZ: -1, KeyX: 1 }[event.code];
      if (pitch !== null) {
        if (!event.repeat) {
          this.down.set(event.code, pitch);
          this.play(pitch, keyVelocity(event.shiftKey), event.timeStamp);
        }
      } else if (octaves !== undefined && this.player.kind === "melody") this.shift(octaves);
      else if (event.key === "Enter" && target === document.body) void this.toggle();
      else return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private unkeyed(event: KeyboardEvent): void {
    const pitch = this.down.get(event.code);
    if (pitch === undefined) return;
    this.down.delete(event.code);
    this.play(pitch, 0, event.timeStamp);
  }

  private pitchOf(code: string): number | null {
    if (this.player.kind === "drums") return PADS.find((pad) => pad.code === code)?.piece ?? null;
    const note = NOTES.find((each) => each.code === code);
    return note ? lowestOf(this.octave) + note.step : null;
  }

  private shift(octaves: number): void {
    this.octave = Math.min(HIGHEST_OCTAVE, Math.max(LOWEST_OCTAVE, this.octave + octaves));
    this.requestUpdate();
  }

  private readonly pressed = (event: PointerEvent): void => {
    const pad = event.currentTarget as HTMLElement;
    // a finger that slides off still lets go here, and one that comes from elsewhere plays nothing
    pad.setPointerCapture(event.pointerId);
    const { top, height } = pad.getBoundingClientRect();
    const pitch = Number(pad.dataset.pitch);
    this.down.set(`pointer ${event.pointerId}`, pitch);
    this.play(pitch, pressVelocity(event, (event.clientY - top) / height), event.timeStamp);
  };

  private readonly released = (event: PointerEvent): void => {
    const key = `pointer ${event.pointerId}`;
    const pitch = this.down.get(key);
    if (pitch === undefined) return;
    this.down.delete(key);
    this.play(pitch, 0, event.timeStamp);
  };

  /** Enter and space on a pad that has the focus. */
  private struck(event: KeyboardEvent, pitch: number): void {
    if ((event.key !== "Enter" && event.key !== " ") || event.repeat) return;
    event.preventDefault();
    this.play(pitch, keyVelocity(event.shiftKey), event.timeStamp);
    if (this.player.kind === "melody") setTimeout(() => this.play(pitch, 0, performance.now()), 300);
  }

  // ------------------------------------------------------------------ MIDI

  private async openPorts(): Promise<void> {
    try {
      await this.ports.open();
    } catch {
      this.player.failure = "The browser lets no MIDI in. Allow it beside the address, and try again.";
    }
    this.remember();
    this.changed();
  }

  private midi(pitch: number, velocity: number, stamp: number): void {
    const late = this.late / 1000;
    if (this.player.kind === "melody") {
      this.play(pitch, velocity, stamp, late);
      return;
    }
    const piece = this.notes.pieceOf(pitch);
    if (piece >= 0) this.play(piece, velocity, stamp, late);
    else if (velocity > 0) {
      this.stray = pitch;
      this.hint = `Note ${pitch} is no drum here yet. Press the pad that it is to play.`;
    }
  }

  private teach(piece: number): void {
    this.notes.teach(this.stray!, piece);
    this.hint = null;
    announce(`Note ${this.stray} plays the ${PIECES[piece]!.toLowerCase()}.`);
    this.stray = null;
  }

  // ------------------------------------------------------------------ what is seen

  private sounds(event: JamEvent): void {
    const { band } = this.player;
    if (band && this.ports.chosen) {
      const stamp = performance.now() + 1000 * (event.seconds - band.context.currentTime);
      this.ports.send(event, stamp);
    }
    if (event.kind !== "click") this.flashes.push(event);
  }

  /** Light a pad up. */
  private flash(pitch: number, who: Who, velocity: number): void {
    const pad = this.querySelector<HTMLElement>(`.jam-hands [data-pitch="${pitch}"]`);
    if (!pad) return;
    pad.style.setProperty("--force", String(0.35 + 0.65 * velocity));
    pad.dataset.struck = who === "human" ? "human" : "machine";
    const until = String(performance.now() + FLASH_MS);
    pad.dataset.until = until;
    setTimeout(() => {
      if (pad.dataset.until === until) delete pad.dataset.struck;
    }, FLASH_MS);
  }

  private frame(): void {
    const { player } = this;
    const inks = ink();
    if (inks !== this.inked) this.dirty = true;
    this.inked = inks;
    const moving = player.running || player.audition !== null;
    if (!moving && !this.dirty) return;
    this.dirty = false;
    const now = player.now ?? 0;
    while (this.flashes.length > 0 && this.flashes[0]!.seconds <= now) {
      const { pitch, who, velocity } = this.flashes.shift()!;
      this.flash(pitch, who, velocity);
    }
    this.tellBeat(now);
    const parts = this.parts(now);
    if (this.yours) drawPart(this.yours, parts[0]);
    if (this.machines) drawPart(this.machines, parts[1]);
  }

  /** Where the music is, without drawing the page anew. */
  private tellBeat(now: number): void {
    const { jam } = this;
    const position = jam ? Math.max(-64, jam.clock.position(now)) : 0;
    const beat = jam ? `${Math.floor(position / 16)} ${Math.floor(position / 4) & 3}` : "";
    if (beat === this.beat || !this.beats) return;
    this.beat = beat;
    const at = jam ? Math.floor(position / 4) & 3 : -1;
    [...this.beats.children].forEach((dot, i) => {
      dot.classList.toggle("on", i === at);
    });
  }

  /** Both parts as they are now: the human's (or a second machine's), and the machine's. */
  private parts(now: number): readonly [Part, Part] {
    const { player } = this;
    const { kind, settings, audition, jam } = player;
    const steps = 16 * settings.bars;
    const position = jam?.clock.position(now) ?? 0;
    const past = (who: readonly Who[]): Partial<Part> => {
      const turn = player.turns.findLast((each) => who.includes(each.who));
      return { phrase: turn?.phrase ?? null, state: "past" };
    };
    let yours = past(["human", "second"]);
    let machines = past(["machine"]);
    const playing = jam?.playing;
    if (jam && playing) {
      const head = position - playing.position;
      const of = (who: Who) => this.turnAt(jam, who, playing.position);
      if (playing.players.includes("human")) yours = { phrase: jam.sofar, head, state: "now" };
      else if (playing.players.includes("second"))
        yours = { phrase: of("second"), head, state: "now", machine: true };
      if (playing.players.includes("machine")) machines = { phrase: of("machine"), head, state: "now" };
      else machines = this.comingPart(jam) ?? machines;
    }
    if (!jam && audition) {
      const head = (now - audition.seconds) / (15 / audition.bpm);
      const part: Partial<Part> = { phrase: audition.phrase, head, state: "now" };
      if (audition.who === "machine") machines = part;
      else yours = part;
    }
    const range =
      kind === "melody" ? rangeOf([yours.phrase ?? null, machines.phrase ?? null]) : ([0, 8] as const);
    const part = (machine: boolean, given: Partial<Part>): Part => ({
      kind,
      phrase: null,
      head: null,
      state: "past",
      machine,
      range,
      steps: given.phrase?.steps ?? steps,
      ...given,
    });
    return [part(false, yours), part(true, machines)];
  }

  private turnAt(jam: Jam, who: Who, position: number): JamPhrase | null {
    return jam.turns.findLast((each) => each.who === who && each.position === position)?.phrase ?? null;
  }

  private comingPart(jam: Jam): Partial<Part> | null {
    const { coming, foreseen } = jam;
    const known = coming && this.turnAt(jam, "machine", coming.position);
    const phrase = known ?? foreseen?.phrase;
    return phrase ? { phrase, state: "coming" } : null;
  }

  // ------------------------------------------------------------------ points

  private readonly hear = (point: Point): void => {
    const { player } = this;
    this.heard = point;
    const turn = point.kind === "turn" ? player.turns[point.index] : undefined;
    const place = turn ? null : player.space?.places[point.index];
    const act = turn ? player.hear(turn.phrase, turn.who) : place ? player.hearPlace(place) : null;
    act?.then(
      (said) => announce(said),
      (error: Error) => {
        player.failure = error.message;
        this.changed();
      },
    );
  };

  private hearTurn(turn: Turn, index: number): void {
    const spot = turn.seen[0];
    this.heard = null;
    if (spot) this.hear({ kind: "turn", index, part: 0, who: turn.who, spot });
    else void this.player.hear(turn.phrase, turn.who).then((said) => announce(said));
  }

  // ------------------------------------------------------------------ sessions

  private readonly list = async (): Promise<void> => {
    if (this.sessions) {
      this.sessions = null;
      return;
    }
    await this.keepNow();
    try {
      this.sessions = await allSessions();
    } catch (error) {
      this.player.failure = (error as Error).message;
      this.changed();
    }
  };

  private async openSession({ id, kind }: JamSessionKept): Promise<void> {
    try {
      await this.keepNow();
      this.heard = null;
      await this.player.recall(id, kind, await sessionOf(id));
      this.sessions = null;
      announce("The session is open. Count in to go on with it.");
    } catch (error) {
      this.player.failure = (error as Error).message;
    }
    this.changed();
  }

  private async forget(id: string): Promise<void> {
    try {
      await forgetSession(id);
      this.sessions = this.sessions?.filter((each) => each.id !== id) ?? null;
      if (id === this.player.id) this.player.fresh();
    } catch (error) {
      this.player.failure = (error as Error).message;
      this.changed();
    }
  }

  // ------------------------------------------------------------------ markup

  override render(): TemplateResult {
    const { player } = this;
    return html`<section class="jam" aria-label="Jam" data-kind=${player.kind}>
      ${this.top()}
      ${this.transport()}
      ${player.failure === null ? nothing : html`<p class="jam-failure caution grave" role="alert">${player.failure}</p>`}
      ${this.hint === null ? nothing : html`<p class="jam-failure caution" role="status">${this.hint}</p>`}
      <div class="jam-score">
        ${this.lane("human")}
        ${this.lane("machine")}
      </div>
      <div class="jam-hands" role="group" aria-label=${player.kind === "drums" ? "Pads" : "Keyboard"}>
        ${player.kind === "drums" ? this.pads() : this.keys()}
      </div>
      <div class="jam-side">
        <isobath-jam-space
          .space=${player.space}
          .points=${pointsOf(player.turns)}
          .heard=${this.heard}
          .reach=${player.space ? reachOf(player.space.reach, player.settings.changed_hits) : 0}
          .hear=${this.hear}
        ></isobath-jam-space>
        ${this.strip()}
        ${this.knobs()}
      </div>
      ${this.sessions === null ? nothing : this.sessionList(this.sessions)}
    </section>`;
  }

  private top(): TemplateResult {
    const { player } = this;
    const players = player.jam?.playing?.players;
    const whose = !player.running
      ? player.going
        ? "A session that goes on"
        : ""
      : players === undefined
        ? "Count-in"
        : players.length > 1
          ? "Both"
          : { human: "You", machine: "The machine", second: "The second machine" }[players[0]!];
    return html`<header class="jam-top">
      <h2>Jam</h2>
      <div class="jam-beats" aria-hidden="true"><i></i><i></i><i></i><i></i></div>
      <p class="jam-whose" role="status" data-who=${players?.length === 1 ? players[0]! : nothing}>${whose}</p>
      <button type="button" class="quiet" aria-label="Sessions" aria-expanded=${this.sessions !== null} @click=${this.list}>${icon("keep")}<span>Sessions</span></button>
      <a class="button tool" href="#" aria-label="Leave the jam">${icon("close")}</a>
    </header>`;
  }

  private transport(): TemplateResult {
    const { player } = this;
    const { settings } = player;
    return html`<div class="jam-transport">
      <button type="button" class="jam-go ${player.running ? "" : "primary"}" @click=${this.toggle}>
        ${icon(player.running ? "stop" : "start")}${player.running ? "Stop" : player.going ? "Go on" : "Count in"}
      </button>
      <div class="jam-tempo">
        <label>Tempo<input type="number" min=${SLOWEST_BPM} max=${FASTEST_BPM} step="1" .value=${live(String(settings.bpm))}
          @change=${(event: Event) => {
            const bpm = (event.target as HTMLInputElement).valueAsNumber;
            if (bpm >= SLOWEST_BPM && bpm <= FASTEST_BPM) this.set({ bpm });
            else this.requestUpdate();
          }} /></label>
        <button type="button" @click=${(event: MouseEvent) => {
          const bpm = this.tap.tap(event.timeStamp / 1000);
          if (bpm !== null) this.set({ bpm: Math.round(bpm) });
        }}>Tap</button>
      </div>
      ${toggle("Click", player.metronome, (on) => {
        player.metronome = on;
        if (player.jam) player.jam.metronome = on;
        this.remember();
        this.requestUpdate();
      })}
    </div>
    <div class="jam-rules">
      <label class="jam-field">Who plays
        <select title=${MODES.find(([mode]) => mode === settings.mode)![2]}
          @change=${(event: Event) => this.set({ mode: (event.target as HTMLSelectElement).value as JamMode })}>
          ${MODES.map(([mode, name]) => html`<option value=${mode} ?selected=${mode === settings.mode}>${name}</option>`)}
        </select></label>
      <div class="jam-field"><span>Bars</span>${segments(
        "jam bars",
        "Bars",
        (["1", "2", "4"] as const).map((value) => ({ value, name: value })),
        String(settings.bars) as "1" | "2" | "4",
        (value) => this.set({ bars: Number(value) as 1 | 2 | 4 }),
      )}</div>
      <div class="jam-field"><span>Count-in</span>${segments(
        "jam count-in",
        "Bars of the count-in",
        (["1", "2"] as const).map((value) => ({ value, name: value })),
        String(player.countIn) as "1" | "2",
        (value) => {
          player.countIn = Number(value);
          this.remember();
          this.requestUpdate();
        },
      )}</div>
      <div class="jam-field jam-kind"><span>Play</span>${segments(
        "jam kind",
        "What is played",
        [
          { value: "drums", name: "Drums" },
          { value: "melody", name: "Melody" },
        ],
        player.kind,
        (kind) => this.choose(kind),
      )}</div>
    </div>`;
  }

  private lane(who: "human" | "machine"): TemplateResult {
    const { player } = this;
    const turn = player.turns.findLast((each) =>
      who === "machine" ? each.who === "machine" : each.who !== "machine",
    );
    const name = who === "machine" ? "The machine" : turn?.who === "second" ? "The second machine" : "You";
    const said = this.said(who, turn);
    return html`<figure class="jam-part" data-who=${who}>
      <figcaption><b>${name}</b> <span>${said}</span></figcaption>
      <canvas data-who=${who} role="img" aria-label="${name}: ${said}"></canvas>
    </figure>`;
  }

  /** What a part's caption says: what is played now, what is coming, or what was played last. */
  private said(who: "human" | "machine", turn: Turn | undefined): string {
    const { jam, kind } = this.player;
    const players = jam?.playing?.players ?? [];
    if (who === "human" && players.includes("human")) return "your turn";
    if (who === "machine" && jam && !players.includes("machine")) {
      const coming = jam.foreseen;
      if (coming) return `what comes, so far: ${counted(kind, coming.phrase)}`;
    }
    if (!turn) return who === "human" ? "nothing yet" : "waits for you";
    return `${counted(kind, turn.phrase)}${turn.repeated ? "; late, so once more what was before" : ""}`;
  }

  private pads(): TemplateResult {
    return html`<div class="jam-pads">
      ${PADS.map(
        ({ name, piece, key }) => html`<button type="button" data-pitch=${piece} data-piece=${piece}
          @pointerdown=${this.pressed} @pointerup=${this.released} @pointercancel=${this.released}
          @keydown=${(event: KeyboardEvent) => this.struck(event, piece)}
          ><span>${name}</span><kbd>${key}</kbd></button>`,
      )}
    </div>`;
  }

  private keys(): TemplateResult {
    const lowest = lowestOf(this.octave);
    let whites = 0;
    return html`<div class="jam-octave">
        ${tool("An octave lower", "remove", () => this.shift(-1), { hint: "An octave lower (Z)" })}
        <span>C${this.octave}</span>
        ${tool("An octave higher", "add", () => this.shift(1), { hint: "An octave higher (X)" })}
      </div>
      <div class="jam-keys">
        ${NOTES.map(({ step, black, key }) => {
          const at = black ? whites : whites++;
          const pitch = lowest + step;
          return html`<button type="button" class=${black ? "black" : "white"} data-pitch=${pitch} style="--at:${at}"
            aria-label="${NAMES[step % 12]!}${Math.floor(pitch / 12) - 1}"
            @pointerdown=${this.pressed} @pointerup=${this.released} @pointercancel=${this.released}
            @keydown=${(event: KeyboardEvent) => this.struck(event, pitch)}
            ><kbd>${key}</kbd></button>`;
        })}
      </div>`;
  }

  private knob(
    name: Knob,
    label: string,
    range: readonly [number, number, number],
    shown: string,
    neutral: number,
  ): TemplateResult {
    const [min, max, step] = range;
    return slider({
      key: `jam ${name}`,
      name: label,
      value: this.player.settings[name],
      min,
      max,
      step,
      shown,
      input: (value) => this.set({ [name]: value }),
      neutral,
    });
  }

  private knobs(): TemplateResult {
    const { settings, kind } = this.player;
    const what = kind === "drums" ? "hits" : "notes";
    const more = (value: number) => (value === 0 ? "as you" : `${value > 0 ? "+" : "−"}${Math.abs(value)}`);
    const share = (value: number) =>
      value === 0 ? "as you" : `${value > 0 ? "+" : "−"}${Math.round(100 * Math.abs(value))} %`;
    const lead =
      settings.lead === 0
        ? "follows"
        : settings.lead === 1
          ? "leads"
          : `${Math.round(100 * settings.lead)} %`;
    const early =
      settings.offset === 0
        ? "as you"
        : `${Math.round(50 * Math.abs(settings.offset))} % ${settings.offset > 0 ? "early" : "late"}`;
    return html`<div class="jam-knobs">
      ${this.knob("changed_hits", kind === "drums" ? "Hits that differ" : "Steps that differ", [0, 32, 1], String(settings.changed_hits), 6)}
      ${this.knob("lead", "Own way", [0, 1, 0.05], lead, 0)}
      ${this.knob("density", `More ${what}`, [-16, 16, 1], more(settings.density), 0)}
      ${
        kind === "drums"
          ? html`${this.knob("velocity", "Louder", [-0.5, 0.5, 0.05], share(settings.velocity), 0)}
              ${this.knob("offset", "Timing", [-0.6, 0.6, 0.05], early, 0)}`
          : this.knob("pitch", "Higher", [-12, 12, 1], more(settings.pitch), 0)
      }
      ${settings.mode === "morph" ? this.knob("morph_phrases", "Phrases of a morph", [2, 16, 1], String(settings.morph_phrases), 4) : nothing}
      ${this.instruments()}
      ${Ports.there ? this.midiRow() : nothing}
    </div>`;
  }

  /** What plays the notes of either: our own kit and string, or a model of sound. */
  private instruments(): TemplateResult {
    const { player } = this;
    const drums = player.kind === "drums";
    const chosen = (name: string, players: readonly Who[]) => {
      const others = player.latent.filter((who) => !players.includes(who));
      const on = player.latent.length > others.length;
      return html`<label class="jam-inline">${name}<select
        @change=${(event: Event) => {
          player.playBy(
            (event.target as HTMLSelectElement).value === "model" ? [...others, ...players] : others,
          );
          this.remember();
        }}>
        <option value="own" ?selected=${!on}>${drums ? "drum kit" : "string"}</option>
        <option value="model" ?selected=${on}>${drums ? "model of drums" : "model of a guitar"}</option>
      </select></label>`;
    };
    return html`<div class="row wrap jam-midi">${chosen("You play a", ["human"])}${chosen("It plays a", ["machine", "second"])}</div>`;
  }

  private midiRow(): TemplateResult {
    const { ports } = this;
    if (!ports.opened)
      return html`<div class="row jam-midi"><button type="button" @click=${() => this.openPorts()}>${icon("controllers")}Play by MIDI</button></div>`;
    const inputs = ports.inputs.length === 0 ? "no MIDI device yet" : ports.inputs.join(", ");
    return html`<div class="row wrap jam-midi">
      <span class="hint grow">Hears ${inputs}</span>
      <label class="jam-inline">Late, ms<input type="number" min="0" max="200" step="1" .value=${live(String(this.late))}
        @change=${(event: Event) => {
          const late = (event.target as HTMLInputElement).valueAsNumber;
          if (late >= 0 && late <= 200) this.late = late;
          this.remember();
          this.requestUpdate();
        }} /></label>
      <label class="jam-inline">Machine to<select @change=${(event: Event) => ports.choose((event.target as HTMLSelectElement).value || null)}>
        <option value="">nowhere</option>
        ${ports.outputs.map(([id, name]) => html`<option value=${id}>${name}</option>`)}
      </select></label>
    </div>`;
  }

  /** The last phrases in a row, for keys and for fingers. */
  private strip(): TemplateResult {
    const { turns } = this.player;
    const first = Math.max(0, turns.length - STRIP);
    return html`<ol class="jam-strip" aria-label="Phrases so far">
      ${turns.slice(first).map((turn, i) => {
        const index = first + i;
        const name =
          turn.who === "human" ? "you" : turn.who === "machine" ? "the machine" : "the second machine";
        const said = `Phrase ${index + 1}, ${name}: ${counted(this.player.kind, turn.phrase)}`;
        const on = this.heard?.kind === "turn" && this.heard.index === index;
        return html`<li><button type="button" data-who=${turn.who} aria-pressed=${on} aria-label=${said} title=${said}
          @click=${() => this.hearTurn(turn, index)}>${index + 1}</button></li>`;
      })}
    </ol>`;
  }

  private sessionList(sessions: readonly JamSessionKept[]): TemplateResult {
    return html`<aside class="jam-sessions" aria-label="Sessions">
      <header class="row"><h3 class="grow">Sessions</h3>
        <button type="button" @click=${() => this.choose(this.player.kind)}>${icon("add")}New</button>
        ${tool("Close the list", "close", () => this.list())}</header>
      ${
        sessions.length === 0
          ? html`<p class="hint">None yet. What you play is kept here by itself, as MIDI with all that the machine thought.</p>`
          : html`<ul>${sessions.map((each) => this.sessionRow(each))}</ul>`
      }
    </aside>`;
  }

  private sessionRow(each: JamSessionKept): TemplateResult {
    const { id, name, kind, bpm, phrases, seconds } = each;
    const time = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
    return html`<li aria-current=${id === this.player.id ? "true" : nothing}>
      <div><b>${name}</b><span class="hint">${kind === "drums" ? "Drums" : "Melody"}, ${Math.round(bpm)} bpm, ${phrases} phrases, ${time}</span></div>
      <div class="row wrap">
        <button type="button" @click=${() => this.openSession(each)}>Open</button>
        <a class="button" href=${fileOf(id, "sound.wav")} download>WAV</a>
        <span class="hint">MIDI</span>
        <span class="jam-files">
          <a href=${fileOf(id, "both.mid")} download aria-label="MIDI of both">both</a>
          <a href=${fileOf(id, "human.mid")} download aria-label="MIDI of yours">you</a>
          <a href=${fileOf(id, "machine.mid")} download aria-label="MIDI of the machine">machine</a>
        </span>
        <span class="grow"></span>
        ${tool(`Delete ${name}`, "trash", () => this.forget(id))}
      </div>
    </li>`;
  }
}

const NAMES = ["C", "C sharp ", "D", "D sharp ", "E", "F", "F sharp ", "G", "G sharp ", "A", "A sharp ", "B"];
