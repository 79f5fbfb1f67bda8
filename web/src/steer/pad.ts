// A pad: two axes as a chart. Two canvases (the sea floor, drawn when it changes; the vessel, drawn at
// each frame) under the soundings, which are buttons so that anybody can reach them.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { styleMap } from "lit/directives/style-map.js";
import { playKey, stepOf } from "../gesture/keys";
import { playSurface, type SurfaceAxes } from "../gesture/pointers";
import type { Demonstration, Pad, Voice } from "../protocol/messages";
import {
  addDemonstration,
  deleteDemonstrations,
  moveDemonstrations,
  mute,
  select,
} from "../state/demonstrations";
import { currentLatent, listen } from "../state/explore";
import { fitOf, type State } from "../state/store";
import { announce } from "../ui/announcer";
import { View } from "../ui/app";
import { contextOf, fitCanvas, ink } from "../ui/canvas";
import { icon } from "../ui/icons";
import { ticker } from "../ui/ticker";
import { drawChart } from "./chart";
import { type Frame, frameOf, fromX, fromY, toX, toY } from "./frame";
import { type Relief, ReliefSurvey } from "./relief";
import { drawVessel } from "./vessel";
import { Wake } from "./wake";

/** What a pointer does that does not play: hold a sound, move soundings, or draw a box around them. */
interface Drag {
  readonly kind: "place" | "move" | "marquee";
  readonly startX: number;
  readonly startY: number;
  /** For "move": where each moved demonstration was. */
  readonly origins: ReadonlyMap<string, readonly number[]>;
  readonly grabbed: string | null;
  moved: boolean;
}

@customElement("isobath-pad")
export class PadView extends View {
  @property({ attribute: false }) pad!: Pad;
  @property({ type: Number }) index = 0;
  @state() private hand: { x: number; y: number } | null = null;
  @state() private marquee: { left: number; top: number; width: number; height: number } | null = null;
  @query("canvas.floor") private floor!: HTMLCanvasElement;
  @query("canvas.live") private live!: HTMLCanvasElement;
  @query(".water") private water!: HTMLElement;

