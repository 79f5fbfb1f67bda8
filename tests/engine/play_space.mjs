// Plays the page's module for worlds in Node, to hold it against the native one.
//   node play_space.mjs KERNEL.wasm SPACE.wasm FOLDER > floats
// FOLDER: script.json { rate, settings, sounds, poses }, rows.f32 (two channels), N.f32 of each sound.
import { readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fine, openKernel } from "../wasm_kernel.mjs";

const [kernelPath, spacePath, folder] = process.argv.slice(2);
const { memory } = await openKernel(kernelPath);
memory.grow(64); // behind the module's own data
const { exports: kernel } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(spacePath)), {
  env: { memory },
});
let top = kernel.__heap_base.value;
const room = (bytes) => {
  const at = Math.ceil(top / 64) * 64;
  top = at + bytes;
  const missing = top - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  return at;
};
const script = JSON.parse(readFileSync(join(folder, "script.json"), "utf8"));
const file = (name) => {
  const bytes = readFileSync(join(folder, name));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
};
const rows = file("rows.f32");
const sounds = Array.from({ length: script.sounds }, (_, i) => file(`${i}.f32`));
const size = fine(kernel.ib_space_bytes(script.rate));
const space = room(size);
const apart = room(8 * 2 * 16 * 4);
const mix = room(2 * 16 * 4);
const at = sounds.map((each) => room(4 * each.length));
const floats = new Float32Array(memory.buffer);
fine(kernel.ib_space_init(space, size, 2, script.rate));
floats.set(script.settings, kernel.ib_space_set(space) >> 2);
kernel.ib_space_changed(space);
sounds.forEach((each, i) => {
  floats.set(each, at[i] >> 2);
  fine(kernel.ib_space_sound(space, i, at[i], 2, each.length / 2));
});
kernel.ib_space_run(space, 0, 0, 0);
const samples = rows.length / 2;
script.poses.forEach((pose, i) => {
  floats.set(pose, kernel.ib_space_pose(space) >> 2);
  for (let c = 0; c < 2; c++)
    floats.set(rows.subarray(c * samples + 16 * i, c * samples + 16 * i + 16), (apart >> 2) + 16 * c);
  kernel.ib_space_run(space, apart, mix, 16);
  const out = new Uint8Array(memory.buffer, mix, 2 * 16 * 4);
  for (let sent = 0; sent < out.length; ) sent += writeSync(1, out, sent);
});
