// The head as an axis: what placement needs, and what no latent should follow.

import { type MappingSettings, makeOutput, type Piece, type Voice, type World } from "../protocol/messages";
import { AXES, withAxis } from "./axes";
import { newId } from "./identity";
import type { Store } from "./store";

/** What turning the head does; for the first time, with an axis for it, to which no latent listens. */
export function setPlacement(store: Store, placement: World["placement"]): void {
  store.edit("place the sound", (piece) => {
    if (piece.world === null) return piece;
    const wide = placement !== "none" && piece.world.axes.azimuth === null ? facing(store, piece) : piece;
    return { ...wide, world: { ...wide.world!, placement } };
  });
}

function facing(store: Store, piece: Piece): Piece {
  if (piece.axes.length >= AXES) return piece;
  const before = piece.axes.length;
  const axis = { id: newId(), name: "facing", rest: 0 };
  const deaf = (voice: Voice): Voice => {
    const dims = store.state.descriptions.get(voice.model)?.dims ?? voice.mapping.outputs.length;
    const without = (mapping: MappingSettings): MappingSettings => deafTo(mapping, before, dims);
    return { ...voice, mapping: without(voice.mapping), other: voice.other && without(voice.other) };
  };
  const wide = withAxis(piece, axis);
  return {
    ...wide,
    voices: wide.voices.map(deaf),
    scenes: wide.scenes.map((scene) => ({ ...scene, voices: scene.voices.map(deaf) })),
    world: { ...wide.world!, axes: { ...wide.world!.axes, azimuth: axis.id } },
  };
}

/** The settings of a mapping none of whose dimensions listens to the axis of this number, and those after it. */
export function deafTo(mapping: MappingSettings, axis: number, dims: number): MappingSettings {
  const all = Array.from({ length: axis }, (_, i) => i);
  const outputs = Array.from({ length: Math.max(dims, mapping.outputs.length) }, (_, d) => {
    const output = mapping.outputs[d] ?? makeOutput();
    if (output.axes !== null) return output;
    if (mapping.algorithm !== "direct") return { ...output, axes: all };
    return d < axis ? output : { ...output, axes: [] };
  });
  return { ...mapping, outputs };
}
