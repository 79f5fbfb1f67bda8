// All axes of a piece and what moves each of them, for controllers that the page reads itself. The same as
// src/isobath/gesture/board.py, with the same numbers: of several controllers on one axis the one moved last
// is heard; a take-over is a glide; one that is gone holds and then glides to its rest.

import type { Conditioning } from "../protocol/messages";
import { Conditioner, clip, eased } from "./conditioning";

const GLIDE_SECONDS = 0.08;
const HOME_SECONDS = 1;
/** A controller that is not heard has moved once it is so far from where it was. */
const MOVED = 0.02;
/** A take-over from a controller that moved so recently: two of them pull at the axis. */
const PULLING_SECONDS = 2;
const NEVER = -1e12;

/** One controller on one axis, as the piece says. */
export interface Given {
  readonly id: string;
  /** Index of the axis. */
  readonly axis: number;
  readonly conditioning: Conditioning;
  /** It moves by itself, and leaves the axis to whoever else moved it within two seconds. */
  readonly yields?: boolean;
}

/** Where a controller puts its values. */
export class Slot {
  readonly id: string;
  readonly axis: number;
  readonly yields: boolean;
  conditioner: Conditioner;
  private latest: number | null = null;
  private leaving = false;
  private anchored = NEVER;
  moved = NEVER;
  said = NEVER;
  /** Since when it is gone; null: it is there. */
  gone: number | null = null;

  constructor(given: Given) {
    this.id = given.id;
    this.axis = given.axis;
    this.yields = given.yields ?? false;
    this.conditioner = new Conditioner(given.conditioning);
  }

  /** The controller says a value. */
  put(value: number): void {
    this.latest = value;
    this.leaving = false;
  }

  get waiting(): boolean {
    return this.latest !== null;
  }

  /** Take over what was said. */
  take(now: number): "nothing" | "said" | "moved" {
    const value = this.latest;
    this.latest = null;
    if (value === null || !this.conditioner.feed(value)) return "nothing";
    this.said = now;
    this.gone = this.leaving ? now : null;
    return Math.abs(this.conditioner.goal - this.anchored) < MOVED ? "said" : "moved";
  }

  /** The controller is gone, or was let go. */
  leave(now: number): void {
    if (this.waiting) this.leaving = true;
    else if (this.gone === null && this.conditioner.heard) this.gone = now;
  }

  /** From here on it has to move again. */
  anchor(): void {
    this.anchored = this.conditioner.goal;
  }

  /** Whatever it says next counts as moving. */
  forget(): void {
    this.anchored = NEVER;
  }

  /** Be the controller that another board had. */
  goOn(old: Slot): void {
    const { conditioning } = this.conditioner;
    this.conditioner = old.conditioner;
    this.conditioner.recondition(conditioning);
    this.latest = old.latest;
    this.leaving = old.leaving;
    this.anchored = old.anchored;
    this.moved = old.moved;
    this.said = old.said;
    this.gone = old.gone;
  }
}

class Lane {
  value: number;
  owner: Slot | null = null;
  frozen = false;
  thawing = false;
  /** When the performer's hand was on it last. */
  handled = NEVER;
  private from: number;
  private since = NEVER;
  private long = GLIDE_SECONDS;

  constructor(readonly rest: number) {
    this.value = rest;
    this.from = rest;
  }

  goOn(old: Lane, owner: Slot | null): void {
    this.value = old.value;
    this.owner = owner;
    this.handled = old.handled;
    this.frozen = old.frozen;
    this.thawing = old.thawing;
    this.from = old.from;
    this.since = old.since;
    this.long = old.long;
  }

  glide(now: number, seconds: number): void {
    this.from = this.value;
    this.since = now;
    this.long = seconds;
  }

  get gliding(): boolean {
    return this.since !== NEVER;
  }

  go(now: number, goal: number): void {
    let to = goal;
    if (this.since !== NEVER) {
      const done = (now - this.since) / this.long;
      if (done < 1) to = this.from + eased(clip(done, 0, 1)) * (to - this.from);
      else this.since = NEVER;
    }
    this.value = to;
  }

  stand(at: number): void {
    this.value = at;
    this.since = NEVER;
  }

  get still(): boolean {
    if (this.frozen) return true;
    if (this.gliding || this.thawing) return false;
    return this.owner?.conditioner.settled ?? true;
  }
}

/** Axes by index, controllers by id. Times are seconds of any one clock. */
export class Board {
  readonly slots: readonly Slot[];
  private readonly lanes: readonly Lane[];
  private before: number | null = null;
  /** How often one controller took an axis from another. */
  takeovers = 0;
  /** How often it did while the other one was moving. */
  pulls = 0;

  constructor(rests: readonly number[], given: readonly Given[]) {
    this.lanes = rests.map((rest) => new Lane(clip(rest, 0, 1)));
    this.slots = given
      .filter((each) => each.axis >= 0 && each.axis < rests.length)
      .map((each) => new Slot(each));
  }

