// The list of places: for whoever does not see the world, and whoever is in a hurry.

import { html, type TemplateResult } from "lit";
import type { App } from "../ui/app";
import { icon } from "../ui/icons";
import { toggle } from "../ui/parts";
import { type Bearing, spokenBearing } from "./telling";

/** All places, the nearest first; a press goes there. */
export function placesPanel(
  { preferences }: Pick<App, "preferences">,
  near: readonly Bearing[],
  visit: (there: Bearing) => void,
  close: () => void,
): TemplateResult {
  return html`<div class="walk-places" role="dialog" aria-label="Places">
    <header class="row">
      <h2 class="grow">Places</h2>
      <button type="button" class="tool" aria-label="Close the list" @click=${() => close()}>${icon("close")}</button>
    </header>
    ${toggle("Say what comes near", preferences.value.sayNear, (sayNear) => preferences.set({ sayNear }))}
    ${
      near.length === 0
        ? html`<p class="hint">Nothing is marked yet. <kbd>L</kbd> places a landmark, <kbd>Enter</kbd> a demonstration.</p>`
        : html`<ul>
          ${near.slice(0, 200).map(
            (each) => html`<li>
              <button type="button" @click=${() => visit(each)}>
                <span class="grow">${each.spot.label}</span><span class="figure">${spokenBearing(each)}</span>
              </button>
            </li>`,
          )}
        </ul>`
    }
  </div>`;
}
