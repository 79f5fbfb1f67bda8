// The landmark in hand: its name, place, size and colour, for hands that would rather write than drag.

import { html, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import type { Landmark } from "../protocol/messages";
import { changeLandmark } from "../state/world";
import type { App } from "../ui/app";
import { icon } from "../ui/icons";
import { idFor, toggle } from "../ui/parts";
import { bounded, type Editing } from "./editing";
import { carriesPart } from "./sounding-panel";

const SIDES = ["east", "up", "south"] as const;
const EXTENTS = ["width", "height", "depth"] as const;

export function landmarkPanel(app: App, editing: Editing, landmark: Landmark): TemplateResult {
  const change = (to: Partial<Landmark>): void => changeLandmark(app.store, landmark.id, to);
  const triple = (values: readonly number[], at: number, value: number) =>
    values.map((each, i) => (i === at ? value : each)) as [number, number, number];
  const number = (
    name: string,
    value: number,
    input: (value: number) => void,
    step: number,
  ): TemplateResult =>
    html`<label class="walk-number"
      ><span>${name}</span
      ><input
        type="number"
        step=${step}
        .value=${live(String(value))}
        @change=${(e: Event) => {
          const to = (e.target as HTMLInputElement).valueAsNumber;
          if (Number.isFinite(to)) input(to);
        }}
      /><span class="unit">m</span></label
    >`;
  const name = idFor("landmark-label");
  const colour = idFor("landmark-colour");
  return html`<section class="walk-landmark" aria-label="Landmark">
    <header class="row">
      <input
        id=${name}
        type="text"
        class="bare grow"
        maxlength="200"
        aria-label="Name of the landmark"
        .value=${live(landmark.label)}
        @change=${(e: Event) => change({ label: (e.target as HTMLInputElement).value.trim() })}
      />
      <button type="button" class="tool" aria-label="Put the landmark down" @click=${() => editing.choose(null)}>
        ${icon("close")}
      </button>
    </header>
    <div class="walk-numbers">
      ${SIDES.map((side, i) =>
        number(
          side,
          landmark.position[i]!,
          (value) => editing.move(landmark.id, triple(landmark.position, i, value)),
          0.5,
        ),
      )}
      ${EXTENTS.map((extent, i) =>
        number(
          extent,
          landmark.size[i]!,
          (value) => change({ size: triple(landmark.size, i, bounded(value)) }),
          0.1,
        ),
      )}
    </div>
    <div class="row">
      <label for=${colour}>Colour</label>
      <input
        id=${colour}
        type="color"
        .value=${live(landmark.colour)}
        @input=${(e: Event) => change({ colour: (e.target as HTMLInputElement).value })}
      />
      <span class="grow"></span>
      <button type="button" class="tool" aria-label="Larger" title="Larger (+)" @click=${() => editing.scale(1.25)}>${icon("add")}</button>
      <button type="button" class="tool" aria-label="Smaller" title="Smaller (-)" @click=${() => editing.scale(0.8)}>${icon("remove")}</button>
      <button type="button" class="tool" aria-label="Delete the landmark" title="Delete" @click=${() => editing.delete()}>${icon("trash")}</button>
    </div>
    ${toggle("Stands on the ground", landmark.stands, (stands) => change({ stands }))}
    ${toggle("A beacon: heard as well as seen", landmark.beacon, (beacon) => change({ beacon }))}
    ${carriesPart(app, landmark)}
    <p class="hint">Drag moves it along the ground, with <kbd>Shift</kbd> up and down; <kbd>+</kbd> <kbd>-</kbd> scale.</p>
  </section>`;
}
