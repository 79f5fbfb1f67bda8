// Plays a piece with the page's own loop in Node, to hold it against `isobath render`.
//   node play_loop.mjs AUDIO.mjs KERNEL.wasm SCRIPT.json FOLDER > floats
// AUDIO.mjs: web/src/audio bundled (tests/engine/page_audio.ts). FOLDER holds SLOT.blob and ID.f32 (two
// channels, one after the other).
import { readFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const [audioPath, kernelPath, scriptPath, folder] = process.argv.slice(2);
const page = await import(pathToFileURL(audioPath).href);
const script = JSON.parse(readFileSync(scriptPath, "utf8"));
const player = new page.Player(new WebAssembly.Module(readFileSync(kernelPath)), 2, script.rate);
const loop = new page.Loop(player, { used() {}, began() {}, ended() {} });
const { piece, take } = script;

function bytes(name) {
  const file = readFileSync(join(folder, name));
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
}

function sound(id) {
  const values = new Float32Array(bytes(`${id}.f32`));
  return [values.subarray(0, values.length / 2), values.subarray(values.length / 2)];
}

const slotOf = (id) => piece.voices.findIndex((voice) => voice.id === id);
const solo = piece.voices.some((voice) => voice.solo);
loop.setAxes(piece.axes.map((axis) => axis.rest));
if (page.isPlaced(piece.world)) {
  const module = new WebAssembly.Module(readFileSync(join(dirname(kernelPath), "isobath-space.wasm")));
  const first = script.models[piece.voices[0].model];
  const space = player.loadSpace(module);
  space.set(page.spaceOf(piece, piece.world, first.hop / first.sample_rate));
  page.sounding(piece.world).forEach((mark, i) => space.sound(i, sound(mark.carries.sound)));
}
piece.voices.forEach((voice, slot) => {
  const model = script.models[voice.model];
  const { source } = voice;
  loop.load(slot, bytes(`${slot}.blob`), voice.seed, model.mean);
  if (source.kind === "input") loop.hear(slot, loop.live);
  if (source.kind === "sound") loop.hear(slot, new page.Looped(sound(source.sound)));
  if (source.kind === "voice") loop.hearVoice(slot, slotOf(source.voice));
  if (source.kind === "prior") loop.setDream(slot, { at: (frame) => Float32Array.from(script.dream[frame]) });
  const muted = voice.muted || (solo && !voice.solo);
  loop.setShaping(slot, page.shapingFloats(voice.shaping, voice.gain_db, voice.pan, muted, model.mean));
  player.source(slot, page.sourceFloats(source, model.match_lufs, player.hasEar(slot)));
  if (voice.fitted !== null) loop.setMapping(slot, page.prepare(voice.fitted));
  if (voice.safety !== null) loop.setForesight(slot, new page.Foresight(voice.safety, voice.foresight));
});
piece.voices.forEach((voice, slot) => {
  if (voice.follows === null) return;
  const leader = slotOf(voice.follows);
  const theirs = script.models[piece.voices[leader].model];
  loop.follow(slot, page.followingOf(leader, theirs, script.models[voice.model]));
});
const { master } = piece;
player.master(10 ** (master.gain_db / 20), master.ceiling_db, master.guard_db);
const axes = piece.axes.map((axis) => axis.id);
// The way home begins behind the end, which the limiter sees coming: a render has none.
const prepared = (scene) => ({
  scene: null,
  seconds: scene.seconds,
  voices: scene.voices.map(({ slot, values, mapping }) => ({
    slot,
    values,
    mapping: mapping === null ? null : page.prepare(mapping),
    foresight: null,
  })),
});
const way = page.wayOf(piece, take, new Map(Object.entries(script.models).map(([name, mean]) => [name, { latent: mean }])));
loop.start({
  way: way === null ? null : { frames: way.frames, programmes: way.scenes.map(prepared), home: prepared(way.scenes.at(-1)) },
  seed: take.seed,
  take: page.stackOf(take, false, [take], axes, script.rate),
  input: take.input === null ? null : new page.Recorded(sound(take.input), 0),
  deliver: null,
});
for (const block of script.blocks) {
  const rows = [new Float32Array(block), new Float32Array(block)];
  loop.render(rows, block);
  for (const row of rows) {
    const out = new Uint8Array(row.buffer);
    for (let sent = 0; sent < out.length; ) sent += writeSync(1, out, sent);
  }
}
