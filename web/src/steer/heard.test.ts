import { describe, expect, it } from "vitest";
import golden from "../../../tests/golden/mapping_gp.json";
import { makeShaping, makeVoice } from "../protocol/messages";
import { EMPTY, NO_FIT, type State } from "../state/store";
import { heardLatent, mappedLatent } from "./heard";
import { evaluate, type MappingData, prepare } from "./mapping";

const mapping = (golden as unknown as { mapping: MappingData }).mapping;
const point = Array.from({ length: mapping.axes }, () => 0.3);
const voice = makeVoice({ id: "v", model: "m", shaping: makeShaping({ bias: [5, 5] }) });
const fits = new Map([["v:a", { ...NO_FIT, state: "fitted" as const, mapping }]]);
const explore = new Map([["v", { latent: [9, 9], file: null, frame: 0 }]]);
const playing: State = { ...EMPTY, listen: "play", fits, explore };

describe("what is heard, to keep or to place", () => {
  it("is what the map reaches, before shaping", () => {
    const expected = new Float64Array(mapping.dims);
    evaluate(prepare(mapping), point, expected);
    expect(mappedLatent(playing, voice, point)).toEqual(Array.from(expected));
    expect(heardLatent(playing, voice, point)).toEqual(Array.from(expected));
  });
  it("is the sound in hand while exploring, and while nothing is learned", () => {
    expect(heardLatent({ ...playing, listen: "explore" }, voice, point)).toEqual([9, 9]);
    expect(heardLatent({ ...playing, fits: new Map() }, voice, point)).toEqual([9, 9]);
  });
  it("is nothing before the model is there", () => {
    expect(heardLatent(EMPTY, voice, point)).toBeNull();
  });
});
