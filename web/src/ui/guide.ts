// The guided start: two minutes that end with the person playing a map they made. Each step waits for
// the thing itself to be done; nothing is done for them. Skippable, resumable, usable from the keyboard.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { State } from "../state/store";
import { announce } from "./announcer";
import { View } from "./app";
import { advance, type Progress, STEERED, STEPS } from "./guide-steps";
import { icon } from "./icons";
import type { Panel } from "./preferences";
import { ticker } from "./ticker";

@customElement("isobath-guide")
export class GuideView extends View {
  @property({ attribute: false }) open!: (panel: Panel) => void;
  @query(".guide-ring") private ring!: HTMLElement | null;
  @query(".guide-card") private card!: HTMLElement | null;
  private progress: Progress = { running: false, found: 0, placed: 0, steered: 0 };
  private shownStep: number | null = null;
  private frames = 0;
  private last = { x: Number.NaN, y: Number.NaN };
  private drawnPercent = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.progress = { ...this.progress, running: this.app.instrument.state === "running" };
    this.whileHere(ticker.add(() => this.tick()));
    this.whileHere(this.app.performer.listen(() => this.steered()));
    this.whileHere(this.app.store.subscribe((state, previous) => this.watch(state, previous)));
    const changed = () => this.note({ running: this.app.instrument.state === "running" });
    this.app.instrument.addEventListener("state", changed);
    this.whileHere(() => this.app.instrument.removeEventListener("state", changed));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.documentElement.removeAttribute("data-welcome");
  }

  protected override concerns(): boolean {
    return false;
  }

  private get step(): number | null {
    return this.app.preferences.value.guide;
  }

  // ------------------------------------------------------------------ watching what is done

  private watch(state: State, previous: State): void {
    if (this.step === null) return;
    const count = (s: State) => s.piece?.voices.reduce((sum, v) => sum + v.demonstrations.length, 0) ?? 0;
    const found = state.explore !== previous.explore ? 1 : 0;
    const placed = state.piece?.id === previous.piece?.id ? count(state) - count(previous) : 0;
    if (found === 0 && placed === 0) return;
    this.note({ found: this.progress.found + found, placed: Math.max(0, this.progress.placed + placed) });
  }

  private steered(): void {
    const { values } = this.app.performer;
    const x = values[0] ?? 0;
    const y = values[1] ?? 0;
    const moved = Math.hypot(x - this.last.x, y - this.last.y);
    this.last = { x, y };
    if (this.step === null || STEPS[this.step]?.title !== "Play" || !(moved < 0.5)) return;
    const steered = this.progress.steered + moved;
    this.progress = { ...this.progress, steered };
    const shown = Math.floor(Math.min(1, steered / STEERED) * 20);
    if (shown === this.drawnPercent) return;
    this.drawnPercent = shown;
    this.note({ steered });
  }

  private note(change: Partial<Progress>): void {
    this.progress = { ...this.progress, ...change };
    const { step } = this;
    if (step === null) return;
    const next = advance(step, this.progress);
    if (next !== step)
      this.app.preferences.set({
        guide: next,
        guided: this.app.preferences.value.guided || next === STEPS.length - 1,
      });
    this.requestUpdate();
  }

  // ------------------------------------------------------------------ moving through it

  private readonly next = (): void => {
    this.progress = { running: this.app.instrument.state === "running", found: 0, placed: 0, steered: 0 };
    this.app.preferences.set({ guide: advance((this.step ?? 0) + 1, this.progress) });
  };

  private readonly end = (): void => {
    this.app.preferences.set({ guide: null, guided: true });
    document.getElementById("surface")?.focus();
  };

  protected override updated(_: PropertyValues): void {
    const { step } = this;
    document.documentElement.toggleAttribute("data-welcome", step === 0);
    if (step === this.shownStep) return;
    this.shownStep = step;
    if (step === null) return;
    const shown = STEPS[step]!;
    if (shown.panel !== null) this.open(shown.panel);
    announce(`${shown.title}. ${shown.says}`, 200);
    if (step === 0 || step === STEPS.length - 1)
      this.card?.querySelector("button")?.focus({ preventScroll: true });
  }

  /** The ring and the card keep to their target, whatever moves. */
  private tick(): void {
    if (this.step === null || this.card === null || this.frames++ % 6 !== 0) return;
    const shown = STEPS[this.step]!;
    const target = shown.at === null ? null : document.querySelector(shown.at);
    const box = target?.getBoundingClientRect() ?? null;
    const visible = box !== null && box.width > 0;
    this.ring?.toggleAttribute("hidden", !visible);
    if (visible && this.ring !== null) {
      const grow = 5;
      Object.assign(this.ring.style, {
        left: `${box.left - grow}px`,
        top: `${box.top - grow}px`,
        width: `${box.width + 2 * grow}px`,
        height: `${box.height + 2 * grow}px`,
      });
    }
    this.placeCard(visible ? (shown.under === true ? box : besideOf(target!, box)) : null);
  }

  /** Beside the target where there is room, else below it; a large target holds the card in its foot. */
  private placeCard(box: DOMRect | null): void {
    const card = this.card!;
    const { innerWidth, innerHeight } = window;
    const { offsetWidth: w, offsetHeight: h } = card;
    const stage = document.getElementById("surface")?.getBoundingClientRect();
    const last = this.step === STEPS.length - 1;
    let left = stage === undefined ? (innerWidth - w) / 2 : stage.left + (stage.width - w) / 2;
    let top =
      stage === undefined ? (innerHeight - h) / 2 : stage.top + (stage.height - h) * (last ? 0.9 : 0.5);
    if (box !== null && box.height > innerHeight * 0.35) {
      left = box.left + 14;
      top = box.bottom - h - 14;
    } else if (box !== null && STEPS[this.step!]!.under === true && innerWidth > 760) {
      left = box.left;
      top = box.bottom + 70;
    } else if (box !== null && box.right + w + 24 < innerWidth) {
      left = box.right + 20;
      top = box.top - 12;
    } else if (box !== null) {
      left = box.left + (box.width - w) / 2;
      top = box.bottom + h + 20 < innerHeight ? box.bottom + 14 : box.top - h - 14;
    }
    card.style.left = `${Math.round(Math.max(8, Math.min(innerWidth - w - 8, left)))}px`;
    card.style.top = `${Math.round(Math.max(8, Math.min(innerHeight - h - 8, top)))}px`;
  }

  protected override render(): TemplateResult {
    const { step } = this;
    if (step === null) return html``;
    const shown = STEPS[step]!;
    const first = step === 0;
    const last = step === STEPS.length - 1;
    return html`
      ${shown.at === null ? nothing : html`<div class="guide-ring" hidden></div>`}
      <section class="guide-card" role="region" aria-label="Guided start">
        <header>
          <h2>${shown.title}</h2>
          ${
            first || last
              ? nothing
              : html`<button type="button" class="tool" aria-label="Leave the guided start" @click=${this.end}>${icon("close")}</button>`
          }
        </header>
        <p>${shown.says}</p>
        <footer class="row">
          <span class="hint grow">${shown.count?.(this.progress) ?? (first || last ? "" : `${step} of ${STEPS.length - 2}`)}</span>
          ${
            first
              ? html`<button type="button" class="primary" @click=${this.next}>Show me</button>
                <button type="button" class="quiet" @click=${this.end}>Not now</button>`
              : last
                ? html`<button type="button" class="primary" @click=${this.end}>Play on</button>`
                : html`<button type="button" class="quiet" @click=${this.next}>Skip this step</button>`
          }
        </footer>
      </section>
    `;
  }
}

/** Something inside a panel has its card beside the panel, so that the panel stays readable. */
function besideOf(target: Element, box: DOMRect): DOMRect {
  const panel = target.closest(".panel:not(.sheet-panel)")?.getBoundingClientRect();
  return panel === undefined ? box : new DOMRect(panel.left, box.top, panel.width, box.height);
}
