// Controllers: what is there, what moves which axis, what is done to its values, and which buttons do what.

import "../styles/controllers.css";
import { html, nothing, svg, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { goalOf } from "../gesture/conditioning";
import { ACTIONS, wordsFor } from "../gesture/naming";
import { ALONE } from "../net/wire";
import type { Action, Axis, Conditioning, Input, InputSource, Piece, Trigger } from "../protocol/messages";
import { AXES, addAxis, removeAxis, renameAxis } from "../state/axes";
import {
  addInput,
  changeInput,
  condition,
  PRESETS,
  presetOf,
  removeInput,
  removeTrigger,
  setAction,
} from "../state/controllers";
import type { State } from "../state/store";
import { announce } from "./announcer";
import { Panel } from "./app";
import { type Controlling, controllingOf, type Loose } from "./controlling";
import { icon } from "./icons";
import { choose, head, idFor, section, slider, toggle, tool } from "./parts";
import "./phone-door";
import { fieldsOf } from "./source-fields";
import { ticker } from "./ticker";
import { percent } from "./words";

/** What can be connected without moving it. */
const BY_NAME: readonly { readonly value: string; readonly name: string; readonly source: InputSource }[] = [
  {
    value: "clock",
    name: "moves by itself",
    source: { kind: "clock", shape: "sine", rate: 0.25, tempo: 0, phase: 0, steps: [], seed: 1 },
  },
  { value: "sound", name: "live sound", source: { kind: "sound", descriptor: "loudness" } },
  { value: "orientation", name: "how this device is held", source: { kind: "orientation", part: "tilt" } },
  { value: "pen", name: "a pen's pressure or tilt", source: { kind: "pen", part: "pressure" } },
  { value: "osc", name: "an OSC address", source: { kind: "osc", address: "/hand/x", argument: 0 } },
  { value: "program", name: "another program's value", source: { kind: "program", name: "hand x" } },
  {
    value: "midi",
    name: "a MIDI controller",
    source: { kind: "midi", message: "control", number: 1, channel: null, port: "" },
  },
  { value: "gametrak", name: "a Gametrak's string", source: { kind: "hid", device: "gametrak", index: 0 } },
];

const ACTION_CHOICES = (Object.keys(ACTIONS) as Action[]).map((value) => ({ value, name: ACTIONS[value] }));
const FIRST_ACTION: Action = "demonstrate";

interface Needle {
  readonly element: HTMLElement;
  readonly at: () => number | null;
  shown: number;
}

@customElement("isobath-controllers")
export class ControllersPanel extends Panel {
  /** The input whose settings are open. */
  @state() private opened: string | null = null;
  /** What the next button does. */
  @state() private action: Action = FIRST_ACTION;
  private controlling!: Controlling;
  private needles: Needle[] = [];
  /** Which inputs are heard, axis by axis. */
  private movers = "";

  override connectedCallback(): void {
    super.connectedCallback();
    this.controlling = controllingOf(this.app);
    this.whileHere(this.controlling.subscribe(() => this.requestUpdate()));
    this.whileHere(ticker.add(() => this.follow()));
    const keys = (event: KeyboardEvent): void => this.escape(event);
    window.addEventListener("keydown", keys, { capture: true });
    this.whileHere(() => window.removeEventListener("keydown", keys, { capture: true }));
    this.controlling.watch(true);
    this.whileHere(() => this.controlling.watch(false));
  }

  protected override concerns(now: State, previous: State): boolean {
    return (
      now.piece?.axes !== previous.piece?.axes ||
      now.piece?.inputs !== previous.piece?.inputs ||
      now.piece?.triggers !== previous.piece?.triggers ||
      now.connection !== previous.connection
    );
  }

  /** Escape ends what is waited for before it means anything else. */
  private escape(event: KeyboardEvent): void {
    const { controlling } = this;
    const waits = controlling.learning ?? controlling.calibrating ?? this.app.movements.recording;
    if (event.key !== "Escape" || waits === null) return;
    controlling.stopLearning();
    controlling.endCalibrating();
    announce("Ended.");
    event.preventDefault();
    event.stopPropagation();
  }

  // ------------------------------------------------------------------ live needles

  protected override updated(): void {
    const { performer } = this.app;
    const inputs = new Map(this.state.piece?.inputs.map((input) => [input.id, input]));
    const found = (name: string, at: (id: string) => (() => number | null) | null): Needle[] =>
      [...this.querySelectorAll<HTMLElement>(`[data-${name}]`)].flatMap((element) => {
        const value = at(element.dataset[name]!);
        return value === null ? [] : [{ element, at: value, shown: Number.NaN }];
      });
    this.needles = [
      ...found("axis", (id) => () => performer.at(id)),
      ...found("input", (id) => {
        const input = inputs.get(id);
        if (input === undefined) return null;
        const { low, span } = this.reach(input);
        return () => {
          const value = this.controlling.valueOf(input.source);
          return value === null ? null : (value - low) / span;
        };
      }),
    ];
    this.follow();
  }

  private follow(): void {
    const { piece } = this.state;
    const movers = (piece?.axes ?? []).map((axis) => this.controlling.movedBy(axis.id)).join("\n");
    if (movers !== this.movers) {
      this.movers = movers;
      this.requestUpdate();
    }
    for (const needle of this.needles) {
      const value = needle.at();
      const at = value === null ? -1 : Math.round(Math.max(0, Math.min(1, value)) * 500) / 5;
      if (at === needle.shown) continue;
      needle.shown = at;
      needle.element.style.setProperty("--at", `${at}%`);
      needle.element.classList.toggle("unheard", at < 0);
    }
  }

  /** The stretch that a picture of an input's range shows. */
  private reach(input: Input): { low: number; span: number } {
    const { lo, hi } = input.conditioning;
    const ends = [lo, hi];
    const { calibrating } = this.controlling;
    if (calibrating?.input === input.id && calibrating.range !== null)
      ends.push(calibrating.range.lo, calibrating.range.hi);
    if (input.source.kind !== "osc" && input.source.kind !== "program") ends.push(0, 1);
    else {
      const value = this.controlling.valueOf(input.source);
      if (value !== null) ends.push(value);
    }
    const low = Math.min(...ends);
    const high = Math.max(...ends);
    return { low, span: high > low ? high - low : 1 };
  }

  // ------------------------------------------------------------------ markup

  protected override render(): TemplateResult {
    const { piece } = this.state;
    return html`
      ${head("Controllers", "Whatever moves can play. Connect it to an axis, then move it to its ends.")}
      ${piece === null ? nothing : html`${this.devices(piece)} ${this.axes(piece)} ${this.buttons(piece)}`}
      ${section("A phone", html`<isobath-phone-door .app=${this.app}></isobath-phone-door>`)}
    `;
  }

  private devices(piece: Piece): TemplateResult {
    const { controlling } = this;
    const { doors, sentence, problem, loose } = controlling;
    const midi = controlling.owns("midi") && !this.app.hub.there.has("midi");
    return html`<section class="part first">
      <div class="part-head"><h3>What is there</h3></div>
      ${
        doors.length === 0
          ? html`<p class="hint">Nothing yet. Plug something in; a gamepad shows itself when a button is pressed.</p>`
          : html`<ul class="doors">
            ${doors.map(
              ({ name, by }) => html`<li class="door">
                <span class="lamp fitted"></span><span class="clip grow">${name}</span
                ><span class="hint">${by === "page" ? "this page" : "Isobath"}</span>
              </li>`,
            )}
          </ul>`
      }
      ${
        midi
          ? html`<button type="button" class="quiet wide" data-do="midi" @click=${() => controlling.open("midi")}>
            Let this page hear MIDI
          </button>`
          : nothing
      }
      ${problem === "" ? nothing : html`<p class="caution">${problem}</p>`}
      ${sentence === "" ? nothing : html`<p class="caution">${sentence}</p>`}
      ${loose.length === 0 ? nothing : this.loose(loose, piece)}
    </section>`;
  }

  /** What was heard and moves nothing yet. */
  private loose(all: readonly Loose[], piece: Piece): TemplateResult {
    return html`<div class="loose">
      <p class="hint">Heard, and moves nothing yet</p>
      <ul>
        ${all.map(
          (each) => html`<li class="door">
            <span class="clip grow"><b>${each.name}</b> <span class="hint">${each.where}</span></span>
            <select
              aria-label="Axis for ${each.name}, ${each.where}"
              @change=${(e: Event) => this.connect((e.target as HTMLSelectElement).value, each.source)}
            >
              <option value="" selected>moves…</option>
              ${piece.axes.map((axis) => html`<option value=${axis.id}>${axis.name}</option>`)}
            </select>
          </li>`,
        )}
      </ul>
    </div>`;
  }

  private connect(axis: string, source: InputSource): void {
    const id = addInput(this.app.store, axis, source);
    if (id === null) return;
    this.opened = id;
    announce(`${wordsFor(source).what} is connected.`);
    if (source.kind === "orientation") void this.controlling.open("orientation");
  }

  // ------------------------------------------------------------------ axes

  private axes(piece: Piece): TemplateResult {
    const { controlling } = this;
    const free = piece.axes.filter((axis) => !piece.inputs.some((input) => input.axis === axis.id));
    const several = free.length > 1 && controlling.learning === null;
    return section(
      "Axes",
      html`
        <ul class="lanes">
          ${repeat(
            piece.axes,
            (axis) => axis.id,
            (axis) => this.axis(axis, piece),
          )}
        </ul>
        <div class="row wrap actions">
          <button
            type="button"
            data-do="add-axis"
            ?disabled=${piece.axes.length >= AXES}
            @click=${() => addAxis(this.app.store)}
          >
            ${icon("add")}Axis
          </button>
          ${
            several
              ? html`<button
                type="button"
                data-do="learn-all"
                title="Move one controller after the other; each takes the next axis that has none"
                @click=${() => controlling.learn({ kind: "axes", axes: free.map((axis) => axis.id), taken: [] })}
              >
                Learn ${free.length} in a row
              </button>`
              : nothing
          }
        </div>
      `,
      html`<span class="hint">${piece.axes.length} of ${AXES}</span>`,
    );
  }

  private axis(axis: Axis, piece: Piece): TemplateResult {
    const { controlling } = this;
    const { store } = this.app;
    const inputs = piece.inputs.filter((input) => input.axis === axis.id);
    const { learning } = controlling;
    const waits = learning?.kind === "axes" && learning.axes[0] === axis.id;
    const frozen = controlling.frozen.has(axis.id);
    const heard = controlling.movedBy(axis.id);
    return html`<li class="lane ${frozen ? "frozen" : ""}">
      <div class="lane-head">
        <input
          type="text"
          class="bare grow"
          aria-label="Name of ${axis.name}"
          .value=${axis.name}
          @change=${(e: Event) => renameAxis(store, axis.id, (e.target as HTMLInputElement).value || axis.name)}
        />
        ${tool(`Pin ${axis.name}`, frozen ? "lock" : "unlock", () => controlling.freeze(axis.id, !frozen), {
          pressed: frozen,
          hint: frozen ? "Pinned: its controllers are not heard" : "Pin it where it is",
        })}
        ${tool(`Remove ${axis.name}`, "trash", () => removeAxis(store, axis.id), { disabled: piece.axes.length <= 1 })}
      </div>
      <div class="track" aria-hidden="true"><i data-axis=${axis.id}></i></div>
      ${
        inputs.length === 0
          ? nothing
          : html`<ul class="inputs">
        ${repeat(
          inputs,
          (input) => input.id,
          (input) => this.input(input, piece, heard === input.id),
        )}
      </ul>`
      }
      ${heard === "" ? html`<p class="hint">moved by its own OSC address</p>` : nothing}
      ${waits ? this.waiting("Move something…", learning.axes.length - 1) : this.connecting(axis, inputs.length > 0)}
    </li>`;
  }

  private waiting(words: string, left: number): TemplateResult {
    return html`<div class="waiting-for" role="status">
      <span class="pulse" aria-hidden="true"></span><b class="grow">${words}</b>
      ${left > 0 ? html`<span class="hint">and ${left} more</span>` : nothing}
      <button type="button" class="link" @click=${() => this.controlling.stopLearning()}>never mind</button>
    </div>`;
  }

  private connecting(axis: Axis, more: boolean): TemplateResult {
    return html`<div class="row connecting">
      <button
        type="button"
        class="quiet"
        data-do="learn"
        aria-label="Learn a controller for ${axis.name}"
        @click=${() => this.controlling.learn({ kind: "axes", axes: [axis.id], taken: [] })}
      >
        ${icon("add")}${more ? "Another" : "Learn"}
      </button>
      <select
        class="bare"
        aria-label="Connect ${axis.name} to something that is not moved"
        @change=${(e: Event) => {
          const select = e.target as HTMLSelectElement;
          const found = BY_NAME.find((each) => each.value === select.value);
          select.value = "";
          if (found !== undefined) this.connect(axis.id, found.source);
        }}
      >
        <option value="" selected>or choose…</option>
        ${BY_NAME.map((each) => html`<option value=${each.value}>${each.name}</option>`)}
      </select>
    </div>`;
  }

  // ------------------------------------------------------------------ one controller on an axis

  private input(input: Input, piece: Piece, heard: boolean): TemplateResult {
    const { store } = this.app;
    const { what, where } = wordsFor(input.source);
    const there = this.controlling.isThere(input.source);
    const open = this.opened === input.id;
    const how = there === false ? "gone" : input.muted ? "muted" : heard ? "heard" : "";
    return html`<li class="input ${how}" data-there=${String(there)}>
      <div class="input-head">
        <button
          type="button"
          class="input-name grow"
          aria-expanded=${open ? "true" : "false"}
          @click=${() => {
            this.opened = open ? null : input.id;
          }}
        >
          <span class="clip">${what}</span><span class="hint clip">${where}</span>
          ${heard ? html`<span class="unseen">, heard now</span>` : nothing}
        </button>
        ${tool(
          `Mute ${what}`,
          input.muted ? "mute" : "sound",
          () => changeInput(store, input.id, { muted: !input.muted }, "mute a controller"),
          { pressed: input.muted },
        )}
        ${tool(`Disconnect ${what}`, "close", () => removeInput(store, input.id))}
      </div>
      ${input.source.kind === "clock" ? nothing : this.range(input)}
      ${there === false ? html`<p class="hint">${this.controlling.missing(input.source)}</p>` : nothing}
      ${open ? this.settings(input, piece) : nothing}
    </li>`;
  }

  /** Its range as a band on the stretch it moves over, and where it is. */
  private range(input: Input): TemplateResult {
    const { calibrating } = this.controlling;
    const own = calibrating?.input === input.id ? calibrating : null;
    const { low, span } = this.reach(input);
    const { lo, hi } = own?.range ?? input.conditioning;
    const from = (Math.min(lo, hi) - low) / span;
    const to = (Math.max(lo, hi) - low) / span;
    return html`<div class="range ${own === null ? "" : "learning"}" aria-hidden="true">
      <i class="band" style="left:${100 * from}%;right:${100 * (1 - to)}%"></i>
      <i class="needle-live" data-input=${input.id}></i>
    </div>`;
  }

  private settings(input: Input, piece: Piece): TemplateResult {
    const { store } = this.app;
    const { conditioning: c, id, source } = input;
    const set = (change: Partial<Conditioning>): void => condition(store, id, change);
    const preset = presetOf(c);
    const presets = [
      ...(preset === null ? [{ value: "", name: "set by hand" }] : []),
      ...PRESETS.map(({ name, hint }) => ({ value: name, name: `${name}: ${hint}` })),
    ];
    return html`<div class="input-settings">
      ${choose(
        `axis ${id}`,
        "Moves",
        piece.axes.map((axis) => ({ value: axis.id, name: axis.name })),
        input.axis,
        (axis) => changeInput(store, id, { axis }, "move a controller to another axis"),
      )}
      ${fieldsOf(id, source, (changed) => changeInput(store, id, { source: changed }))}
      ${choose(`preset ${id}`, "Manner", presets, preset?.name ?? "", (name) => {
        const found = PRESETS.find((each) => each.name === name);
        if (found !== undefined) condition(store, id, found.conditioning, "choose a manner");
      })}
      ${source.kind === "clock" ? nothing : this.calibration(input)}
      <div class="response">
        ${curveOf(c)}
        <div class="grow">
          ${toggle("Turned round", c.invert, (invert) => set({ invert }))}
          ${slider({ key: `curve ${id}`, name: "Curve", value: c.curve, min: -0.98, max: 0.98, shown: curveWords(c.curve), neutral: 0, input: (curve) => set({ curve }) })}
        </div>
      </div>
      ${slider({ key: `dead ${id}`, name: "Deadzone", value: c.deadzone, min: 0, max: 0.45, shown: percent(c.deadzone), neutral: 0, input: (deadzone) => set({ deadzone }) })}
      ${c.deadzone === 0 ? nothing : slider({ key: `at ${id}`, name: "…around", value: c.deadzone_at, min: 0, max: 1, shown: percent(c.deadzone_at), neutral: 0.5, input: (deadzone_at) => set({ deadzone_at }) })}
      ${slider({ key: `cut ${id}`, name: "Steadying", value: steadiness(c.cutoff_hz), min: 0, max: 1, shown: c.cutoff_hz <= 0 ? "off" : `${c.cutoff_hz.toFixed(1)} Hz`, neutral: 0, input: (x) => set({ cutoff_hz: cutoffOf(x) }) })}
      ${c.cutoff_hz <= 0 ? nothing : slider({ key: `beta ${id}`, name: "…lets go", value: c.beta, min: 0, max: 20, step: 0.5, shown: c.beta.toFixed(1), neutral: 4, input: (beta) => set({ beta }) })}
      ${slider({ key: `slew ${id}`, name: "Slew", value: c.slew_seconds, min: 0, max: 10, step: 0.1, shown: c.slew_seconds === 0 ? "off" : seconds(c.slew_seconds), neutral: 0, input: (slew_seconds) => set({ slew_seconds }) })}
      <p class="hint">When it is gone, its axis stays a while and then goes to its rest.</p>
      ${slider({ key: `hold ${id}`, name: "Stays", value: c.hold_seconds < 0 ? 10.5 : c.hold_seconds, min: 0, max: 10.5, step: 0.1, shown: c.hold_seconds < 0 ? "for ever" : seconds(c.hold_seconds), neutral: 1, input: (x) => set({ hold_seconds: x > 10 ? -1 : x }) })}
      ${slider({ key: `silence ${id}`, name: "Gone after", value: c.silence_seconds, min: 0, max: 10, step: 0.1, shown: c.silence_seconds === 0 ? "unplugging" : `${seconds(c.silence_seconds)} silent`, neutral: 0, input: (silence_seconds) => set({ silence_seconds }) })}
    </div>`;
  }

  /** Its range: by wiggling, or as figures. */
  private calibration(input: Input): TemplateResult {
    const { controlling } = this;
    const { id, conditioning: c } = input;
    const own = controlling.calibrating?.input === id ? controlling.calibrating : null;
    const number = (
      name: string,
      what: "lo" | "hi",
    ): TemplateResult => html`<label class="end" for=${idFor(`${what} ${id}`)}
        ><span class="hint">${name}</span
        ><input
          id=${idFor(`${what} ${id}`)}
          type="number"
          step="any"
          .value=${String(round(c[what]))}
          @change=${(e: Event) => {
            const value = (e.target as HTMLInputElement).valueAsNumber;
            if (Number.isFinite(value)) condition(this.app.store, id, { [what]: value });
          }}
      /></label>`;
    if (own === null)
      return html`<div class="row wrap calibration">
        <button type="button" class="grow" data-do="calibrate" @click=${() => controlling.calibrate(id)}>Calibrate</button>
        ${number("from", "lo")} ${number("to", "hi")}
      </div>`;
    return html`<div class="waiting-for" role="status">
      <span class="pulse" aria-hidden="true"></span>
      <b class="grow">${own.range === null ? "To its ends and back…" : `${round(own.range.lo)} – ${round(own.range.hi)}`}</b>
      <button
        type="button"
        class="primary"
        data-do="calibrated"
        ?disabled=${own.range === null}
        @click=${() => controlling.endCalibrating(true)}
      >
        Done
      </button>
      ${tool("Never mind", "close", () => controlling.endCalibrating())}
    </div>`;
  }

  // ------------------------------------------------------------------ buttons

  private buttons(piece: Piece): TemplateResult {
    const { controlling } = this;
    const waits = controlling.learning?.kind === "action";
    return section(
      "Buttons, keys and pedals",
      html`
        ${
          piece.triggers.length === 0
            ? html`<p class="hint">A note, a pedal, a gamepad's button or a movement of the axes can place the sound, record, or silence all.</p>`
            : html`<ul class="triggers">
              ${repeat(
                piece.triggers,
                (each) => each.id,
                (each) => this.trigger(each),
              )}
            </ul>`
        }
        ${
          waits || this.app.movements.recording !== null
            ? this.waiting(waits ? "Press it…" : "Move, then hold still…", 0)
            : html`<div class="row">
              <select
                class="grow"
                aria-label="What the button does"
                @change=${(e: Event) => {
                  this.action = (e.target as HTMLSelectElement).value as Action;
                }}
              >
                ${ACTION_CHOICES.map((each) => html`<option value=${each.value} ?selected=${each.value === this.action}>${each.name}</option>`)}
              </select>
            </div>
            <div class="row">
              <button
                type="button"
                class="grow"
                data-do="learn-button"
                @click=${() => controlling.learn({ kind: "action", action: this.action })}
              >
                ${icon("add")}Learn
              </button>
              ${
                ALONE === null
                  ? html`<button
                    type="button"
                    class="grow"
                    data-do="record-movement"
                    title="A movement of the axes does it, whatever moves them"
                    @click=${() => controlling.recordMovement(this.action)}
                  >
                    ${icon("record")}Movement
                  </button>`
                  : nothing
              }
            </div>`
        }
      `,
    );
  }

  private trigger(trigger: Trigger): TemplateResult {
    const { controlling } = this;
    const { store } = this.app;
    const { what, where } = wordsFor(trigger.source);
    const gone = controlling.isThere(trigger.source) === false;
    const movement = trigger.source.kind === "gesture" ? "movement" : "";
    return html`<li class="trigger ${movement} ${gone ? "gone" : ""}">
      <span class="grow clip"><b>${what}</b> <span class="hint">${gone ? "not there" : where}</span></span>
      <select
        aria-label="What ${what} does"
        @change=${(e: Event) => setAction(store, trigger.id, (e.target as HTMLSelectElement).value as Action)}
      >
        ${ACTION_CHOICES.map((each) => html`<option value=${each.value} ?selected=${each.value === trigger.action}>${each.name}</option>`)}
      </select>
      ${
        movement
          ? tool(`Record ${what} again`, "record", () =>
              controlling.recordMovement(trigger.action, trigger.id),
            )
          : nothing
      }
      ${tool(`Disconnect ${what}`, "close", () => removeTrigger(store, trigger.id))}
    </li>`;
  }
}

const seconds = (x: number): string => `${x.toFixed(1)} s`;
const round = (x: number): number => Number(x.toPrecision(3));

/** 0..1 as 20 Hz to 0.2 Hz, even to the ear of a hand. */
const cutoffOf = (x: number): number => (x <= 0 ? 0 : 20 * 0.01 ** x);
const steadiness = (hz: number): number =>
  hz <= 0 ? 0 : Math.min(1, Math.max(0.01, Math.log(hz / 20) / Math.log(0.01)));

function curveWords(curve: number): string {
  if (Math.abs(curve) < 0.005) return "straight";
  return curve > 0 ? `${percent(curve)} early` : `${percent(-curve)} late`;
}

/** From what comes in, left to right, to where the axis goes, upwards. */
function curveOf(c: Conditioning): TemplateResult {
  const points = Array.from({ length: 49 }, (_, i) => {
    const x = i / 48;
    const y = goalOf(c.lo + x * (c.hi - c.lo), c);
    return `${(2 + 60 * x).toFixed(1)},${(62 - 60 * y).toFixed(1)}`;
  });
  return html`<svg class="curve" viewBox="0 0 64 64" role="img" aria-label="Response: ${c.invert ? "falling" : "rising"}, curve ${curveWords(c.curve)}, deadzone ${percent(c.deadzone)}">
    ${svg`<path class="grid" d="M2 62V2M2 62H62M32 2V62M2 32H62"></path><polyline points=${points.join(" ")}></polyline>`}
  </svg>`;
}
