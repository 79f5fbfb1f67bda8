// Plays the browser's build of the kernel in Node, for tests and benchmarks.
//   node run_wasm.mjs KERNEL.wasm BLOB decode|encode FRAMES_A_CALL SEED BATCH [repeats] < floats > floats
// With `repeats` it prints {"milliseconds": [...]} instead: time of each call.
import { readFileSync, writeSync } from "node:fs";
import { fine, openKernel } from "../wasm_kernel.mjs";

const [kernelPath, blobPath, what, framesText, seedText, batchText, repeatsText] = process.argv.slice(2);
const [callFrames, seed, batch] = [framesText, seedText, batchText].map(Number);
const { kernel, memory, take } = await openKernel(kernelPath);

const blob = readFileSync(blobPath);
const blobAt = take(blob.length);
new Uint8Array(memory.buffer, blobAt, blob.length).set(blob);
const size = BigInt(blob.length);
const modelBytes = fine(kernel.ib_model_bytes(blobAt, size));
const model = take(modelBytes);
fine(kernel.ib_model_init(model, modelBytes, blobAt, size));
const infoAt = take(28);
kernel.ib_model_info(model, infoAt);
const [, channels, hop, dims] = new Int32Array(memory.buffer, infoAt, 7);

const coder = what === "encode" ? 0 : 1;
const stateBytes = fine(kernel.ib_state_bytes(model, coder, batch, callFrames));
const state = take(stateBytes);
fine(kernel.ib_state_init(model, coder, batch, callFrames, state, stateBytes));
fine(kernel.ib_state_reset(model, state, -1, seed));

const perFrame = coder ? [dims, channels * hop] : [channels * hop, dims]; // floats in, floats out
const input = readFileSync(0);
const floats = new Float32Array(input.buffer, input.byteOffset, input.length / 4);
const frames = floats.length / perFrame[0] / batch;
const inAt = take(callFrames * batch * perFrame[0] * 4);
const outAt = take(callFrames * batch * perFrame[1] * 4);

// Floats are [batch][frames] of interleaved rows; audio in is planar within a call, so one channel or one call.
function call(start, count) {
  const room = new Float32Array(memory.buffer, inAt, count * batch * perFrame[0]);
  for (let v = 0; v < batch; v++) {
    const from = (v * frames + start) * perFrame[0];
    room.set(floats.subarray(from, from + count * perFrame[0]), v * count * perFrame[0]);
  }
  fine(coder ? kernel.ib_decode(model, state, inAt, count, outAt) : kernel.ib_encode(model, state, inAt, count, outAt, 0));
  return new Float32Array(memory.buffer, outAt, count * batch * perFrame[1]);
}

if (repeatsText) {
  const milliseconds = [];
  for (let i = 0; i < Number(repeatsText); i++) {
    const before = performance.now();
    call((i * callFrames) % (frames - callFrames + 1), callFrames);
    milliseconds.push(performance.now() - before);
  }
  console.log(JSON.stringify({ milliseconds, memory: memory.buffer.byteLength, model: Number(modelBytes), state: Number(stateBytes) }));
} else {
  for (let start = 0; start < frames; start += callFrames) {
    const out = call(start, Math.min(callFrames, frames - start));
    writeSync(1, new Uint8Array(out.buffer, out.byteOffset, out.byteLength));
  }
}
