// Who walks here, in words; for hosts, with their tools.

import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { type RoomWalker, WALKER_NAME } from "../protocol/messages";
import { announce } from "../ui/announcer";
import { icon } from "../ui/icons";
import { idFor, toggle } from "../ui/parts";
import { bearings, spokenBearing } from "./telling";
import type { Together } from "./together";

export function companyPanel(together: Together, close: () => void): TemplateResult {
  const walkers = [...together.company.walkers].sort((a, b) => a.id - b.id);
  const id = idFor("walker-name");
  return html`<section class="walk-places walk-company" role="dialog" aria-label="Walkers">
    <header class="row">
      <h2 class="grow">${together.room || "Walkers"}</h2>
      <button type="button" class="tool" aria-label="Close the list of walkers" @click=${close}>${icon("close")}</button>
    </header>
    ${together.sentence === null ? nothing : html`<p class="caution" role="status">${together.sentence}</p>`}
    <div class="field">
      <label for=${id}>Your name</label
      ><input
        id=${id}
        type="text"
        maxlength=${WALKER_NAME}
        autocomplete="nickname"
        .value=${live(together.name)}
        @change=${(e: Event) => {
          together.name = (e.target as HTMLInputElement).value.trim();
        }}
      />
    </div>
    ${together.host ? hosting(together) : nothing}
    ${
      together.state.listening === "" || !together.state.crowd
        ? nothing
        : html`<p class="hint">
          One sound follows everybody. <a href=${together.state.listening} target="_blank">Listen without a world</a>
        </p>`
    }
    <ul class="walkers">
      ${walkers.map((who) => walker(together, who))}
    </ul>
    <p class="hint">${count(walkers.length, together.most)}</p>
  </section>`;
}

function count(here: number, most: number): string {
  return `${here} of ${most} are here.`;
}

function hosting(together: Together): TemplateResult {
  const id = idFor("room-invitation");
  const { state } = together;
  return html`<div class="field">
      <label for=${id}>Invitation</label
      ><input
        id=${id}
        type="text"
        readonly
        .value=${together.invitation}
        @focus=${(e: Event) => (e.target as HTMLInputElement).select()}
      />
    </div>
    <button type="button" class="wide" @click=${() => void copy(together.invitation)}>${icon("copy")}Copy the invitation</button>
    ${toggle("Nobody new comes in", state.locked, (on) => together.do("lock", { on }))}
    ${toggle("Walkers may change the piece", state.editing, (on) => together.do("edit", { on }))}
    ${toggle("One sound for all", state.crowd, (on) => together.do("crowd", { on }))}
    ${state.sentence === "" ? nothing : html`<p class="caution" role="status">${state.sentence}</p>`}`;
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    announce("The invitation is copied.");
  } catch {
    announce("The browser does not let it be copied; select it and copy it yourself.");
  }
}

function walker(together: Together, who: RoomWalker): TemplateResult {
  const mine = who.id === together.company.me;
  const what = [
    mine ? "you" : "",
    who.host ? "host" : "",
    who.away ? "away" : "",
    who.muted ? "muted" : "",
    where(together, who),
  ]
    .filter((each) => each !== "")
    .join(", ");
  return html`<li>
    <span class="dot" style="background:${who.colour}"></span>
    <span class="grow"><b>${who.name}</b> <span class="hint">${what}</span></span>
    ${together.host && !mine ? tools(together, who) : nothing}
  </li>`;
}

function tools(together: Together, who: RoomWalker): TemplateResult {
  return html`${
    together.state.crowd
      ? html`<input
          class="weight"
          type="number"
          min="0"
          max="8"
          step="0.5"
          aria-label="Weight of ${who.name} in the crowd"
          .value=${live(String(who.weight))}
          @change=${(e: Event) => {
            const weight = (e.target as HTMLInputElement).valueAsNumber;
            if (weight >= 0 && weight <= 8) together.do("weigh", { walker: who.id, weight });
          }}
        />`
      : nothing
  }
    <button
      type="button"
      aria-pressed=${who.muted}
      aria-label="Mute ${who.name}"
      @click=${() => together.do("mute", { walker: who.id, on: !who.muted })}
    >
      Mute</button
    >${
      who.host
        ? nothing
        : html`<button type="button" aria-label="Remove ${who.name}" @click=${() => together.do("remove", { walker: who.id })}>
          Remove
        </button>`
    }`;
}

function where(together: Together, who: RoomWalker): string {
  const other = together.company.others().find((each) => each.who.id === who.id);
  if (other === undefined || together.here === null) return "";
  const { x, y, z } = other.pose;
  const spot = { id: "", kind: "walker" as const, label: who.name, x, y, z };
  return spokenBearing(bearings([spot], together.here)[0]!);
}
