// Demonstrations from other programs' files, and into them.

import { html, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { type ExchangeKind, readDemonstrations, writeDemonstrations } from "../net/http";
import { addDemonstrations } from "../state/demonstrations";
import type { State } from "../state/store";
import { announce } from "./announcer";
import { Panel } from "./app";
import { icon } from "./icons";
import { type Choice, choose, section } from "./parts";
import { download } from "./transport";

const KINDS: readonly Choice<ExchangeKind>[] = [
  { value: "arff", name: "ARFF (Wekinator)" },
  { value: "wekinator", name: "Wekinator project" },
  { value: "flucoma", name: "FluCoMa data sets" },
  { value: "csv", name: "Table (CSV)" },
  { value: "json", name: "JSON" },
];

const ENDINGS: Record<ExchangeKind, string> = {
  arff: "arff",
  wekinator: "zip",
  flucoma: "zip",
  csv: "csv",
  json: "json",
};

@customElement("isobath-exchange")
export class ExchangeSection extends Panel {
  @state() private kind: ExchangeKind = "arff";
  @state() private busy = false;

  protected override concerns(now: State, before: State): boolean {
    return now.piece !== before.piece || now.voice !== before.voice;
  }

  protected override render(): TemplateResult {
    const some = (this.voice?.demonstrations ?? []).some((d) => !d.muted);
    return section(
      "Other programs",
      html`
        <p class="hint">A project of Wekinator (zipped), ARFF, data sets or a regressor of FluCoMa, or a table.</p>
        <div class="row wrap actions">
          <label class="button ${this.busy ? "disabled" : ""}">
            ${icon("upload")}Open a file<input
              type="file"
              class="unseen"
              accept=".arff,.zip,.json,.csv,.txt"
              ?disabled=${this.busy}
              @change=${this.chosen}
            />
          </label>
        </div>
        ${choose("exchange-kind", "Save as", KINDS, this.kind, (kind) => {
          this.kind = kind;
        })}
        <button
          type="button"
          class="wide"
          data-do="save-demonstrations"
          ?disabled=${!some || this.busy}
          @click=${() => void this.save()}
        >
          ${icon("download")}Save demonstrations
        </button>
      `,
    );
  }

  private readonly chosen = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    input.value = "";
    if (file !== undefined) void this.open(file);
  };

  private async open(file: File): Promise<void> {
    await this.trying(async () => {
      const { demonstrations, notes, spans } = await readDemonstrations(file);
      addDemonstrations(this.app.store, demonstrations);
      const wide = spans.some(([low, high]) => low !== 0 || high !== 1);
      const sentences = [
        `${demonstrations.length} demonstrations added.`,
        ...(wide ? ["Their inputs were brought to 0 to 1, each by its own range."] : []),
        ...notes,
      ];
      this.app.store.set({ notice: { kind: "information", sentence: sentences.join(" ") } });
      announce(sentences[0]!);
    });
  }

  private async save(): Promise<void> {
    const piece = this.state.piece;
    const demonstrations = this.voice?.demonstrations ?? [];
    if (piece === null) return;
    await this.trying(async () => {
      const name = piece.name.replace(/[^\p{L}\p{N} _-]+/gu, "").trim() || "demonstrations";
      download(await writeDemonstrations(this.kind, name, demonstrations), `${name}.${ENDINGS[this.kind]}`);
      announce("The demonstrations are in your downloads.");
    });
  }

  private async trying(act: () => Promise<void>): Promise<void> {
    this.busy = true;
    try {
      await act();
    } catch (error) {
      this.app.store.set({
        notice: { kind: "error", sentence: error instanceof Error ? error.message : String(error) },
      });
    } finally {
      this.busy = false;
    }
  }
}
