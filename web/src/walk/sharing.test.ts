import { expect, it } from "vitest";
import { makeTake } from "../protocol/messages";
import { pack, unpack } from "./sharing";

const [HOP, RATE] = [256, 44_100];
const AXES = ["east", "north", "up"];

function walk(seconds: number) {
  const length = Math.round((seconds * RATE) / HOP);
  const frames = Array.from({ length: Math.floor(length / 3) }, (_, k) => 3 * k);
  const points = frames.map((f) => [0.5 + 0.4 * Math.sin(f / 900), 0.5 + 0.3 * Math.cos(f / 700), 0.55]);
  return makeTake({ id: "a", name: "a", hop: HOP, sample_rate: RATE, length, axes: AXES, frames, points });
}

it("a walk goes the same way again, in a link short enough to send", async () => {
  const take = walk(180);
  const text = await pack(take);
  expect(text).toMatch(/^[\w-]+$/);
  expect(text.length).toBeLessThan(4000);
  const again = (await unpack(text, AXES, HOP, RATE))!;
  expect(Math.abs(again.length - take.length)).toBeLessThan(RATE / HOP / 5 + 1);
  for (const [row, frame] of again.frames.entries()) {
    const meant = take.points[Math.min(take.points.length - 1, Math.round(frame / 3))]!;
    const off = again.points[row]!.map((x, i) => Math.abs(x - meant[i]!));
    expect(Math.max(...off)).toBeLessThan(0.01);
  }
  expect(again.frames.every((frame, k) => k === 0 || frame > again.frames[k - 1]!)).toBe(true);
});

it("what is no walk is none", async () => {
  const text = await pack(walk(10));
  expect(await unpack(text, ["other"], HOP, RATE)).toBeNull();
  for (const bad of ["", "!", "AAAA", text.slice(0, -8), `${text}?`, "A".repeat(100_000)])
    expect(await unpack(bad, AXES, HOP, RATE)).toBeNull();
  // A bomb of zeros is cut off.
  const zeros = new Blob([new Uint8Array(30_000_000)])
    .stream()
    .pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(zeros).arrayBuffer());
  const bomb = btoa(String.fromCharCode(...bytes.subarray(0, 30_000))).replace(/[+/=]/g, "-");
  expect(await unpack(bomb, AXES, HOP, RATE)).toBeNull();
});
