// One person's jam: what comes of it where it is left before it sounds.

import { expect, test, vi } from "vitest";
import { makeJamSetting } from "../protocol/messages";
import { Band } from "./band";
import { Player } from "./player";

test("a jam that is left while its sounds are made does not begin behind the person's back", async () => {
  let made = (_: Band): void => {};
  vi.spyOn(Band, "open").mockReturnValue(
    new Promise((resolve) => {
      made = resolve;
    }),
  );
  const close = vi.fn(async () => {});
  const events = { changed() {}, sounds() {}, times() {}, worthKeeping() {} };
  const player = new Player(makeJamSetting({}), events);
  const started = player.start();
  const closed = player.close();
  made({ close } as unknown as Band);
  await Promise.all([started, closed]);
  expect(player.running).toBe(false);
  expect(player.band).toBeNull();
  expect(close).toHaveBeenCalledOnce();
});
