// The world of a piece: made, edited, walked.

import {
  type Box,
  type Landmark,
  makeLandmark,
  makeWorld,
  type Piece,
  type World,
  type Zone,
} from "../protocol/messages";
import { changeItem } from "./edit";
import { newId } from "./identity";
import type { Store } from "./store";

/** A world for a piece that has none: its first axis to the east, its second to the north, its third up. */
export function worldFor(piece: Piece): World {
  const [first, second, third] = piece.axes.map((axis) => axis.id);
  const bare = makeWorld({});
  return makeWorld({
    axes: { ...bare.axes, x: first ?? null, z: second ?? null, y: third ?? null },
    start: [0, 0, 0],
    flying: third !== undefined,
    ground: { ...bare.ground, height: "loudness", colour: "loudness" },
    landmarks: [makeLandmark({ id: newId(), label: "origin" })],
  });
}

export function beginWorld(store: Store): void {
  store.edit("make a world", (piece) =>
    piece.world === null ? { ...piece, world: worldFor(piece) } : piece,
  );
}

export function changeWorld(
  store: Store,
  label: string,
  change: Partial<World>,
  merge: string | null = null,
): void {
  store.edit(
    label,
    (piece) => (piece.world === null ? piece : { ...piece, world: { ...piece.world, ...change } }),
    merge,
  );
}

export function addLandmark(store: Store, landmark: Partial<Landmark>): string {
  const id = newId();
  store.edit("place a landmark", (piece) =>
    piece.world === null
      ? piece
      : {
          ...piece,
          world: { ...piece.world, landmarks: [...piece.world.landmarks, makeLandmark({ ...landmark, id })] },
        },
  );
  return id;
}

/** What stands in a world and can be taken in hand. */
export type Kind = "landmark" | "box" | "zone";
export type Thing = Landmark | Box | Zone;
const LISTS = { landmark: "landmarks", box: "boxes", zone: "zones" } as const;

export function thingsOf(world: World, kind: Kind): readonly Thing[] {
  return world[LISTS[kind]];
}

export function changeThing(store: Store, kind: Kind, id: string, change: Partial<Thing>): void {
  store.edit(
    `change a ${kind}`,
    (piece) => {
      if (piece.world === null) return piece;
      const all = thingsOf(piece.world, kind);
      const things = changeItem(all, id, (each) => ({ ...each, ...change }));
      return things === all ? piece : { ...piece, world: { ...piece.world, [LISTS[kind]]: things } };
    },
    `${kind} ${id} ${Object.keys(change).join()}`,
  );
}

export function deleteThing(store: Store, kind: Kind, id: string): void {
  store.edit(`delete a ${kind}`, (piece) =>
    piece.world === null
      ? piece
      : {
          ...piece,
          world: {
            ...piece.world,
            [LISTS[kind]]: thingsOf(piece.world, kind).filter((each) => each.id !== id),
          },
        },
  );
}

export function changeLandmark(store: Store, id: string, change: Partial<Landmark>): void {
  changeThing(store, "landmark", id, change);
}

/** Many landmarks in one step. */
export function addLandmarks(store: Store, label: string, landmarks: readonly Partial<Landmark>[]): void {
  store.edit(label, (piece) =>
    piece.world === null || landmarks.length === 0
      ? piece
      : {
          ...piece,
          world: {
            ...piece.world,
            landmarks: [
              ...piece.world.landmarks,
              ...landmarks.map((each) => makeLandmark({ ...each, id: newId() })),
            ],
          },
        },
  );
}
