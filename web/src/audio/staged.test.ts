import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FromPage, makeStageState, makeTake, makeTempo } from "../protocol/messages";
import { StagedInstrument } from "./staged";

let told: FromPage[] = [];
let reached = true;

/** An instrument whose piece the stage plays, at 120 beats a minute: a bar lasts two seconds. */
function onStage(synchronised: boolean): StagedInstrument {
  told = [];
  reached = true;
  const instrument = new StagedInstrument("page");
  instrument.tell = (message) => {
    if (reached) told.push(message);
    return reached;
  };
  instrument.setTempo(makeTempo({ bpm: 120, beats: 4, synchronised }), 0);
  instrument.opened("p");
  const state = makeStageState({ condition: "playing", piece: "p", sample_rate: 48000 });
  instrument.hear({ type: "stage_now", state, devices: [] });
  return instrument;
}

function actions(): string[] {
  return told.flatMap((each) => (each.type === "do_on_stage" ? [each.action] : []));
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a take stopped before its bar begins is recorded for one bar", async () => {
  const instrument = onStage(true);
  vi.advanceTimersByTime(500);
  instrument.recordTake("One");
  const take = instrument.stopTake();
  vi.advanceTimersByTime(1600);
  expect(actions()).toEqual(["record"]);
  vi.advanceTimersByTime(2000);
  expect(actions()).toEqual(["record", "finish"]);
  const asked = told.at(-1);
  if (asked?.type !== "do_on_stage") throw new Error();
  expect(asked.seconds).toBe(2);
  const made = makeTake({ id: asked.take ?? "", name: "One", hop: 512, sample_rate: 48000 } as never);
  instrument.hear({ type: "stage_took", take: made, left: false });
  expect((await take).id).toBe(asked.take);
});

test("a take of so many bars lasts no longer where the page hears of its end late", () => {
  const instrument = onStage(true);
  instrument.setTempo(makeTempo({ bpm: 120, beats: 4, bars: 2, synchronised: true }), 0);
  instrument.recordTake("Two");
  vi.advanceTimersByTime(2100);
  expect(actions()).toEqual(["record"]);
  const now = performance.now.bind(performance);
  const late = vi.spyOn(performance, "now").mockImplementation(() => now() + 900);
  vi.advanceTimersByTime(4000);
  late.mockRestore();
  const asked = told.at(-1);
  if (asked?.type !== "do_on_stage") throw new Error();
  expect([asked.action, asked.seconds]).toEqual(["finish", 4]);
});

test("a take whose end never comes says so, and can be ended again", async () => {
  const instrument = onStage(true);
  instrument.recordTake("One");
  vi.advanceTimersByTime(2500);
  const take = instrument.stopTake();
  instrument.stopPlaying(); // another page, a key: it lets go of what waits for the line
  await expect(take).rejects.toThrow("recorded on");
  expect(instrument.recordingTake).toBe(true);
  const again = instrument.stopTake();
  instrument.hear({ type: "stage_now", state: makeStageState(), devices: [] });
  await expect(again).rejects.toThrow("ended");
});

test("a take is recorded on while the stage cannot be reached", async () => {
  const instrument = onStage(false);
  instrument.recordTake("One");
  reached = false;
  await expect(instrument.stopTake()).rejects.toThrow("cannot be reached");
  expect(instrument.recordingTake).toBe(true);
  reached = true;
  void instrument.stopTake();
  expect(actions()).toEqual(["record", "finish"]);
});

test("a page that comes to a recording stage can end the take, and hears of one that was left", async () => {
  const instrument = onStage(true);
  const left: string[] = [];
  instrument.addEventListener("left-take", (event) => left.push((event as CustomEvent).detail.id));
  const state = { ...instrument.stage, recording: true };
  instrument.hear({ type: "stage_now", state, devices: [] });
  expect(instrument.recordingTake).toBe(true);
  const take = instrument.stopTake();
  expect([instrument.recordingTake, instrument.takeComes]).toEqual([false, true]);
  const asked = told.at(-1);
  if (asked?.type !== "do_on_stage") throw new Error();
  expect([asked.action, asked.seconds]).toEqual(["finish", 0]); // when it began, nobody here knows
  const made = makeTake({ id: asked.take ?? "", name: "", hop: 512, sample_rate: 48000 } as never);
  instrument.hear({ type: "stage_took", take: made, left: false });
  expect((await take).id).toBe(asked.take);
  instrument.hear({ type: "stage_took", take: { ...made, id: "another's" }, left: false });
  expect(left).toEqual([]);
  instrument.hear({ type: "stage_took", take: { ...made, id: "nobody's" }, left: true });
  expect(left).toEqual(["nobody's"]);
});
