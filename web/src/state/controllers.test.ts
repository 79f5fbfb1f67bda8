import { expect, test } from "vitest";
import { makeGamepadSource, makeMidiSource, type Piece } from "../protocol/messages";
import {
  addInput,
  addTrigger,
  condition,
  firstConditioning,
  PRESETS,
  presetOf,
  removeInput,
  setRanges,
} from "./controllers";
import { EMPTY, Store } from "./store";

const knob = makeMidiSource({ message: "control", number: 7 });

function store(): Store {
  const axes = ["x", "y"].map((id) => ({ id, name: id, rest: 0.5 }));
  const piece = { id: "p", axes, inputs: [], triggers: [], voices: [] } as unknown as Piece;
  return new Store({ ...EMPTY, piece });
}

test("a controller is connected once per axis, and every step can be undone", () => {
  const kept = store();
  const id = addInput(kept, "x", knob)!;
  expect(addInput(kept, "x", { ...knob })).toBe(id);
  expect(addInput(kept, "nowhere", knob)).toBeNull();
  expect(addInput(kept, "y", knob)).not.toBe(id);
  setRanges(kept, [{ input: id, lo: 0.2, hi: 0.7 }]);
  condition(kept, id, { curve: 0.1 });
  condition(kept, id, { curve: 0.4 });
  const input = () => kept.state.piece!.inputs[0]!;
  expect(input().conditioning).toMatchObject({ lo: 0.2, hi: 0.7, curve: 0.4 });
  kept.undo();
  expect(input().conditioning.curve).toBe(0);
  kept.undo();
  expect(input().conditioning.lo).toBe(0);
  removeInput(kept, id);
  expect(kept.state.piece!.inputs).toHaveLength(1);
  expect(addTrigger(kept, knob, "panic")).not.toBeNull();
  kept.undo();
  kept.undo();
  expect(kept.state.piece!.inputs).toHaveLength(2);
  expect(kept.state.piece!.triggers).toHaveLength(0);
});

test("a manner says everything but the range", () => {
  for (const preset of PRESETS) {
    const conditioning = { ...firstConditioning(knob), ...preset.conditioning, lo: 3, hi: 9 };
    expect(presetOf(conditioning)).toBe(preset);
    expect(presetOf({ ...conditioning, curve: 0.33 })).toBeNull();
  }
  expect(firstConditioning(makeGamepadSource({ index: 1 })).invert).toBe(true);
});
