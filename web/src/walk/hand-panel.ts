// What is in hand: its name, place, size and colour, for hands that would rather write than drag; and what
// only such a thing has.

import { html, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import type { Box, Landmark, Zone } from "../protocol/messages";
import type { Thing } from "../state/world";
import type { App } from "../ui/app";
import { icon } from "../ui/icons";
import { idFor, toggle } from "../ui/parts";
import { bounded, type Editing, type InHand } from "./editing";
import { carriesPart } from "./sounding-panel";
import { boxSettings } from "./space-panel";
import { zoneSettings } from "./world-panel";

const SIDES = ["east", "up", "south"] as const;
const EXTENTS = ["width", "height", "depth"] as const;

const NAMES = { landmark: "Landmark", box: "Place with walls", zone: "Zone" } as const;

export function handPanel(app: App, editing: Editing, { kind, thing }: InHand): TemplateResult {
  const change = (to: Partial<Thing>): void => editing.change(to);
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
  return html`<section class="walk-landmark" aria-label=${NAMES[kind]}>
    <header class="row">
      <input
        id=${name}
        type="text"
        class="bare grow"
        maxlength="200"
        aria-label="Its name"
        .value=${live(thing.label)}
        @change=${(e: Event) => change({ label: (e.target as HTMLInputElement).value.trim() })}
      />
      <button type="button" class="tool" aria-label="Put it down" @click=${() => editing.choose(null)}>
        ${icon("close")}
      </button>
    </header>
    <div class="walk-numbers">
      ${SIDES.map((side, i) =>
        number(side, thing.position[i]!, (value) => editing.move(triple(thing.position, i, value)), 0.5),
      )}
      ${EXTENTS.map((extent, i) =>
        number(
          extent,
          thing.size[i]!,
          (value) => change({ size: triple(thing.size, i, bounded(value)) }),
          0.1,
        ),
      )}
    </div>
    <div class="row">
      <label for=${colour}>Colour</label>
      <input
        id=${colour}
        type="color"
        .value=${live(thing.colour)}
        @input=${(e: Event) => change({ colour: (e.target as HTMLInputElement).value })}
      />
      <span class="grow"></span>
      <button type="button" class="tool" aria-label="Larger" title="Larger (+)" @click=${() => editing.scale(1.25)}>${icon("add")}</button>
      <button type="button" class="tool" aria-label="Smaller" title="Smaller (-)" @click=${() => editing.scale(0.8)}>${icon("remove")}</button>
      <button type="button" class="tool" aria-label="Delete it" title="Delete" @click=${() => editing.delete()}>${icon("trash")}</button>
    </div>
    ${toggle("Stands on the ground", thing.stands, (stands) => change({ stands }))}
    ${own(app, kind, thing, change)}
    <p class="hint">
      Drag moves it along the ground, with <kbd>Shift</kbd> up and down; so do <kbd>Alt</kbd> and the arrows.
      <kbd>+</kbd> <kbd>-</kbd> scale, <kbd>H</kbd> takes the next.
    </p>
  </section>`;
}

/** What only a landmark, a box or a zone has. */
function own(
  app: App,
  kind: InHand["kind"],
  thing: Thing,
  change: (to: Partial<Thing>) => void,
): TemplateResult {
  if (kind === "box") return boxSettings("hand", thing as Box, change);
  if (kind === "zone") return zoneSettings("hand", thing as Zone, change);
  const landmark = thing as Landmark;
  return html`${toggle("A beacon: heard as well as seen", landmark.beacon, (beacon) => change({ beacon } as Partial<Landmark>))}
  ${carriesPart(app, landmark)}`;
}
