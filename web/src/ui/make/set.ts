// A set of recordings: dropped, prepared, seen whole, and a training begun with it.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { count, span } from "../../make/words";
import { bringSet, deleteSet, describeSet, prepareSet, stopSet } from "../../net/making";
import { makePrepareSet, type PrepareSet, type SetDetails, type SetSummary } from "../../protocol/messages";
import { announce } from "../announcer";
import { icon } from "../icons";
import { choose, segments, toggle } from "../parts";
import { duration, percent } from "../words";
import "./begin";
import { go, lettersReady, MakePart } from "./part";
import { drawSet } from "./strip";

@customElement("isobath-make-set")
export class MakeSetView extends MakePart {
  /** Empty: a set that is not there yet. */
  @property() which = "";
  @state() private details: SetDetails | null = null;
  @state() private options: PrepareSet = makePrepareSet();
  @state() private sure = false;
  @state() private name = "";
  @state() private folder = "";
  @query("canvas.set-strip") private canvas!: HTMLCanvasElement | null;
  private described = "";
  private readonly resized = new ResizeObserver(() => this.draw());

  override connectedCallback(): void {
    super.connectedCallback();
    void lettersReady().then(() => this.draw());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
  }

  private get set(): SetSummary | null {
    return this.store.making?.sets.find((set) => set.id === this.which) ?? null;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("which")) {
      this.details = null;
      this.sure = false;
      this.described = "";
    }
    const { set } = this;
    if (set === null) return;
    const now = `${set.id} ${set.state} ${set.changed} ${set.files} ${set.waiting}`;
    if (now === this.described || set.state === "preparing") return;
    this.described = now;
    void describeSet(set.id).then(
      (details) => {
        if (details.id === this.which) this.details = details;
      },
      () => {}, // the summary says enough until the server answers again
    );
  }

  protected override updated(): void {
    if (this.canvas !== null) this.resized.observe(this.canvas);
    this.draw();
  }

  private draw(): void {
    if (this.canvas !== null && this.details !== null && this.set !== null)
      drawSet(this.canvas, this.details, this.set.seconds);
  }

  // ------------------------------------------------------------------ bringing

  /** Recordings for this set; a new one is made if there is none yet. */
  async take(files: readonly File[]): Promise<void> {
    const set = this.which === "" ? await this.begin("") : this.which;
    if (set === null) return;
    this.bringing.bring(set, files);
    announce(`Bringing ${files.length} ${files.length === 1 ? "file" : "files"}.`);
  }

  private async begin(folder: string): Promise<string | null> {
    const last =
      folder
        .replace(/[/\\]+$/, "")
        .split(/[/\\]/)
        .pop() ?? "";
    const today = new Date().toLocaleDateString(undefined, { day: "numeric", month: "long" });
    const name = this.name.trim() || last || `Recordings of ${today}`;
    const set = await this.attempt(() => bringSet({ name, folder }));
    if (set !== null) {
      this.name = this.folder = "";
      go("set", set);
    }
    return set;
  }

  private async prepare(): Promise<void> {
    await this.attempt(() => prepareSet(this.which, this.options));
  }

  private async delete(): Promise<void> {
    const gone = this.set?.name ?? "The set";
    if ((await this.attempt(() => deleteSet(this.which))) === null) return;
    announce(`${gone} is deleted.`);
    go("");
  }

  // -------------------------------------------------------------------- markup

  protected override render(): TemplateResult {
    if (this.which === "") return this.fresh();
    const { set } = this;
    if (set === null) return html`<p class="waiting">One moment…</p>`;
    const ready = set.state === "ready";
    return html`
      <header class="make-head">
        <h2>${set.name}</h2>
        <p>${this.facts(set)}</p>
      </header>
      ${set.message === "" ? nothing : html`<p class="caution grave" role="alert">${set.message}</p>`}
      ${ready ? this.strip(set) : nothing}
      ${this.progress(set)}
      ${set.state === "gathering" || set.state === "failed" ? this.preparing(set) : nothing}
      ${
        set.waiting > 0
          ? html`<div class="row wrap note">
            <p class="grow">${set.waiting === 1 ? "One recording was" : `${set.waiting} recordings were`} brought since.</p>
            <button type="button" @click=${() => void this.prepare()}>Add to the set</button>
          </div>`
          : nothing
      }
      ${this.refused()}
      ${
        ready
          ? html`<isobath-make-begin .app=${this.app} .store=${this.store} .bringing=${this.bringing} .set=${set}></isobath-make-begin>`
          : nothing
      }
      ${set.folder === "" ? this.drop(set.files > 0 ? "Drop more recordings, or" : "Drop recordings here, or") : nothing}
      ${this.lists(set)}
      ${this.away(set)}
    `;
  }

  private facts(set: SetSummary): string {
    const files = `${count(set.files)} ${set.files === 1 ? "recording" : "recordings"}`;
    if (set.state !== "ready")
      return set.folder !== "" ? `The recordings in ${set.folder}.` : `${files} so far.`;
    const kind = set.channels === 1 ? "mono" : set.channels === 2 ? "stereo" : `${set.channels} channels`;
    const left = set.left_out > 0 ? ` · ${set.left_out} left out` : "";
    return `${span(set.seconds)} · ${files} · ${kind} · ${set.sample_rate / 1000} kHz${left}`;
  }

  /** Nothing is here yet. */
  private fresh(): TemplateResult {
    const here = this.store.making?.here ?? false;
    return html`
      <header class="make-head">
        <h2>New set of recordings</h2>
        <p>Half an hour of one instrument, voice or place is a good beginning. Any format, rate and length.</p>
      </header>
      <div class="field name-field">
        <label for="set-name">Name</label>
        <input
          id="set-name"
          type="text"
          maxlength="80"
          placeholder="What is heard in it"
          .value=${this.name}
          @input=${(e: Event) => {
            this.name = (e.target as HTMLInputElement).value;
          }}
        />
      </div>
      ${this.drop("Drop recordings or a folder here, or", true)}
      ${
        here
          ? html`<form
            class="row wrap path-form"
            @submit=${(e: Event) => {
              e.preventDefault();
              void this.begin(this.folder);
            }}
          >
            <label for="set-folder" class="hint">Or use a folder where it lies:</label>
            <input
              id="set-folder"
              class="grow"
              type="text"
              spellcheck="false"
              placeholder="/home/me/recordings"
              .value=${this.folder}
              @input=${(e: Event) => {
                this.folder = (e.target as HTMLInputElement).value;
              }}
            />
            <button type="submit" ?disabled=${this.folder.trim() === ""}>Use it</button>
          </form>`
          : nothing
      }
      <ol class="steps how">
        <li><b>Sounds.</b> They are read, and a few are held out to measure the model by.</li>
        <li><b>Training.</b> A model learns to make them again out of a few numbers. Watch it, listen to it, stop and go on as you like; it needs hours, not your attention.</li>
        <li><b>Play.</b> Whatever it has learned so far becomes a voice of your instrument with one press.</li>
      </ol>
    `;
  }

  private drop(words: string, large = false): TemplateResult {
    const chosen = (event: Event) => {
      const input = event.target as HTMLInputElement;
      const files = [...(input.files ?? [])];
      input.value = "";
      if (files.length > 0) void this.take(files);
    };
    return html`<div class="drop harbour ${large ? "large" : ""}">
      <span class="pick">${icon("file")}<span>${words}</span></span>
      <label class="button">Choose files<input type="file" class="unseen" multiple accept="audio/*,.wav,.flac,.ogg,.mp3,.aiff,.csv" @change=${chosen} /></label>
      <label class="button">Choose a folder<input type="file" class="unseen" webkitdirectory @change=${chosen} /></label>
    </div>`;
  }

  private progress(set: SetSummary): TemplateResult | typeof nothing {
    const { underway } = this.bringing;
    if (underway?.set === set.id)
      return html`<div class="under-way">
        <p role="status">Bringing ${underway.arrived + 1} of ${underway.files}: <span class="clip">${underway.name}</span></p>
        <progress max="1" .value=${underway.share} aria-label="Recordings brought"></progress>
      </div>`;
    if (set.state !== "preparing") return nothing;
    return html`<div class="under-way">
      <p role="status">The recordings are read: ${percent(set.share)}</p>
      <progress max="1" .value=${set.share} aria-label="Recordings read"></progress>
      <button type="button" @click=${() => void this.attempt(() => stopSet(set.id))}>Stop</button>
    </div>`;
  }

  private preparing(set: SetSummary): TemplateResult | typeof nothing {
    if (this.bringing.underway?.set === set.id || (set.files === 0 && set.folder === "")) return nothing;
    const { options } = this;
    const change = (more: Partial<PrepareSet>) => {
      this.options = { ...options, ...more };
    };
    return html`<section class="card">
      <h3>Prepare them</h3>
      <p class="hint">The recordings are brought to one rate and channel count. They themselves stay as they are.</p>
      ${toggle("Cut out stretches of silence", options.remove_silence, (remove_silence) => change({ remove_silence }))}
      ${choose(
        "set-level",
        "Level",
        [
          { value: "none", name: "As recorded" },
          { value: "loudness", name: "Every file equally loud" },
          { value: "peak", name: "Every file to full scale" },
        ],
        options.normalise,
        (normalise) => change({ normalise }),
      )}
      <div class="field">
        <span class="name">Channels</span>
        ${segments(
          "set-channels",
          "Channels",
          [
            { value: "0", name: "As most are" },
            { value: "1", name: "Mono" },
            { value: "2", name: "Stereo" },
          ],
          String(options.channels),
          (value) => change({ channels: Number(value) as PrepareSet["channels"] }),
        )}
      </div>
      <button type="button" class="primary" @click=${() => void this.prepare()}>Prepare</button>
    </section>`;
  }

  private strip(set: SetSummary): TemplateResult {
    const held = (this.details?.held_out ?? []).reduce((sum, [from, to]) => sum + to - from, 0);
    return html`<figure class="set-figure">
      <canvas
        class="set-strip"
        role="img"
        aria-label="The set from its first recording to its last: ${span(set.seconds)}. ${span(held)} of it are held out."
      ></canvas>
      <figcaption class="hint">
        ${span(set.seconds)} from the first recording to the last. Hatched: held out of training, to measure the model by.
      </figcaption>
    </figure>`;
  }

  private refused(): TemplateResult | typeof nothing {
    const told = this.bringing.refused.get(this.which) ?? [];
    if (told.length === 0) return nothing;
    return html`<div class="caution" role="alert">
      <ul>${told.map((sentence) => html`<li>${sentence}</li>`)}</ul>
    </div>`;
  }

  private lists(set: SetSummary): TemplateResult | typeof nothing {
    const { details } = this;
    if (details === null) return nothing;
    const left = details.left_out;
    if (set.state !== "ready")
      return details.gathered.length === 0
        ? nothing
        : html`<section class="card">
            <h3>${count(details.gathered.length)} ready to be read</h3>
            <ul class="names">${details.gathered.slice(0, 200).map((name) => html`<li class="clip">${name}</li>`)}</ul>
          </section>`;
    return html`
      ${
        left.length === 0
          ? nothing
          : html`<section class="card">
            <h3>Left out</h3>
            <dl class="left-out">
              ${left.map((each) => html`<div><dt class="clip">${each.name}</dt><dd>${each.why}</dd></div>`)}
            </dl>
          </section>`
      }
      <details class="card">
        <summary><h3>${count(set.files)} ${set.files === 1 ? "recording" : "recordings"}</h3></summary>
        <table class="recordings">
          <thead><tr><th scope="col">Name</th><th scope="col">Length</th><th scope="col">For</th></tr></thead>
          <tbody>
            ${details.recordings.map(
              (each) => html`<tr>
                <td class="clip">${each.name}</td>
                <td>${duration(each.seconds)}</td>
                <td>${{ train: "training", validation: "measuring", both: "both" }[each.split]}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </details>
    `;
  }

  private away(set: SetSummary): TemplateResult {
    if (!this.sure)
      return html`<p class="away">
        <button type="button" class="quiet" @click=${() => {
          this.sure = true;
        }}>${icon("trash")}Delete this set</button>
      </p>`;
    const what =
      set.folder === "" ? "and the recordings that were brought for it" : "; the folder itself stays";
    return html`<p class="away" role="alert">
      ${set.name} ${what} will be gone for good.
      <button type="button" @click=${() => void this.delete()}>Delete</button>
      <button type="button" class="quiet" @click=${() => {
        this.sure = false;
      }}>Keep it</button>
    </p>`;
  }
}
