// The bar for the stage: what sounds, what comes next, and what one needs without looking, large enough to be
// read from two metres in the dark.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, query } from "lit/decorators.js";
import { neighbour, sceneOf } from "../state/scenes";
import type { State } from "../state/store";
import { View } from "./app";
import { icon } from "./icons";
import { fade, freeze, HOLD_MS, lock, nextName, step, tap, unlock } from "./performing";
import { ticker } from "./ticker";
import { silence } from "./transport";

@customElement("isobath-stage-bar")
export class StageBar extends View {
  @query(".way-there") private way!: HTMLElement | null;
  @query(".beats") private beats!: HTMLElement | null;
  @query(".faded") private faded!: HTMLElement | null;
  private recalledAt = Number.NEGATIVE_INFINITY;
  private holding = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileHere(ticker.add(() => this.draw()));
    this.whileHere(this.app.setList.subscribe(() => this.requestUpdate()));
    this.whileHere(
      this.app.store.subscribe((state, previous) => {
        if (state.piece?.recalls !== previous.piece?.recalls && state.piece?.id === previous.piece?.id)
          this.recalledAt = performance.now();
      }),
    );
  }

  protected override concerns(state: State, previous: State): boolean {
    const [now, before] = [state.piece, previous.piece];
    return (
      now?.scenes !== before?.scenes ||
      now?.scene !== before?.scene ||
      now?.tempo !== before?.tempo ||
      now?.id !== before?.id ||
      state.pieces !== previous.pieces ||
      state.stage !== previous.stage
    );
  }

  protected override render(): TemplateResult {
    const { piece, stage } = this.state;
    const here = sceneOf(piece, piece?.scene);
    const next = nextName(this.app);
    const at = here === null ? 0 : (piece?.scenes.indexOf(here) ?? 0) + 1;
    return html`
      <button type="button" class="big" aria-label="Previous scene" title="Previous scene (Page up)"
        ?disabled=${neighbour(piece, -1) === null && this.app.setList.beside(piece?.id, -1, this.state.pieces) === null} @click=${() => step(this.app, -1)}>${icon("chevron")}</button>
      <div class="now" aria-live="off">
        <b>${here?.name ?? "No scene"}</b>
        <span class="hint">${here === null ? nothing : html`${at} of ${piece?.scenes.length}`}${
          next === null ? nothing : html`<span class="next">then ${next}</span>`
        }</span>
        <span class="way-there" aria-hidden="true"></span>
      </div>
      <button type="button" class="big next-scene" title="Next scene (Page down)" aria-label=${
        next === null ? "Next scene" : `Next: ${next}`
      } ?disabled=${next === null} @click=${() => step(this.app, 1)}>${icon("chevron")}</button>
      <button type="button" class="big tempo" title="Tap the tempo (,)" aria-label="Tap the tempo, ${
        piece?.tempo.bpm ?? 120
      } beats a minute" @click=${() => tap(this.app)}>
        <span class="bpm">${(piece?.tempo.bpm ?? 120).toFixed(0)}</span>
        <span class="beats" aria-hidden="true">${Array.from({ length: piece?.tempo.beats ?? 4 }, () => html`<i></i>`)}</span>
      </button>
      ${this.switch("Freeze", "Hold the latents (H)", stage.frozen, () => freeze(this.app))}
      ${this.switch(stage.faded ? "Fade in" : "Fade out", "The master out, or in (F)", stage.faded, () => fade(this.app))}
      <button type="button" class="big stop" aria-pressed=${String(this.app.silent)} title="Silence at once (.)"
        @click=${() => {
          silence(this.app);
          this.requestUpdate();
        }}>${icon("panic")}<span>${this.app.silent ? "Sound" : "Panic"}</span></button>
      ${this.lockButton(stage.locked)}
      <span class="faded" aria-hidden="true"></span>
    `;
  }

  private switch(name: string, title: string, on: boolean, press: () => void): TemplateResult {
    return html`<button type="button" class="big" aria-pressed=${String(on)} title=${title} @click=${press}>
      <span>${name}</span></button>`;
  }

  /** Unlocked by holding it, so that a sleeve does not do it. */
  private lockButton(locked: boolean): TemplateResult {
    const begin = (): void => {
      if (!this.state.stage.locked) return;
      clearTimeout(this.holding);
      this.holding = window.setTimeout(() => unlock(this.app), HOLD_MS);
    };
    const end = (): void => clearTimeout(this.holding);
    return html`<button
      type="button"
      class="big lock ${locked ? "locked" : ""}"
      aria-pressed=${String(locked)}
      title=${locked ? "Hold to unlock (L)" : "Lock against edits (L)"}
      @pointerdown=${begin}
      @pointerup=${end}
      @pointerleave=${end}
      @keydown=${(e: KeyboardEvent) => {
        if ((e.key === " " || e.key === "Enter") && !e.repeat) begin();
      }}
      @keyup=${end}
      @click=${() => {
        if (!this.state.stage.locked && performance.now() - this.unlockedAt > 400) lock(this.app);
      }}
    >
      ${icon(locked ? "lock" : "unlock")}<span>${locked ? "Hold to unlock" : "Lock"}</span>
    </button>`;
  }

  private unlockedAt = Number.NEGATIVE_INFINITY;

  protected override willUpdate(): void {
    if (this.wasLocked && !this.state.stage.locked) this.unlockedAt = performance.now();
    this.wasLocked = this.state.stage.locked;
  }
  private wasLocked = false;

  private draw(): void {
    const { piece } = this.state;
    const seconds = sceneOf(piece, piece?.scene)?.morph_seconds ?? 0;
    const gone = (performance.now() - this.recalledAt) / 1000;
    const share = seconds > 0 ? Math.min(1, gone / seconds) : 1;
    if (this.way) {
      this.way.style.transform = `scaleX(${share})`;
      this.way.classList.toggle("there", share >= 1);
    }
    const meters = this.app.meters;
    if (meters === null) return;
    if (this.beats) {
      const at = Math.floor(meters.beat) % this.beats.children.length;
      for (let i = 0; i < this.beats.children.length; i++)
        this.beats.children[i]!.classList.toggle("on", i === at && this.app.instrument.state === "running");
    }
    if (this.faded) this.faded.style.opacity = String(1 - meters.faded);
  }
}
