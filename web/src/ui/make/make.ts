// Make: from recordings to an instrument of one's own. At the left what there is, beside it one thing of it.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { courseOf, runLine, setLine } from "../../make/words";
import type { RunSummary, SetSummary } from "../../protocol/messages";
import { Bringing, filesIn } from "../../state/bringing";
import { MakingStore } from "../../state/making";
import type { State } from "../../state/store";
import { View } from "../app";
import { icon } from "../icons";
import "../../styles/make.css";
import { go } from "./part";
import "./run";
import "./set";
import type { MakeSetView } from "./set";

interface Place {
  readonly kind: "list" | "new" | "set" | "run";
  readonly id: string;
}

function placeOf(way: string): Place {
  const [, kind, id] = way.replace(/^#/, "").split("/");
  if (kind === "new") return { kind, id: "" };
  if ((kind === "set" || kind === "run") && id !== undefined) return { kind, id: decodeURIComponent(id) };
  return { kind: "list", id: "" };
}

@customElement("isobath-make")
export class MakeView extends View {
  @property() way = "#make";
  private store!: MakingStore;
  private bringing!: Bringing;
  private shown = "";

  override connectedCallback(): void {
    this.store ??= new MakingStore(this.app.link, this.app.store);
    this.bringing ??= new Bringing(() => this.requestUpdate());
    super.connectedCallback();
    this.store.look();
    this.whileHere(this.store.subscribe(() => this.requestUpdate()));
    this.whileHere(() => this.store.lookAway());
    this.addEventListener("dragover", this.over);
    this.addEventListener("dragleave", this.off);
    this.addEventListener("drop", this.dropped);
  }

  protected override concerns(state: State, previous: State): boolean {
    return state.connection !== previous.connection;
  }

  // -------------------------------------------------------------------- where

  /** What is shown beside the list: what the address says, else what matters most now. */
  private place(): Place {
    const asked = placeOf(this.way);
    const { making } = this.store;
    if (making === null || asked.kind === "new") return asked;
    if (asked.kind === "run" && making.runs.some((run) => run.id === asked.id)) return asked;
    if (asked.kind === "set" && making.sets.some((set) => set.id === asked.id)) return asked;
    const run =
      making.runs.find((each) => each.state === "training" || each.state === "starting") ?? making.runs[0];
    if (run !== undefined) return { kind: "run", id: run.id };
    const set = making.sets[0];
    return set === undefined ? { kind: "new", id: "" } : { kind: "set", id: set.id };
  }

  protected override willUpdate(): void {
    const place = this.place();
    this.store.follow(place.kind === "run" ? place.id : null);
  }

  protected override updated(): void {
    const place = placeOf(this.way);
    const here = `${place.kind}/${place.id}`;
    if (this.shown !== "" && here !== this.shown && place.kind !== "list")
      this.querySelector<HTMLElement>(".make-detail")?.scrollTo(0, 0);
    this.shown = here;
  }

  // ------------------------------------------------------------------ dropping

  private readonly over = (event: DragEvent): void => {
    event.preventDefault();
    this.classList.add("over");
  };

  private readonly off = (event: DragEvent): void => {
    if (!this.contains(event.relatedTarget as Node | null)) this.classList.remove("over");
  };

  /** Files dropped anywhere go into the set that is shown, or into a new one. */
  private readonly dropped = (event: DragEvent): void => {
    event.preventDefault();
    this.classList.remove("over");
    if (event.dataTransfer === null) return;
    void filesIn(event.dataTransfer).then(async (files) => {
      if (files.length === 0) return;
      if (this.place().kind === "run") {
        go("new");
        await new Promise((done) => setTimeout(done, 0));
        await this.updateComplete;
      }
      await this.querySelector<MakeSetView>("isobath-make-set")?.take(files);
    });
  };

  // -------------------------------------------------------------------- markup

  protected override render(): TemplateResult {
    const { making } = this.store;
    const offline = this.state.connection.state !== "online";
    if (making === null)
      return html`<h1 class="unseen">Make</h1>
        <p class="waiting">${offline ? "Waiting for Isobath's server…" : "Looking at what there is…"}</p>`;
    const asked = placeOf(this.way);
    const place = this.place();
    return html`
      <div class="make ${asked.kind === "list" ? "at-list" : "at-detail"}">
        <div class="make-list">
          <header class="panel-head">
            <h1>Make</h1>
            <p>From recordings to an instrument of your own.</p>
          </header>
          ${offline ? html`<p class="caution pad-side">The server is out of reach. A training that is under way goes on.</p>` : nothing}
          ${making.missing === "" ? nothing : html`<p class="caution pad-side">${making.missing}</p>`}
          <div class="pad-side">
            <a class="button wide ${making.sets.length === 0 ? "primary" : ""}" href="#make/new"
              aria-current=${place.kind === "new" ? "page" : nothing}>${icon("add")}New set of recordings</a>
          </div>
          ${this.list(
            "Trainings",
            making.runs.length === 0 ? "None yet. A training begins with a set." : null,
            repeat(
              making.runs,
              (run) => run.id,
              (run) => this.run(run, place),
            ),
          )}
          ${this.list(
            "Sounds",
            making.sets.length === 0 ? "None yet." : null,
            repeat(
              making.sets,
              (set) => set.id,
              (set) => this.set(set, place),
            ),
          )}
        </div>
        <div class="make-detail">
          <a class="button quiet back" href="#make">${icon("chevron")}All</a>
          ${this.detail(place)}
        </div>
      </div>
    `;
  }

  private list(title: string, empty: string | null, entries: unknown): TemplateResult {
    return html`<section class="part">
      <div class="part-head"><h2>${title}</h2></div>
      ${empty === null ? html`<ul class="entries">${entries}</ul>` : html`<p class="hint">${empty}</p>`}
    </section>`;
  }

  private run(run: RunSummary, place: Place): TemplateResult {
    const whole = courseOf(run);
    const current = place.kind === "run" && place.id === run.id;
    return html`<li>
      <a class="entry" href="#make/run/${run.id}" aria-current=${current ? "true" : nothing}>
        <b class="clip">${run.name}</b>
        <span class="hint clip ${run.state === "failed" ? "bad" : ""}">${runLine(run)}</span>
        ${whole > 0 && run.state !== "finished" ? meter(run.step / whole) : nothing}
      </a>
    </li>`;
  }

  private set(set: SetSummary, place: Place): TemplateResult {
    const current = place.kind === "set" && place.id === set.id;
    const { underway } = this.bringing;
    const line =
      underway?.set === set.id ? `bringing ${underway.arrived + 1} of ${underway.files}` : setLine(set);
    return html`<li>
      <a class="entry" href="#make/set/${set.id}" aria-current=${current ? "true" : nothing}>
        <b class="clip">${set.name}</b>
        <span class="hint clip ${set.state === "failed" ? "bad" : ""}">${line}</span>
        ${set.state === "preparing" ? meter(set.share) : nothing}
      </a>
    </li>`;
  }

  private detail(place: Place): TemplateResult {
    const { app, store, bringing } = this;
    if (place.kind === "run")
      return html`<isobath-make-run .app=${app} .store=${store} .bringing=${bringing} .which=${place.id}></isobath-make-run>`;
    return html`<isobath-make-set
      .app=${app}
      .store=${store}
      .bringing=${bringing}
      .which=${place.kind === "set" ? place.id : ""}
    ></isobath-make-set>`;
  }
}

function meter(share: number): TemplateResult {
  return html`<span class="thread" aria-hidden="true"><span style="width:${(100 * Math.min(1, share)).toFixed(1)}%"></span></span>`;
}
