// What a controller's button asks for, done as the page's own buttons do it.

import type { Action } from "../protocol/messages";
import { keep } from "../state/demonstrations";
import { voiceOf } from "../state/edit";
import { heardLatent } from "../steer/heard";
import { placeSound } from "../steer/placing";
import type { App } from "./app";
import { recordTake, silence, stopTakes } from "./transport";

export function act(app: App, action: Action, begins: boolean): void {
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
      else if (take !== undefined) instrument.playTake(take, take.loop);
      break;
    }
    case "panic":
      silence(app);
      break;
    case "undo":
      store.undo();
      break;
    default: // scenes, and holding a gesture, are not this page's yet
      break;
  }
}
