// The nearest walkers, heard: each plays the piece's own voice where they are, decoded here from nothing but their
// pose. Whoever is far is quiet; how many are heard depends on what this machine has to spare.

import { VOICES } from "../audio/player";
import { fetchBlob } from "../net/http";
import type { Axis, Piece, Voice, World, Zone } from "../protocol/messages";
import { groundOf } from "../state/hills";
import { onGround } from "../state/space";
import type { State } from "../state/store";
import { mappedLatent } from "../steer/heard";
import type { App } from "../ui/app";
import type { Other } from "./company";
import { eachZone } from "./events";
import { eachAxis, type Pose } from "./pose";
import { bearings } from "./telling";

/** Metres within which a neighbour is as loud as they get, and beyond which they are not heard. */
const BESIDE = 3;
const REACH = 48;
/** Below the walker's own sound, decibels. */
const BELOW = 4;
const QUIET = -60;
const LEVEL_SECONDS = 0.25;
const LATENT_MS = 1000 / 30;
const REACT_SECONDS = 2;
/** After which a model that could not be had is asked for again. */
const AGAIN_MS = 5000;
const EASY = 0.45;
const BUSY = 0.7;

/** How loud and where somebody is heard: decibels, -1 left .. 1 right. */
export function heardAt(metres: number, turn: number): { db: number; pan: number } {
  const near = Math.min(1, Math.max(0, (REACH - metres) / (REACH / 3)));
  const db = -BELOW - 20 * Math.log10(Math.max(1, metres / BESIDE)) + 20 * Math.log10(Math.max(1e-3, near));
  return { db: Math.max(QUIET, db), pan: Math.sin(2 * Math.PI * turn) * 0.85 * Math.min(1, metres / BESIDE) };
}

/** The gesture that somebody's place is: time moves axes for all alike, zones as they are entered. */
export function gestureAt(
  world: World,
  axes: readonly Axis[],
  pose: Pose,
  mine: ArrayLike<number>,
): Float64Array {
  const point = Float64Array.from(axes, (axis) => axis.rest);
  const set = (id: string, value: number): void => {
    const at = axes.findIndex((axis) => axis.id === id);
    if (at >= 0) point[at] = Math.min(1, Math.max(0, value));
  };
  for (const { axis } of world.cycles) {
    const at = axes.findIndex((each) => each.id === axis);
    if (at >= 0) set(axis, mine[at] ?? 0.5);
  }
  eachZone(zonesOf(world), pose, (id) => axes.find((axis) => axis.id === id)?.rest ?? 0.5, set);
  eachAxis(world, pose, set);
  return point;
}

/** Whom to hear: who is heard already stays so until somebody else is clearly nearer. */
export function choose(nearest: readonly number[], heard: readonly number[], most: number): number[] {
  const kept = heard.filter((id) => nearest.slice(0, most + 1).includes(id)).slice(0, most);
  const fresh = nearest.filter((id) => !kept.includes(id));
  return [...kept, ...fresh.slice(0, most - kept.length)];
}

/** The last of the instrument's voices that none of these is on. */
export function freeSlot(taken: readonly { readonly slot: number }[]): number {
  let slot = VOICES - 1;
  while (taken.some((each) => each.slot === slot)) slot--;
  return slot;
}

interface Heard {
  readonly slot: number;
  /** Model and content that lie on the slot; empty: none yet. */
  on: string;
  id: number | null;
  /** 0..1, follows whether they are to be heard. */
  level: number;
  told: string;
}

export class Neighbours {
  private slots: Heard[] = [];
  private most = 2;
  private reactedAt = 0;
  private latentAt = 0;

  constructor(private readonly app: App) {}

  /** Ids of who is heard now. */
  get ids(): number[] {
    return this.slots.flatMap(({ id, level }) => (id === null || level < 0.01 ? [] : [id]));
  }

  /** Once a frame. `silent`: nobody is to be heard. */
  sound(world: World, others: readonly Other[], me: Pose, passed: number, silent: boolean): void {
    const { instrument, store } = this.app;
    const { piece } = store.state;
    const voice = piece?.voices.find((each) => !each.muted) ?? null;
    if (piece === null || voice === null || instrument.state !== "running") return;
    const room = Math.max(0, VOICES - piece.voices.length);
    this.vacate(piece.voices.length);
    this.react(passed, room);
    const known = new Map(others.map((each) => [each.who.id, each]));
    const near = silent ? [] : this.nearest(others, me);
    this.assign(
      choose(
        near.map(({ id }) => id),
        this.slots.flatMap(({ id }) => (id === null ? [] : [id])),
        Math.min(this.most, room),
      ),
    );
    const turn = performance.now() - this.latentAt >= LATENT_MS;
    if (turn) this.latentAt = performance.now();
    for (const heard of this.slots) {
      const other = heard.id === null ? undefined : known.get(heard.id);
      const at = near.find(({ id }) => id === heard.id);
      const wanted = other !== undefined && at !== undefined ? other.presence : 0;
      heard.level += (wanted - heard.level) * (1 - Math.exp(-passed / LEVEL_SECONDS));
      if (turn) this.tell(heard, store.state, piece, voice, world, other, at);
      if (at === undefined && heard.level < 0.01) heard.id = null;
    }
  }

