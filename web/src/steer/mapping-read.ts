// A mapping that came from a file or the network, checked and laid out flat. What is left after the checks cannot
// give a latent that is not finite.

import type { Activation } from "./mapping-data";
import type { Confidence, Part, Prepared } from "./mapping-evaluate";
import { type Bumps, Layered, Nearest, Network, Polynomial, Radial, type Term } from "./mapping-terms";

/** No number in a mapping is larger, so that nothing it computes can overflow. */
const MOST = 1e15;

/** Of a term of kind `layers`: with more, unbounded activations could overflow after all. */
const MOST_LAYERS = 8;

const ACTIVATIONS: readonly unknown[] = [
  "identity",
  "tanh",
  "sigmoid",
  "relu",
  "sine",
] satisfies Activation[];

class Damaged extends Error {}

/** Checks a mapping that came from a file or the network. Throws an Error with a sentence. */
export function prepare(data: unknown): Prepared {
  try {
    return mappingOf(data);
  } catch (problem) {
    if (!(problem instanceof Damaged)) throw problem;
    throw new Error(
      `This is not a mapping Isobath can read: ${problem.message}. Fit the demonstrations again.`,
    );
  }
}

type Fields = Record<string, unknown>;

function mappingOf(data: unknown): Prepared {
  const fields = object(data, "it");
  if (fields.format !== 1) throw new Damaged(`its format is ${String(fields.format)}, and this page reads 1`);
  const axes = whole(fields, "axes", 0, 1024);
  const dims = whole(fields, "dims", 1, 4096);
  const active = list(fields, "active");
  if (active.length !== dims || !active.every((one) => typeof one === "boolean"))
    throw new Damaged("'active' is not one true or false per dimension");
  const low = fields.low == null ? null : floats(fields.low, "low", [dims]);
  const high = fields.high == null ? null : floats(fields.high, "high", [dims]);
  if ((low === null) !== (high === null)) throw new Damaged("it has only one of 'low' and 'high'");
  return {
    algorithm: String(fields.algorithm),
    axes,
    dims,
    active: active as boolean[],
    values: floats(fields.values, "values", [dims]),
    low,
    high,
    parts: list(fields, "parts").map((part) => partOf(object(part, "one of its parts"), axes, dims)),
  };
}

function partOf(fields: Fields, axes: number, dims: number): Part {
  const inputs = indices(fields.inputs, "inputs", axes);
  const outputs = indices(fields.outputs, "outputs", dims);
  const terms = list(fields, "terms").map((term) =>
    termOf(object(term, "one of its terms"), inputs.length, outputs.length),
  );
  let confidence: Confidence | null = null;
  if (fields.confidence != null) {
    const sure = object(fields.confidence, "its confidence");
    const first = terms[0];
    if (!(first instanceof Radial)) throw new Damaged("its confidence has no demonstrations to stand on");
    const { count } = first;
    confidence = {
      length: positive(sure, "length"),
      noise: floats(sure.noise, "noise", [count]),
      centres: first.centres,
      factor: null,
      solved: new Float64Array(count),
    };
  }
  return {
    inputs,
    outputs,
    centre: floats(fields.centre, "centre", [inputs.length]),
    scale: floats(fields.scale, "scale", [inputs.length]),
    bias: floats(fields.bias, "bias", [outputs.length]),
    terms,
    u: new Float64Array(inputs.length),
    sum: new Float64Array(outputs.length),
    confidence,
  };
}

function termOf(fields: Fields, ins: number, outs: number): Term {
  if (fields.kind === "radial") return radialOf(fields, ins, outs);
  if (fields.kind === "network") return networkOf(fields, ins, outs);
  if (fields.kind === "layers") return layeredOf(fields, ins, outs);
  if (fields.kind === "nearest") {
    const count = list(fields, "centres").length;
    if (count === 0) throw new Damaged("it has no demonstrations to be near to");
    const neighbours = Math.min(whole(fields, "count", 0, 2 ** 31), count);
    const centres = floats(fields.centres, "centres", [count, ins]);
    const values = floats(fields.values, "values", [count, outs]);
    return new Nearest(neighbours, positive(fields, "power"), centres, values, count, outs);
  }
  if (fields.kind === "polynomial") {
    const factors = list(fields, "factors").map((one) => indices(one, "factors", ins));
    return new Polynomial(factors, floats(fields.weights, "weights", [factors.length, outs]), outs);
  }
  throw new Damaged(`it has a term of kind '${String(fields.kind)}', which this page does not know`);
}

function radialOf(fields: Fields, ins: number, outs: number): Term {
  const count = list(fields, "centres").length;
  const centres = floats(fields.centres, "centres", [count, ins]);
  const layers = list(fields, "layers").map((layer) => bumpsOf(object(layer, "a layer"), count, outs));
  if (layers.length === 0 || (layers.length > 1 && layers.some((layer) => layer.profile === "thin_plate")))
    throw new Damaged("its bumps have no layers, or more than one of thin plates");
  return new Radial(centres, layers, count, outs);
}

