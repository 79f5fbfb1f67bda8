import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  type DoOnStage,
  type FromPage,
  makeStageState,
  makeTake,
  makeTempo,
  type Take,
} from "../protocol/messages";
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

function asked(): DoOnStage {
  const newest = told.at(-1);
  if (newest?.type !== "do_on_stage") throw new Error();
  return newest;
}

function recorded(id: string | null, seconds: number): Take {
  return makeTake({ id: id ?? "", name: "One", hop: 512, sample_rate: 48000, seconds } as never);
}

test("a take begins and ends with the stage's own bars: it is only asked for", async () => {
  const instrument = onStage(true);
  vi.advanceTimersByTime(500);
  instrument.recordTake("One");
  expect(asked()).toMatchObject({ action: "record", on_bar: true, bars: 0, name: "One" });
  const { makes } = asked();
  const take = instrument.stopTake();
  expect(asked()).toMatchObject({ action: "finish", on_bar: true, take: makes });
  expect([instrument.recordingTake, instrument.takeComes]).toEqual([false, true]);
  vi.advanceTimersByTime(60_000 / 20); // nothing more is asked, whatever the time
  expect(actions()).toEqual(["record", "finish"]);
  const made = recorded(makes, 2);
  instrument.hear({ type: "stage_took", take: made, left: false });
  expect(await take).toBe(made);
  instrument.playTake(made, true); // a loop in time goes on as if it had never paused
  expect(asked()).toMatchObject({ action: "play", take: makes, onward: true });
  instrument.playTake(made, true);
  expect(asked()).toMatchObject({ action: "play", on_bar: true, onward: false });
});

test("a take of so many bars comes by itself, to a page that was away, too", () => {
  const instrument = onStage(true);
  const takes: string[] = [];
  instrument.addEventListener("take", (event) => takes.push((event as CustomEvent).detail.id));
  instrument.setTempo(makeTempo({ bpm: 120, beats: 4, bars: 2, synchronised: true }), 0);
  for (const left of [false, true]) {
    instrument.recordTake("Two");
    const { makes, bars } = asked();
    expect(bars).toBe(2);
    instrument.hear({ type: "stage_took", take: recorded(makes, 4), left });
    expect(takes.at(-1)).toBe(makes);
  }
});

test("a take whose end never comes says so, and can be ended again", async () => {
  const instrument = onStage(true);
  instrument.recordTake("One");
  const take = instrument.stopTake();
  take.catch(() => {});
  const state = { ...instrument.stage, recording: true };
  instrument.hear({ type: "stage_now", state, devices: [] });
  vi.advanceTimersByTime(8000 + 4000);
  await expect(take).rejects.toThrow("no take");
  const left: string[] = [];
  instrument.addEventListener("left-take", (event) => left.push((event as CustomEvent).detail.id));
  const { take: id } = asked();
  instrument.hear({ type: "stage_took", take: recorded(id, 2), left: false });
  expect(left).toEqual([id]);
});

test("a take that the stage never tells of is not recorded for ever", () => {
  const instrument = onStage(true);
  instrument.recordTake("One");
  expect(instrument.recordingTake).toBe(true);
  vi.advanceTimersByTime(6000);
  expect(instrument.recordingTake).toBe(false);
});

test("silence does not wait for what is edited, and the beat that is shown is the stage's", () => {
  const instrument = onStage(true);
  let flushed = 0;
  instrument.flush = () => flushed++;
  instrument.panic();
  instrument.setFrozen(true);
  instrument.fade(0, 1);
  expect([actions(), flushed]).toEqual([["panic", "freeze", "fade"], 0]);
  instrument.setTempo(makeTempo({ bpm: 90, synchronised: true }), 1.5);
  expect(asked()).toMatchObject({ action: "beat", bpm: 90, beat: 1.5 });
  instrument.setTempo(makeTempo({ bpm: 90, synchronised: true }));
  expect(actions()).toHaveLength(4);
  const beats: number[] = [];
  instrument.addEventListener("meters", (event) => beats.push((event as CustomEvent).detail.beat));
  const heard = { peak: [0, 0], rms: [0, 0], latents: [], gesture: [], meant: [], said: [], ears: [] };
  instrument.hear({ ...heard, type: "stage_heard", spectrum: null, position: 0, beat: 7.25 } as never);
  expect(beats).toEqual([7.25]);
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
  const id = asked().take;
  const made = recorded(id, 0);
  instrument.hear({ type: "stage_took", take: made, left: false });
  expect((await take).id).toBe(id);
  instrument.hear({ type: "stage_took", take: { ...made, id: "another's" }, left: false });
  expect(left).toEqual([]);
  instrument.hear({ type: "stage_took", take: { ...made, id: "nobody's" }, left: true });
  expect(left).toEqual(["nobody's"]);
});
