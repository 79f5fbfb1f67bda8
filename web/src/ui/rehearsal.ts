// A rehearsal: the loudest and roughest places of the piece before an audience finds them, each to be visited.

import "../styles/rehearsal.css";
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { LoudPlace, RehearsedRise, RehearsedTake, SteepStep } from "../protocol/messages";
import { listen } from "../state/explore";
import { type Rehearsals, type Report, rehearsalsOf } from "../state/rehearsing";
import type { State } from "../state/store";
import { editedVoice } from "../state/voices";
import { announce } from "./announcer";
import { View } from "./app";
import { icon } from "./icons";
import { section } from "./parts";
import { download } from "./transport";
import { percent, signed } from "./words";

/** From here on a place is told as louder than expected. */
const OVER_LU = 0.5;

@customElement("isobath-rehearsal")
export class RehearsalView extends View {
  private rehearsals!: Rehearsals;

  override connectedCallback(): void {
    super.connectedCallback();
    this.rehearsals = rehearsalsOf(this.app.link);
    this.whileHere(this.rehearsals.subscribe(() => this.requestUpdate()));
  }

  protected override concerns(state: State, previous: State): boolean {
    if (state.connection.state !== "online" && previous.connection.state === "online") this.rehearsals.lost();
    return state.piece?.id !== previous.piece?.id || state.connection !== previous.connection;
  }

  private get report(): Report | null {
    const { report } = this.rehearsals;
    return report !== null && report.piece === this.state.piece?.id ? report : null;
  }

  private begin(): void {
    const { piece } = this.state;
    if (piece === null) return;
    this.rehearsals.begin(piece.id);
    announce("Rehearsing. You can play on meanwhile.");
  }

  /** Be there: the map is played, and the voice that is loud there is the one that is edited. */
  private go(point: readonly number[], model: string | null): void {
    const { store, performer } = this.app;
    const slot = this.state.piece?.voices.findIndex((voice) => voice.model === model) ?? -1;
    if (slot >= 0) editedVoice(store, slot);
    listen(store, "play");
    performer.setAll(point);
    announce(`At ${this.place(point)}.`);
  }

  private place(point: readonly number[]): string {
    const names = this.report?.rehearsal.axes ?? [];
    return point.map((value, i) => `${names[i] ?? "axis"} ${Math.round(100 * value)}`).join(", ");
  }

  private save(report: Report): void {
    const name = report.rehearsal.piece.replace(/[^\p{L}\p{N} _-]+/gu, "").trim() || "isobath";
    download(new Blob([report.text], { type: "text/markdown" }), `${name} rehearsal.md`);
  }

  // ------------------------------------------------------------------ markup

  protected override render(): TemplateResult {
    const { share, sentence } = this.rehearsals;
    const { report } = this;
    const away = this.state.connection.state !== "online";
    return section(
      "Rehearsal",
      html`
        ${
          share === null
            ? html`<div class="row">
              <button type="button" class="grow" data-do="rehearse" ?disabled=${away} @click=${() => this.begin()}>
                ${icon("sound")}${report === null ? "Find the loud places" : "Rehearse again"}
              </button>
              ${
                report === null
                  ? nothing
                  : html`<button type="button" data-do="keep-rehearsal" @click=${() => this.save(report)}>
                    ${icon("file")}Keep as text
                  </button>`
              }
            </div>`
            : html`<div class="row" role="status">
                <progress class="grow" max="1" value=${share} aria-label="Rehearsal"></progress>
                <span class="hint figure">${percent(share)}</span>
                <button type="button" class="link" @click=${() => this.rehearsals.end()}>never mind</button>
              </div>`
        }
        ${sentence === "" ? nothing : html`<p class="caution" role="alert">${sentence}</p>`}
        ${
          report === null
            ? html`<p class="hint">The piece and its takes are gone through unheard, and you play on. It tells where it gets loud or rough, and how far loudness jumps there.</p>`
            : this.told(report)
        }
      `,
    );
  }

  private told({ rehearsal }: Report): TemplateResult {
    const { loudest, roughest, steps, takes, notes } = rehearsal;
    const many = new Set([...loudest, ...roughest].map(({ voice }) => voice)).size > 1;
    return html`<div class="rehearsal">
      ${this.list("Loudest", loudest, (each) => this.spot(each, loudWords(each), many))}
      ${this.list("Roughest", roughest, (each) => this.spot(each, `${each.asper.toFixed(2)} asper`, many))}
      ${this.list("Steepest steps", steps, (each) => this.step(each))}
      ${this.list("Takes", takes, (each) => this.take(each))}
      ${notes.map((note) => html`<p class="hint">${note}</p>`)}
      ${
        loudest.length + roughest.length + steps.length + takes.length === 0
          ? html`<p class="hint">There was nothing to measure.</p>`
          : nothing
      }
    </div>`;
  }

  private list<T>(name: string, all: readonly T[], row: (each: T) => TemplateResult): unknown {
    if (all.length === 0) return nothing;
    return html`<h4>${name}</h4>
      <ol>
        ${all.map((each) => html`<li>${row(each)}</li>`)}
      </ol>`;
  }

  private button(
    point: readonly number[],
    voice: string | null,
    first: unknown,
    then: string,
  ): TemplateResult {
    return html`<button type="button" class="spot" title="Go there" @click=${() => this.go(point, voice)}>
      <b>${first}</b><span class="hint">${then}</span>
    </button>`;
  }

  private spot(each: LoudPlace, words: string, many: boolean): TemplateResult {
    const near = each.near === "" ? "" : `, near ${each.near}`;
    const title = this.state.models.find(({ name }) => name === each.voice)?.title ?? each.voice;
    return this.button(
      each.point,
      each.voice,
      `${this.place(each.point)}${near}`,
      many ? `${title}: ${words}` : words,
    );
  }

  private step(each: SteepStep): TemplateResult {
    return this.button(
      each.loud,
      each.voice,
      this.place(each.loud),
      `${each.lu.toFixed(1)} LU louder than ${this.place(each.quiet)}`,
    );
  }

  private take(each: RehearsedTake): TemplateResult {
    const [bare] = each.played;
    const at = bare === undefined ? "" : `${bare.at_seconds.toFixed(1)} s in, `;
    const last = each.played.at(-1);
    const loudest = last === undefined ? "" : `, at most ${signed(last.loudest_lufs, 1)} LUFS`;
    return this.button(each.point, null, each.name, `${at}${rises(each.played)}${loudest}`);
  }
}

function loudWords(each: LoudPlace): string {
  const over = each.over_lu >= OVER_LU ? `, ${each.over_lu.toFixed(1)} LU beyond what is expected` : "";
  const jump = each.jump.length === 0 ? "" : `; a jump there ${rises(each.jump)}`;
  return `${signed(each.lufs, 1)} LUFS${over}${jump}`;
}

/** How far loudness rises within a second, bare and behind all that is on. */
function rises(played: readonly RehearsedRise[]): string {
  const [first, last] = [played[0], played.at(-1)];
  if (first === undefined || last === undefined) return "";
  const behind = `${signed(last.rise_lu, 1)} behind guard and foresight`;
  return `${signed(first.rise_lu, 1)} LU, ${behind}`;
}
