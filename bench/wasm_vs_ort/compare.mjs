// The browser's kernel beside onnxruntime-web, one block a call, in turn, one thread.
//   node bench/wasm_vs_ort/compare.mjs FOLDER [calls]      FOLDER from make_models.py
// Prints one JSON list: median and minimum milliseconds, and the ratios of the medians.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-web/wasm";

const [folder, callsText = "400"] = process.argv.slice(2);
const calls = Number(callsText);
const here = dirname(fileURLToPath(import.meta.url));
ort.env.wasm.numThreads = 1;

async function kernelPlayer(build, model, kind = "blob") {
  const path = join(here, "..", "..", "kernel", "wasm", build);
  const { instance } = await WebAssembly.instantiate(readFileSync(path), {});
  const kernel = instance.exports;
  let top = kernel.__heap_base.value;
  const take = (bytes) => {
    const at = Math.ceil(top / 64) * 64;
    top = at + Number(bytes);
    const missing = top - kernel.memory.buffer.byteLength;
    if (missing > 0) kernel.memory.grow(Math.ceil(missing / 65536));
    return at;
  };
  const blob = readFileSync(join(folder, `${model.stem}.${kind}`));
  const blobAt = take(blob.length);
  new Uint8Array(kernel.memory.buffer, blobAt, blob.length).set(blob);
  const modelBytes = kernel.ib_model_bytes(blobAt, BigInt(blob.length));
  const modelAt = take(modelBytes);
  if (kernel.ib_model_init(modelAt, modelBytes, blobAt, BigInt(blob.length)) < 0) throw new Error("bad blob");
  const stateBytes = kernel.ib_state_bytes(modelAt, 1, 1, 1);
  const state = take(stateBytes);
  kernel.ib_state_init(modelAt, 1, 1, 1, state, stateBytes);
  const latentAt = take(model.dims * 4);
  const audioAt = take(model.hop * 4);
  model.megabytes = { ...model.megabytes, [kind]: Number(modelBytes) / 1e6 };
  return async (latent) => {
    new Float32Array(kernel.memory.buffer, latentAt, model.dims).set(latent);
    kernel.ib_decode(modelAt, state, latentAt, 1, audioAt);
    return new Float32Array(kernel.memory.buffer, audioAt, model.hop);
  };
}

async function ortPlayer(model) {
  const session = await ort.InferenceSession.create(readFileSync(join(folder, `${model.stem}.onnx`)), {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  });
  const feeds = {};
  for (const [name, shape] of model.states) {
    feeds[name] = new ort.Tensor("float32", new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  }
  return async (latent) => {
    feeds.latent = new ort.Tensor("float32", latent, [1, model.dims, 1]);
    const results = await session.run(feeds);
    for (const [name] of model.states) feeds[name] = results[`${name}_next`];
    return results.audio.data;
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const rows = [];
for (const model of JSON.parse(readFileSync(join(folder, "models.json"), "utf8"))) {
  const players = {
    simd: await kernelPlayer("isobath.simd.wasm", model),
    relaxed: await kernelPlayer("isobath.relaxed.wasm", model),
    swift: await kernelPlayer("isobath.simd.wasm", model, "swift.blob"),
    swiftRelaxed: await kernelPlayer("isobath.relaxed.wasm", model, "swift.blob"),
    ort: await ortPlayer(model),
  };
  const times = Object.fromEntries(Object.keys(players).map((name) => [name, []]));
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2147483648 - 1;
  };
  let worst = 0;
  let loudest = 0;
  let power = 0;
  let difference = 0;
  const slow = model.parameters > 5e6 ? 4 : 1;
  for (let i = 0; i < calls / slow; i++) {
    const latent = Float32Array.from({ length: model.dims }, random);
    const heard = {};
    for (const name of Object.keys(players)) {
      const before = performance.now();
      heard[name] = await players[name](latent);
      if (i >= 20) times[name].push(performance.now() - before);
    }
    for (let n = 0; n < model.hop; n++) {
      loudest = Math.max(loudest, Math.abs(heard.ort[n]));
      power += heard.ort[n] ** 2;
      difference += (heard.swift[n] - heard.ort[n]) ** 2;
      worst = Math.max(worst, Math.abs(heard.ort[n] - heard.simd[n]), Math.abs(heard.ort[n] - heard.relaxed[n]));
    }
  }
  const row = { model: model.name, parameters: model.parameters, error: worst / loudest, megabytes: model.megabytes };
  row.swiftBelowDb = 10 * Math.log10(power / difference);
  for (const name of Object.keys(players)) {
    row[name] = { median: median(times[name]), minimum: Math.min(...times[name]) };
    row[name].timesRealTime = ((model.hop / model.sampleRate) * 1e3) / row[name].median;
  }
  row.ratio = {};
  for (const name of Object.keys(players)) if (name !== "ort") row.ratio[name] = row.ort.median / row[name].median;
  rows.push(row);
}
console.log(JSON.stringify(rows, null, 1));
