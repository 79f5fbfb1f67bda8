// Walk: the performance space as a place. The instrument sounds; the walker's position is the gesture.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { keyed } from "lit/directives/keyed.js";
import type { Voice, World } from "../protocol/messages";
import { addDemonstration } from "../state/demonstrations";
import { listen } from "../state/explore";
import { fitOf, type State } from "../state/store";
import { addLandmark } from "../state/world";
import { heardLatent } from "../steer/heard";
import { announce } from "../ui/announcer";
import { View } from "../ui/app";
import { icon } from "../ui/icons";
import { notices } from "../ui/notices";
import { ticker } from "../ui/ticker";
import { recordTake, stopTakes } from "../ui/transport";
import { Beacons } from "./beacons";
import { beginning, unmade } from "./beginning";
import { areasAt, around, Caption } from "./captions";
import { Editing } from "./editing";
import { clockOfDay, cycleValue, eachZone, type Visits } from "./events";
import { Hands } from "./hands";
import { Landing } from "./landing";
import { Outside } from "./outside";
import { placesPanel } from "./places-panel";
import { Plan } from "./plan";
import { eachAxis, type Pose, startOf, takePose } from "./pose";
import { recall, recallSite, remember, rememberSite } from "./remembering";
import { WorldScene } from "./scene";
import { SharedWalk } from "./shared-walk";
import { Standing } from "./standing";
import { type Bearing, bearings, type Spot, whereabouts } from "./telling";
import { Together } from "./together";
import { Walker } from "./walker";
import "../styles/walk.css";

const TELL_SECONDS = 0.25;

type Panels = typeof import("./panels");

@customElement("isobath-walk")
export class WalkView extends View {
  @query("canvas.world") private canvas!: HTMLCanvasElement | null;
  @query(".walk-where") private where!: HTMLElement | null;
  @state() private failure: string | null = null;
  /** A canvas whose context was given back draws no more: the next visit has another. */
  @state() private sight = 0;
  @query("canvas.plan") private planCanvas!: HTMLCanvasElement | null;
  @state() private listed = false;
  /** The world's own panel is open. */
  @state() private building = false;
  /** The plan is shown: by choice, or where there is nothing else. */
  @state() private planned = false;
  /** The panel for walking outside is open. */
  @state() private setsOut = false;
  @state() private standsAt = "start";
  /** Where the person is on Earth. */
  readonly outside = new Outside(() => this.wandered());
  @query(".walker-names") private names!: HTMLElement | null;
  /** The list of walkers is open. */
  @state() private gathered = false;
  /** What is opened now and then: fetched with the first of them, for a walker may never want any. */
  @state() private panels: Panels | null = null;
  /** Others who walk here; for the tests, too. */
  together!: Together;
  /** The walker; for the tests, and for whoever stands at the console. */
  walker: Walker | null = null;
  /** Script time of the last frames, in milliseconds (a moving mean). */
  frameMs = 0;
  private readonly plan = new Plan();
  private readonly shared = new SharedWalk(() => this.app);
  private readonly beacons = new Beacons();
  private readonly caption = new Caption();
  private landing: Landing | null = null;
  private visits: Visits | null = null;
  /** Seconds walked so far. */
  private walked = 0;
  /** The piece that this walker, and what it remembers, are of. */
  private walkedIn: string | null = null;
  private readonly editing = new Editing(
    () => this.app,
    () => this.requestUpdate(),
  );
  private scene: WorldScene | null = null;
  /** The canvas that hands and scene are of. */
  private surface: HTMLCanvasElement | null = null;
  private hands: Hands | null = null;
  private readonly standing = new Standing(
    () => this.app,
    () => this.show(),
  );
  private last = 0;
  private toldAt = 0;
  private drawn: World | null = null;

  private get world(): World | null {
    return this.state.piece?.world ?? null;
  }

