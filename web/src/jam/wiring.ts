// MIDI in the page's jam: which ports play, are played, lead the tempo and follow it.

import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { icon } from "../ui/icons";
import type { Led } from "./player";
import type { Ports, Wires } from "./ports";

const LATEST_MS = 200;

export interface WiringActions {
  open(): void;
  wire(wires: Partial<Wires>): void;
  /** Milliseconds by which the human's notes come in late. */
  late(milliseconds: number): void;
}

function told({ bpm, placed }: Led): string {
  if (bpm === null) return "no clock yet";
  const tempo = `${Math.round(10 * bpm) / 10} bpm`;
  return placed ? tempo : `${tempo}; stop it and start it, so that its bars are known`;
}

/** led: the clock that is to lead. */
export function wiring(ports: Ports, late: number, led: Led | null, actions: WiringActions): TemplateResult {
  if (!ports.opened)
    return html`<div class="row jam-midi"><button type="button" @click=${() => actions.open()}>${icon("controllers")}Play by MIDI</button></div>`;
  const { inputs, outputs, wires } = ports;
  const port = (label: string, wire: keyof Wires, none: string, names: readonly string[]) => {
    const chosen = wires[wire];
    const gone = chosen !== "" && !names.includes(chosen);
    return html`<label class="jam-inline">${label}<select @change=${(event: Event) => actions.wire({ [wire]: (event.target as HTMLSelectElement).value })}>
      <option value="" ?selected=${chosen === ""}>${none}</option>
      ${[...names, ...(gone ? [chosen] : [])].map(
        (name) =>
          html`<option value=${name} ?selected=${name === chosen}>${name}${names.includes(name) ? "" : " (not there)"}</option>`,
      )}
    </select></label>`;
  };
  return html`<div class="row wrap jam-midi" role="group" aria-label="MIDI">
    ${port("Hears", "hears", inputs.length === 0 ? "no device yet" : "every device", inputs)}
    <label class="jam-inline">Late, ms<input type="number" min="0" max=${LATEST_MS} step="1" .value=${live(String(late))}
      @change=${(event: Event) => {
        const given = (event.target as HTMLInputElement).valueAsNumber;
        actions.late(given >= 0 && given <= LATEST_MS ? given : late);
      }} /></label>
    ${port("Machine to", "plays", "nowhere", outputs)}
    ${port("Clock from", "follows", "here", inputs)}
    ${led === null ? nothing : html`<span class="hint" role="status">${told(led)}</span>`}
    ${port("Clock to", "leads", "nowhere", outputs)}
  </div>`;
}
