// Jam: pads, a clock, and a machine that answers on the next bar line.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { type JamMode, type JamSessionKept, makeJamSetting } from "../protocol/messages";
import type { State } from "../state/store";
import { announce } from "../ui/announcer";
import { View } from "../ui/app";
import { type Ink, ink } from "../ui/canvas";
import { icon } from "../ui/icons";
import { notices } from "../ui/notices";
import { segments, toggle } from "../ui/parts";
import { safeStorage } from "../ui/preferences";
import { ticker } from "../ui/ticker";
import { counted, type Kind, PIECES } from "./bars";
import { FASTEST_BPM, SLOWEST_BPM, Tap } from "./clock";
import type { Hands } from "./hands";
import { allSessions, isWorthKeeping, keepSession, sessionOf } from "./keeping";
import { instruments, knobs } from "./knobs";
import { lane, partsAt } from "./lanes";
import { Player } from "./player";
import { NoteMap, Ports, type Wires } from "./ports";
import { type Choices, recall, remember } from "./remembering";
import { drawPart } from "./score";
import type { Jam, JamEvent, Turn } from "./session";
import type { SessionActions } from "./sessions";
import "./hands";
import "./sessions";
import "./space-view";

import { type Point, pointsOf, reachOf } from "./trails";
import { wiring } from "./wiring";
import "../styles/jam.css";

