// Processor time of the page's module for worlds, in Node: what each thing it does takes of one core while a
// second of sound is made. Processor time, so that a busy machine matters less; every case in turn, seven
// times, and the median told.
//   node bench/space.mjs [KERNEL.wasm SPACE.wasm]
import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "..", "kernel", "wasm");
const [kernelPath = join(folder, "isobath.simd.wasm"), spacePath = join(folder, "isobath-space.wasm")] =
  process.argv.slice(2);
const RATE = 48000;
const SECONDS = 4;
const AT = { placement: 0, spread: 1, smoothing: 2, half: 3, edge: 6, hum: 8, boxes: 9, voices: 10, sounds: 74, box: 202 };

function open(set, sounds) {
  const memory = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(kernelPath))).exports.memory;
  memory.grow(200);
  const { exports: c } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(spacePath)), { env: { memory } });
  let top = 0x90000;
  const take = (bytes) => {
    const at = Math.ceil(top / 64) * 64;
    top = at + bytes;
    return at;
  };
  const size = c.ib_space_bytes(RATE);
  const space = take(size);
  c.ib_space_init(space, size, 2, RATE);
  const f = new Float32Array(memory.buffer);
  const settings = c.ib_space_set(space) >> 2;
  f[settings + AT.smoothing] = 0.005;
  for (let i = 0; i < 3; i++) f[settings + AT.half + i] = 60;
  set(f, settings);
  c.ib_space_changed(space);
  for (let i = 0; i < sounds; i++) {
    const at = take(4 * 24000);
    for (let k = 0; k < 24000; k++) f[(at >> 2) + k] = Math.random() - 0.5;
    c.ib_space_sound(space, i, at, 1, 24000);
  }
  c.ib_space_run(space, 0, 0, 0);
  return { c, f, space, apart: take(1024), mix: take(128), pose: c.ib_space_pose(space) >> 2 };
}

function play({ c, f, space, apart, mix, pose }, voices) {
  const began = process.cpuUsage();
  for (let cell = 0; cell < (SECONDS * RATE) / 16; cell++) {
    if (cell % 16 === 0) {
      f[pose] = 10 * Math.sin(cell / 4000);
      f[pose + 3] = (cell / 3000) % 1;
    }
    for (let i = 0; i < 32 * voices; i++) f[(apart >> 2) + i] = ((cell * 31 + i * 17) % 97) / 97 - 0.5;
    c.ib_space_run(space, apart, mix, 16);
  }
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6 / SECONDS;
}

const placed = (placement) => (f, at) => void (f[at + AT.placement] = placement);
const hall = (f, at) => {
  f[at + AT.boxes] = 1;
  f.set([0, 0, 0, 300, 300, 300, 0, 0.5, 3, 5000, 0.02, 1, 900, 0.7], at + AT.box);
};
const full = (f, at) => {
  placed(2)(f, at);
  hall(f, at);
  f[at + AT.edge] = 60;
  for (let i = 0; i < 24; i++) f.set([1, i, 0, 9, 1, 4, 0.5, 1], at + AT.voices + 8 * i);
};
const cases = [
  ["one voice, nothing asked for", placed(0), 1, 0],
  ["one voice, turn", placed(1), 1, 0],
  ["one voice, head", placed(2), 1, 0],
  ["one voice in a box that filters and echoes", hall, 1, 0],
  ["eight voices, head", placed(2), 8, 0],
  ["eight voices and sixteen sounds on landmarks, head, a box, the edge", full, 8, 16],
].map(([name, set, voices, sounds]) => ({ name, voices, opened: open(set, sounds), times: [] }));
for (let round = 0; round < 8; round++)
  for (const each of cases) {
    const time = play(each.opened, each.voices);
    if (round > 0) each.times.push(time);
  }
for (const { name, times } of cases) {
  times.sort((a, b) => a - b);
  console.log(`${name}: ${(100 * times[3]).toFixed(2)} %`);
}
