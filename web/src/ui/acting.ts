// What a controller's button asks for, done as the page's own buttons do it.

import { type Held, Holding } from "../gesture/holding";
import type { Action } from "../protocol/messages";
import { keep } from "../state/demonstrations";
import { voiceOf } from "../state/edit";
import { heardLatent } from "../steer/heard";
import { placeSound } from "../steer/placing";
import { announce } from "./announcer";
import type { App } from "./app";
import { fade, freeze, step, tap } from "./performing";
import { playTake, recordTake, silence, stopTakes } from "./transport";

/** Less still than this is worth saying. */
const UNSTEADY = 0.2;

/** A gesture that is being held, and what ends listening to it. */
let hold: { readonly holding: Holding; readonly end: () => void } | null = null;

export function act(app: App, action: Action, begins: boolean): void {
  if (action === "hold") {
    if (begins) beginHold(app);
    else endHold(app);
    return;
  }
  if (!begins) return;
  const { store, performer, instrument } = app;
  const { piece } = store.state;
  if (piece === null) return;
  switch (action) {
    case "demonstrate":
      placeSound(app, Float64Array.from(performer.values), { across: 0, up: 1 });
      break;
    case "keep": {
      const voice = voiceOf(store);
      const heard = voice === null ? null : heardLatent(store.state, voice, performer.values);
      if (heard !== null) keep(store, "", heard);
      break;
    }
    case "record":
      recordTake(app);
      break;
    case "play": {
      const take = piece.takes.at(-1);
      if (instrument.playingTake !== null) stopTakes(app);
      else if (take !== undefined) playTake(app, take);
      break;
    }
    case "panic":
      silence(app);
      break;
    case "undo":
      store.undo();
      break;
    case "next":
      step(app, 1);
      break;
    case "previous":
      step(app, -1);
      break;
    case "freeze":
      freeze(app);
      break;
    case "fade":
      fade(app);
      break;
    case "tap":
      tap(app);
      break;
  }
}

/** How the gesture that is being held was so far; null: none is. */
export function holdNow(): Held | null {
  return hold?.holding.end() ?? null;
}

/** Hold the gesture for as long as a key is down. */
export function holdByKey(app: App, key: string): void {
  act(app, "hold", true);
  announce("Holding.");
  const end = (up: KeyboardEvent): void => {
    if (up.key.toLowerCase() !== key) return;
    window.removeEventListener("keyup", end);
    act(app, "hold", false);
  };
  window.addEventListener("keyup", end);
}

/** From here until the button is let go, the gesture is averaged. */
function beginHold(app: App): void {
  hold?.end();
  const holding = new Holding();
  holding.move(app.performer.values);
  hold = { holding, end: app.performer.listen((performer) => holding.move(performer.values)) };
}

/** The sound that is heard becomes a demonstration where the gesture was on average. */
function endHold(app: App): void {
  hold?.end();
  const held = hold?.holding.end() ?? null;
  hold = null;
  if (held === null || held.point.length !== app.performer.values.length) return;
  placeSound(app, Float64Array.from(held.point), { across: 0, up: 1 });
  if (held.stillness < UNSTEADY)
    announce("The gesture moved while it was held; the demonstration lies at its middle.");
}
