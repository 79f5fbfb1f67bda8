// A training: how far it has come, its curves, what it sounds like, and what becomes of it.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Block, blocksOf } from "../../make/card";
import { count, courseOf, figure, plainName, STATES, span } from "../../make/words";
import { deleteRun, fetchCard, fetchModel, installRun, resumeRun, stopRun } from "../../net/making";
import type { RunSummary } from "../../protocol/messages";
import type { Followed } from "../../state/making";
import { announce } from "../announcer";
import { icon } from "../icons";
import { download } from "../transport";
import "./curves";
import "./listening";
import { go, MakePart } from "./part";

@customElement("isobath-make-run")
export class MakeRunView extends MakePart {
  @property() which = "";
  @state() private making = false;
  @state() private sure = false;
  @state() private card: readonly Block[] = [];
  @state() private checkpoint = -1;
  private carded = "";

  private get run(): RunSummary | null {
    return this.store.making?.runs.find((run) => run.id === this.which) ?? null;
  }

  private get followed(): Followed | null {
    return this.store.followed?.run === this.which ? this.store.followed : null;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("which")) {
      this.card = [];
      this.carded = "";
      this.sure = false;
      this.checkpoint = -1;
    }
    const { run } = this;
    if (run === null) return;
    const now = `${run.id} ${run.state === "finished"} ${run.model}`;
    if (now === this.carded || (run.state !== "finished" && run.model === "")) return;
    this.carded = now;
    void fetchCard(run.id).then(
      (text) => {
        if (run.id === this.which) this.card = blocksOf(text);
      },
      () => {}, // a card that cannot be had is only not shown
    );
  }

  // -------------------------------------------------------------------- doing

  private async stop(): Promise<void> {
    await this.attempt(() => stopRun(this.which));
  }

  private async resume(): Promise<void> {
    await this.attempt(() => resumeRun(this.which));
  }

  /** The model becomes a voice of a new piece, and the page the instrument. */
  private async play(): Promise<void> {
    const { run } = this;
    if (run === null || this.making) return;
    this.making = true;
    announce("The model is being made.");
    const model = await this.attempt(() => installRun(run.id));
    this.making = false;
    if (model === null) return;
    this.app.link.newPiece(run.name, model.name);
    location.hash = "";
    announce(`${run.name} is a voice of a new piece.`);
  }

  private async save(): Promise<void> {
    const { run } = this;
    if (run === null || this.making) return;
    this.making = true;
    const model = await this.attempt(() => fetchModel(run.id));
    this.making = false;
    if (model !== null)
      download(model, `${run.name.replace(/[^\p{L}\p{N} _-]+/gu, "").trim() || "model"}.safetensors`);
  }

  private async delete(): Promise<void> {
    const gone = this.run?.name ?? "The training";
    if ((await this.attempt(() => deleteRun(this.which))) === null) return;
    announce(`${gone} is deleted.`);
    go("");
  }

  // -------------------------------------------------------------------- markup

  protected override render(): TemplateResult {
    const { run, followed } = this;
    if (run === null) return html`<p class="waiting">One moment…</p>`;
    const curves = followed !== null && (followed.curves.size > 0 || followed.validation.size > 0);
    const heard = followed?.checkpoints ?? [];
    return html`
      <header class="make-head with-actions">
        <div class="grow">
          <h2>${run.name}</h2>
          <p>${this.about(run)}</p>
        </div>
        <div class="row">${this.actions(run)}</div>
      </header>
      ${this.voyage(run)}
      ${this.making ? html`<p class="hint" role="status">The model of the best checkpoint is made: some of the set is heard through it. That takes a minute or two.</p>` : nothing}
      ${run.message === "" ? nothing : html`<p class="${run.state === "failed" ? "caution grave" : "hint"}" role=${run.state === "failed" ? "alert" : nothing}>${sentence(run.message)}</p>`}
      ${
        curves
          ? html`<isobath-make-curves
            .app=${this.app}
            .followed=${followed}
            .phase1=${run.phase1_steps}
            .whole=${courseOf(run)}
            .checkpoint=${heard[this.checkpoint]?.step ?? heard.at(-1)?.step ?? -1}
          ></isobath-make-curves>`
          : run.state === "training" || run.state === "starting"
            ? html`<p class="waiting">The first figures come after some steps.</p>`
            : nothing
      }
      ${
        heard.length === 0
          ? run.state === "training"
            ? html`<p class="hint">At the first checkpoint you can listen to what it has learned.</p>`
            : nothing
          : html`<isobath-make-listening
            .app=${this.app}
            .run=${run.id}
            .checkpoints=${heard}
            .chosen=${this.checkpoint}
            @checkpoint=${(e: CustomEvent<number>) => {
              this.checkpoint = e.detail;
            }}
          ></isobath-make-listening>`
      }
      ${this.result(run, followed)}
      ${this.away(run)}
    `;
  }

  private about(run: RunSummary): string {
    const config = this.store.making?.configurations.find((each) => each.name === run.config);
    const set = this.store.making?.sets.find((each) => each.id === run.set);
    const parts = [config?.title ?? run.config, set === undefined ? run.set : `of ${set.name}`];
    if (run.base !== "") parts.push(`from ${run.base}`);
    return parts.filter((part) => part !== "").join(" · ");
  }

  private actions(run: RunSummary): TemplateResult {
    const under = run.state === "training" || run.state === "starting";
    const play = run.saved && run.state !== "finished";
    return html`
      ${
        under || run.state === "waiting"
          ? html`<button type="button" @click=${() => void this.stop()}>${icon("stop")}${run.state === "waiting" ? "Take it off the line" : "Stop"}</button>`
          : run.state === "stopping"
            ? html`<button type="button" @click=${() => void this.stop()}>${icon("stop")}Stop at once</button>`
            : run.state === "finished"
              ? nothing
              : html`<button type="button" class=${play ? "" : "primary"} @click=${() => void this.resume()}>
                ${icon("start")}${run.step > 0 ? "Resume" : "Start"}
              </button>`
      }
      ${run.saved ? this.playButton(run) : nothing}
    `;
  }

  private playButton(run: RunSummary): TemplateResult {
    return html`<button
      type="button"
      class="primary"
      ?disabled=${this.making}
      data-do="play-it"
      @click=${() => void this.play()}
    >
      ${icon("play")}${this.making ? "Making…" : run.state === "finished" ? "Play it" : "Play it now"}
    </button>`;
  }

  /** How far it has come: the ruler of a chart, with the switch of phases on it. */
  private voyage(run: RunSummary): TemplateResult {
    const whole = Math.max(1, courseOf(run));
    const share = Math.min(1, run.step / whole);
    const change = run.phase1_steps / whole;
    const pace = run.seconds_a_step;
    const facts: [string, string][] = [
      [STATES[run.state], "state"],
      [courseOf(run) > 0 ? `${count(run.step)} of ${count(whole)}` : count(run.step), "steps"],
      [run.phase === 2 ? "2, fine detail" : "1, shape", "phase"],
    ];
    if (pace > 0)
      facts.push([pace < 1 ? `${(1 / pace).toFixed(1)} a second` : `${pace.toFixed(1)} s a step`, "pace"]);
    if (run.seconds_left > 0) facts.push([span(run.seconds_left), "left"]);
    if (run.device !== "") facts.push([run.device, "on"]);
    return html`<section class="voyage" aria-label="How far it has come">
      <div
        class="ruler"
        role="progressbar"
        aria-label="Steps done"
        aria-valuemin="0"
        aria-valuemax=${whole}
        aria-valuenow=${run.step}
        aria-valuetext="${Math.round(100 * share)} percent"
      >
        <span class="sailed ${run.state === "training" ? "sailing" : ""}" style="width:${(100 * share).toFixed(2)}%"></span>
        ${run.phase2_steps > 0 && run.phase1_steps > 0 ? html`<span class="change" style="left:${(100 * change).toFixed(2)}%"></span>` : nothing}
      </div>
      <dl class="facts">${facts.map(([value, name]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    </section>`;
  }

  private result(run: RunSummary, followed: Followed | null): TemplateResult | typeof nothing {
    if (!run.saved) return nothing;
    const rows = [...(followed?.validation ?? [])].filter(([, line]) => line.values.length > 0);
    return html`<section class="card result">
      <h3>${run.state === "finished" ? "The model" : "So far"}</h3>
      ${
        rows.length === 0
          ? nothing
          : html`<table class="figures-table">
            <caption class="hint">Distances on recordings it was never trained on; less is closer.</caption>
            <thead><tr><th scope="col">Distance</th><th scope="col">first</th><th scope="col">now</th><th scope="col">lowest</th></tr></thead>
            <tbody>
              ${rows.map(
                ([name, line]) => html`<tr>
                  <th scope="row">${plainName(name)}</th>
                  <td>${figure(line.values[0]!)}</td>
                  <td><b>${figure(line.values.at(-1)!)}</b></td>
                  <td>${figure(Math.min(...line.values))}</td>
                </tr>`,
              )}
            </tbody>
          </table>`
      }
      <div class="row wrap">
        ${this.playButton(run)}
        <button type="button" ?disabled=${this.making} @click=${() => void this.save()}>${icon("download")}Save the model</button>
        ${run.model === "" ? nothing : html`<p class="hint grow">In the library as <b>${run.model}</b>.</p>`}
      </div>
      ${this.card.length === 0 ? nothing : html`<details class="model-card"><summary>Its card</summary>${this.card.map(blockOf)}</details>`}
    </section>`;
  }

  private away(run: RunSummary): TemplateResult | typeof nothing {
    if (run.state === "training" || run.state === "starting" || run.state === "stopping") return nothing;
    if (!this.sure)
      return html`<p class="away">
        <button type="button" class="quiet" @click=${() => {
          this.sure = true;
        }}>${icon("trash")}Delete this training</button>
      </p>`;
    return html`<p class="away" role="alert">
      ${run.name} and its checkpoints will be gone for good; models in the library stay.
      <button type="button" @click=${() => void this.delete()}>Delete</button>
      <button type="button" class="quiet" @click=${() => {
        this.sure = false;
      }}>Keep it</button>
    </p>`;
  }
}

/** What a command says on its way, as it is read in the page. */
function sentence(words: string): string {
  const begun = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

function blockOf(block: Block): TemplateResult {
  switch (block.kind) {
    case "heading":
      return html`<h4>${block.text}</h4>`;
    case "paragraph":
      return html`<p>${block.text}</p>`;
    case "list":
      return html`<ul>${block.items.map((item) => html`<li>${item}</li>`)}</ul>`;
    case "table":
      return html`<div class="wide-table" tabindex="0" role="region" aria-label="Table"><table>
        ${block.head.length === 0 ? nothing : html`<thead><tr>${block.head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>`}
        <tbody>${block.rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
      </table></div>`;
  }
}
