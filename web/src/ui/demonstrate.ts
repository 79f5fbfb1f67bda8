// Demonstrate: "this place should reach that sound", as a list one can work through with the keyboard.

import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Demonstration } from "../protocol/messages";
import {
  COLOURS,
  deleteDemonstrations,
  duplicateDemonstrations,
  mute,
  recolour,
  relabel,
  resound,
  select,
  weigh,
} from "../state/demonstrations";
import { listen, setExplored } from "../state/explore";
import { fitOf, type State } from "../state/store";
import { announce } from "./announcer";
import { Panel } from "./app";
import { icon } from "./icons";
import { head, section, slider, tool } from "./parts";
import "./exchange";
import "./showing";
import "./voices";

/** Misses below this many standard deviations are not worth a figure. */
const AUDIBLE = 0.05;

@customElement("isobath-demonstrate")
export class DemonstratePanel extends Panel {
  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece !== previous.piece ||
      state.selection !== previous.selection ||
      state.voice !== previous.voice ||
      state.fits !== previous.fits ||
      state.listen !== previous.listen
    );
  }

  private get chosen(): Demonstration[] {
    return (this.voice?.demonstrations ?? []).filter((d) => this.state.selection.has(d.id));
  }

  protected override render(): TemplateResult {
    const all = this.voice?.demonstrations ?? [];
    return html`
      ${head("Demonstrate", "This place should reach that sound. A handful is enough; the map learns the rest.")}
      <isobath-voices .app=${this.app}></isobath-voices>
      ${all.length === 0 ? this.empty() : html`${this.list(all)} ${this.details()}`}
      <isobath-showing .app=${this.app}></isobath-showing>
      <isobath-exchange .app=${this.app}></isobath-exchange>
    `;
  }

  private empty(): TemplateResult {
    return html`<div class="empty">
      <p>Nothing demonstrated yet.</p>
      <ol class="steps">
        <li>Find a sound in <b>Explore</b>: move a slider, or throw.</li>
        <li>Click the chart where that sound should live.</li>
        <li>Do it three or four times, then play between them.</li>
      </ol>
    </div>`;
  }

  // ------------------------------------------------------------------ the list

  private readonly keys = (event: KeyboardEvent): void => {
    const rows = [...this.querySelectorAll<HTMLButtonElement>(".demo-pick")];
    const at = rows.indexOf(event.target as HTMLButtonElement);
    if (at < 0) return;
    const all = this.voice?.demonstrations ?? [];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = Math.max(0, Math.min(rows.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)));
      rows[next]?.focus();
      select(this.app.store, [all[next]!.id], event.shiftKey ? "add" : "only");
    } else if (event.key === "Delete" || event.key === "Backspace") this.removeChosen();
    else if (event.key === "a" && (event.ctrlKey || event.metaKey))
      select(
        this.app.store,
        all.map((d) => d.id),
      );
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  private removeChosen(): void {
    const count = this.state.selection.size;
    deleteDemonstrations(this.app.store, this.state.selection);
    announce(
      `${count === 1 ? "One demonstration" : `${count} demonstrations`} deleted. Undo brings them back.`,
    );
  }

  private pick(event: MouseEvent, d: Demonstration): void {
    const several = event.ctrlKey || event.metaKey || event.shiftKey;
    select(this.app.store, [d.id], several ? "toggle" : "only");
    if (several) return;
    listen(this.app.store, "play");
    this.app.performer.setAll(d.point);
  }

  private list(all: readonly Demonstration[]): TemplateResult {
    const voice = this.voice!;
    const errors = fitOf(this.state, voice.id, voice.side).errors;
    const some = this.state.selection.size > 0;
    return section(
      `${all.length} ${all.length === 1 ? "demonstration" : "demonstrations"}`,
      html`<ul class="demos" @keydown=${this.keys}>
        ${repeat(
          all,
          (d) => d.id,
          (d, i) => this.row(d, i, errors.get(d.id) ?? null),
        )}
      </ul>`,
      html`<button
        type="button"
        class="link"
        @click=${() => select(this.app.store, some ? [] : all.map((d) => d.id))}
      >
        ${some ? "select none" : "select all"}
      </button>`,
    );
  }

  private row(d: Demonstration, index: number, error: number | null): TemplateResult {
    const selected = this.state.selection.has(d.id);
    const name = d.label === "" ? `demonstration ${index + 1}` : d.label;
    const missed = error !== null && error >= AUDIBLE && !d.muted;
    return html`<li class="demo ${selected ? "selected" : ""} ${d.muted ? "muted" : ""}" style="--colour:${d.colour}">
      <button
        type="button"
        class="demo-pick"
        aria-pressed=${selected ? "true" : "false"}
        aria-label="Go to ${name}"
        @click=${(e: MouseEvent) => this.pick(e, d)}
      >
        <span class="dot"></span><span class="number">${index + 1}</span>
      </button>
      <input
        type="text"
        class="bare grow"
        maxlength="200"
        aria-label="Label of demonstration ${index + 1}"
        placeholder="what does it sound like?"
        .value=${d.label}
        @input=${(e: Event) => relabel(this.app.store, d.id, (e.target as HTMLInputElement).value)}
      />
      ${
        missed
          ? html`<span class="miss" title="The map misses this sound by ${error.toFixed(2)} standard deviations"
            ><span class="unseen">missed by</span>${error.toFixed(2)}</span
          >`
          : nothing
      }
      ${tool(`Mute ${name}`, d.muted ? "mute" : "sound", () => mute(this.app.store, [d.id], !d.muted), {
        pressed: d.muted,
      })}
    </li>`;
  }

  // ------------------------------------------------------------------ what is selected

  private details(): TemplateResult {
    const chosen = this.chosen;
    const { store } = this.app;
    if (chosen.length === 0) return html`<p class="hint pad">Choose one or several to change them.</p>`;
    const first = chosen[0]!;
    const ids = chosen.map((d) => d.id);
    const allMuted = chosen.every((d) => d.muted);
    const title =
      chosen.length > 1 ? `${chosen.length} selected` : first.label === "" ? "Selected" : `“${first.label}”`;
    return section(
      title,
      html`
        <div class="field">
          <span class="name">Colour</span>
          <div class="row swatches" role="group" aria-label="Colour">
            ${COLOURS.map(
              (c, i) => html`<button
                type="button"
                class="swatch"
                style="--colour:${c}"
                aria-label="Colour ${i + 1}"
                aria-pressed=${first.colour === c ? "true" : "false"}
                @click=${() => recolour(store, ids, c)}
              ></button>`,
            )}
            <input
              type="color"
              aria-label="Another colour"
              title="Another colour"
              .value=${first.colour}
              @input=${(e: Event) => recolour(store, ids, (e.target as HTMLInputElement).value)}
            />
          </div>
        </div>
        ${slider({
          key: "weight",
          name: "Weight",
          value: first.weight,
          min: 0,
          max: 4,
          step: 0.05,
          shown: `× ${first.weight.toFixed(2)}`,
          neutral: 1,
          input: (v) => weigh(store, ids, v),
        })}
        <div class="row wrap actions">
          <button type="button" @click=${() => mute(store, ids, !allMuted)}>
            ${icon(allMuted ? "sound" : "mute")}${allMuted ? "Unmute" : "Mute"}
          </button>
          <button type="button" @click=${() => duplicateDemonstrations(store, ids)}>${icon("copy")}Duplicate</button>
          <button type="button" @click=${() => this.removeChosen()}>${icon("trash")}Delete</button>
        </div>
        ${
          chosen.length === 1
            ? html`<div class="row wrap actions">
              <button type="button" class="quiet" @click=${() => setExplored(store, first.latent)}>
                Take its sound in hand
              </button>
              ${
                this.state.listen === "explore"
                  ? html`<button type="button" class="quiet" @click=${() => resound(store, first.id)}>
                    Give it the sound in hand
                  </button>`
                  : nothing
              }
            </div>`
            : nothing
        }
      `,
    );
  }
}
