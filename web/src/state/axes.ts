// The performance space: axes and the pads they lie on.

import type { Axis, Pad, Piece, Take, Voice } from "../protocol/messages";
import { changeItem, clamp01 } from "./edit";
import { newId } from "./identity";
import type { Store } from "./store";

export const AXES = 64;

/** One more axis; every demonstration lies at its middle. */
export function addAxis(store: Store, name?: string): string | null {
  const piece = store.state.piece;
  if (piece === null || piece.axes.length >= AXES) return null;
  const axis: Axis = { id: newId(), name: name ?? `axis ${piece.axes.length + 1}`, rest: 0.5 };
  store.edit("add an axis", (p) => withAxis(p, axis));
  return axis.id;
}

export function withAxis(piece: Piece, axis: Axis): Piece {
  const wider = (v: Voice): Voice => ({
    ...v,
    demonstrations: v.demonstrations.map((d) => ({ ...d, point: [...d.point, axis.rest] })),
  });
  return {
    ...piece,
    axes: [...piece.axes, axis],
    voices: piece.voices.map(wider),
    scenes: piece.scenes.map((s) => ({ ...s, voices: s.voices.map(wider) })),
  };
}

/** Take an axis away: from demonstrations, pads, outputs and takes. */
export function removeAxis(store: Store, id: string): void {
  store.edit("remove an axis", (p) => {
    const at = p.axes.findIndex((a) => a.id === id);
    return at < 0 ? p : withoutAxis(p, at);
  });
}

function withoutAxis(piece: Piece, at: number): Piece {
  const id = piece.axes[at]!.id;
  const others = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== at);
  const listening = (axes: readonly number[] | null) =>
    axes === null ? null : axes.filter((i) => i !== at).map((i) => (i > at ? i - 1 : i));
  const narrower = (v: Voice): Voice => ({
    ...v,
    demonstrations: v.demonstrations.map((d) => ({ ...d, point: others(d.point) })),
    mapping: {
      ...v.mapping,
      outputs: v.mapping.outputs.map((o) => ({ ...o, axes: listening(o.axes) })),
    },
    other:
      v.other === null
        ? null
        : { ...v.other, outputs: v.other.outputs.map((o) => ({ ...o, axes: listening(o.axes) })) },
    fitted: null,
    fitted_other: null,
  });
  return {
    ...piece,
    axes: others(piece.axes),
    inputs: piece.inputs.filter((input) => input.axis !== id),
    pads: piece.pads
      .filter((pad) => pad.x !== id && pad.y !== id)
      .map((pad) => (pad.pressure === id ? { ...pad, pressure: null } : pad)),
    voices: piece.voices.map(narrower),
    scenes: piece.scenes.map((s) => ({ ...s, voices: s.voices.map(narrower) })),
    takes: piece.takes.map((take) => takeWithout(take, id)),
  };
}

function takeWithout(take: Take, id: string): Take {
  const at = take.axes.indexOf(id);
  if (at < 0) return take;
  return {
    ...take,
    axes: take.axes.filter((_, i) => i !== at),
    points: take.points.map((point) => point.filter((_, i) => i !== at)),
  };
}

export function renameAxis(store: Store, id: string, name: string): void {
  store.edit(
    "rename an axis",
    (p) => ({ ...p, axes: changeItem(p.axes, id, (a: Axis) => ({ ...a, name })) }),
    `axis name ${id}`,
  );
}

export function setRest(store: Store, id: string, rest: number): void {
  store.edit(
    "rest of an axis",
    (p) => ({ ...p, axes: changeItem(p.axes, id, (a: Axis) => ({ ...a, rest: clamp01(rest) })) }),
    `axis rest ${id}`,
  );
}

/** A pad over two axes, made if need be. */
export function addPad(store: Store, x?: string, y?: string): void {
  store.edit("add a pad", (piece) => {
    let p = piece;
    const need = (given: string | undefined): string | null => {
      if (given !== undefined) return given;
      if (p.axes.length >= AXES) return null;
      const axis: Axis = { id: newId(), name: `axis ${p.axes.length + 1}`, rest: 0.5 };
      p = withAxis(p, axis);
      return axis.id;
    };
    const across = need(x);
    const up = need(y);
    if (across === null || up === null) return piece;
    const pad: Pad = { x: across, y: up, pressure: null };
    return { ...p, pads: [...p.pads, pad] };
  });
}

/** The axes stay, as faders. */
export function removePad(store: Store, index: number): void {
  store.edit("remove a pad", (p) => ({ ...p, pads: p.pads.filter((_, i) => i !== index) }));
}

export function setPad(store: Store, index: number, change: Partial<Pad>): void {
  store.edit("change a pad", (p) => ({
    ...p,
    pads: p.pads.map((pad, i) => (i === index ? { ...pad, ...change } : pad)),
  }));
}

/** Axes that lie on no pad: shown as faders. */
export function faders(piece: Piece): Axis[] {
  const onPads = new Set(piece.pads.flatMap((pad) => [pad.x, pad.y, pad.pressure]));
  return piece.axes.filter((axis) => !onPads.has(axis.id));
}
