// One person's jam: what comes of it where it is left before it sounds, and where its server is away.

import { afterEach, expect, test, vi } from "vitest";
import { post } from "../net/http";
import { type JamPhrase, makeJamSetting } from "../protocol/messages";
import { Band } from "./band";
import { Player } from "./player";
import type { JamEvent } from "./session";

vi.mock("../net/http", () => ({ get: vi.fn(), post: vi.fn() }));
afterEach(() => void vi.restoreAllMocks());

const QUIET = { changed() {}, sounds() {}, times() {}, worthKeeping() {} };
const ONE: JamPhrase = { steps: 32, hits: [{ step: 0, piece: 4, velocity: 0.5, offset: 0 }], tokens: [] };

test("a jam that is left while its sounds are made does not begin behind the person's back", async () => {
  let made = (_: Band): void => {};
  vi.spyOn(Band, "open").mockReturnValue(
    new Promise((resolve) => {
      made = resolve;
    }),
  );
  const close = vi.fn(async () => {});
  const player = new Player(makeJamSetting({}), QUIET);
  const started = player.start();
  const closed = player.close();
  made({ close } as unknown as Band);
  await Promise.all([started, closed]);
  expect(player.running).toBe(false);
  expect(player.band).toBeNull();
  expect(close).toHaveBeenCalledOnce();
});

test("a server that crashed, or hangs: a sentence, what was played before once more, and the clock goes on", async () => {
  const put: JamEvent[] = [];
  let tick = (_: number): void => {};
  const context = { currentTime: 0 };
  const band = {
    context,
    put: (event: JamEvent) => put.push(event),
    better() {},
    playedByModels: async () => {},
  };
  vi.spyOn(Band, "open").mockImplementation(async (advance) => {
    tick = advance;
    return band as unknown as Band;
  });
  vi.mocked(post).mockRejectedValue(new Error("The server is away."));
  const player = new Player(makeJamSetting({ bpm: 120 }), QUIET);
  await player.start();
  const { jam } = player;
  expect(player.failure).toBe("The server is away.");
  jam!.hear(jam!.clock.seconds(4), 1, 0.7);
  let now = 0;
  const playUntil = async (position: number) => {
    for (; jam!.clock.position(now) < position; now += 0.01) {
      context.currentTime = now;
      tick(now);
      for (let turn = 0; turn < 12; turn++) await null; // what has come is heard
    }
  };
  await playUntil(64); // nobody ever answered: the person's own phrase comes back
  vi.mocked(post).mockResolvedValue({ json: async () => ({ phrase: ONE }) } as unknown as Response);
  await playUntil(128);
  expect(player.failure).toBeNull();
  vi.mocked(post).mockReturnValue(new Promise(() => {}));
  await playUntil(192);
  vi.mocked(post).mockRejectedValue(new Error("The server is away."));
  await playUntil(256);
  const machine = jam!.turns.filter(({ who }) => who === "machine");
  expect(machine.map(({ repeated, phrase }) => [repeated, phrase.hits[0]!.piece])).toEqual([
    [true, 1],
    [false, 4],
    [true, 4],
    [true, 4],
  ]);
  const clicks = put.filter(({ kind }) => kind === "click").map(({ seconds }) => seconds);
  clicks.slice(1).forEach((at, i) => {
    expect(at - clicks[i]!).toBeCloseTo(0.5, 9);
  });
  expect(clicks.length).toBeGreaterThanOrEqual(4 + 64);
  expect(player.failure).toBe("The server is away.");
});
