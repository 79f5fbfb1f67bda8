// Puts the page up: theme, meters, and the one element that holds the rest.

import "../styles/main.css";
import type { Meters } from "../audio/instrument";
import type { App } from "./app";
import "./page";
import { keepTheme } from "./theme";


export function mount(app: App): void {
  keepTheme(app.preferences, () => window.dispatchEvent(new Event("isobath-theme")));
  app.instrument.addEventListener("meters", (event) => {
    app.meters = (event as CustomEvent<Meters>).detail;
  });
  app.instrument.addEventListener("playing", () => {
    const playing = app.instrument.playingTake;
    const { takes } = app.store.state;
    if (takes.playing !== playing) app.store.set({ takes: { ...takes, playing } });
  });
  app.store.subscribe((state, previous) => {
    const { guided, guide } = app.preferences.value;
    if (state.firstRun && !previous.firstRun && !guided && guide === null) app.preferences.set({ guide: 0 });
  });
  const page = document.createElement("isobath-page") as HTMLElement & { app: App };
  page.app = app;
  document.body.append(page);
}
