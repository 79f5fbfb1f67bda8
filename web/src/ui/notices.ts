// What the musician should read, wherever it happens: the connection, and the last thing that was said.

import { html, nothing, type TemplateResult } from "lit";
import type { App } from "./app";
import { icon } from "./icons";

/** `also` is said as long as it holds, as the connection is. */
export function notices(app: App, also: string | null = null): TemplateResult {
  const { connection, notice } = app.store.state;
  return html`<div class="notices">
    ${
      connection.sentence === null
        ? nothing
        : html`<p class="notice ${connection.state}" role="status">${connection.sentence}</p>`
    }
    ${also === null ? nothing : html`<p class="notice offline" role="status">${also}</p>`}
    ${
      notice === null
        ? nothing
        : html`<div class="notice ${notice.kind}" role=${notice.kind === "error" ? "alert" : "status"}>
          <p class="grow">${notice.sentence}</p>
          <button type="button" class="tool" aria-label="Dismiss" @click=${() => app.store.set({ notice: null })}>
            ${icon("close")}
          </button>
        </div>`
    }
  </div>`;
}
