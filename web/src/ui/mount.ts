// Puts the page up: theme, meters, and the one element that holds the rest.

import "../styles/main.css";
import type { Meters } from "../audio/instrument";
import { keepPage } from "../net/offline";
import type { Take } from "../protocol/messages";
import { listen } from "../state/explore";
import { fetchAhead, fetchScenes } from "../state/set-list";
import type { App } from "./app";
import { forgetInk } from "./canvas";
import "./page";
import { Staying } from "../audio/staying";
import { follow } from "./performing";
import { keepTheme } from "./theme";
import { followStage, keepLeft } from "./transport";

export function mount(app: App): void {
  keepTheme(app.preferences, () => window.dispatchEvent(new Event("isobath-theme")));
  window.addEventListener("resize", forgetInk);
  app.instrument.addEventListener("meters", (event) => {
    app.meters = (event as CustomEvent<Meters>).detail;
  });
  app.instrument.addEventListener("playing", () => {
    const playing = app.instrument.playingTake;
    const { takes } = app.store.state;
    if (takes.playing !== playing) app.store.set({ takes: { ...takes, playing } });
  });
  app.instrument.addEventListener("left-take", (event) => keepLeft(app, (event as CustomEvent<Take>).detail));
  app.instrument.addEventListener("stage", () => {
    followStage(app);
    const { onStage, stage } = app.instrument;
    const shown = app.store.state.stage;
    if (onStage && (stage.frozen !== shown.frozen || stage.faded !== shown.faded))
      app.store.set({ stage: { ...shown, frozen: stage.frozen, faded: stage.faded } });
  });
  new Staying(app.instrument, () => app.instrument.input.state === "open");
  app.link.beat = (beat) => follow(app, beat);
  app.link.acted = (action, begins) => void import("./acting").then(({ act }) => act(app, action, begins));
  app.store.subscribe((state, previous) => {
    if (state.piece !== null && state.piece.id !== previous.piece?.id) {
      const mapped = state.piece.voices.some((voice) => voice.demonstrations.length > 0);
      listen(app.store, mapped ? "play" : "explore");
    }
    if (
      state.piece !== null &&
      (state.piece.id !== previous.piece?.id || state.piece.scenes !== previous.piece.scenes)
    ) {
      const next = app.setList.beside(state.piece.id, 1, state.pieces);
      void fetchScenes(state, state.piece).then(() => fetchAhead(app.store.state, next));
    }
    const { guided, guide } = app.preferences.value;
    if (state.firstRun && !previous.firstRun && !guided && guide === null) app.preferences.set({ guide: 0 });
  });
  const page = document.createElement("isobath-page") as HTMLElement & { app: App };
  page.app = app;
  document.body.append(page);
  void keepPage();
}
