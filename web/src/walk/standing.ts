// What stands in the world, and on what: the ground as it is known, landmarks, boxes and zones on it, and
// demonstrations as stones.

import type { Landmark, Voice, World, Zone } from "../protocol/messages";
import { fitOf, type State } from "../state/store";
import type { Thing } from "../state/world";
import { ReliefSurvey } from "../steer/relief";
import type { App } from "../ui/app";
import { FLAT, heightAt, type Land, landOf } from "./land";
import { axisValue, coordinate, type Pose } from "./pose";
import type { Stone, WorldScene } from "./scene";
import type { Spot } from "./telling";

export class Standing {
  /** The ground as it is seen. */
  land: Land = FLAT;
  stones: readonly Stone[] = [];
  /** Where they are seen: those that stand, on the ground. */
  landmarks: readonly Landmark[] = [];
  zones: readonly Zone[] = [];
  private readonly survey = new ReliefSurvey(() => {
    const { world } = this;
    if (world === null) return;
    this.land = landOf(world, this.survey.relief);
    this.place(world);
    this.changed();
  });
  private drawn: World | null = null;

  constructor(
    private readonly reach: () => App,
    /** The ground is another one. */
    private readonly changed: () => void,
  ) {}

  private get state(): State {
    return this.reach().store.state;
  }

  private get world(): World | null {
    return this.state.piece?.world ?? null;
  }

  private get voice(): Voice | null {
    return this.state.piece?.voices[this.state.voice] ?? null;
  }

  stop(): void {
    this.survey.stop();
  }

  height(world: World, x: number, z: number): number {
    return heightAt(world, this.land, x, z);
  }

  /** The piece is another one, or something else is known of it. */
  look(world: World): void {
    const other = this.drawn;
    this.drawn = world;
    if (other?.land !== world.land || other?.ground !== world.ground || other?.size !== world.size)
      this.land = landOf(world, this.survey.relief);
    if (other !== world) this.place(world);
    this.stones = this.stonesOf(world);
    this.resurvey(world);
  }

  private place(world: World): void {
    this.landmarks = this.on(world, world.landmarks);
    this.zones = this.on(world, world.zones);
    this.stones = this.stonesOf(world);
  }

  /** Show all of it. */
  show(world: World, scene: WorldScene): void {
    scene.setLandmarks(this.landmarks);
    scene.setZones(this.zones, this.on(world, world.boxes));
    scene.setLand(world, this.land);
  }

  private stonesOf(world: World): Stone[] {
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
    const { performer } = this.reach();
    return (this.voice?.demonstrations ?? []).map((d, i) => {
      const along = (part: "x" | "y" | "z"): number | null => {
        const axis = world.axes[part];
        const index = axis === null ? -1 : performer.indexOf(axis);
        return index < 0 ? null : coordinate(world, part, d.point[index] ?? 0.5);
      };
      const x = along("x") ?? 0;
      const z = along("z") ?? 0;
      const y = along("y") ?? this.height(world, x, z) + 0.3;
      return { id: d.id, kind: "demonstration", label: d.label || `demonstration ${i + 1}`, x, y, z };
    });
  }

  /** Things where they are seen: those that stand, on the ground. */
  on<T extends Thing>(world: World, things: readonly T[]): readonly T[] {
    return things.map((each) => {
      const [x, y, z] = each.position;
      const ground = each.stands && world.ground.shown ? this.height(world, x, z) : 0;
      return ground === 0 ? each : { ...each, position: [x, y + ground, z] };
    });
  }

  /** Where something is put that is to be where one stands. */
  here(world: World, pose: Pose): { position: [number, number, number]; stands: boolean } {
    const { x, y, z } = pose;
    const stands = world.ground.shown;
    const height = stands ? y - this.height(world, x, z) : y;
    const [east, up, south] = [x, height, z].map((each) => Math.round(100 * each) / 100);
    return { position: [east!, up!, south!], stands };
  }

  /** All that can be told and gone to. */
  spots(world: World): Spot[] {
    const landmarks = this.landmarks.map(
      (each, i): Spot => ({
        id: each.id,
        kind: "landmark",
        label: each.label || `landmark ${i + 1}`,
        x: each.position[0],
        y: each.position[1],
        z: each.position[2],
        sounds: each.carries !== null,
      }),
    );
    return [...landmarks, ...this.demonstrationSpots(world)];
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
}
