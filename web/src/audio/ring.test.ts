// The ring keeps as little ahead as the way here allows: on a recorded pattern of arrivals, behind stalls, and
// on a quiet way; and what it plays is what came, in order.

import { describe, expect, test } from "vitest";
import kernelUrl from "../../../kernel/wasm/isobath.simd.wasm?url&inline";
import { ARRIVALS } from "./arrivals";
import { Player } from "./player";
import { LEAST_MARGIN, MOST_MARGIN, Ring } from "./ring";
import { readSound, writeLatents } from "./stream-frames";
import { Streamed, type ToStream } from "./streamed";

const RATE = 44100;
const HOP = 512;
const QUANTUM = 128;

async function kernel(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await (await fetch(kernelUrl)).arrayBuffer());
}

interface Played {
  readonly ring: Ring;
  /** Seconds from a sample's moment to its playing, at each quantum played; by the samples themselves. */
  readonly delays: number[];
  readonly gaps: number;
}

/** Play hops that come `late(k)` seconds after they are due. Each sample says when it was asked for. */
function play(late: (hop: number) => number, hops: number, ring = new Ring(1, RATE, QUANTUM)): Played {
  const delays: number[] = [];
  let next = 0;
  let gaps = 0;
  let before = Number.NEGATIVE_INFINITY;
  let free = 0;
  let wrong = 0;
  for (let now = 0; now < hops * HOP; now += QUANTUM) {
    // a socket keeps order: nothing overtakes
    while (next < hops && Math.max(free, next * HOP + late(next) * RATE) <= now) {
      free = Math.max(free, next * HOP + late(next) * RATE);
      ring.put(
        Float32Array.from({ length: HOP }, (_, i) => next * HOP + i),
        next * HOP,
      );
      next++;
    }
    const out = ring.take(now);
    if (out === null) {
      gaps++;
      continue;
    }
    const last = out[QUANTUM - 1]!;
    delays.push((now + QUANTUM - 1 - last) / RATE);
    if (last <= before || Math.abs(ring.delay / RATE - delays.at(-1)!) > 1e-6) wrong++;
    before = last;
  }
  expect(wrong).toBe(0);
  return { ring, delays, gaps };
}

const middle = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

describe("the margin", () => {
  test("stays at ten milliseconds where nothing is ever late", () => {
    const { ring, delays } = play(() => 0.002, 1000);
    expect(ring.underruns).toBe(0);
    expect(ring.margin).toBe(LEAST_MARGIN);
    expect(middle(delays)).toBeLessThan(0.002 + LEAST_MARGIN + (2 * QUANTUM) / RATE);
  });

  test("on arrivals as they were recorded under load: few gaps, little delay", () => {
    const { ring, delays } = play((k) => ARRIVALS[k]!, ARRIVALS.length);
    expect(ring.underruns).toBeLessThanOrEqual(6);
    expect(ring.margin).toBeLessThan(0.08);
    expect(middle(delays)).toBeLessThan(0.06);
  });

  test("the same arrivals, with a margin that never grows, would break up more often", () => {
    const stubborn = new Ring(1, RATE, QUANTUM);
    Object.defineProperty(stubborn, "margin", { get: () => LEAST_MARGIN, set: () => {} });
    const fixed = play((k) => ARRIVALS[k % ARRIVALS.length]!, 2 * ARRIVALS.length, stubborn);
    const grown = play((k) => ARRIVALS[k % ARRIVALS.length]!, 2 * ARRIVALS.length);
    expect(grown.ring.underruns).toBeLessThan(fixed.ring.underruns);
  });

  test("what piled up behind a stall is skipped", () => {
    const { ring, delays } = play((k) => (k >= 300 && k < 330 ? 0.4 : 0.002), 1200);
    expect(ring.underruns).toBe(1);
    expect(ring.skipped).toBeGreaterThan(0);
    expect(Math.max(...delays)).toBeGreaterThan(0.15);
    expect(middle(delays.slice(-400))).toBeLessThan(0.04);
  });

  test("it shrinks again, slowly, and never grows beyond its most", () => {
    const ring = new Ring(1, RATE, QUANTUM);
    play((k) => (k % 100 < 50 ? 0.5 : 0.002), 3000, ring);
    expect(ring.margin).toBeLessThanOrEqual(MOST_MARGIN);
    const high = ring.margin;
    ring.clear();
    const calm = play(() => 0.002, 3000, ring);
    expect(calm.ring.margin).toBeLessThan(high * 0.9);
    expect(calm.ring.margin).toBeGreaterThan(LEAST_MARGIN);
  });
});

test("what is played is what came, sample by sample", () => {
  const ring = new Ring(2, RATE, QUANTUM);
  const heard: number[] = [];
  for (let k = 0, now = 0; k < 40; k++) {
    ring.put(
      Float32Array.from({ length: 600 }, (_, i) => (i < 300 ? k * 300 + i : -(k * 300 + i - 300))),
      k * 300,
    );
    for (; now < k * 300; now += QUANTUM) {
      const out = ring.take(now);
      if (out === null) continue;
      for (let i = 0; i < QUANTUM; i++) {
        heard.push(out[i]!);
        expect(out[QUANTUM + i]).toBe(-out[i]!);
      }
    }
  }
  expect(heard.length).toBeGreaterThan(9000);
  expect(heard).toEqual(heard.map((_, i) => i));
});

