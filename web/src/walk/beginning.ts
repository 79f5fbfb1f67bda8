// What is seen before a walk begins: the piece and one button, or how a piece without a world gets one.

import { html, nothing, type TemplateResult } from "lit";
import { beginWorld } from "../state/world";
import type { App } from "../ui/app";
import { startSound } from "../ui/transport";

export function unmade(app: App, leave: () => void): TemplateResult {
  const { piece } = app.store.state;
  const able = (piece?.axes.length ?? 0) >= 2;
  return html`<div class="walk-begin">
    <h2>This piece has no world yet</h2>
    <p>
      ${
        able
          ? "Its axes can become a place: the first leads east, the second north, a third one up. Demonstrations stand in it as stones."
          : "A world needs at least two axes. Add one in the panel Play."
      }
    </p>
    <div class="row">
      ${
        able
          ? html`<button type="button" class="primary" @click=${() => beginWorld(app.store)}>Make a world of it</button>`
          : nothing
      }
      <button type="button" @click=${() => leave()}>Back</button>
    </div>
    ${worlds(app)}
  </div>`;
}

/** Those that there are already. */
function worlds(app: App): TemplateResult | typeof nothing {
  const worlds = app.store.state.pieces.filter((piece) => piece.world && !piece.trashed);
  if (worlds.length === 0) return nothing;
  return html`<h3>Or walk in one that is there</h3>
    <ul class="walk-worlds">
      ${worlds.map(
        (piece) => html`<li>
          <button type="button" @click=${() => app.link.openPiece(piece.id)}>
            <b>${piece.name}</b><span class="hint">${piece.about}</span>
          </button>
        </li>`,
      )}
    </ul>`;
}

/** What is to be pressed before anything sounds. */
export function beginning(app: App, begun: () => void): TemplateResult | typeof nothing {
  const { instrument } = app;
  const { piece, models } = app.store.state;
  if (instrument.state === "running") return nothing;
  const ready = models.length > 0;
  const starting = instrument.state === "starting";
  return html`<div class="walk-begin">
    <h2>${piece?.name}</h2>
    ${piece?.about === "" ? nothing : html`<p>${piece?.about}</p>`}
    <button
      type="button"
      class="primary"
      ?disabled=${!ready || starting}
      @click=${async () => {
        await startSound(app);
        begun();
      }}
    >
      ${starting ? "Starting…" : "Begin the walk"}
    </button>
    ${instrument.failure === null ? nothing : html`<p class="caution grave" role="alert">${instrument.failure}</p>`}
    <p class="hint by-touch">The left half of the screen walks, the right half looks.</p>
    <p class="hint by-keys">
      <kbd>W</kbd> <kbd>A</kbd> <kbd>S</kbd> <kbd>D</kbd> walk, drag looks, <kbd>Q</kbd> <kbd>E</kbd> sink and rise,
      <kbd>Shift</kbd> runs, <kbd>Enter</kbd> drops a demonstration, <kbd>I</kbd> says where you are.
    </p>
  </div>`;
}
