// A pad: two axes as a chart. Two canvases (the sea floor, drawn when it changes; the vessel, drawn at
// each frame) under the soundings.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import { playKey, stepOf } from "../gesture/keys";
import { playSurface, type SurfaceAxes } from "../gesture/pointers";
import type { Demonstration, Pad, Voice } from "../protocol/messages";
import { deleteDemonstrations, mute, select } from "../state/demonstrations";
import { fitOf, type State } from "../state/store";
import { announce } from "../ui/announcer";
import { View } from "../ui/app";
import { contextOf, fitCanvas, ink } from "../ui/canvas";
import { icon } from "../ui/icons";
import { ticker } from "../ui/ticker";
import { drawChart } from "./chart";
import { type Frame, frameOf, toX, toY } from "./frame";
import { Hands, type HandsOn } from "./hands";
import { drawOthers } from "./others";
import { type Axes, moveFrom, originsOf, placeSound, spoken, visit } from "./placing";
import { ReliefSurvey } from "./relief";
import { soundings } from "./soundings";
import { drawVessel } from "./vessel";
import { Wake } from "./wake";

/** Who asked for less motion has the vessel alone. */
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

@customElement("isobath-pad")
export class PadView extends View implements HandsOn {
  @property({ attribute: false }) pad!: Pad;
  @query("canvas.floor") private floor!: HTMLCanvasElement;
  @query("canvas.live") private live!: HTMLCanvasElement;
  @query(".water") private water!: HTMLElement;

