// Keep: pieces. Everything is saved as it happens; here it is named, found and carried away.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { ALONE } from "../net/wire";
import type { PieceSummary } from "../protocol/messages";
import type { State } from "../state/store";
import { Panel } from "./app";
import { exportPiece, importPiece, publishPiece } from "./files";
import { icon } from "./icons";
import { head, section, tool } from "./parts";
import { ago } from "./words";

@customElement("isobath-keep")
export class KeepPanel extends Panel {
  @state() private renaming: string | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.state.connection.state === "online") this.app.link.listTrash();
    this.whileHere(
      this.app.store.subscribe((state, previous) => {
        const back = state.connection.state === "online" && previous.connection.state !== "online";
        if (back) this.app.link.listTrash();
      }),
    );
  }

  protected override concerns(state: State, previous: State): boolean {
    return (
      state.pieces !== previous.pieces ||
      state.piece !== previous.piece ||
      state.connection !== previous.connection
    );
  }

  protected override render(): TemplateResult {
    const { pieces, piece, connection } = this.state;
    if (ALONE !== null) return this.alone();
    const own = pieces.filter((p) => !p.example && !p.trashed);
    const examples = pieces.filter((p) => p.example);
    const trash = pieces.filter((p) => p.trashed);
    const offline = connection.state !== "online";
    return html`
      ${head("Keep", "Every change is saved as you make it, with the way back.")}
      <section class="part first">
        ${
          offline
            ? html`<p class="caution">
              The library is out of reach for now. This page keeps your changes and saves them when it is back.
            </p>`
            : nothing
        }
        <div class="row wrap actions">
          <button type="button" class="grow" ?disabled=${offline} @click=${() => this.app.link.newPiece("Untitled")}>
            ${icon("add")}New
          </button>
          <button
            type="button"
            class="grow"
            ?disabled=${offline || piece === null}
            @click=${() => piece !== null && this.app.link.duplicatePiece(piece.id)}
          >
            ${icon("copy")}Duplicate
          </button>
        </div>
        <div class="row wrap actions">
          <button type="button" class="grow" ?disabled=${piece === null} @click=${() => void exportPiece(this.app)}>
            ${icon("download")}Export
          </button>
          <label class="button grow ${offline ? "disabled" : ""}">
            ${icon("upload")}Import<input
              type="file"
              class="unseen"
              accept=".isobath,.json,application/json"
              ?disabled=${offline}
              @change=${(e: Event) => this.bring(e.target as HTMLInputElement)}
            />
          </label>
        </div>
        <button
          type="button"
          class="wide"
          title="A folder for any web host: page, models and piece, with no Isobath behind it"
          ?disabled=${offline || piece === null}
          @click=${() => void publishPiece(this.app)}
        >
          ${icon("download")}Export as a website
        </button>
      </section>
      ${section(
        "Pieces",
        own.length === 0
          ? html`<p class="hint">Only the one you are playing, so far.</p>`
          : html`<ul class="pieces">${repeat(
              own,
              (p) => p.id,
              (p) => this.entry(p, piece?.id === p.id, offline),
            )}</ul>`,
      )}
      ${
        examples.length === 0
          ? nothing
          : section(
              "Examples",
              html`<ul class="pieces">
              ${repeat(
                examples,
                (p) => p.id,
                (p) => this.entry(p, false, offline),
              )}
            </ul>`,
            )
      }
      ${
        trash.length === 0
          ? nothing
          : section(
              "Trash",
              html`<ul class="pieces">
              ${repeat(
                trash,
                (p) => p.id,
                (p) => html`<li class="piece">
                  <span class="grow piece-open"><b>${p.name}</b><span class="hint">${ago(p.changed, Date.now() / 1000)}</span></span>
                  <button type="button" class="quiet" ?disabled=${offline} @click=${() => this.app.link.restorePiece(p.id)}>
                    Bring back
                  </button>
                </li>`,
              )}
            </ul>`,
            )
      }
    `;
  }

  /** A page with no library: one piece, kept in this browser. */
  private alone(): TemplateResult {
    const { piece } = this.state;
    return html`${head("Keep", "This page stands alone: what you change stays in this browser.")}
      <section class="part first">
        <p class="hint">
          What is heard and recorded can be taken away under Play. To make pieces of your own:
          <code>pip install isobath</code>.
        </p>
        <button
          type="button"
          class="wide"
          ?disabled=${piece === null}
          @click=${async () => {
            const { forgetPiece } = await import("../alone/keeping");
            if (piece !== null) await forgetPiece(piece.id);
            location.reload();
          }}
        >
          As it was published
        </button>
      </section>`;
  }

  private entry(p: PieceSummary, current: boolean, offline: boolean): TemplateResult {
    if (this.renaming === p.id) return this.rename(p);
    return html`<li class="piece ${current ? "current" : ""}">
      <button
        type="button"
        class="piece-open grow"
        ?disabled=${offline || current}
        aria-current=${current ? "true" : nothing}
        @click=${() => this.app.link.openPiece(p.id)}
      >
        <b>${p.name}</b>
        <span class="hint">${current ? "open now" : p.example ? p.about : ago(p.changed, Date.now() / 1000)}</span>
      </button>
      ${
        p.example
          ? nothing
          : html`
            ${tool(
              `Rename ${p.name}`,
              "edit",
              () => {
                this.renaming = p.id;
              },
              { disabled: offline },
            )}
            ${tool(`Move ${p.name} to the trash`, "trash", () => this.app.link.deletePiece(p.id), { disabled: offline })}
          `
      }
    </li>`;
  }

  private rename(p: PieceSummary): TemplateResult {
    const done = (event: Event) => {
      const name = (event.target as HTMLInputElement).value.trim();
      this.renaming = null;
      if (name !== "" && name !== p.name) this.app.link.renamePiece(p.id, name);
    };
    return html`<li class="piece">
      <input
        type="text"
        class="grow"
        maxlength="200"
        aria-label="New name of ${p.name}"
        .value=${p.name}
        @change=${done}
        @blur=${() => {
          this.renaming = null;
        }}
        @keydown=${(e: KeyboardEvent) => {
          if (e.key === "Escape") this.renaming = null;
        }}
      />
    </li>`;
  }

  protected override updated(): void {
    if (this.renaming !== null) this.querySelector<HTMLInputElement>(".piece input")?.focus();
  }

  private bring(input: HTMLInputElement): void {
    const file = input.files?.[0];
    input.value = "";
    if (file !== undefined) void importPiece(this.app, file);
  }
}
