// Play: takes of gestures, recordings of the sound, the axes one plays on, and what is measured.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Axis, Pad, Piece, Take, Voice } from "../protocol/messages";
import {
  AXES,
  addAxis,
  addPad,
  faders,
  removeAxis,
  removePad,
  renameAxis,
  setPad,
  setRest,
} from "../state/axes";
import { listen } from "../state/explore";
import type { State } from "../state/store";
import { changeTake, deleteTake, duplicateTake } from "../state/takes";
import { setForesight, setMaster } from "../state/voices";
import { worst } from "../steer/dangers";
import { Panel } from "./app";
import { icon } from "./icons";
import { choose, head, section, segments, slider, toggle, tool } from "./parts";
import { playTake, recordTake, stopTakes } from "./transport";
import { decibels, duration, percent } from "./words";
import "./company";
import "./scenes";
import "./scope";
import "./stage-output";

const FORMATS = [
  { value: "wav", name: "WAV" },
  { value: "flac", name: "FLAC" },
] as const;

@customElement("isobath-play")
export class PlayPanel extends Panel {
  /** Not needed before this panel is open, so fetched then. */
  @state() private canRehearse = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void import("./rehearsal").then(() => {
      this.canRehearse = true;
    });
  }

  protected override concerns(state: State, previous: State): boolean {
    return state.piece !== previous.piece || state.takes !== previous.takes || state.voice !== previous.voice;
  }

  protected override render(): TemplateResult {
    const piece = this.state.piece;
    return html`
      ${head("Play", "Move, and hear the map. Keep a good gesture as a take; it replays to the sample.")}
      ${piece === null ? nothing : html`<isobath-scenes .app=${this.app}></isobath-scenes> ${this.takes(piece)} ${this.sound()} <isobath-stage-output .app=${this.app}></isobath-stage-output> <isobath-performers .app=${this.app}></isobath-performers> ${this.axes(piece)} ${this.safety(piece)} ${this.canRehearse ? html`<isobath-rehearsal .app=${this.app}></isobath-rehearsal>` : nothing}`}
    `;
  }

  // ------------------------------------------------------------------ takes

  private takes(piece: Piece): TemplateResult {
    const { recording, playing } = this.state.takes;
    return section(
      "Takes",
      html`
        <div class="row">
          <button
            type="button"
            class="grow ${recording === null ? "" : "recording"}"
            data-do="record-take"
            title="Record where you move (R)"
            @click=${() => recordTake(this.app)}
          >
            ${icon(recording === null ? "record" : "stop")}${
              recording === null ? (playing === null ? "Record a take" : "Overdub") : "Stop recording"
            }
          </button>
          ${
            playing === null && recording === null
              ? nothing
              : html`<button type="button" @click=${() => stopTakes(this.app)}>${icon("stop")}Stop</button>`
          }
        </div>
        ${
          piece.takes.length === 0
            ? html`<p class="hint">A take is your gesture, not its sound: learn something new, and it plays the new map.</p>`
            : html`<ul class="takes">
              ${repeat(
                piece.takes,
                (t) => t.id,
                (t) => this.take(t, piece),
              )}
            </ul>`
        }
      `,
    );
  }

  private take(take: Take, piece: Piece): TemplateResult {
    const { store } = this.app;
    const playing = this.state.takes.playing === take.id;
    const under = take.over === null ? null : piece.takes.find((t) => t.id === take.over);
    return html`<li class="take ${playing ? "playing" : ""} ${take.muted ? "muted" : ""}">
      ${tool(playing ? `Stop ${take.name}` : `Play ${take.name}`, playing ? "stop" : "start", () =>
        playing ? stopTakes(this.app) : playTake(this.app, take),
      )}
      <div class="grow take-name">
        <input
          type="text"
          class="bare"
          aria-label="Name of ${take.name}"
          .value=${take.name}
          @change=${(e: Event) => changeTake(store, take.id, { name: (e.target as HTMLInputElement).value || take.name })}
        />
        <span class="hint">
          ${duration((take.length * take.hop) / take.sample_rate)}${
            under === null || under === undefined ? nothing : html` · over ${under.name}`
          }
        </span>
      </div>
      ${tool(`Loop ${take.name}`, "loop", () => changeTake(store, take.id, { loop: !take.loop }), { pressed: take.loop })}
      ${tool(`Duplicate ${take.name}`, "copy", () => duplicateTake(store, take.id))}
      ${tool(`Delete ${take.name}`, "trash", () => deleteTake(store, take.id))}
    </li>`;
  }

  // ------------------------------------------------------------------ sound

  private sound(): TemplateResult {
    const { preferences } = this.app;
    return section(
      "Sound",
      html`<isobath-scope .app=${this.app}></isobath-scope>
        <div class="row">
          <span class="grow">Record the sound as</span>
          ${segments("recording", "Record the sound as", FORMATS, preferences.value.recording, (recording) =>
            preferences.set({ recording }),
          )}
        </div>`,
    );
  }

  // ------------------------------------------------------------------ axes

  private axes(piece: Piece): TemplateResult {
    const { store } = this.app;
    const loose = faders(piece);
    const full = piece.axes.length >= AXES;
    return section(
      "Axes",
      html`
        <ul class="axes">
          ${repeat(
            piece.axes,
            (a) => a.id,
            (a) => this.axis(a, piece),
          )}
        </ul>
        ${piece.pads.map((pad, i) => this.pad(pad, i, piece))}
        <div class="row wrap actions">
          <button type="button" ?disabled=${full} @click=${() => addAxis(store)}>${icon("add")}Fader</button>
          <button
            type="button"
            ?disabled=${full && loose.length < 2}
            @click=${() => addPad(store, loose[0]?.id, loose[1]?.id)}
          >
            ${icon("add")}Pad
          </button>
        </div>
        ${toggle(
          "The vessel follows the mouse without a button",
          this.app.preferences.value.hover,
          (hover) => {
            this.app.preferences.set({ hover });
            if (hover) listen(store, "play");
          },
        )}
      `,
      html`<span class="hint">${piece.axes.length} of ${AXES}</span>`,
    );
  }

  private axis(axis: Axis, piece: Piece): TemplateResult {
    const { store } = this.app;
    const pad = piece.pads.findIndex((p) => p.x === axis.id || p.y === axis.id || p.pressure === axis.id);
    const where = pad < 0 ? "fader" : piece.pads.length > 1 ? `pad ${pad + 1}` : "pad";
    return html`<li class="axis">
      <input
        type="text"
        class="bare grow"
        aria-label="Name of ${axis.name}"
        .value=${axis.name}
        @change=${(e: Event) => renameAxis(store, axis.id, (e.target as HTMLInputElement).value || axis.name)}
      />
      <span class="hint">${where}</span>
      <label class="rest" title="Where the axis lies when nobody touches it"
        ><span class="hint">rest</span
        ><input
          type="number"
          min="0"
          max="100"
          step="5"
          aria-label="Rest of ${axis.name}, percent"
          .value=${String(Math.round(axis.rest * 100))}
          @change=${(e: Event) => setRest(store, axis.id, (e.target as HTMLInputElement).valueAsNumber / 100)}
      /></label>
      ${tool(`Remove ${axis.name}`, "trash", () => removeAxis(store, axis.id), { disabled: piece.axes.length <= 1 })}
    </li>`;
  }

  private pad(pad: Pad, index: number, piece: Piece): TemplateResult {
    const { store } = this.app;
    const named = piece.pads.length > 1 ? `Pad ${index + 1}` : "Pad";
    const choices = piece.axes.map((a) => ({ value: a.id, name: a.name }));
    const others = choices.filter((c) => c.value !== pad.x && c.value !== pad.y);
    return html`<div class="pad-settings">
      <div class="row"><b class="grow">${named}</b>
        ${piece.pads.length > 1 ? tool(`Take ${named} away`, "trash", () => removePad(store, index)) : nothing}</div>
      ${choose(
        `pad-x-${index}`,
        "Across",
        choices.filter((c) => c.value !== pad.y),
        pad.x,
        (x) => setPad(store, index, { x }),
      )}
      ${choose(
        `pad-y-${index}`,
        "Up",
        choices.filter((c) => c.value !== pad.x),
        pad.y,
        (y) => setPad(store, index, { y }),
      )}
      ${choose(
        `pad-p-${index}`,
        "Pressure",
        [{ value: "", name: "none" }, ...others],
        pad.pressure ?? "",
        (p) => setPad(store, index, { pressure: p === "" ? null : p }),
      )}
    </div>`;
  }

  // ------------------------------------------------------------------ before the ear

  private safety(piece: Piece): TemplateResult {
    const { store } = this.app;
    const m = piece.master;
    const voice = this.voice;
    return section(
      "Before the ear",
      html`
        ${slider({ key: "m-gain", name: "Master", value: m.gain_db, min: -60, max: 12, step: 0.5, shown: decibels(m.gain_db), neutral: 0, input: (gain_db) => setMaster(store, { gain_db }) })}
        ${slider({ key: "m-ceil", name: "Ceiling", value: m.ceiling_db, min: -24, max: -1, step: 0.5, shown: decibels(m.ceiling_db), neutral: -1, input: (ceiling_db) => setMaster(store, { ceiling_db }) })}
        ${slider({ key: "m-guard", name: "Jump guard", value: m.guard_db, min: 0, max: 24, step: 1, shown: m.guard_db === 0 ? "off" : `${m.guard_db} dB/s`, neutral: 8, input: (guard_db) => setMaster(store, { guard_db }) })}
        ${
          voice === null
            ? nothing
            : slider({
                key: "foresight",
                name: "Foresight",
                value: voice.foresight,
                min: 0,
                max: 1,
                shown: voice.foresight === 0 ? "off" : percent(voice.foresight),
                neutral: 1,
                input: (foresight) => setForesight(store, foresight, voice.id),
              })
        }
        <p class="hint">
          ${voice === null ? "" : foreseen(voice)} The guard holds back sudden rises; the limiter never lets a true peak above the ceiling.
          ${this.app.meters === null ? nothing : html`Clamp ${percent(this.app.meters.clamped)}.`}
        </p>
      `,
    );
  }
}

/** What foresight knows of a voice. */
function foreseen(voice: Voice): string {
  if (voice.safety === null)
    return "Foresight knows a place once the map has been measured, a moment after it is learned.";
  const [loud] = worst(voice.safety, "loud", 1);
  if (loud === undefined) return "Nothing on this map is louder than its demonstrations lead one to expect.";
  return `Foresight turns places that are too loud down before you hear them; the worst by ${(-loud.trim * voice.foresight).toFixed(0)} dB.`;
}
