// Walk: the performance space as a place. The instrument sounds; the walker's position is the gesture.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import type { Take, Voice, World, Zone } from "../protocol/messages";
import { addDemonstration } from "../state/demonstrations";
import { listen } from "../state/explore";
import { fitOf, type State } from "../state/store";
import { addLandmark, beginWorld, type Thing } from "../state/world";
import { heardLatent } from "../steer/heard";
import { ReliefSurvey } from "../steer/relief";
import { announce } from "../ui/announcer";
import { View } from "../ui/app";
import { icon } from "../ui/icons";
import { ticker } from "../ui/ticker";
import { playTake, recordTake, startSound, stopTakes } from "../ui/transport";
import { Beacons } from "./beacons";
import { companyPanel } from "./company-panel";
import { Editing } from "./editing";
import { clockOfDay, cycleValue, eachZone, type Visits } from "./events";
import { handPanel } from "./hand-panel";
import { Hands } from "./hands";
import { FLAT, heightAt, type Land, landOf } from "./land";
import { Landing } from "./landing";
import { Outside } from "./outside";
import { outsidePanel } from "./outside-panel";
import { hingeMarks, soundMarks } from "./placing";
import { Plan } from "./plan";
import { axisValue, coordinate, eachAxis, edgeOf, type Pose, startOf, takePose } from "./pose";
import { recall, recallSite, remember, rememberSite } from "./remembering";
import { type Stone, WorldScene } from "./scene";
import { pack, SHARED, unpack } from "./sharing";
import { type Bearing, bearings, type Spot, spokenBearing, whereabouts } from "./telling";
import { Together } from "./together";
import { Walker } from "./walker";
import { worldPanel } from "./world-panel";
import "../styles/walk.css";

const TELL_SECONDS = 0.25;

