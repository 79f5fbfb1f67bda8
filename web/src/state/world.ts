// The world of a piece: made, edited, walked.

import { type Landmark, makeLandmark, makeWorld, type Piece, type World } from "../protocol/messages";
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

export function changeLandmark(store: Store, id: string, change: Partial<Landmark>): void {
  store.edit(
    "change a landmark",
    (piece) => {
      if (piece.world === null) return piece;
      const landmarks = changeItem(piece.world.landmarks, id, (each: Landmark) => ({ ...each, ...change }));
      return landmarks === piece.world.landmarks ? piece : { ...piece, world: { ...piece.world, landmarks } };
    },
    `landmark ${id} ${Object.keys(change).join()}`,
  );
}

export function deleteLandmark(store: Store, id: string): void {
  store.edit("delete a landmark", (piece) =>
    piece.world === null
      ? piece
      : {
          ...piece,
          world: { ...piece.world, landmarks: piece.world.landmarks.filter((each) => each.id !== id) },
        },
  );
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