  private frame: Frame = frameOf(400, 400);
  private width = 400;
  private height = 400;
  private readonly wake = new Wake();
  private readonly drags = new Map<number, Drag>();
  private readonly survey = new ReliefSurvey(() => this.surveyed());
  private floorStale = true;
  private liveStale = true;
  private pressure = 0;
  private fingers = 0;
  private settling = 0;
  private observer: ResizeObserver | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileHere(ticker.add((seconds) => this.draw(seconds)));
    this.whileHere(this.app.performer.listen(() => this.moved()));
    this.whileHere(this.app.preferences.subscribe(() => this.stale()));
    const themed = () => {
      this.resurvey();
      this.stale();
    };
    window.addEventListener("isobath-theme", themed);
    this.whileHere(() => window.removeEventListener("isobath-theme", themed));
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(this);
    this.whileHere(() => this.observer?.disconnect());
    this.whileHere(() => this.survey.stop());
  }

  protected override firstUpdated(): void {
    this.measure();
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

  private get relief(): Relief | null {
    return this.survey.relief;
  }

  private axis(id: string | null): number {
    return id === null ? -1 : (this.state.piece?.axes.findIndex((a) => a.id === id) ?? -1);
  }

  private get across(): number {
    return this.axis(this.pad.x);
  }
  private get up(): number {
    return this.axis(this.pad.y);
  }

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
    const voice = this.voice;
    const state = this.state;
    const model = voice === null ? undefined : state.descriptions.get(voice.model);
    const mapping = voice === null ? null : fitOf(state, voice.id, voice.side).mapping;
    this.survey.look({
      mapping,
      model: model ?? null,
      x: this.across,
      y: this.up,
      rest: this.app.performer.values,
      base: voice === null ? [] : this.base(voice, model?.latent.mean ?? []),
      demonstrations: (voice?.demonstrations ?? []).filter((d) => !d.muted).map((d) => d.point),
      dark: ink().dark,
      uncertainty: this.app.preferences.value.uncertainty,
    });
  }

  /** What the map leaves alone is where its slider holds it, or at the model's mean. */
  private base(voice: Voice, mean: readonly number[]): readonly number[] {
    return voice.shaping.hold.length > 0 ? voice.shaping.hold : mean;
  }

  private moved(): void {
    this.liveStale = true;
    if ((this.state.piece?.axes.length ?? 2) <= 2 || this.settling !== 0) return;
    // Another slice of the map: the other axes of this pad have moved.
    this.settling = window.setTimeout(() => {
      this.settling = 0;
      this.requestUpdate();
    }, 60);
  }

  // ------------------------------------------------------------------ drawing

  private draw(seconds: number): void {
    if (!this.isConnected || this.live === null) return;
    if (this.floorStale) {
      this.floorStale = false;
      fitCanvas(this.floor, this.width, this.height);
      drawChart(contextOf(this.floor), this.width, this.height, this.frame, this.relief, {
        ...this.app.preferences.value,
        soundings: (this.voice?.demonstrations ?? []).map(
          (d) => [d.point[this.across] ?? 0.5, d.point[this.up] ?? 0.5] as const,
        ),
      });
    }
    const x = toX(this.frame, this.heardAt(this.across));
    const y = toY(this.frame, this.heardAt(this.up));
    this.wake.add(x, y, seconds);
    const alive = this.wake.alive(seconds);
    if (!this.liveStale && !alive) return;
    this.liveStale = alive;
    fitCanvas(this.live, this.width, this.height);
    const context = contextOf(this.live);
    context.clearRect(0, 0, this.width, this.height);
    const colours = ink();
    this.wake.draw(context, seconds, colours.mark, 5);
    drawVessel(context, x, y, this.wake.heading, this.pressure, {
      hull: colours.mark,
      edge: colours.raised,
      halo: colours.dark ? "rgb(0 0 0 / 0.55)" : "rgb(255 255 255 / 0.75)",
    });
  }

  /** Where the sound is on an axis: the performer's, or the playing take's where no hand is. */
  private heardAt(axis: number): number {
    const { performer, meters } = this.app;
    const replaying = this.state.takes.playing !== null && meters !== null && !performer.isTouched(axis);
    return (replaying ? meters.gesture[axis] : performer.values[axis]) ?? 0.5;
  }

  // ------------------------------------------------------------------ pointer

  private local(event: PointerEvent): { x: number; y: number } {
    const box = this.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
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
    if (down) this.water.focus({ preventScroll: true });
    else this.pressure = 0;
    this.pressure = down && event.pointerType === "pen" ? event.pressure : 0;
  }

  private readonly down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const playing = this.state.listen === "play" && !event.shiftKey;
    if (playing) return;
    const { x, y } = this.local(event);
    const kind = event.shiftKey ? "marquee" : "place";
    this.drags.set(event.pointerId, {
      kind,
      startX: x,
      startY: y,
      origins: new Map(),
      grabbed: null,
      moved: false,
    });
    this.capture(event);
    if (kind === "place") this.hand = { x, y };
    this.water.focus({ preventScroll: true });
    event.preventDefault();
  };

  private capture(event: PointerEvent): void {
    try {
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    } catch {
      // The pointer is gone already; its "up" will never come, and nothing is lost.
    }
  }

  private readonly move = (event: PointerEvent): void => {
    const drag = this.drags.get(event.pointerId);
    const { x, y } = this.local(event);
    if (drag === undefined) {
      if (event.pointerType === "pen") this.pressure = event.pressure;
      if (event.pointerType === "mouse" && event.buttons === 0) this.hovered(x, y);
      return;
    }
    if (!drag.moved && Math.hypot(x - drag.startX, y - drag.startY) < 4) return;
    drag.moved = true;
    if (drag.kind === "place") this.hand = { x, y };
    else if (drag.kind === "marquee") this.stretch(drag, x, y);
    else this.shift(drag, x, y);
  };

  private hovered(x: number, y: number): void {
    if (this.state.listen === "explore") this.hand = { x, y };
    else if (this.app.preferences.value.hover)
      this.app.performer.set2(this.pad.x, fromX(this.frame, x), this.pad.y, fromY(this.frame, y));
  }

  private readonly left = (): void => {
    if (this.drags.size === 0) this.hand = null;
  };

  private readonly released = (event: PointerEvent): void => {
    const drag = this.drags.get(event.pointerId);
    this.drags.delete(event.pointerId);
    if (drag === undefined) return;
    const { x, y } = this.local(event);
    if (drag.kind === "place" && event.type === "pointerup") this.placeAt(x, y);
    else if (drag.kind === "marquee") this.choose(event);
    else if (drag.kind === "move" && !drag.moved && drag.grabbed !== null) this.visit(drag.grabbed);
    this.liveStale = true;
  };

  private stretch(drag: Drag, x: number, y: number): void {
    this.marquee = {
      left: Math.min(x, drag.startX),
      top: Math.min(y, drag.startY),
      width: Math.abs(x - drag.startX),
      height: Math.abs(y - drag.startY),
    };
  }

  private choose(event: PointerEvent): void {
    const box = this.marquee;
    this.marquee = null;
    if (box === null) return;
    const inside = (this.voice?.demonstrations ?? []).filter((d) => {
      const x = toX(this.frame, d.point[this.across] ?? 0.5);
      const y = toY(this.frame, d.point[this.up] ?? 0.5);
      return x >= box.left && x <= box.left + box.width && y >= box.top && y <= box.top + box.height;
    });
    select(
      this.app.store,
      inside.map((d) => d.id),
      event.ctrlKey || event.metaKey ? "add" : "only",
    );
    announce(`${inside.length} ${inside.length === 1 ? "demonstration" : "demonstrations"} selected.`);
  }

  // ------------------------------------------------------------------ demonstrations

  private placeAt(x: number, y: number): void {
    this.hand = null;
    const point = Float64Array.from(this.app.performer.values);
    if (this.across >= 0) point[this.across] = fromX(this.frame, x);
    if (this.up >= 0) point[this.up] = fromY(this.frame, y);
    this.placeSound(point);
  }

  /** The sound in hand or, while playing, the sound that is heard, becomes a demonstration here. */
  private placeSound(point: Float64Array): void {
    const { store, performer, meters } = this.app;
    const exploring = this.state.listen === "explore";
    const heard = meters === null ? null : Array.from(meters.latent);
    const latent = exploring ? currentLatent(store) : heard;
    const id = addDemonstration(store, point, latent === null ? {} : { latent });
    if (id === null) return;
    performer.setAll(point);
    listen(store, "play");
    const count = this.voice?.demonstrations.length ?? 0;
    announce(`Demonstration ${count} placed at ${this.spoken(point)}.`);
    this.dispatchEvent(new CustomEvent("placed", { detail: id, bubbles: true }));
  }

  private spoken(point: ArrayLike<number>): string {
    const piece = this.state.piece;
    const name = (i: number) => piece?.axes[i]?.name ?? "axis";
    const value = (i: number) => Math.round((point[i] ?? 0.5) * 100);
    return `${name(this.across)} ${value(this.across)}, ${name(this.up)} ${value(this.up)}`;
  }

  /** Go there and hear it. */
  private visit(id: string): void {
    const found = this.voice?.demonstrations.find((d) => d.id === id);
    if (found === undefined) return;
    listen(this.app.store, "play");
    this.app.performer.setAll(found.point);
  }

  private grab(event: PointerEvent, demonstration: Demonstration): void {
    if (event.button !== 0 && event.pointerType === "mouse") return;
    event.stopPropagation();
    const { x, y } = this.local(event);
    const several = event.shiftKey || event.ctrlKey || event.metaKey;
    if (several) {
      select(this.app.store, [demonstration.id], "toggle");
      return;
    }
    if (!this.state.selection.has(demonstration.id)) select(this.app.store, [demonstration.id]);
    const chosen = this.app.store.state.selection;
    const origins = new Map(
      (this.voice?.demonstrations ?? []).filter((d) => chosen.has(d.id)).map((d) => [d.id, d.point]),
    );
    this.drags.set(event.pointerId, {
      kind: "move",
      startX: x,
      startY: y,
      origins,
      grabbed: demonstration.id,
      moved: false,
    });
    this.capture(event);
  }

  private shift(drag: Drag, x: number, y: number): void {
    this.moveBy(drag.origins, (x - drag.startX) / this.frame.width, (drag.startY - y) / this.frame.height);
  }

  private moveBy(origins: ReadonlyMap<string, readonly number[]>, across: number, up: number): void {
    const points = new Map<string, number[]>();
    for (const [id, origin] of origins) {
      const point = [...origin];
      if (this.across >= 0) point[this.across] = (origin[this.across] ?? 0.5) + across;
      if (this.up >= 0) point[this.up] = (origin[this.up] ?? 0.5) + up;
      points.set(id, point);
    }
    if (points.size > 0) moveDemonstrations(this.app.store, points);
  }

  // ------------------------------------------------------------------ keyboard

  private readonly steerByKey = (event: KeyboardEvent): void => {
    const { performer } = this.app;
    const axes = this.state.piece?.axes ?? [];
    const pair = { x: axes[this.across] ?? null, y: axes[this.up] ?? null };
    if (playKey(performer, pair, event.key, event.shiftKey)) {
      announce(this.spoken(performer.values), 350);
    } else if (event.key === "Enter") {
      this.placeSound(Float64Array.from(performer.values));
    } else if (event.key === "Escape" && this.state.listen === "explore") {
      listen(this.app.store, "play");
      announce("The sound is put down; the map plays.");
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  private soundingByKey(event: KeyboardEvent, demonstration: Demonstration): void {
    const by = stepOf(event.key, event.shiftKey);
    const chosen = this.state.selection.has(demonstration.id)
      ? this.state.selection
      : new Set([demonstration.id]);
    if (by !== null) {
      const all = this.voice?.demonstrations ?? [];
      this.moveBy(new Map(all.filter((d) => chosen.has(d.id)).map((d) => [d.id, d.point])), by.dx, by.dy);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      deleteDemonstrations(this.app.store, chosen);
      announce("Deleted. Undo brings it back.");
      this.water.focus();
    } else if (event.key === "m" || event.key === "M") {
      mute(this.app.store, chosen, !demonstration.muted);
    } else if (event.key === "Enter" || event.key === " ") {
      select(this.app.store, [demonstration.id], event.shiftKey ? "toggle" : "only");
      this.visit(demonstration.id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

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
    const voice = this.voice;
    const piece = this.state.piece;
    const names = {
      x: piece?.axes[this.across]?.name ?? "across",
      y: piece?.axes[this.up]?.name ?? "up",
    };
    const errors =
      voice === null ? new Map<string, number>() : fitOf(this.state, voice.id, voice.side).errors;
    const next = this.app.preferences.value.uncertainty ? (this.relief?.next ?? null) : null;
    return html`
      <canvas class="floor" aria-hidden="true"></canvas>
      <canvas class="live" aria-hidden="true"></canvas>
      <div
        class="water ${this.state.listen === "explore" ? "placing" : ""}"
        tabindex="0"
        role="application"
        aria-roledescription="playing surface"
        aria-label="Surface of ${names.x} and ${names.y}"
        aria-describedby="surface-keys"
        @pointerdown=${this.down}
        @pointermove=${this.move}
        @pointerup=${this.released}
        @pointercancel=${this.released}
        @pointerleave=${this.left}
        @keydown=${this.steerByKey}
        @contextmenu=${(e: Event) => e.preventDefault()}
      ></div>
      <span class="axis-name across" aria-hidden="true">${names.x}</span>
      <span class="axis-name up" aria-hidden="true">${names.y}</span>
      ${next === null ? nothing : this.buoy(next)}
      <ul class="soundings" aria-label="Demonstrations on the surface">
        ${repeat(
          voice?.demonstrations ?? [],
          (d) => d.id,
          (d, i) => this.sounding(d, i, errors.get(d.id) ?? null),
        )}
      </ul>
      ${
        this.hand !== null && this.state.listen === "explore"
          ? html`<span class="ghost" style=${styleMap({ transform: `translate(${this.hand.x}px, ${this.hand.y}px)` })}></span>`
          : nothing
      }
      ${
        this.marquee === null
          ? nothing
          : html`<span
            class="marquee"
            style=${styleMap(Object.fromEntries(Object.entries(this.marquee).map(([k, v]) => [k, `${v}px`])))}
          ></span>`
      }
    `;
  }

  private sounding(d: Demonstration, index: number, error: number | null): TemplateResult {
    const x = toX(this.frame, d.point[this.across] ?? 0.5);
    const y = toY(this.frame, d.point[this.up] ?? 0.5);
    const selected = this.state.selection.has(d.id);
    const near = this.nearness(d);
    const label = d.label === "" ? `${index + 1}` : d.label;
    const missed = error !== null && error >= 0.05 && !d.muted;
    const classes = [
      "sounding",
      selected ? "selected" : "",
      near < 0.62 && !selected ? "far" : "",
      d.muted ? "muted" : "",
      x + 16 + 8 * label.length > this.width - 6 ? "flip" : "",
    ].join(" ");
    return html`<li
      style=${styleMap({
        transform: `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`,
        opacity: near.toFixed(2),
      })}
    >
      <button
        class=${classes}
        style=${styleMap({ "--colour": d.colour, "--size": `${(0.8 + 0.25 * Math.min(4, d.weight)).toFixed(2)}` })}
        aria-label="Demonstration ${index + 1}${d.label === "" ? "" : `, ${d.label}`}${d.muted ? ", muted" : ""}${
          missed ? `, missed by ${error.toFixed(2)} standard deviations` : ""
        }"
        aria-pressed=${selected ? "true" : "false"}
        @pointerdown=${(e: PointerEvent) => this.grab(e, d)}
        @pointermove=${this.move}
        @pointerup=${this.released}
        @pointercancel=${this.released}
        @keydown=${(e: KeyboardEvent) => this.soundingByKey(e, d)}
        @focus=${() => {
          if (this.drags.size === 0 && !this.state.selection.has(d.id)) select(this.app.store, [d.id]);
        }}
      >
        <span class="dot"></span>
        <span class="label">${label}${missed ? html`<sub>${error.toFixed(2).slice(error < 1 ? 1 : 0)}</sub>` : nothing}</span>
      </button>
    </li>`;
  }

  /** Soundings far away on the axes that this pad does not show are fainter. */
  private nearness(d: Demonstration): number {
    const { values } = this.app.performer;
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      if (i !== this.across && i !== this.up) sum += ((d.point[i] ?? 0.5) - values[i]!) ** 2;
    }
    return 0.4 + 0.6 * Math.exp(-sum / 0.18);
  }

  private buoy(next: { x: number; y: number }): TemplateResult {
    const x = toX(this.frame, next.x);
    const y = toY(this.frame, next.y);
    return html`<span class="buoy" style=${styleMap({ transform: `translate(${x}px, ${y}px)` })}>
      ${icon("flag")}<span>demonstrate here next</span>
    </span>`;
  }
}