@customElement("isobath-walk")
export class WalkView extends View {
  @query("canvas.world") private canvas!: HTMLCanvasElement | null;
  @query(".walk-where") private where!: HTMLElement | null;
  @state() private failure: string | null = null;
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
  private shownStones: readonly Stone[] = [];
  @query(".walker-names") private names!: HTMLElement | null;
  /** The list of walkers is open. */
  @state() private gathered = false;
  /** Others who walk here; for the tests, too. */
  together!: Together;
  /** The walker; for the tests, and for whoever stands at the console. */
  walker: Walker | null = null;
  /** Script time of the last frames, in milliseconds (a moving mean). */
  frameMs = 0;
  private readonly plan = new Plan();
  private readonly beacons = new Beacons();
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
  private land: Land = FLAT;
  private readonly survey = new ReliefSurvey(() => this.surveyed());
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
      state.descriptions !== previous.descriptions
    );
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileHere(ticker.add((seconds) => this.frame(seconds)));
    const sounding = () => {
      this.requestUpdate();
      void this.walkAlong();
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
    this.survey.stop();
    this.landing?.stop();
    this.landing = null;
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
  }

  protected override updated(): void {
    const { world, canvas } = this;
    if (this.surface !== null && this.surface !== canvas) this.shut();
    const { piece } = this.state;
    if (piece !== null && this.walkedIn !== null && this.walkedIn !== piece.id) this.leavePiece();
    if (world === null || canvas === null) return;
    this.together.attend();
    if (this.walker === null) this.begin(world);
    if (this.surface === null) this.open(canvas);
    if (world !== this.drawn) this.redraw(world);
    this.shownStones = this.stones(world);
    this.scene?.setStones(this.shownStones);
    const held = this.editing.inHand;
    this.scene?.choose(held === null ? null : { ...held, thing: this.standing(world, [held.thing])[0]! });
    this.resurvey(world);
  }

  // ------------------------------------------------------------------ the world as it is drawn

  private begin(world: World): void {
    this.walkedIn = this.state.piece!.id;
    const walker = new Walker(world);
    walker.ground = (x, z) => heightAt(this.world ?? world, this.land, x, z);
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
    const other = this.drawn;
    this.drawn = world;
    if (other?.land !== world.land || other?.ground !== world.ground || other?.size !== world.size)
      this.land = landOf(world, this.survey.relief);
    this.scene?.setAir(world);
    this.place(world);
  }

  private stones(world: World): Stone[] {
    if (!world.stones) return [];
    const { selection } = this.state;
    return this.demonstrationSpots(world).map((spot) => {
      const shown = this.voice!.demonstrations.find((d) => d.id === spot.id)!;
      return {
        id: spot.id,
        x: spot.x,
        y: spot.y,
        z: spot.z,
        colour: shown.colour,
        selected: selection.has(spot.id),
      };
    });
  }

  /** Demonstrations where they stand; without an axis for the height they lie on the ground. */
  private demonstrationSpots(world: World): Spot[] {
    const { performer } = this.app;
    return (this.voice?.demonstrations ?? []).map((d, i) => {
      const along = (part: "x" | "y" | "z"): number | null => {
        const axis = world.axes[part];
        const index = axis === null ? -1 : performer.indexOf(axis);
        return index < 0 ? null : coordinate(world, part, d.point[index] ?? 0.5);
      };
      const x = along("x") ?? 0;
      const z = along("z") ?? 0;
      const y = along("y") ?? heightAt(world, this.land, x, z) + 0.3;
      return { id: d.id, kind: "demonstration", label: d.label || `demonstration ${i + 1}`, x, y, z };
    });
  }

  /** Things where they are seen: those that stand, on the ground. */
  private standing<T extends Thing>(world: World, things: readonly T[]): readonly T[] {
    return things.map((each) => {
      const [x, y, z] = each.position;
      const ground = each.stands && world.ground.shown ? heightAt(world, this.land, x, z) : 0;
      return ground === 0 ? each : { ...each, position: [x, y + ground, z] };
    });
  }

  /** Where something is put that is to be where one stands. */
  private here(world: World): { position: [number, number, number]; stands: boolean } {
    const { x, y, z } = this.walker?.pose ?? startOf(world);
    const stands = world.ground.shown;
    const height = stands ? y - heightAt(world, this.land, x, z) : y;
    const [east, up, south] = [x, height, z].map((each) => Math.round(100 * each) / 100);
    return { position: [east!, up!, south!], stands };
  }

  private spots(world: World): Spot[] {
    const landmarks = this.standing(world, world.landmarks).map(
      (each, i): Spot => ({
        id: each.id,
        kind: "landmark",
        label: each.label || `landmark ${i + 1}`,
        x: each.position[0],
        y: each.position[1],
        z: each.position[2],
      }),
    );
    return [...landmarks, ...this.demonstrationSpots(world), ...this.together.spots()];
  }

  /** The ground shows the map at the height of the origin. */
  private resurvey(world: World): void {
    const { voice, state } = this;
    const { ground } = world;
    const model = voice === null ? undefined : state.descriptions.get(voice.model);
    const axes = state.piece?.axes ?? [];
    const indexOf = (id: string | null) => axes.findIndex((axis) => axis.id === id);
    const plain = ground.height === "flat" && ground.colour === "flat";
    const hold = voice?.shaping.hold ?? [];
    this.survey.look({
      mapping: voice === null || plain ? null : fitOf(state, voice.id, voice.side).mapping,
      model: model ?? null,
      safety: voice?.safety ?? null,
      x: indexOf(world.axes.x),
      y: indexOf(world.axes.z),
      rest: axes.map((axis) => (axis.id === world.axes.y ? axisValue(world, "y", 0) : axis.rest)),
      base: hold.length > 0 ? hold : (model?.latent.mean ?? []),
      demonstrations: [],
      dark: false,
      uncertainty: false,
    });
  }

  private surveyed(): void {
    const { world } = this;
    if (world === null) return;
    this.land = landOf(world, this.survey.relief);
    this.shownStones = this.stones(world);
    this.scene?.setStones(this.shownStones);
    this.place(world);
  }

  /** Everything that stands, on the ground as it is. */
  private place(world: World): void {
    this.zones = this.standing(world, world.zones);
    this.scene?.setLandmarks(this.standing(world, world.landmarks));
    this.scene?.setZones(this.zones, this.standing(world, world.boxes));
    this.scene?.setLand(world, this.land);
  }
  private zones: readonly Zone[] = [];

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
        land: this.land,
        stones: this.shownStones,
        pose: walker.pose,
        ...this.wanderings(),
        others: this.together.marks(),
      });
    this.frameMs += (performance.now() - began - this.frameMs) * 0.05;
    if (this.app.instrument.state === "running" && !this.app.silent)
      this.beacons.sound(this.standing(world, world.landmarks), walker.pose, seconds);
    if (seconds - this.toldAt > TELL_SECONDS) {
      this.toldAt = seconds;
      this.showWhere(world, walker.pose);
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

  // ------------------------------------------------------------------ a walk as a link

  /** The walk that came in the address is walked once it can sound. */
  private async walkAlong(): Promise<void> {
    const { piece, models } = this.state;
    const model = models.find((each) => each.name === piece?.voices[0]?.model);
    const text = location.hash.startsWith(SHARED) ? location.hash.slice(SHARED.length) : "";
    if (text === "" || text === this.walkedAlong || this.app.instrument.state !== "running") return;
    if (piece === null || model === undefined) return;
    this.walkedAlong = text;
    const axes = piece.axes.map((axis) => axis.id);
    const take = await unpack(text, axes, model.hop, model.sample_rate);
    if (take !== null) playTake(this.app, take);
    else announce("The walk in this address is of another piece, or cut off; walk your own.");
  }
  private walkedAlong = "";

  private get lastWalk(): Take | null {
    const all = this.state.piece?.axes.length ?? 0;
    return this.state.piece?.takes.findLast((take) => take.axes.length === all && !take.muted) ?? null;
  }

  private async share(take: Take): Promise<void> {
    const address = new URL(location.href);
    address.hash = SHARED + (await pack(take));
    try {
      await navigator.clipboard.writeText(address.href);
      announce(`The way of ${take.name} is in the clipboard, as a link.`);
    } catch {
      location.hash = address.hash;
      announce("The browser does not let it be copied; the link is in the address.");
    }
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

  private outsidePanel(world: World): TemplateResult {
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
      eachZone(this.zones, pose, rest, (axis, value) => performer.set(axis, value));
    }
    if (world.memory !== null && this.visits !== null) {
      this.visits.stand(pose, passed, now);
      performer.set(world.memory.axis, this.visits.at(pose.x, pose.z, now));
    }
  }

  /** The place in words and figures, and what is near. */
  private showWhere(world: World, pose: Pose): void {
    if (this.where === null) return;
    const near = bearings(this.spots(world), pose)[0];
    const edge = edgeOf(world, pose);
    const text =
      edge > 0.5
        ? "the end of this world"
        : near === undefined
          ? ""
          : near.metres > 40
            ? `${near.spot.label} is far`
            : `${near.spot.label}, ${spokenBearing(near)}`;
    if (this.where.textContent !== text) this.where.textContent = text;
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

  private worldPanel(world: World): TemplateResult {
    const { voice, state, walker } = this;
    const model = voice === null ? undefined : state.descriptions.get(voice.model);
    const mapping = voice === null ? null : fitOf(state, voice.id, voice.side).mapping;
    return worldPanel({
      app: this.app,
      world,
      pose: walker?.pose ?? startOf(world),
      close: () => this.toggleBuilding(),
      here: () => this.here(world),
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
    if (piece.world === null) return this.unmade();
    return html`
      <canvas
        class="world"
        tabindex="0"
        role="application"
        aria-label="The world. W A S D or arrows walk, Q and E sink and rise, Shift runs, I says where you are, O lists the places."
      ></canvas>
      ${this.planned ? html`<canvas class="plan ${this.failure === null ? "" : "whole"}" aria-hidden="true"></canvas>` : nothing}
      <div class="walker-names" aria-hidden="true"></div>
      <p class="walk-where" aria-hidden="true"></p>
      ${this.landing?.measuring ? html`<p class="walk-measuring" role="status"><span>Listening to the ground</span><progress aria-label="The ground is being measured"></progress></p>` : nothing}
      ${this.failure === null ? nothing : html`<p class="walk-failure" role="alert">${this.failure}</p>`}
      ${this.beginning()} ${this.listed ? this.places(piece.world) : nothing}
      ${this.building ? this.worldPanel(piece.world) : nothing}
      ${this.setsOut ? this.outsidePanel(piece.world) : nothing}
      ${this.gathered ? companyPanel(this.together, () => this.toggleCompany()) : nothing}
      ${this.editing.inHand === null || this.building ? nothing : handPanel(this.app, this.editing, this.editing.inHand)}
      ${this.controls(piece.world)}
    `;
  }

  private unmade(): TemplateResult {
    const { piece } = this.state;
    const able = (piece?.axes.length ?? 0) >= 2;
    return html`<div class="walk-begin">
      <h2>This piece has no world yet</h2>
      <p>
        ${
          able
            ? "Its axes can become a place: the first leads east, the second north, a third one up. Demonstrations stand in it as stones."
            : "A world needs at least two axes. Add one in the panel Play."
        }
      </p>
      <div class="row">
        ${
          able
            ? html`<button type="button" class="primary" @click=${() => beginWorld(this.app.store)}>Make a world of it</button>`
            : nothing
        }
        <button type="button" @click=${() => this.leaveWalk()}>Back</button>
      </div>
      ${this.worlds()}
    </div>`;
  }

  /** Those that there are already. */
  private worlds(): TemplateResult | typeof nothing {
    const worlds = this.state.pieces.filter((piece) => piece.world && !piece.trashed);
    if (worlds.length === 0) return nothing;
    return html`<h3>Or walk in one that is there</h3>
      <ul class="walk-worlds">
        ${worlds.map(
          (piece) => html`<li>
            <button type="button" @click=${() => this.app.link.openPiece(piece.id)}>
              <b>${piece.name}</b><span class="hint">${piece.about}</span>
            </button>
          </li>`,
        )}
      </ul>`;
  }

  private beginning(): TemplateResult | typeof nothing {
    const { instrument } = this.app;
    if (instrument.state === "running") return nothing;
    const ready = this.state.models.length > 0;
    const starting = instrument.state === "starting";
    return html`<div class="walk-begin">
      <h2>${this.state.piece?.name}</h2>
      ${this.state.piece?.about === "" ? nothing : html`<p>${this.state.piece?.about}</p>`}
      <button
        type="button"
        class="primary"
        ?disabled=${!ready || starting}
        @click=${async () => {
          await startSound(this.app);
          this.canvas?.focus();
        }}
      >
        ${starting ? "Starting…" : "Begin the walk"}
      </button>
      ${instrument.failure === null ? nothing : html`<p class="caution grave" role="alert">${instrument.failure}</p>`}
      <p class="hint by-touch">The left half of the screen walks, the right half looks.</p>
      <p class="hint by-keys">
        <kbd>W</kbd> <kbd>A</kbd> <kbd>S</kbd> <kbd>D</kbd> walk, drag looks, <kbd>Q</kbd> <kbd>E</kbd> sink and rise,
        <kbd>Shift</kbd> runs, <kbd>Enter</kbd> drops a demonstration, <kbd>I</kbd> says where you are.
      </p>
    </div>`;
  }

  private places(world: World): TemplateResult {
    const pose = this.walker?.pose ?? startOf(world);
    const near = bearings(this.spots(world), pose);
    return html`<div class="walk-places" role="dialog" aria-label="Places">
      <header class="row">
        <h2 class="grow">Places</h2>
        <button type="button" class="tool" aria-label="Close the list" @click=${() => this.toggleList()}>${icon("close")}</button>
      </header>
      ${
        near.length === 0
          ? html`<p class="hint">Nothing is marked yet. <kbd>L</kbd> places a landmark, <kbd>Enter</kbd> a demonstration.</p>`
          : html`<ul>
            ${near.slice(0, 200).map(
              (each) => html`<li>
                <button type="button" @click=${() => this.visit(each)}>
                  <span class="grow">${each.spot.label}</span><span class="figure">${spokenBearing(each)}</span>
                </button>
              </li>`,
            )}
          </ul>`
      }
    </div>`;
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
        this.lastWalk !== null && recording === null && playing === null
          ? html`<button type="button" @click=${() => void this.share(this.lastWalk!)}>Share the walk</button>`
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
