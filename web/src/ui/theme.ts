// Light, dark, or as the system has it.

import { forgetInk } from "./canvas";
import type { PreferenceStore } from "./preferences";

/** Keeps `data-theme` on the root true; `changed` is called after each switch. */
export function keepTheme(preferences: PreferenceStore, changed: () => void): void {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let shown: string | null = null;
  const apply = (): void => {
    const choice = preferences.value.theme;
    const theme = choice === "system" ? (system.matches ? "dark" : "light") : choice;
    if (theme === shown) return;
    shown = theme;
    document.documentElement.dataset.theme = theme;
    forgetInk();
    changed();
  };
  system.addEventListener("change", apply);
  preferences.subscribe(apply);
  apply();
}
