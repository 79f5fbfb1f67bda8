// What a piece's world asks of the sound: as src/isobath/engine/space.py tells it, to the same numbers.

import { type Ground, heightOf } from "../audio/ground";
import type { Instrument } from "../audio/instrument";
import { type PosePart, SPACE_SOUNDS, type SpaceSettings } from "../audio/space";
import { fetchSound } from "../net/http";
import {
  type Box,
  type Carried,
  type Landmark,
  makeWorld,
  type Piece,
  type World,
  type Zone,
} from "../protocol/messages";
import { groundOf } from "./hills";
import type { Store } from "./store";

const VOICES = 8;
const BOXES = 16;
const PLACE = 8;
const BOX = 14;
export const SPACE_FLOATS = 10 + (VOICES + SPACE_SOUNDS) * PLACE + BOXES * BOX;
const PLACEMENTS: Readonly<Record<World["placement"], number>> = { none: 0, turn: 1, head: 2 };
const FILTERS: Readonly<Record<Box["filter"], number>> = { none: 0, low: 1, high: 2, band: 3 };
const QUICKEST = 0.005;
const SLOWEST = 0.04;

/** A landmark that carries a sound of the library. */
export type SoundingMark = Landmark & { readonly carries: Carried & { readonly sound: string } };

/** Whether anything in a world asks for a space: without one, sound is made as if there were no world. */
export function isPlaced(world: World | null): world is World {
  return (
    world !== null &&
    (world.placement !== "none" ||
      world.edge !== null ||
      world.boxes.length > 0 ||
      world.landmarks.some((each) => each.carries !== null))
  );
}

/** The landmarks that carry a sound of the library, at most SPACE_SOUNDS of them, in their order. */
export function sounding(world: World): SoundingMark[] {
  const found = world.landmarks.filter(
    (each): each is SoundingMark => each.carries?.kind === "sound" && each.carries.sound !== null,
  );
  return found.slice(0, SPACE_SOUNDS);
}

/** `frameSeconds`: a latent frame of the first voice. */
export function spaceOf(piece: Piece, world: World, frameSeconds: number): SpaceSettings {
  const parts = partsOf(piece, world);
  const ground = world.ground.shown && parts[1]!.axis < 0 ? groundOf(world) : null;
  return { values: settingsOf(piece, world, frameSeconds), parts, ground };
}

/** Where a thing is: one that stands is as high as it says above the ground there. */
export function onGround(thing: Landmark | Box | Zone, ground: Ground): [number, number, number] {
  const [x, y, z] = thing.position;
  return [x, thing.stands ? y + heightOf(ground, x, z) : y, z];
}

function settingsOf(piece: Piece, world: World, frameSeconds: number): Float32Array {
  const values = new Float32Array(SPACE_FLOATS);
  const { edge } = world;
  const ground = groundOf(world);
  const known = (axis: string | null): boolean => piece.axes.some((each) => each.id === axis);
  const half = [world.axes.x, world.axes.y, world.axes.z].map((axis, i) =>
    known(axis) ? world.size[i]! / 2 : 0,
  );
  values.set([
    PLACEMENTS[world.placement],
    world.spread / 720,
    Math.min(SLOWEST, Math.max(QUICKEST, frameSeconds)),
    ...half,
    edge?.metres ?? 0,
    edge?.known ? 1 : 0,
    edge === null || edge.hum_db <= -100 ? 0 : 10 ** (edge.hum_db / 20),
    world.boxes.length,
  ]);
  let at = 10;
  for (let i = 0; i < VOICES; i++, at += PLACE) {
    const id = piece.voices[i]?.id;
    const mark = world.landmarks.find(
      ({ carries }) => carries?.kind === "voice" && carries.voice !== null && carries.voice === id,
    );
    values.set(placeOf(mark, ground, false), at);
  }
  const marks = sounding(world);
  for (let i = 0; i < SPACE_SOUNDS; i++, at += PLACE) values.set(placeOf(marks[i], ground, true), at);
  for (const box of world.boxes.slice(0, BOXES)) {
    const { fade, wet, decay, brightness, predelay, filter, frequency, resonance } = box;
    values.set([...onGround(box, ground), ...box.size, fade, wet, decay, brightness, predelay], at);
    values.set([FILTERS[filter], frequency, resonance], at + 11);
    at += BOX;
  }
  return values;
}

function placeOf(mark: Landmark | undefined, ground: Ground, withGain: boolean): number[] {
  const carries = mark?.carries;
  if (mark === undefined || !carries) return [0, 0, 0, 0, 0, 1, 1, 1];
  const gain = withGain ? 10 ** (carries.gain_db / 20) : 1;
  const radius = (mark.size[0] + mark.size[2]) / 4;
  return [1, ...onGround(mark, ground), radius, carries.reference, carries.rolloff, gain];
}

function partsOf(piece: Piece, world: World): PosePart[] {
  const { axes, size } = world;
  const part = (id: string | null, size: number, offset: number): PosePart => ({
    axis: piece.axes.findIndex((each) => each.id === id),
    size,
    offset,
  });
  return [
    part(axes.x, size[0], -0.5),
    part(axes.y, size[1], -0.5),
    part(axes.z, -size[2], -0.5),
    part(axes.azimuth, 1, 0),
    part(axes.elevation, 0.5, -0.5),
  ];
}

/** Tell the instrument where everything stands, whenever that changes. `rate`: what sounds are fetched at. */
export function bindSpace(
  store: Store,
  instrument: Instrument,
  rate: () => number,
  complain: (problem: unknown) => void,
): void {
  const keys: string[] = [];
  let placed = false;
  let told = "";
  let stood: Ground | null = null;

  const carry = (number: number, mark: SoundingMark | undefined): void => {
    const key = mark === undefined ? "" : `${mark.carries.sound} ${rate()}`;
    if (key === (keys[number] ?? "")) return;
    keys[number] = key;
    if (mark === undefined) {
      instrument.setPlaceSound(number, null);
      return;
    }
    fetchSound(mark.carries.sound, rate())
      .then((sound) => {
        if (keys[number] === key) instrument.setPlaceSound(number, sound);
      })
      .catch((problem) => {
        if (keys[number] !== key) return;
        instrument.setPlaceSound(number, null);
        complain(problem);
      });
  };

  const follow = (): void => {
    const { piece, descriptions } = store.state;
    const world = piece?.world ?? null;
    if (piece === null || (!isPlaced(world) && !placed)) return;
    placed = true; // what was placed once goes back through the space, so that nothing clicks
    const model = descriptions.get(piece.voices[0]?.model ?? "");
    const frame = model === undefined ? 0 : model.hop / model.sample_rate;
    const settings = spaceOf(piece, world ?? NOWHERE, frame);
    const key = `${settings.values.join()} ${JSON.stringify(settings.parts)}`;
    if (key !== told || settings.ground !== stood) instrument.setSpace(settings);
    told = key;
    stood = settings.ground;
    const marks = world === null ? [] : sounding(world);
    for (let i = 0; i < SPACE_SOUNDS; i++) carry(i, marks[i]);
  };

  instrument.addEventListener("state", () => {
    if (instrument.state === "running") follow();
  });
  store.subscribe((state, previous) => {
    if (state.piece !== previous.piece || state.descriptions !== previous.descriptions) follow();
  });
  follow();
}

const NOWHERE = makeWorld();
