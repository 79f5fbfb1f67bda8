// What the hands play on: pads or a keyboard, by pointer, by the computer's keys, and lit up by who strikes.

import { html, LitElement, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { tool } from "../ui/parts";
import type { Kind } from "./bars";
import { HIGHEST_OCTAVE, keyVelocity, LOWEST_OCTAVE, lowestOf, NOTES, PADS, pressVelocity } from "./pads";

const FLASH_MS = 140;
/** A note that Enter or space plays on a key that has the focus. */
const STRUCK_MS = 300;
const NAMES = ["C", "C sharp ", "D", "D sharp ", "E", "F", "F sharp ", "G", "G sharp ", "A", "A sharp ", "B"];

/** velocity 0 lets go; stamp: of performance.now. */
export type Play = (pitch: number, velocity: number, stamp: number) => void;

@customElement("isobath-jam-hands")
export class Hands extends LitElement {
  @property({ attribute: false }) kind: Kind = "drums";
  @property({ attribute: false }) play: Play = () => {};
  @state() private octave = 4;
  /** What is down, by key or pointer. */
  private readonly down = new Map<string, number>();

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute("role", "group");
  }

  protected override willUpdate(): void {
    this.setAttribute("aria-label", this.kind === "drums" ? "Pads" : "Keyboard");
  }

  /** A key of the computer goes down. Whether it plays something here. */
  keyed(event: KeyboardEvent): boolean {
    const pitch = this.pitchOf(event.code);
    const octaves = { KeyZ: -1, KeyX: 1 }[event.code];
    if (pitch !== null) {
      if (!event.repeat) {
        this.down.set(event.code, pitch);
        this.play(pitch, keyVelocity(event.shiftKey), event.timeStamp);
      }
      return true;
    }
    if (octaves === undefined || this.kind === "drums") return false;
    this.shift(octaves);
    return true;
  }

  unkeyed(event: KeyboardEvent): void {
    this.letGo(event.code, event.timeStamp);
  }

  /** The window is left with keys down: nobody tells when they go up. */
  letAllGo(): void {
    for (const key of [...this.down.keys()]) this.letGo(key, performance.now());
  }

  private letGo(key: string, stamp: number): void {
    const pitch = this.down.get(key);
    if (pitch === undefined) return;
    this.down.delete(key);
    this.play(pitch, 0, stamp);
  }

  private pitchOf(code: string): number | null {
    if (this.kind === "drums") return PADS.find((pad) => pad.code === code)?.piece ?? null;
    const note = NOTES.find((each) => each.code === code);
    return note ? lowestOf(this.octave) + note.step : null;
  }

  private shift(octaves: number): void {
    this.octave = Math.min(HIGHEST_OCTAVE, Math.max(LOWEST_OCTAVE, this.octave + octaves));
  }

  private readonly pressed = (event: PointerEvent): void => {
    const pad = event.currentTarget as HTMLElement;
    // a finger that slides off still lets go here, and one that comes from elsewhere plays nothing
    pad.setPointerCapture(event.pointerId);
    const { top, height } = pad.getBoundingClientRect();
    const pitch = Number(pad.dataset.pitch);
    this.down.set(`pointer ${event.pointerId}`, pitch);
    this.play(pitch, pressVelocity(event, (event.clientY - top) / height), event.timeStamp);
  };

  private readonly released = (event: PointerEvent): void => {
    this.letGo(`pointer ${event.pointerId}`, event.timeStamp);
  };

  /** Enter and space on a pad that has the focus. */
  private struck(event: KeyboardEvent, pitch: number): void {
    if ((event.key !== "Enter" && event.key !== " ") || event.repeat) return;
    event.preventDefault();
    this.play(pitch, keyVelocity(event.shiftKey), event.timeStamp);
    if (this.kind === "melody") setTimeout(() => this.play(pitch, 0, performance.now()), STRUCK_MS);
  }

  /** Light one up. */
  flash(pitch: number, machine: boolean, velocity: number): void {
    const pad = this.querySelector<HTMLElement>(`[data-pitch="${pitch}"]`);
    if (!pad) return;
    pad.style.setProperty("--force", String(0.35 + 0.65 * velocity));
    pad.dataset.struck = machine ? "machine" : "human";
    const until = String(performance.now() + FLASH_MS);
    pad.dataset.until = until;
    setTimeout(() => {
      if (pad.dataset.until === until) delete pad.dataset.struck;
    }, FLASH_MS);
  }

  override render(): TemplateResult {
    return this.kind === "drums" ? this.pads() : this.keys();
  }

  private pads(): TemplateResult {
    return html`<div class="jam-pads">
      ${PADS.map(
        ({ name, piece, key }) => html`<button type="button" data-pitch=${piece} data-piece=${piece}
          @pointerdown=${this.pressed} @pointerup=${this.released} @pointercancel=${this.released}
          @keydown=${(event: KeyboardEvent) => this.struck(event, piece)}
          ><span>${name}</span><kbd>${key}</kbd></button>`,
      )}
    </div>`;
  }

  private keys(): TemplateResult {
    const lowest = lowestOf(this.octave);
    let whites = 0;
    return html`<div class="jam-octave">
        ${tool("An octave lower", "remove", () => this.shift(-1), { hint: "An octave lower (Z)" })}
        <span>C${this.octave}</span>
        ${tool("An octave higher", "add", () => this.shift(1), { hint: "An octave higher (X)" })}
      </div>
      <div class="jam-keys">
        ${NOTES.map(({ step, black, key }) => {
          const at = black ? whites : whites++;
          const pitch = lowest + step;
          return html`<button type="button" class=${black ? "black" : "white"} data-pitch=${pitch} style="--at:${at}"
            aria-label="${NAMES[step % 12]!}${Math.floor(pitch / 12) - 1}"
            @pointerdown=${this.pressed} @pointerup=${this.released} @pointercancel=${this.released}
            @keydown=${(event: KeyboardEvent) => this.struck(event, pitch)}
            ><kbd>${key}</kbd></button>`;
        })}
      </div>`;
  }
}
