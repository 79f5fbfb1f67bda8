// Controllers of a piece: what moves which axis, what is done to its values, and which buttons do what.

import {
  type Action,
  type Conditioning,
  type Input,
  type InputSource,
  makeConditioning,
  makeInput,
  makeTrigger,
  type Piece,
} from "../protocol/messages";
import { changeItem } from "./edit";
import { newId } from "./identity";
import type { Store } from "./store";

/** More controllers on one piece than this are a mistake. */
const MOST = 256;

/** What is done to a controller's values, in a word. */
export interface Preset {
  readonly name: string;
  /** What it is for. */
  readonly hint: string;
  readonly conditioning: Partial<Conditioning>;
}

/** Everything but the range, which belongs to the device. */
const PLAIN: Partial<Conditioning> = {
  invert: false,
  deadzone: 0,
  deadzone_at: 0.5,
  curve: 0,
  cutoff_hz: 0,
  beta: 4,
  slew_seconds: 0,
  hold_seconds: 1,
  silence_seconds: 0,
};

export const PRESETS: readonly Preset[] = [
  { name: "As it comes", hint: "a knob or a fader", conditioning: PLAIN },
  {
    name: "Stick",
    hint: "rests in the middle and springs back",
    conditioning: { ...PLAIN, deadzone: 0.08, curve: 0, hold_seconds: 0.2 },
  },
  {
    name: "Pedal",
    hint: "rests at one end; fine near it",
    conditioning: { ...PLAIN, deadzone: 0.04, deadzone_at: 0, curve: -0.4 },
  },
  {
    name: "Steady hand",
    hint: "a string, a camera, a phone: calm where it rests",
    conditioning: { ...PLAIN, cutoff_hz: 1.2, beta: 4 },
  },
  {
    name: "Slow",
    hint: "three seconds from end to end, however fast the hand",
    conditioning: { ...PLAIN, slew_seconds: 3 },
  },
];

/** The preset that says just this; null: it was set by hand. */
export function presetOf(conditioning: Conditioning): Preset | null {
  return (
    PRESETS.find((preset) =>
      Object.entries(preset.conditioning).every(
        ([key, value]) => conditioning[key as keyof Conditioning] === value,
      ),
    ) ?? null
  );
}

/** What a source needs before anybody has touched anything: a stick springs back. */
export function firstConditioning(source: InputSource): Conditioning {
  if (source.kind === "gamepad" && source.part === "axis")
    return makeConditioning({ ...PRESETS[1]!.conditioning, invert: source.index % 2 === 1 });
  if (source.kind === "hid" || source.kind === "orientation")
    return makeConditioning(PRESETS[3]!.conditioning);
  return makeConditioning();
}

export function sameSource(a: InputSource, b: InputSource): boolean {
  const one = a as unknown as Record<string, unknown>;
  const other = b as unknown as Record<string, unknown>;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => JSON.stringify(one[key]) === JSON.stringify(other[key]));
}

/** A controller on an axis; its id, or that of the input that is there already. */
export function addInput(
  store: Store,
  axis: string,
  source: InputSource,
  range: Partial<Pick<Conditioning, "lo" | "hi">> = {},
): string | null {
  const { piece } = store.state;
  if (piece === null || piece.inputs.length >= MOST || !piece.axes.some((each) => each.id === axis))
    return null;
  const there = piece.inputs.find((each) => each.axis === axis && sameSource(each.source, source));
  if (there !== undefined) return there.id;
  const input = makeInput({
    id: newId(),
    axis,
    source,
    conditioning: { ...firstConditioning(source), ...range },
  });
  store.edit("connect a controller", (p) => ({ ...p, inputs: [...p.inputs, input] }));
  return input.id;
}

export function removeInput(store: Store, id: string): void {
  store.edit("disconnect a controller", (p) => without(p, id));
}

function without(piece: Piece, id: string): Piece {
  return piece.inputs.some((input) => input.id === id)
    ? { ...piece, inputs: piece.inputs.filter((input) => input.id !== id) }
    : piece;
}

/** Another axis, another source, silent or not. */
export function changeInput(
  store: Store,
  id: string,
  change: Partial<Pick<Input, "axis" | "muted" | "source">>,
  label = "change a controller",
): void {
  const merge = change.source === undefined ? null : `input source ${id}`;
  store.edit(label, (p) => ({ ...p, inputs: changeItem(p.inputs, id, (i) => ({ ...i, ...change })) }), merge);
}

/** What is done to its values. A drag is one step. */
export function condition(
  store: Store,
  id: string,
  change: Partial<Conditioning>,
  label = "set a controller",
): void {
  store.edit(
    label,
    (p) => ({
      ...p,
      inputs: changeItem(p.inputs, id, (input) => ({
        ...input,
        conditioning: { ...input.conditioning, ...change },
      })),
    }),
    `input ${id} ${Object.keys(change).sort().join(" ")}`,
  );
}

/** Ranges that were learned by wiggling, in one step. */
export function setRanges(
  store: Store,
  ranges: readonly { readonly input: string; readonly lo: number; readonly hi: number }[],
): void {
  if (ranges.length === 0) return;
  const found = new Map(ranges.map((each) => [each.input, each]));
  store.edit("calibrate", (p) => ({
    ...p,
    inputs: p.inputs.map((input) => {
      const range = found.get(input.id);
      if (range === undefined) return input;
      return { ...input, conditioning: { ...input.conditioning, lo: range.lo, hi: range.hi } };
    }),
  }));
}

/** A button that does something. */
export function addTrigger(store: Store, source: InputSource, action: Action): string | null {
  const { piece } = store.state;
  if (piece === null || piece.triggers.length >= MOST) return null;
  const trigger = makeTrigger({ id: newId(), source, action });
  store.edit("connect a button", (p) => ({ ...p, triggers: [...p.triggers, trigger] }));
  return trigger.id;
}

export function setAction(store: Store, id: string, action: Action): void {
  store.edit("change a button", (p) => ({
    ...p,
    triggers: changeItem(p.triggers, id, (each) => ({ ...each, action })),
  }));
}

export function removeTrigger(store: Store, id: string): void {
  store.edit("disconnect a button", (p) => ({ ...p, triggers: p.triggers.filter((each) => each.id !== id) }));
}