describe("a streamed voice", () => {
  const shape = { dims: 2, hop: HOP, channels: 1, rate: RATE };

  function answer(frame: ArrayBuffer): ArrayBuffer {
    const [epoch, number, dims] = new Uint32Array(frame, 0, 5);
    const made = new ArrayBuffer(4 * (6 + 2 + HOP));
    new Uint32Array(made).set([epoch!, number!, dims!, 1, HOP, 100]);
    new Float32Array(made, 24).set(new Float32Array(frame, 20, 2));
    return made;
  }

  test("asks once the server is there, and forgets what was asked before a new beginning", () => {
    const sent: ToStream[] = [];
    const voice = new Streamed(shape, 7, { postMessage: (message) => sent.push(message) });
    voice.ask([1, 2], null, 0);
    expect(sent).toEqual([]);
    voice.receive({ type: "ready" });
    expect(sent).toEqual([{ type: "begin", epoch: 1, seed: 7 }]);
    voice.ask([1, 2], null, 0);
    const early = answer(sent[1] as ArrayBuffer);
    voice.restart(8);
    voice.receive(early);
    expect(voice.ring.depth).toBe(0);
    voice.ask([3, 4], null, 0);
    voice.receive(answer(sent.at(-1) as ArrayBuffer));
    expect(voice.ring.depth).toBe(HOP);
    expect(Array.from(voice.latent)).toEqual([3, 4]);
  });

  test.each([RATE, 48000, 22050])("hears what comes in at %d Hz, a hop at a time", async (playerRate) => {
    const sent: ToStream[] = [];
    const outlet = { postMessage: (message: ToStream) => sent.push(message) };
    const voice = new Streamed(shape, 1, outlet, playerRate);
    const player = new Player(await kernel(), 2, playerRate);
    voice.crossing = playerRate === RATE ? null : player.loadCrossing(RATE);
    voice.hearing = { hear: () => {} };
    voice.receive({ type: "ready" });
    const half = Math.ceil((32 * playerRate) / Math.min(playerRate, RATE));
    const late = playerRate === RATE ? 0 : Math.ceil((half * RATE) / playerRate) / RATE;
    const left = new Float32Array(1);
    const right = new Float32Array(1);
    for (let n = 0; n < 3000; n++) {
      if (voice.untilDue === 0) voice.ask([0, 0], null, n);
      left[0] = n / playerRate; // what is heard says when
      right[0] = -left[0];
      voice.listen(left, right, 1, player.floats);
      voice.advance(1);
    }
    const heard = sent.slice(1).map((frame) => new Float32Array(frame as ArrayBuffer, 4 * 7));
    expect(heard.length).toBe(Math.ceil((3000 * RATE) / playerRate / HOP));
    expect(Math.max(...heard[0]!)).toBe(0);
    for (let k = 1; k < heard.length; k++)
      for (let i = 0; i < HOP; i++) {
        const when = ((k - 1) * HOP + i) / RATE - late;
        // The filter rounds the corner at the beginning.
        if (late === 0 || when > late) expect(heard[k]![i]).toBeCloseTo(when, 5);
        expect(heard[k]![HOP + i]! + heard[k]![i]!).toBe(0);
      }
  });

  test("does not ask a server that does not answer for more than a quarter of a second", () => {
    const sent: ToStream[] = [];
    const voice = new Streamed(shape, 1, { postMessage: (message) => sent.push(message) });
    voice.receive({ type: "ready" });
    for (let k = 0; k < 400; k++) voice.ask([0, 0], null, k * HOP);
    expect((sent.length * HOP) / RATE).toBeLessThan(0.3);
    voice.receive({ type: "away" });
    voice.ask([0, 0], null, 0);
    expect((sent.length * HOP) / RATE).toBeLessThan(0.3);
  });
});

test("frames are the bytes that Python writes", () => {
  const frame = new ArrayBuffer(4 * (5 + 2 + 2 + 4));
  writeLatents(frame, 7, 9, [1, 2], [3, 4], [Float32Array.of(5, 6), Float32Array.of(7, 8)]);
  expect(Array.from(new Uint32Array(frame, 0, 5))).toEqual([7, 9, 2, 1, 2]);
  expect(Array.from(new Float32Array(frame, 20))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(readSound(new ArrayBuffer(8))).toBeNull();
  expect(readSound(frame)).toBeNull();
});

/** The longest that a ring is silent, and how it stands, when its sound comes `drift` faster than it is played. */
function follow(drift: number, seconds: number): { ring: Ring; gaps: number; steps: number } {
  const ring = new Ring(1, RATE, QUANTUM, true);
  let [next, gaps, steps, before] = [0, 0, 0, 0];
  for (let now = 0; now < seconds * RATE; now += QUANTUM) {
    for (; (next * HOP) / (1 + drift) <= now; next++)
      ring.put(
        Float32Array.from({ length: HOP }, (_, i) => Math.sin((next * HOP + i) / 40)),
        now,
      );
    const out = ring.take(now);
    if (out === null) gaps++;
    else
      for (const x of out) {
        steps = Math.max(steps, Math.abs(x - before));
        before = x;
      }
  }
  return { ring, gaps, steps };
}

describe("a clock that is not the player's", () => {
  for (const drift of [-1e-3, -1e-4, 0, 1e-4, 1e-3])
    test(`${drift * 1e6} ppm beside it`, () => {
      const { ring, gaps, steps } = follow(drift, 20);
      expect(ring.underruns).toBeLessThanOrEqual(1);
      expect(gaps).toBeLessThan(20);
      expect(steps).toBeLessThan(0.06);
      expect(ring.delay / RATE).toBeLessThan(0.04);
    });
});