  private get voice(): Voice | null {
    return this.state.piece?.voices[this.state.voice] ?? null;
  }

  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece !== previous.piece ||
      state.fits !== previous.fits ||
      state.takes !== previous.takes ||
      state.selection !== previous.selection ||
      state.descriptions !== previous.descriptions ||
      state.notice !== previous.notice ||
      state.connection !== previous.connection
    );
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
    this.whileHere(ticker.add((seconds) => this.frame(seconds)));
    const sounding = () => {
      this.requestUpdate();
      void this.shared.walkAlong();
    };
    for (const name of ["state", "input"]) {
      this.app.instrument.addEventListener(name, sounding);
      this.whileHere(() => this.app.instrument.removeEventListener(name, sounding));
    }
    const keys = (event: KeyboardEvent) => this.key(event);
    this.addEventListener("keydown", keys);
    this.whileHere(() => this.removeEventListener("keydown", keys));
    listen(this.app.store, "play");
    this.landing = new Landing(
      this.app.store,
      (survey) => this.app.link.surveyLand(survey),
      () => this.requestUpdate(),
    );
    this.app.link.land = (answer) => this.landing?.answered(answer);
    this.together = new Together(this.app, () => this.requestUpdate());
    this.app.link.roomed = () => this.together.attend();
  }

  override disconnectedCallback(): void {
    this.leavePiece();
    this.beacons.stop();
    this.outside.end();
    this.app.performer.pose = [];
    this.app.link.roomed = () => {};
    this.together.stop();
    this.shut();
    this.standing.stop();
    this.landing?.stop();
    this.landing = null;
    this.sight += 1;
    super.disconnectedCallback();
  }

  /** What belongs to the piece that was walked in is kept, and forgotten here. */
  private leavePiece(): void {
    if (this.visits !== null && this.walkedIn !== null)
      remember(this.walkedIn, this.visits, Date.now() / 1000);
    this.visits = this.walker = this.walkedIn = null;
    this.walked = 0;
    this.standsAt = "start";
    this.editing.choose(null);
  }

  /** The canvas is another one, or there is none. */
  private shut(): void {
    this.hands?.stop();
    this.scene?.dispose();
    this.hands = this.scene = this.surface = this.drawn = null;
    this.sized = "";
  }

  protected override updated(): void {
    if (!this.isConnected) return;
    const { world, canvas } = this;
    if (this.surface !== null && this.surface !== canvas) this.shut();
    const { piece } = this.state;
    if (piece !== null && this.walkedIn !== null && this.walkedIn !== piece.id) this.leavePiece();
    if (world === null || canvas === null) return;
    this.together.attend();
    if (this.walker === null) this.begin(world);
    if (this.surface === null) this.open(canvas);
    this.standing.look(world);
    if (world !== this.drawn) this.redraw(world);
    this.scene?.setStones(this.standing.stones);
    const held = this.editing.inHand;
    this.scene?.choose(held === null ? null : { ...held, thing: this.standing.on(world, [held.thing])[0]! });
  }

  // ------------------------------------------------------------------ the world as it is drawn

  private begin(world: World): void {
    this.walkedIn = this.state.piece!.id;
    const walker = new Walker(world);
    walker.ground = (x, z) => this.standing.height(this.world ?? world, x, z);
    walker.flies = world.flying && world.axes.y !== null;
    if (world.memory !== null) this.visits = recall(this.state.piece!.id, world.memory, Date.now() / 1000);
    this.walker = walker;
    this.outside.settle(recallSite(this.state.piece!.id) ?? world.site);
    const { performer } = this.app;
    // A piece that is being played goes on from where it is.
    if (this.state.takes.playing !== null)
      takePose(world, (axis) => (performer.indexOf(axis) < 0 ? null : performer.at(axis)), walker.pose);
  }

  private open(canvas: HTMLCanvasElement): void {
    this.surface = canvas;
    this.hands = new Hands(canvas, {
      look: (turn, tilt) => this.walker?.look(turn, tilt),
      nudge: (event) => this.walker !== null && this.editing.nudge(event, this.walker.pose),
      grab: (event) => this.atHand((scene, pose) => this.editing.press(event, scene, pose)) ?? false,
      drag: (event) => this.atHand((scene, pose) => this.editing.drag(event, scene, pose)),
      release: (event, from) => this.atHand((scene) => this.editing.release(event, from, scene)),
    });
    try {
      this.scene = new WorldScene(canvas);
    } catch {
      this.planned = true;
      this.failure = "This browser draws no 3-D here; the world is shown as a plan, and sounds the same.";
    }
    canvas.focus({ preventScroll: true });
  }

  private atHand<T>(act: (scene: WorldScene, pose: Pose) => T): T | undefined {
    return this.scene === null || this.walker === null ? undefined : act(this.scene, this.walker.pose);
  }

  private redraw(world: World): void {
    this.drawn = world;
    this.scene?.setAir(world);
    this.show();
  }

  private show(): void {
    const { world, scene, standing } = this;
    if (world === null || scene === null) return;
    standing.show(world, scene);
    scene.setStones(standing.stones);
  }

  private spots(world: World): Spot[] {
    return [...this.standing.spots(world), ...this.together.spots()];
  }

  // ------------------------------------------------------------------ walking

  private frame(seconds: number): void {
    const { walker, world, canvas } = this;
    if (walker === null || world === null || canvas === null) return;
    const began = performance.now();
    const passed = this.last === 0 ? 0 : seconds - this.last;
    this.last = seconds;
    const walking = this.hands?.now();
    if (walking !== undefined && this.following(walker, world, walking)) {
      walker.step(world, this.outside.on ? { ...walking, forward: 0, right: 0 } : walking, passed);
      this.outside.carry(walker.pose, world, passed);
      this.steer(world, walker.pose);
      this.happen(world, walker.pose, passed);
    }
    this.together.frame(world, walker.pose, seconds, passed);
    const scale = canvas.clientWidth;
    if (scale > 0 && this.scene !== null) {
      if (this.sized !== `${canvas.clientWidth}x${canvas.clientHeight}`) {
        this.sized = `${canvas.clientWidth}x${canvas.clientHeight}`;
        this.scene.resize(canvas.clientWidth, canvas.clientHeight);
      }
      this.together.draw(this.scene, this.names, walker, seconds);
      this.scene.draw(walker.pose);
    }
    if (this.planned && this.planCanvas !== null)
      this.plan.draw(this.planCanvas, {
        world,
        land: this.standing.land,
        stones: this.standing.stones,
        pose: walker.pose,
        ...this.wanderings(),
        others: this.together.marks(),
      });
    this.frameMs += (performance.now() - began - this.frameMs) * 0.05;
    if (this.app.instrument.state === "running" && !this.app.silent)
      this.beacons.sound(this.standing.landmarks, walker.pose, seconds);
    if (seconds - this.toldAt > TELL_SECONDS) {
      this.toldAt = seconds;
      this.showWhere(world, walker.pose, seconds);
    }
  }
  private sized = "";

  /** While a take plays, the walker is carried along, until a hand takes over. */
  private following(
    walker: Walker,
    world: World,
    wish: { forward: number; right: number; up: number },
  ): boolean {
    const replaying = this.state.takes.playing !== null && this.state.takes.recording === null;
    if (!replaying || wish.forward !== 0 || wish.right !== 0 || wish.up !== 0) return true;
    const { meters, performer } = this.app;
    if (meters !== null)
      takePose(
        world,
        (axis) => {
          const index = performer.indexOf(axis);
          return index < 0 ? null : (meters.gesture[index] ?? null);
        },
        walker.pose,
      );
    return false;
  }

  // ------------------------------------------------------------------ outside

  /** Where the person is has changed, or what is known of it. */
  private wandered(): void {
    const { outside, state } = this;
    if (this.walker !== null && state.piece !== null && state.piece.id === this.walkedIn) {
      const { site } = outside;
      rememberSite(
        state.piece.id,
        JSON.stringify(site) === JSON.stringify(state.piece.world?.site) ? null : site,
      );
    }
    // Nobody draws a page that is in a pocket; the walk goes on.
    if (document.hidden) this.frame(performance.now() / 1000);
    if (outside.state === "here" && !this.planned && !this.mapped) this.planned = this.mapped = true;
    this.requestUpdate();
  }
  private mapped = false;

  private wanderings(): { trail?: readonly number[]; accuracy?: number | null } {
    const { outside } = this;
    if (!outside.on) return {};
    const sure = outside.accuracy();
    const scale = outside.site?.scale ?? 1;
    return { trail: outside.trail, accuracy: sure === null || outside.site === null ? null : sure * scale };
  }

  private toggleOutside(): void {
    this.setsOut = !this.setsOut;
    if (this.setsOut) this.building = false;
    else this.canvas?.focus();
  }

  private outsidePanel(world: World, { outsidePanel }: Panels): TemplateResult {
    return outsidePanel({
      app: this.app,
      world,
      voice: this.voice,
      outside: this.outside,
      spots: this.spots(world),
      chosen: this.standsAt,
      choose: (id) => {
        this.standsAt = id;
      },
      close: () => this.toggleOutside(),
    });
  }

  private steer(world: World, pose: Pose): void {
    const { performer } = this.app;
    eachAxis(world, pose, (axis, value) => performer.set(axis, value));
    performer.pose = [pose.x, pose.y, pose.z, pose.azimuth, pose.elevation];
  }

  /** What moves axes besides the walker: time, zones, and what the ground remembers. */
  private happen(world: World, pose: Pose, passed: number): void {
    const { performer } = this.app;
    this.walked += passed;
    const now = Date.now() / 1000;
    for (const cycle of world.cycles) {
      const value = cycleValue(cycle, this.walked, clockOfDay(new Date()));
      performer.set(cycle.axis, value);
      if (cycle.light) this.scene?.setLight(value);
    }
    if (world.zones.length > 0) {
      const rest = (axis: string): number =>
        this.state.piece?.axes.find((each) => each.id === axis)?.rest ?? 0.5;
      eachZone(this.standing.zones, pose, rest, (axis, value) => performer.set(axis, value));
    }
    if (world.memory !== null && this.visits !== null) {
      this.visits.stand(pose, passed, now);
      performer.set(world.memory.axis, this.visits.at(pose.x, pose.z, now));
    }
  }

  /** What is near: shown, and said where that is wished for. */
  private showWhere(world: World, pose: Pose, seconds: number): void {
    if (this.where === null) return;
    const areas = areasAt(this.standing.zones, this.standing.on(world, world.boxes), pose);
    const near = around(world, pose, bearings(this.spots(world), pose)[0], areas);
    if (this.where.textContent !== near.line) this.where.textContent = near.line;
    const said = this.app.preferences.value.sayNear ? this.caption.next(near, seconds) : null;
    if (said !== null) announce(said);
  }

  // ------------------------------------------------------------------ by hand

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    const typing = (event.target as HTMLElement).closest("input, select, textarea, dialog") !== null;
    if (typing && event.key !== "Escape") return;
    const acts: Record<string, () => void> = {
      Escape: () => this.leaveWalk(),
      Enter: () => this.demonstrate(),
      l: () => this.mark(),
      f: () => this.toggleFlight(),
      Home: () => this.goHome(),
      i: () => this.sayWhere(),
      o: () => this.toggleList(),
      m: () => this.togglePlan(),
      g: () => this.toggleBuilding(),
      u: () => this.toggleOutside(),
      t: () => this.toggleCompany(),
      h: () => this.takeNext(),
      " ": () => this.turnBack(),
      Delete: () => this.editing.delete(),
      Backspace: () => this.editing.delete(),
      "+": () => this.editing.scale(1.1),
      "-": () => this.editing.scale(1 / 1.1),
    };
    const act = acts[event.key];
    if ((event.key === "Enter" || event.key === " ") && event.target !== this.canvas) return;
    // The surface's own keys mean nothing here, but for the recording ones and silence.
    if (act === undefined) {
      if (event.key.length === 1 && !".rRs?".includes(event.key)) event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  private leaveWalk(): void {
    if (this.editing.chosen !== null) this.editing.choose(null);
    else if (this.building) this.toggleBuilding();
    else if (this.setsOut) this.toggleOutside();
    else if (this.listed) this.toggleList();
    else if (this.gathered) this.toggleCompany();
    else location.hash = "";
  }

  /** Drop a demonstration where you stand: this place should sound like what is heard, or is in hand. */
  private demonstrate(): void {
    const { store, performer } = this.app;
    const { voice } = this;
    if (voice === null) return;
    const latent = heardLatent(store.state, voice, performer.values);
    if (addDemonstration(store, performer.values, latent === null ? {} : { latent }) === null) return;
    listen(store, "play");
    announce(`Demonstration ${voice.demonstrations.length + 1} placed where you stand.`);
  }

  private mark(): void {
    const pose = this.walker?.pose;
    const { world } = this;
    if (pose === undefined || world === null) return;
    const label = `landmark ${world.landmarks.length + 1}`;
    const heading = 2 * Math.PI * pose.azimuth;
    const round = (metres: number): number => Math.round(10 * metres) / 10;
    const [x, z] = [round(pose.x + 3 * Math.sin(heading)), round(pose.z - 3 * Math.cos(heading))];
    const stands = world.ground.shown;
    const id = addLandmark(this.app.store, { label, stands, position: [x, stands ? 0.5 : round(pose.y), z] });
    this.editing.choose(id);
    announce(`${label} placed three metres ahead.`);
  }

  private takeNext(): void {
    if (this.walker === null) return;
    const held = this.editing.takeNext(this.walker.pose);
    announce(
      held === null ? "There is nothing to take in hand." : `${held.thing.label || held.kind} is in hand.`,
    );
  }

  private toggleFlight(): void {
    const { walker, world } = this;
    if (walker === null || world === null) return;
    if (!world.flying || world.axes.y === null) {
      announce("Nobody flies in this world.");
      return;
    }
    walker.flies = !walker.flies;
    announce(walker.flies ? "Flying." : "Walking on the ground.");
    this.requestUpdate();
  }

  private goHome(): void {
    const { walker, world } = this;
    if (walker === null || world === null) return;
    walker.goTo(startOf(world));
    this.steer(world, walker.pose);
    announce("Back where the walk began.");
  }

  private turnBack(): void {
    this.walker?.look(0.5, 0);
  }

  private sayWhere(): void {
    const { walker, world } = this;
    if (walker === null || world === null) return;
    announce(whereabouts(world, walker.pose, bearings(this.spots(world), walker.pose)));
  }

  private toggleList(): void {
    this.listed = !this.listed;
    if (!this.listed) this.canvas?.focus();
  }

  private toggleCompany(): void {
    this.gathered = !this.gathered && this.together.there;
    if (!this.gathered) this.canvas?.focus();
  }

  private toggleBuilding(): void {
    this.building = !this.building;
    if (this.building) {
      this.editing.choose(null);
      this.setsOut = false;
    } else this.canvas?.focus();
  }

  private worldPanel(world: World, { worldPanel, hingeMarks, soundMarks }: Panels): TemplateResult {
    const { voice, state, walker } = this;
    const model = voice === null ? undefined : state.descriptions.get(voice.model);
    const mapping = voice === null ? null : fitOf(state, voice.id, voice.side).mapping;
    return worldPanel({
      app: this.app,
      world,
      pose: walker?.pose ?? startOf(world),
      close: () => this.toggleBuilding(),
      here: () => this.standing.here(world, walker?.pose ?? startOf(world)),
      take: (id) => {
        this.toggleBuilding();
        this.editing.choose(id);
      },
      hinges: () => hingeMarks(world),
      sounds: () =>
        mapping === null || model === undefined
          ? []
          : soundMarks(world, mapping, model, state.piece?.axes ?? []),
    });
  }

  private togglePlan(): void {
    this.planned = !this.planned || this.failure !== null;
  }

  /** Stand before a spot, looking at it. */
  private visit({ spot }: Bearing): void {
    const { walker, world } = this;
    if (walker === null || world === null) return;
    const onTop = spot.kind === "demonstration";
    walker.goTo({ x: spot.x, z: spot.z + (onTop ? 0 : 6), y: spot.y, azimuth: 0, elevation: 0 });
    this.steer(world, walker.pose);
    this.toggleList();
    announce(`${spot.label}.`);
  }

  // ------------------------------------------------------------------ markup

  protected override render(): TemplateResult {
    const { piece } = this.state;
    if (piece === null) return html`<p class="waiting">Looking for the piece…</p>`;
    if (piece.world === null) return unmade(this.app, () => this.leaveWalk());
    return html`
      ${keyed(
        this.sight,
        html`<canvas
        class="world"
        tabindex="0"
        role="application"
        aria-label="The world. W A S D or arrows walk, Q and E sink and rise, Shift runs, I says where you are, O lists the places."
      ></canvas>`,
      )}
      ${this.planned ? html`<canvas class="plan ${this.failure === null ? "" : "whole"}" aria-hidden="true"></canvas>` : nothing}
      <div class="walker-names" aria-hidden="true"></div>
      <p class="walk-where" aria-hidden="true"></p>
      ${notices(this.app, this.together.there ? this.together.sentence : null)}
      ${this.measuring(piece.world)}
      ${this.failure === null ? nothing : html`<p class="walk-failure" role="alert">${this.failure}</p>`}
      ${beginning(this.app, () => this.canvas?.focus())} ${this.listed ? this.places(piece.world) : nothing}
      ${this.opened(piece.world)}
      ${this.controls(piece.world)}
    `;
  }

  /** The panels that are open. */
  private opened(world: World): TemplateResult | typeof nothing {
    const { building, setsOut, gathered, panels } = this;
    const { inHand } = this.editing;
    if (!building && !setsOut && !gathered && inHand === null) return nothing;
    if (panels === null) {
      void this.fetchPanels();
      return nothing;
    }
    return html`${building ? this.worldPanel(world, panels) : nothing}
    ${setsOut ? this.outsidePanel(world, panels) : nothing}
    ${gathered ? panels.companyPanel(this.together, () => this.toggleCompany()) : nothing}
    ${inHand === null || building ? nothing : panels.handPanel(this.app, this.editing, inHand)}`;
  }

  private async fetchPanels(): Promise<void> {
    try {
      this.panels = await import("./panels");
    } catch {
      announce("This panel could not be fetched. It is tried again when you open it.");
    }
  }

  /** Where the sound makes the ground, it is told that it is being listened to. */
  private measuring({ ground, land }: World): TemplateResult | typeof nothing {
    const made = ground.shown && (ground.height !== "flat" || ground.colour !== "flat");
    if (!made || this.landing?.measuring !== true) return nothing;
    return html`<p class="walk-measuring ${land === null ? "" : "anew"}" role="status">
      <span>Listening to the ground</span><progress aria-label="The ground is being measured"></progress>
    </p>`;
  }

  private places(world: World): TemplateResult {
    const near = bearings(this.spots(world), this.walker?.pose ?? startOf(world));
    return placesPanel(
      this.app,
      near,
      (there) => this.visit(there),
      () => this.toggleList(),
    );
  }

  private controls(world: World): TemplateResult {
    const { recording, playing } = this.state.takes;
    const running = this.app.instrument.state === "running";
    return html`<div class="walk-controls" role="group" aria-label="Walk">
      <button type="button" ?disabled=${!running} @click=${() => this.demonstrate()}>Demonstrate here <kbd>↵</kbd></button>
      <button type="button" @click=${() => this.mark()}>Landmark <kbd>L</kbd></button>
      <button type="button" aria-expanded=${this.listed ? "true" : "false"} @click=${() => this.toggleList()}>
        Places <kbd>O</kbd>
      </button>
      <button type="button" aria-expanded=${this.building ? "true" : "false"} @click=${() => this.toggleBuilding()}>
        World <kbd>G</kbd>
      </button>
      <button type="button" aria-expanded=${this.setsOut ? "true" : "false"} @click=${() => this.toggleOutside()}>
        Outside <kbd>U</kbd>
      </button>
      ${
        this.together.there
          ? html`<button type="button" aria-expanded=${this.gathered ? "true" : "false"} @click=${() => this.toggleCompany()}>
            Walkers ${this.together.company.walkers.length || ""} <kbd>T</kbd>
          </button>`
          : nothing
      }
      <button type="button" aria-pressed=${this.planned} @click=${() => this.togglePlan()}>Plan <kbd>M</kbd></button>
      ${
        world.flying && world.axes.y !== null
          ? html`<button type="button" aria-pressed=${this.walker?.flies ?? false} @click=${() => this.toggleFlight()}>
            Fly <kbd>F</kbd>
          </button>`
          : nothing
      }
      <button type="button" ?disabled=${!running} class=${recording === null ? "" : "recording"} @click=${() => recordTake(this.app)}>
        ${recording === null ? "Record the walk" : "Stop"}
      </button>
      ${
        this.shared.last !== null && recording === null && playing === null
          ? html`<button type="button" @click=${() => void this.shared.share(this.shared.last!)}>Share the walk</button>`
          : nothing
      }
      ${
        playing !== null && recording === null
          ? html`<button type="button" @click=${() => stopTakes(this.app)}>Stop the replay</button>`
          : nothing
      }
      <button type="button" class="tool close" aria-label="Back to the instrument" @click=${() => this.leaveWalk()}>
        ${icon("close")}
      </button>
    </div>`;
  }
}
