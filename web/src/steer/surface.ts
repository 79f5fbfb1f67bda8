// The playing surface: pads and faders, and the bar above them that says what is heard.

import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Axis, Piece } from "../protocol/messages";
import { faders } from "../state/axes";
import { listen } from "../state/explore";
import { fitOf, type State } from "../state/store";
import { View } from "../ui/app";
import "../ui/company";
import { contextOf, ink } from "../ui/canvas";
import { segments, tool } from "../ui/parts";
import { ticker } from "../ui/ticker";
import { dangersTold } from "./dangers";
import "./pad";
import { Strips } from "./strips";

/** Places along a fader whose colour is asked for; fewer where there are many faders. */
const NODES = 32;
const FEW_NODES = 12;
const MANY = 16;
const STRIP_MS = 80;

@customElement("isobath-surface")
export class SurfaceView extends View {
  private readonly strips = new Strips();
  private settling = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileHere(ticker.add(() => this.followFaders()));
    this.whileHere(this.app.performer.listen(() => this.recolour()));
    const themed = (): void => this.recolour();
    window.addEventListener("isobath-theme", themed);
    this.whileHere(() => window.removeEventListener("isobath-theme", themed));
  }

  protected override updated(): void {
    this.recolour();
  }

  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece !== previous.piece ||
      state.listen !== previous.listen ||
      state.voice !== previous.voice ||
      state.fits !== previous.fits ||
      state.descriptions !== previous.descriptions
    );
  }

  protected override render(): TemplateResult {
    const piece = this.state.piece;
    if (piece === null) return html`<div class="no-piece"><p>Opening the last piece…</p></div>`;
    const loose = faders(piece);
    return html`
      ${this.bar()}
      ${
        piece.pads.length === 0
          ? nothing
          : html`<div class="pads" style="--pads:${piece.pads.length}">
            ${repeat(
              piece.pads,
              (_, i) => i,
              (pad) => html`<isobath-pad .app=${this.app} .pad=${pad}></isobath-pad>`,
            )}
          </div>`
      }
      ${
        loose.length === 0
          ? nothing
          : html`<div class="faders ${piece.pads.length === 0 ? "alone" : ""}" role="group" aria-label="Faders">
            ${repeat(
              loose,
              (a) => a.id,
              (a) => this.fader(a),
            )}
          </div>`
      }
      <p id="surface-keys" class="unseen">
        Arrow keys move the vessel, Shift makes the steps fine. Enter places a demonstration. Tab reaches each
        demonstration. Press question mark for all keys.
      </p>
      <p id="dangers" class="unseen">${this.dangers(piece)}</p>
    `;
  }

  /** The worst places, for who cannot see them. */
  private dangers(piece: Piece): string {
    const voice = piece.voices[this.state.voice];
    return voice === undefined ? "" : dangersTold(piece, voice);
  }

  // ------------------------------------------------------------------ the bar

  private bar(): TemplateResult {
    const { store, preferences } = this.app;
    const view = preferences.value;
    const voice = this.state.piece?.voices[this.state.voice];
    const count = voice?.demonstrations.length ?? 0;
    const exploring = this.state.listen === "explore";
    return html`<div class="surface-bar">
      ${segments(
        "listen",
        "What is heard",
        [
          { value: "explore", name: "Sound in hand" },
          { value: "play", name: "The map" },
        ],
        this.state.listen,
        (to) => listen(store, to),
      )}
      <p class="instruction">${exploring ? (count === 0 ? "Click the chart where this sound should live." : "Click to place it. Esc plays the map.") : this.playing(count)}</p>
      <isobath-company .app=${this.app}></isobath-company>
      <div class="row views" role="group" aria-label="What the chart shows">
        ${tool("Isobaths: lines of equal loudness", "isobaths", () => preferences.set({ isobaths: !view.isobaths }), { pressed: view.isobaths })}
        ${tool("Hatching: loud, or beyond what the model knows", "hatching", () => preferences.set({ hatching: !view.hatching }), { pressed: view.hatching })}
        ${tool("Dangers: measured to be louder or rougher than around it (D)", "dangers", () => preferences.set({ dangers: !view.dangers }), { pressed: view.dangers })}
        ${tool("Where the map is unsure: demonstrate here next (U)", "flag", () => preferences.set({ uncertainty: !view.uncertainty }), { pressed: view.uncertainty })}
      </div>
    </div>`;
  }

  private playing(count: number): string {
    if (count === 0) return "Nothing is mapped yet: throw a sound, then place it.";
    if (count === 1) return "One demonstration: the same sound everywhere. Place another.";
    const voice = this.state.piece!.voices[this.state.voice]!;
    const fit = fitOf(this.state, voice.id, voice.side);
    if (fit.state === "failed" && fit.sentence !== null) return fit.sentence;
    return this.app.preferences.value.hover ? "Move to play." : "Press and move to play.";
  }

  // ------------------------------------------------------------------ faders

  private fader(axis: Axis): TemplateResult {
    const { performer } = this.app;
    return html`<label class="fader">
      <canvas width="1" height="1" aria-hidden="true"></canvas>
      <input
        type="range"
        min="0"
        max="1"
        step="0.001"
        data-axis=${axis.id}
        .value=${String(performer.at(axis.id))}
        @input=${(e: Event) => {
          listen(this.app.store, "play");
          performer.set(axis.id, (e.target as HTMLInputElement).valueAsNumber);
        }}
        @pointerdown=${() => performer.touch(axis.id)}
        @pointerup=${() => performer.release(axis.id)}
        @pointercancel=${() => performer.release(axis.id)}
        @dblclick=${() => performer.set(axis.id, axis.rest)}
      />
      <span>${axis.name}</span>
    </label>`;
  }

  /** Each fader lies on the colours that it would reach; at most so often, however quickly one moves. */
  private recolour(): void {
    if (this.settling !== 0 || this.querySelector(".fader") === null) return;
    this.settling = window.setTimeout(() => {
      this.settling = 0;
      this.paintStrips();
    }, STRIP_MS);
  }

  private paintStrips(): void {
    const { piece, voice, descriptions } = this.state;
    const chosen = piece?.voices[voice];
    const model = chosen === undefined ? undefined : descriptions.get(chosen.model);
    const canvases = [...this.querySelectorAll<HTMLCanvasElement>(".fader canvas")];
    if (piece === null || chosen === undefined || model === undefined || canvases.length === 0) return;
    const { mapping } = fitOf(this.state, chosen.id, chosen.side);
    const { hold } = chosen.shaping;
    const axes = faders(piece).map((axis) => piece.axes.indexOf(axis));
    const here = this.app.performer.values;
    const base = hold.length > 0 ? hold : model.latent.mean;
    const nodes = axes.length > MANY ? FEW_NODES : NODES;
    const strips =
      mapping === null
        ? null
        : this.strips.colours({ mapping, model, axes, here, base, dark: ink().dark }, nodes);
    canvases.forEach((canvas, i) => {
      const rgba = strips?.[i];
      canvas.height = nodes;
      if (rgba !== undefined) contextOf(canvas).putImageData(new ImageData(rgba, 1, nodes), 0, 0);
    });
  }

  private heardAt(axis: string): number {
    const { performer, meters } = this.app;
    const i = performer.indexOf(axis);
    const replaying = this.state.takes.playing !== null && meters !== null && !performer.isTouched(i);
    return (replaying ? meters.gesture[i] : performer.values[i]) ?? 0.5;
  }

  /** Faders show where the performer is, also when a take moves them. */
  private followFaders(): void {
    const inputs = this.querySelectorAll<HTMLInputElement>(".fader input");
    for (const input of inputs) {
      const axis = input.dataset.axis!;
      const value = this.heardAt(axis);
      const hand = this.app.performers.others.find((other) => other.axes.includes(axis));
      const colour = hand?.who.colour ?? "";
      if (input.style.getPropertyValue("--hand") !== colour) input.style.setProperty("--hand", colour);
      if (Math.abs(input.valueAsNumber - value) > 0.0015) input.value = String(value);
    }
  }
}