  frame: Frame = frameOf(400, 400);
  private width = 400;
  private height = 400;
  private readonly wake = new Wake();
  private readonly hands = new Hands(this);
  private readonly survey = new ReliefSurvey(() => this.surveyed());
  private floorStale = true;
  private liveStale = true;
  private fingers = 0;
  private settling = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileHere(ticker.add((seconds) => this.draw(seconds)));
    this.whileHere(this.app.performer.listen(() => this.moved()));
    this.whileHere(
      this.app.performers.subscribe(() => {
        this.liveStale = true;
      }),
    );
    const themed = (): void => this.requestUpdate();
    window.addEventListener("isobath-theme", themed);
    this.whileHere(() => window.removeEventListener("isobath-theme", themed));
    const observer = new ResizeObserver(() => this.measure());
    observer.observe(this);
    this.whileHere(() => observer.disconnect());
    this.whileHere(() => this.survey.stop());
  }

  protected override firstUpdated(): void {
    this.whileHere(
      playSurface(this.water, this.app.performer, {
        axes: () => this.axesFor(this.fingers),
        plays: (event) => this.state.listen === "play" && !event.shiftKey,
        onPress: (down, event) => this.pressed(down, event),
      }),
    );
  }

  protected override updated(_: PropertyValues): void {
    this.resurvey();
    this.stale();
  }

  private get voice(): Voice | null {
    return this.state.piece?.voices[this.state.voice] ?? null;
  }

  get axes(): Axes {
    const all = this.state.piece?.axes ?? [];
    return {
      across: all.findIndex((a) => a.id === this.pad.x),
      up: all.findIndex((a) => a.id === this.pad.y),
    };
  }

  // ------------------------------------------------------------------ what the chart shows

  private measure(): void {
    const box = this.getBoundingClientRect();
    if (box.width === 0) return;
    this.width = box.width;
    this.height = box.height;
    this.frame = frameOf(box.width, box.height, ink().rem);
    this.style.setProperty("--edge", `${this.frame.left}px`);
    this.classList.toggle("tight", this.frame.left < 20);
    this.requestUpdate();
  }

  private surveyed(): void {
    this.stale();
    if (this.app.preferences.value.uncertainty) this.requestUpdate();
  }

  private stale(): void {
    this.floorStale = true;
    this.liveStale = true;
  }

  private resurvey(): void {
    const { voice, state, axes } = this;
    const model = voice === null ? undefined : state.descriptions.get(voice.model);
    // What the map leaves alone is where its slider holds it, or at the model's mean.
    const hold = voice?.shaping.hold ?? [];
    this.survey.look({
      mapping: voice === null ? null : fitOf(state, voice.id, voice.side).mapping,
      model: model ?? null,
      safety: voice?.safety ?? null,
      x: axes.across,
      y: axes.up,
      rest: this.app.performer.values,
      base: hold.length > 0 ? hold : (model?.latent.mean ?? []),
      demonstrations: (voice?.demonstrations ?? []).filter((d) => !d.muted).map((d) => d.point),
      dark: ink().dark,
      uncertainty: this.app.preferences.value.uncertainty,
    });
  }

  private moved(): void {
    this.liveStale = true;
    if ((this.state.piece?.axes.length ?? 2) <= 2 || this.settling !== 0) return;
    // Another slice of the map: axes that this pad does not show may have moved.
    this.settling = window.setTimeout(() => {
      this.settling = 0;
      this.requestUpdate();
    }, 60);
  }

  private draw(seconds: number): void {
    if (!this.isConnected || this.live === null) return;
    const { across, up } = this.axes;
    if (this.floorStale) {
      this.floorStale = false;
      fitCanvas(this.floor, this.width, this.height);
      drawChart(contextOf(this.floor), this.width, this.height, this.frame, this.survey.relief, {
        ...this.app.preferences.value,
        soundings: (this.voice?.demonstrations ?? []).map((d) => [
          d.point[across] ?? 0.5,
          d.point[up] ?? 0.5,
        ]),
      });
    }
    this.drawLive(toX(this.frame, this.heardAt(across)), toY(this.frame, this.heardAt(up)), seconds);
  }

  private drawLive(x: number, y: number, seconds: number): void {
    this.wake.add(x, y, seconds);
    const alive = this.wake.alive(seconds);
    if (!this.liveStale && !alive) return;
    this.liveStale = alive;
    fitCanvas(this.live, this.width, this.height);
    const context = contextOf(this.live);
    context.clearRect(0, 0, this.width, this.height);
    if (!calm.matches) this.wake.draw(context, seconds, ink().mark, 5);
    drawVessel(context, x, y, this.wake.heading, this.hands.pressure, ink());
    const { others } = this.app.performers;
    if (others.length === 0) return;
    const ids = this.state.piece?.axes.map((axis) => axis.id) ?? [];
    drawOthers(context, others, this.frame, this.axes, ids, ink());
    // Rings of hands that fall silent go by themselves.
    if (others.some((other) => other.axes.length > 0)) this.liveStale = true;
  }

  /** Where the sound is on an axis: the performer's, or the playing take's where no hand is. */
  private heardAt(axis: number): number {
    const { performer, meters } = this.app;
    const replaying = this.state.takes.playing !== null && meters !== null && !performer.isTouched(axis);
    return (replaying ? meters.gesture[axis] : performer.values[axis]) ?? 0.5;
  }

  // ------------------------------------------------------------------ hands

  local(event: PointerEvent): { x: number; y: number } {
    const box = this.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  changed(): void {
    this.liveStale = true;
    this.requestUpdate();
  }

  focusWater(): void {
    this.water.focus({ preventScroll: true });
  }

  /** A second finger on the same pad moves the next two axes that are left. */
  private axesFor(finger: number): SurfaceAxes {
    if (finger === 0) return this.pad;
    const others = (this.state.piece?.axes ?? []).filter((a) => a.id !== this.pad.x && a.id !== this.pad.y);
    const at = (finger - 1) * 2;
    return { x: others[at]?.id ?? null, y: others[at + 1]?.id ?? null, pressure: null };
  }

  private pressed(down: boolean, event: PointerEvent): void {
    this.fingers = Math.max(0, this.fingers + (down ? 1 : -1));
    this.hands.pressure = down && event.pointerType === "pen" ? event.pressure : 0;
    if (down) this.focusWater();
  }

  // ------------------------------------------------------------------ keyboard

  private readonly steerByKey = (event: KeyboardEvent): void => {
    const { performer } = this.app;
    const { across, up } = this.axes;
    const all = this.state.piece?.axes ?? [];
    if (playKey(performer, { x: all[across] ?? null, y: all[up] ?? null }, event.key, event.shiftKey)) {
      announce(spoken(this.state.piece, this.axes, performer.values), 350);
    } else if (event.key === "Enter") {
      placeSound(this.app, Float64Array.from(performer.values), this.axes);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  private readonly soundingByKey = (event: KeyboardEvent, d: Demonstration): void => {
    const { store } = this.app;
    const by = stepOf(event.key, event.shiftKey);
    const chosen = this.state.selection.has(d.id) ? this.state.selection : new Set([d.id]);
    if (by !== null) moveFrom(this.app, originsOf(this.app, chosen), this.axes, by.dx, by.dy);
    else if (event.key === "Delete" || event.key === "Backspace") {
      deleteDemonstrations(store, chosen);
      announce("Deleted. Undo brings it back.");
      this.focusWater();
    } else if (event.key === "m" || event.key === "M") mute(store, chosen, !d.muted);
    else if (event.key === "Enter" || event.key === " ") {
      select(store, [d.id], event.shiftKey ? "toggle" : "only");
      visit(this.app, d.id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  // ------------------------------------------------------------------ markup

  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece !== previous.piece ||
      state.fits !== previous.fits ||
      state.selection !== previous.selection ||
      state.listen !== previous.listen ||
      state.voice !== previous.voice ||
      state.descriptions !== previous.descriptions
    );
  }

  protected override render(): TemplateResult {
    const { voice, axes, hands } = this;
    const all = this.state.piece?.axes ?? [];
    const [x, y] = [all[axes.across]?.name ?? "across", all[axes.up]?.name ?? "up"];
    const exploring = this.state.listen === "explore";
    return html`
      <canvas class="floor" aria-hidden="true"></canvas>
      <canvas class="live" aria-hidden="true"></canvas>
      <div
        class="water ${exploring ? "placing" : ""}"
        tabindex="0"
        role="application"
        aria-roledescription="playing surface"
        aria-label="Surface of ${x} and ${y}"
        aria-describedby="surface-keys dangers"
        @pointerdown=${hands.down}
        @pointermove=${hands.move}
        @pointerup=${hands.up}
        @pointercancel=${hands.up}
        @pointerleave=${hands.leave}
        @keydown=${this.steerByKey}
        @contextmenu=${(e: Event) => e.preventDefault()}
      ></div>
      <span class="axis-name across" aria-hidden="true">${x}</span>
      <span class="axis-name up" aria-hidden="true">${y}</span>
      ${this.buoy()}
      ${soundings(voice?.demonstrations ?? [], {
        frame: this.frame,
        axes,
        rem: 16 * ink().rem,
        here: this.app.performer.values,
        selection: this.state.selection,
        errors: voice === null ? new Map() : fitOf(this.state, voice.id, voice.side).errors,
        grab: (event, d) => hands.grab(event, d),
        move: hands.move,
        up: hands.up,
        key: this.soundingByKey,
        focus: (d) => {
          if (!hands.busy && !this.state.selection.has(d.id)) select(this.app.store, [d.id]);
        },
      })}
      ${hands.held !== null && exploring ? html`<span class="ghost" style=${styleMap(at(hands.held))}></span>` : nothing}
      ${
        hands.box === null
          ? nothing
          : html`<span
            class="marquee"
            style=${styleMap({
              ...at({ x: hands.box.left, y: hands.box.top }),
              width: `${hands.box.width}px`,
              height: `${hands.box.height}px`,
            })}
          ></span>`
      }
    `;
  }

  /** "Demonstrate here next", on request. */
  private buoy(): unknown {
    const next = this.survey.relief?.next ?? null;
    if (next === null || !this.app.preferences.value.uncertainty) return nothing;
    const place = { x: toX(this.frame, next.x), y: toY(this.frame, next.y) };
    const flip = place.x > this.frame.left + this.frame.width - 11 * 16 * ink().rem;
    return html`<span class="buoy ${flip ? "flip" : ""}" style=${styleMap(at(place))}>${icon("flag")}<span>demonstrate here next</span></span>`;
  }
}

function at({ x, y }: { x: number; y: number }): { transform: string } {
  return { transform: `translate(${x}px, ${y}px)` };
}
