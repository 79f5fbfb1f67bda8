// Begin a training: what kind of model, from what, under which name; and what that will take.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { count, span } from "../../make/words";
import { startRun } from "../../net/making";
import type { Configuration, SetSummary } from "../../protocol/messages";
import { announce } from "../announcer";
import { icon } from "../icons";
import { choose, idFor, segments } from "../parts";
import { go, MakePart } from "./part";

/** Without a graphics card, so many steps are more than a person waits for. */
const MANY = 100_000;

const LENGTHS = [
  { value: "0.05", name: "A try" },
  { value: "0.25", name: "A quarter" },
  { value: "1", name: "Whole" },
] as const;

@customElement("isobath-make-begin")
export class MakeBeginView extends MakePart {
  @property({ attribute: false }) set!: SetSummary;
  @state() private config = "";
  @state() private base = "";
  @state() private name: string | null = null;
  @state() private busy = false;
  @state() private share = 1;

  private get configurations(): readonly Configuration[] {
    return this.store.making?.configurations ?? [];
  }

  private get chosen(): Configuration | null {
    const all = this.configurations;
    return (
      all.find((each) => each.name === this.config) ?? all.find((each) => each.default) ?? all[0] ?? null
    );
  }

  private async start(): Promise<void> {
    const config = this.chosen;
    if (config === null || this.busy) return;
    this.busy = true;
    const name = (this.name ?? this.set.name).trim() || this.set.name;
    const id = await this.attempt(() =>
      startRun({ name, set: this.set.id, config: config.name, base: this.base, share: this.share }),
    );
    this.busy = false;
    if (id === null) return;
    announce(`The training of ${name} begins.`);
    go("run", id);
  }

  protected override render(): TemplateResult {
    const { chosen } = this;
    const missing = this.store.making?.missing ?? "";
    if (missing !== "" || chosen === null)
      return html`<section class="card"><h3>Train a model of it</h3><p class="caution">${missing || "No configuration was found."}</p></section>`;
    const others =
      this.store.making?.runs.some((run) => run.state === "training" || run.state === "starting") ?? false;
    const [own, family] = [
      this.configurations.filter(ours),
      this.configurations.filter((each) => !ours(each)),
    ];
    const models = this.state.models.filter((model) => model.encodes);
    return html`<section class="card begin">
      <h3>Train a model of it</h3>
      <fieldset class="kinds">
        <legend class="unseen">Kind of model</legend>
        ${own.map((each) => this.kind(each, chosen))}
        ${
          family.length === 0
            ? nothing
            : html`<details ?open=${!ours(chosen)}>
              <summary>The RAVE family, at its published sizes</summary>
              <div class="kinds">${family.map((each) => this.kind(each, chosen))}</div>
            </details>`
        }
      </fieldset>
      <div class="begin-fields">
        <div class="field">
          <label for=${idFor("run-name")}>Name</label>
          <input
            id=${idFor("run-name")}
            type="text"
            maxlength="80"
            .value=${live(this.name ?? this.set.name)}
            @input=${(e: Event) => {
              this.name = (e.target as HTMLInputElement).value;
            }}
          />
        </div>
        ${
          models.length === 0
            ? nothing
            : choose(
                "run-base",
                "Begin from",
                [{ value: "", name: "nothing" }, ...models.map((m) => ({ value: m.name, name: m.title }))],
                this.base,
                (value) => {
                  this.base = value;
                },
              )
        }
        <div class="field">
          <span class="name">Length</span>
          ${segments("run-share", "Length", LENGTHS, String(this.share), (value) => {
            this.share = Number(value);
          })}
        </div>
      </div>
      <div class="row wrap">
        <button type="button" class="primary" ?disabled=${this.busy} @click=${() => void this.start()}>
          ${icon("start")}${others ? "Put it in line" : "Start the training"}
        </button>
        <p class="hint grow">${takes(chosen, this.share)}</p>
      </div>
    </section>`;
  }

  private kind(each: Configuration, chosen: Configuration): TemplateResult {
    return html`<label class="kind">
      <input
        type="radio"
        name=${idFor("run-config")}
        value=${each.name}
        .checked=${live(each.name === chosen.name)}
        @change=${() => {
          this.config = each.name;
        }}
      />
      <span class="kind-words">
        <b>${each.title}</b>
        <span>${each.about}</span>
        <span class="hint">${facts(each)}</span>
      </span>
    </label>`;
  }
}

function ours(each: Configuration): boolean {
  return each.default || each.name === "slow";
}

const milliseconds = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

function facts(each: Configuration): string {
  const found = [
    `${milliseconds(each.delay_ms)} late, and a frame of ${milliseconds(1000 / each.frames_a_second)}`,
    `${each.dims} dimensions`,
  ];
  if (each.parameters > 0) found.push(`${(each.parameters / 1e6).toFixed(1)} M parameters to play`);
  return found.join(" · ");
}

/** Honest words about time: measured here, or not known. */
function takes(each: Configuration, share: number): string {
  const steps = Math.max(2, Math.round(share * (each.phase1_steps + each.phase2_steps)));
  if (each.seconds_a_step !== null)
    return `${count(steps)} steps: about ${span(steps * each.seconds_a_step)}, at the pace this machine had last time. You can play what it has learned at any time before.`;
  const long = steps > MANY ? " That many are made for a graphics card; stop when it sounds right." : "";
  return `${count(steps)} steps. How long that takes on this machine shows after the first minute.${long}`;
}