  private nearest(others: readonly Other[], me: Pose): { id: number; metres: number; turn: number }[] {
    const spots = others
      .filter(({ who, presence }) => !who.muted && !who.away && presence > 0.2)
      .map(({ who, pose }) => ({
        id: String(who.id),
        kind: "walker" as const,
        label: who.name,
        ...place(pose),
      }));
    return bearings(spots, me)
      .filter(({ metres }) => metres < REACH)
      .map(({ spot, metres, turn }) => ({ id: Number(spot.id), metres, turn }));
  }

  /** A slot for each of them; who is no longer wanted fades first. */
  private assign(wanted: readonly number[]): void {
    for (const id of wanted) {
      if (this.slots.some((heard) => heard.id === id)) continue;
      let free = this.slots.find((heard) => heard.id === null);
      if (free === undefined && this.slots.length < wanted.length) {
        free = { slot: freeSlot(this.slots), on: "", id: null, level: 0, told: "" };
        this.slots.push(free);
      }
      if (free === undefined) continue;
      free.id = id;
      free.level = 0;
    }
  }

  private tell(
    heard: Heard,
    state: State,
    piece: Piece,
    voice: Voice,
    world: World,
    other: Other | undefined,
    at: { metres: number; turn: number } | undefined,
  ): void {
    if (!this.load(heard, state, voice)) return;
    const { instrument, performer } = this.app;
    const { db, pan } = at === undefined ? { db: QUIET, pan: 0 } : heardAt(at.metres, at.turn);
    const gain = voice.gain_db + db + 20 * Math.log10(Math.max(1e-3, heard.level));
    const muted = heard.id === null || gain <= QUIET;
    const told = `${gain.toFixed(1)} ${pan.toFixed(2)} ${muted}`;
    if (told !== heard.told && (at !== undefined || heard.id !== null))
      instrument.setShaping(heard.slot, voice.shaping, gain, pan, muted);
    heard.told = told;
    if (other === undefined) return;
    const point = gestureAt(world, piece.axes, other.pose, performer.values);
    const latent = mappedLatent(state, voice, point);
    if (latent !== null) instrument.setLatent(heard.slot, latent);
  }

  /** The voice's model on the slot; true once it is there. */
  private load(heard: Heard, state: State, voice: Voice): boolean {
    const summary = state.models.find((model) => model.name === voice.model);
    const model = state.descriptions.get(voice.model);
    if (summary === undefined || model === undefined || summary.foreign) return false;
    const key = `${voice.model} ${summary.sha256}`;
    if (heard.on === key) return true;
    if (heard.on === `… ${key}`) return false;
    heard.on = `… ${key}`;
    void fetchBlob(voice.model, summary.sha256, "decoder")
      .then((blob) => {
        if (!this.slots.includes(heard)) return;
        const loaded = this.app.instrument.setVoice(heard.slot, model, blob, voice.seed + heard.slot);
        this.app.instrument.setShaping(heard.slot, voice.shaping, QUIET, 0, true);
        return loaded;
      })
      .then(() => {
        heard.on = key;
        heard.told = "";
      })
      .catch(() => {
        // One's own sound goes on; that one neighbour is heard later.
        setTimeout(() => {
          if (heard.on === `… ${key}`) heard.on = "";
        }, AGAIN_MS);
      });
    return false;
  }

  /** More of them while the machine is idle, fewer before it gets late. */
  private react(passed: number, room: number): void {
    this.reactedAt += passed;
    if (this.reactedAt < REACT_SECONDS) return;
    this.reactedAt = 0;
    const load = this.app.meters?.load ?? 0;
    if (load > BUSY) this.most = Math.max(1, this.most - 1);
    else if (load < EASY) this.most = Math.min(room, this.most + 1);
  }

  /** Slots that the piece's own voices need, and those for which there is no more strength. */
  private vacate(voices: number): void {
    const keep = this.slots.filter(
      (heard, i) => heard.slot >= voices && (i < this.most || heard.level > 0.01 || heard.id !== null),
    );
    for (const heard of this.slots)
      if (!keep.includes(heard) && heard.slot >= voices) this.app.instrument.removeVoice(heard.slot);
    if (keep.length !== this.slots.length) this.slots = keep;
  }

  stop(): void {
    const voices = this.app.store.state.piece?.voices.length ?? 0;
    for (const { slot } of this.slots) if (slot >= voices) this.app.instrument.removeVoice(slot);
    this.slots = [];
  }
}

const place = ({ x, y, z }: Pose): { x: number; y: number; z: number } => ({ x, y, z });

/** Zones where they are, those that stand on the ground. */
function zonesOf(world: World): readonly Zone[] {
  if (!world.zones.some((each) => each.stands)) return world.zones;
  const ground = groundOf(world);
  return world.zones.map((each) => ({ ...each, position: onGround(each, ground) }));
}
