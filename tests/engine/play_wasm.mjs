// Plays the browser's build of the player in Node, to hold it against the native one.
//   node play_wasm.mjs KERNEL.wasm SCRIPT.json BLOB... > floats
// SCRIPT: { rate, seed, gain, ceiling, guard, voices: [{ shaping: [floats of ib_shaping], latents: [[...], ...] }],
//           blocks: [samples of each call] }; voice i plays BLOB i, its latents in turn and then the last one.
import { readFileSync, writeSync } from "node:fs";
import { fine, openKernel } from "../wasm_kernel.mjs";

const [kernelPath, scriptPath, ...blobPaths] = process.argv.slice(2);
const script = JSON.parse(readFileSync(scriptPath, "utf8"));
const { kernel, memory, take } = await openKernel(kernelPath);
const floatsAt = (at, count) => new Float32Array(memory.buffer, at, count);

const size = fine(kernel.ib_player_bytes(2, script.rate));
const player = take(size);
fine(kernel.ib_player_init(player, size, 2, script.rate));

blobPaths.forEach((path, slot) => {
  const blob = readFileSync(path);
  const blobAt = take(blob.length);
  new Uint8Array(memory.buffer, blobAt, blob.length).set(blob);
  const modelBytes = fine(kernel.ib_model_bytes(blobAt, BigInt(blob.length)));
  const model = take(modelBytes);
  fine(kernel.ib_model_init(model, modelBytes, blobAt, BigInt(blob.length)));
  const stateBytes = fine(kernel.ib_state_bytes(model, 1, 1, 1));
  const state = take(stateBytes);
  fine(kernel.ib_state_init(model, 1, 1, 1, state, stateBytes));
  fine(kernel.ib_player_voice(player, slot, model, state));
  const { shaping } = script.voices[slot];
  floatsAt(kernel.ib_player_shaping(player, slot), shaping.length).set(shaping);
});
kernel.ib_player_master(player, script.gain, script.ceiling, script.guard);

const word = take(64);
const out = take(2 * 4096 * 4);
kernel.ib_player_reset(player, script.seed);
const turns = script.voices.map(() => 0);

function writeDue() {
  if (kernel.ib_player_due(player, word) !== 0) return;
  const mask = new Uint32Array(memory.buffer, word, 1)[0];
  script.voices.forEach(({ latents }, slot) => {
    if (((mask >> slot) & 1) === 0) return;
    const latent = latents[Math.min(turns[slot]++, latents.length - 1)];
    floatsAt(kernel.ib_player_incoming(player, slot), latent.length).set(latent);
  });
}

for (const block of script.blocks) {
  const rows = [new Float32Array(block), new Float32Array(block)];
  for (let done = 0; done < block; ) {
    writeDue();
    const now = Math.min(kernel.ib_player_stretch(player), block - done);
    fine(kernel.ib_player_render(player, out, now));
    for (let c = 0; c < 2; c++) rows[c].set(floatsAt(out + c * now * 4, now), done);
    done += now;
  }
  for (const row of rows) {
    const bytes = new Uint8Array(row.buffer);
    for (let sent = 0; sent < bytes.length; ) sent += writeSync(1, bytes, sent);
  }
}