function bumpsOf(fields: Fields, count: number, outs: number): Bumps {
  const { profile } = fields;
  if (profile !== "matern52" && profile !== "exponential" && profile !== "thin_plate")
    throw new Damaged(`it has a profile '${String(profile)}', which this page does not know`);
  const length = positive(fields, "length");
  return {
    profile,
    nearness: (profile === "matern52" ? 5 : 1) / (length * length),
    weights: floats(fields.weights, "weights", [count, outs]),
  };
}

function networkOf(fields: Fields, ins: number, outs: number): Term {
  const matrices = list(fields, "weights");
  const offsets = list(fields, "biases");
  if (matrices.length === 0 || matrices.length !== offsets.length)
    throw new Damaged("its network has no layers, or not one bias per layer");
  const groups = list({ layer: matrices[0] }, "layer").length;
  let columns = ins;
  const layers = matrices.map((matrix, index) => {
    const rows = list({ layer: list({ matrix }, "matrix")[0] }, "layer").length;
    const layer = {
      weights: floats(matrix, "weights", [groups, rows, columns]),
      biases: floats(offsets[index], "biases", [groups, rows]),
      rows,
      columns,
    };
    columns = rows;
    return layer;
  });
  if (!((groups === outs && columns === 1) || (groups === 1 && columns === outs)))
    throw new Damaged(`its network ends in ${groups} x ${columns} values for ${outs} outputs`);
  return new Network(layers, groups);
}

function layeredOf(fields: Fields, ins: number, outs: number): Term {
  const matrices = list(fields, "weights");
  const offsets = list(fields, "biases");
  const activations = list(fields, "activations");
  const count = matrices.length;
  if (count < 1 || count > MOST_LAYERS || offsets.length !== count || activations.length !== count)
    throw new Damaged(
      `its network does not have 1 to ${MOST_LAYERS} layers, with a bias and an activation for each`,
    );
  let columns = ins;
  const layers = matrices.map((matrix, index) => {
    const activation = activations[index];
    if (!ACTIVATIONS.includes(activation))
      throw new Damaged(`it has an activation '${String(activation)}', which this page does not know`);
    const rows = list({ matrix }, "matrix").length;
    if (rows === 0) throw new Damaged("a layer of its network is empty");
    const layer = {
      activation: activation as Activation,
      weights: floats(matrix, "weights", [rows, columns]),
      biases: floats(offsets[index], "biases", [rows]),
      rows,
      columns,
    };
    columns = rows;
    return layer;
  });
  if (columns !== outs) throw new Damaged(`its network ends in ${columns} values for ${outs} outputs`);
  return new Layered(layers);
}

function object(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Damaged(`${what} is not a JSON object`);
  return value as Fields;
}

function list(fields: Fields, key: string): unknown[] {
  const value = fields[key];
  if (!Array.isArray(value)) throw new Damaged(`'${key}' is missing or not a list`);
  return value;
}

function whole(fields: Fields, key: string, low: number, high: number): number {
  const value = fields[key];
  if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high)
    throw new Damaged(`'${key}' is ${String(value)}, not a whole number from ${low} to ${high}`);
  return value;
}

function positive(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value !== "number" || !(value >= 1e-9 && value <= 1e9))
    throw new Damaged(`'${key}' is ${String(value)}, not a number from 1e-9 to 1e9`);
  return value;
}

function indices(value: unknown, key: string, below: number): Int32Array {
  if (!Array.isArray(value)) throw new Damaged(`'${key}' is missing or not a list`);
  for (const one of value)
    if (typeof one !== "number" || !Number.isInteger(one) || one < 0 || one >= below)
      throw new Damaged(`'${key}' holds ${String(one)}, not an index below ${below}`);
  return Int32Array.from(value as number[]);
}

/** Finite numbers of this shape, flat. */
function floats(value: unknown, key: string, shape: number[]): Float64Array {
  const flat = new Float64Array(shape.reduce((size, length) => size * length, 1));
  let at = 0;
  const fill = (rows: unknown, depth: number): void => {
    if (depth === shape.length) {
      if (typeof rows !== "number" || !(Math.abs(rows) < MOST))
        throw new Damaged(`'${key}' holds ${String(rows)}, which is not finite, or absurdly large`);
      flat[at++] = rows;
      return;
    }
    if (!Array.isArray(rows) || rows.length !== shape[depth])
      throw new Damaged(`'${key}' does not have the shape ${shape.join(" x ")}`);
    for (const row of rows) fill(row, depth + 1);
  };
  fill(value, 0);
  return flat;
}