  /** These controllers are gone, or were let go. */
  lose(slots: readonly Slot[], now: number): void {
    for (const slot of slots) slot.leave(now);
  }

  /** The performer's hand put an axis somewhere. */
  hand(axis: number, value: number, now: number): void {
    const lane = this.lanes[axis];
    if (lane === undefined || !(value >= 0 && value <= 1)) return;
    lane.stand(value);
    lane.handled = now;
    lane.owner?.anchor();
    lane.owner = null;
  }

  /** Let an axis stay where it is, whatever its controllers say. */
  freeze(axis: number, on: boolean): void {
    const lane = this.lanes[axis];
    if (lane === undefined) return;
    lane.thawing = lane.thawing || (lane.frozen && !on);
    lane.frozen = on;
  }

  /** Take over from the board before this one: its axis i is now at `places[i]`, if anywhere. */
  goOn(before: Board, places: readonly (number | null)[]): void {
    const olds = new Map(before.slots.map((slot) => [slot.id, slot]));
    const slots = new Map(this.slots.map((slot) => [slot.id, slot]));
    for (const slot of this.slots) {
      const old = olds.get(slot.id);
      if (old !== undefined && places[old.axis] === slot.axis) slot.goOn(old);
    }
    places.forEach((place, i) => {
      const old = before.lanes[i];
      if (place === null || old === undefined) return;
      const owner = old.owner === null ? undefined : slots.get(old.owner.id);
      this.lanes[place]?.goOn(old, owner !== undefined && owner.axis === place ? owner : null);
    });
    this.before = before.before;
  }

  /** Move on to `now`. Indices of the axes whose value is another. */
  step(now: number): number[] {
    const dt = this.before === null ? 0 : Math.max(0, now - this.before);
    this.before = now;
    const values = this.values;
    for (const slot of this.slots) {
      this.hear(slot, now);
      slot.conditioner.step(dt);
    }
    for (const lane of this.lanes) move(lane, now);
    return values.flatMap((value, i) => (this.lanes[i]!.value === value ? [] : [i]));
  }

  private hear(slot: Slot, now: number): void {
    const gone = slot.gone !== null;
    const happened = slot.take(now);
    if (happened === "nothing") {
      const silence = slot.conditioner.conditioning.silence_seconds;
      if (silence > 0 && !gone && now - slot.said > silence) this.lose([slot], now);
      return;
    }
    const lane = this.lanes[slot.axis]!;
    if (lane.owner === slot) {
      if (gone) lane.glide(now, GLIDE_SECONDS);
    } else if (happened === "moved" && !(slot.yields && busy(lane, now))) this.handOver(lane, slot, now);
    if (happened === "moved") {
      slot.moved = now;
      slot.anchor();
    }
  }

  private handOver(lane: Lane, slot: Slot, now: number): void {
    if (lane.owner !== null) {
      this.takeovers++;
      if (now - lane.owner.moved < PULLING_SECONDS) this.pulls++;
      lane.owner.anchor();
    }
    lane.owner = slot;
    lane.glide(now, GLIDE_SECONDS);
  }

  /** Where each axis is. */
  get values(): number[] {
    return this.lanes.map((lane) => lane.value);
  }

  /** Id of the controller that is heard on an axis. */
  movedBy(axis: number): string | null {
    return this.lanes[axis]?.owner?.id ?? null;
  }

  /** Nothing will move until a controller says something or has been gone for long enough. */
  get idle(): boolean {
    return this.lanes.every((lane) => lane.still) && !this.slots.some((slot) => slot.waiting);
  }

  /** Something may move although no controller says anything. */
  get waiting(): boolean {
    return this.slots.some((slot) => {
      const { hold_seconds, silence_seconds } = slot.conditioner.conditioning;
      const heard = this.lanes[slot.axis]!.owner === slot;
      return hold_seconds >= 0 && heard && (slot.gone !== null || silence_seconds > 0);
    });
  }
}

function move(lane: Lane, now: number): void {
  if (lane.frozen) return;
  if (lane.thawing) {
    lane.thawing = false;
    lane.glide(now, GLIDE_SECONDS);
  }
  const { owner } = lane;
  if (owner === null) {
    if (lane.gliding) lane.go(now, lane.rest);
    return;
  }
  const hold = owner.conditioner.conditioning.hold_seconds;
  if (owner.gone !== null && hold >= 0 && now - owner.gone >= hold) {
    owner.forget();
    lane.owner = null;
    lane.glide(now, HOME_SECONDS);
  }
  lane.go(now, lane.owner === null ? lane.rest : owner.conditioner.value);
}

/** Whether a hand or a controller moved an axis just now. */
function busy(lane: Lane, now: number): boolean {
  return now - Math.max(lane.owner?.moved ?? NEVER, lane.handled) < PULLING_SECONDS;
}
