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
  const page = document.createElement("isobath-page") as HTMLElement & { app: App };
  page.app = app;
  document.body.append(page);
}