const MODES: readonly (readonly [JamMode, string, string])[] = [
  ["trade", "Trade bars", "You play, the machine answers, you play."],
  ["lead", "Machine first", "The machine plays, you answer."],
  ["follow", "Both at once", "Each phrase of the machine answers your last one."],
  ["machines", "Two machines", "They trade, you listen."],
  ["loop", "Loop", "Your last phrase goes round as you played it."],
  ["morph", "Morph", "Play two phrases; the machine goes from one to the other and back."],
];
const STRIP = 24;
@customElement("isobath-jam")
export class JamView extends View {
  @query("canvas[data-who=human]") private yours!: HTMLCanvasElement | null;
  @query("canvas[data-who=machine]") private machines!: HTMLCanvasElement | null;
  @query(".jam-beats") private beats!: HTMLElement | null;
  @query("isobath-jam-hands") private hands!: Hands | null;
  @state() private sessions: readonly JamSessionKept[] | null = null;
  @state() private heard: Point | null = null;
  @state() private hint: string | null = null;
  private readonly choices: Choices = recall();
  readonly player = new Player(makeJamSetting(this.choices.settings), {
    changed: () => this.changed(),
    sounds: (event) => this.sounds(event),
    times: (due) => this.ports.sendTiming(due, (seconds) => this.player.band!.stampOf(seconds)),
    worthKeeping: () => this.keepSoon(),
  });
  private readonly ports = new Ports(
    {
      note: (pitch, velocity, stamp) => this.midi(pitch, velocity, stamp),
      lost: () => this.player.lost(),
      timing: (...told) => this.player.timing(...told),
      changed: () => this.requestUpdate(),
    },
    this.choices.wires,
  );
  private readonly notes = new NoteMap(safeStorage());
  private readonly tap = new Tap();
  private late = this.choices.late;
  /** A pitch of MIDI that waits for its pad. */
  private stray: number | null = null;
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
    const let_ = (event: KeyboardEvent) => this.hands?.unkeyed(event);
    window.addEventListener("keydown", pressed, true);
    window.addEventListener("keyup", let_, true);
    const left = () => this.hands?.letAllGo();
    window.addEventListener("blur", left);
    this.whileHere(() => {
      window.removeEventListener("keydown", pressed, true);
      window.removeEventListener("keyup", let_, true);
      window.removeEventListener("blur", left);
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
    this.wire({});
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    void this.keepNow();
    this.ports.close();
    void this.player.close();
  }

  /** Nothing of the piece is seen here. */
  protected override concerns(state: State, previous: State): boolean {
    return state.connection !== previous.connection || state.notice !== previous.notice;
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
    const { opened: midi, wires } = this.ports;
    remember({ settings, kind, metronome, countIn, latent, late: this.late, midi, wires });
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
    if (!session || !isWorthKeeping(session)) return;
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

  private readonly play = (pitch: number, velocity: number, stamp: number, late = 0): void => {
    if (velocity > 0) {
      this.hands?.flash(pitch, false, velocity);
      if (this.stray !== null) this.teach(pitch);
    }
    this.player.play(pitch, velocity, stamp, late).catch((error: Error) => {
      this.player.failure = error.message;
      this.changed();
    });
  };

  private keyed(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.closest("input[type=number], input[type=text], select, textarea") !== null) return;
    if (event.key === "Escape") location.hash = "";
    else if (this.hands?.keyed(event)) {
      // it played
    } else if (event.key === "Enter" && target === document.body) void this.toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
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

  /** Other ports. */
  private wire(wires: Partial<Wires>): void {
    const { player, ports } = this;
    if (wires.leads !== undefined) player.send(false); // where it went, it ends
    ports.wire(wires);
    player.follow(ports.wires.follows);
    player.send(ports.wires.leads !== "");
    this.requestUpdate();
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
    if (band) this.ports.send(event, band.stampOf(event.seconds));
    if (event.kind !== "click") this.flashes.push(event);
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
      this.hands?.flash(pitch, who !== "human", velocity);
    }
    this.tellBeat(now);
    const parts = partsAt(player, now);
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

  private readonly listed: SessionActions = {
    open: (kept) => void this.openSession(kept),
    fresh: () => this.choose(this.player.kind),
    close: () => void this.list(),
    named: (id, name) => {
      if (id === this.player.id) this.player.named(name);
    },
    forgotten: (id) => {
      if (id === this.player.id) this.player.fresh();
    },
    failed: (error) => {
      this.player.failure = error.message;
      this.changed();
    },
  };

  // ------------------------------------------------------------------ markup

  override render(): TemplateResult {
    const { player } = this;
    return html`${notices(this.app)}<section class="jam" aria-label="Jam" data-kind=${player.kind}>
      ${this.top()}
      ${this.transport()}
      ${player.failure === null ? nothing : html`<p class="jam-failure caution grave" role="alert">${player.failure}</p>`}
      ${this.hint === null ? nothing : html`<p class="jam-failure caution" role="status">${this.hint}</p>`}
      <div class="jam-score">
        ${lane(player, "human")}
        ${lane(player, "machine")}
      </div>
      <isobath-jam-hands class="jam-hands" .kind=${player.kind} .play=${this.play}></isobath-jam-hands>
      <div class="jam-side">
        <isobath-jam-space
          .space=${player.space}
          .points=${pointsOf(player.turns)}
          .heard=${this.heard}
          .reach=${player.space ? reachOf(player.space.reach, player.settings.changed_hits) : 0}
          .hear=${this.hear}
        ></isobath-jam-space>
        ${this.strip()}
        <div class="jam-knobs">
          ${knobs(player, (settings) => this.set(settings))}
          ${instruments(player, () => this.remember())}
          ${Ports.there ? this.wiring() : nothing}
        </div>
      </div>
      ${
        this.sessions === null
          ? nothing
          : html`<isobath-jam-sessions .sessions=${this.sessions} .playing=${player.id} .actions=${this.listed}></isobath-jam-sessions>`
      }
    </section>`;
  }

  private top(): TemplateResult {
    const { player } = this;
    const players = player.jam?.playing?.players;
    const whose = !player.running
      ? player.going
        ? "Paused"
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
    const led = player.led !== null && player.led.bpm !== null; // the tempo is another machine's
    return html`<div class="jam-transport">
      <button type="button" class="jam-go ${player.running ? "" : "primary"}" @click=${this.toggle}>
        ${icon(player.running ? "stop" : "start")}${player.running ? "Stop" : player.going ? "Go on" : "Count in"}
      </button>
      <div class="jam-tempo">
        <label>Tempo<input type="number" min=${SLOWEST_BPM} max=${FASTEST_BPM} step="any" .value=${live(String(settings.bpm))}
          ?disabled=${led}
          @change=${(event: Event) => {
            const bpm = (event.target as HTMLInputElement).valueAsNumber;
            if (bpm >= SLOWEST_BPM && bpm <= FASTEST_BPM) this.set({ bpm });
            else this.requestUpdate();
          }} /></label>
        <button type="button" ?disabled=${led} @click=${(event: MouseEvent) => {
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

  private wiring(): TemplateResult {
    return wiring(this.ports, this.late, this.player.led, {
      open: () => void this.openPorts(),
      wire: (wires) => {
        this.wire(wires);
        this.remember();
      },
      late: (milliseconds) => {
        this.late = milliseconds;
        this.remember();
        this.requestUpdate();
      },
    });
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
}
