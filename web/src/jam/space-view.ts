// The latent in the page: a canvas that turns under the hand, a scale, and the phrases in a row for keys.

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { keyed } from "lit/directives/keyed.js";
import type { JamSpace } from "../protocol/messages";
import { type Ink, ink } from "../ui/canvas";
import { ticker } from "../ui/ticker";
import { Cloud } from "./cloud";
import { type Point, roundUnits } from "./trails";

const CLICK_PIXELS = 5;
const TURNS_A_SIDE = 0.45;
const KEY_TURN = 1 / 48;
const CLOSER = 1.15;
/** The scale is about so long, in pixels. */
const SCALE = 96;

@customElement("isobath-jam-space")
export class SpaceView extends LitElement {
  @property({ attribute: false }) space: JamSpace | null = null;
  @property({ attribute: false }) points: readonly Point[] = [];
  @property({ attribute: false }) heard: Point | null = null;
  /** How far the answer may go from the human's last phrase. */
  @property({ attribute: false }) reach = 0;
  @property({ attribute: false }) hear: (point: Point) => void = () => {};
  @query("canvas") private canvas!: HTMLCanvasElement;
  @state() private failure = false;
  @state() private scale = 0;
  /** A canvas whose context was given back draws no more: the next visit has another. */
  @state() private visit = 0;
  /** For the tests, and for whoever stands at the console. */
  cloud: Cloud | null = null;
  private dirty = true;
  private shown: Ink | null = null;
  private off: (() => void)[] = [];
  private pressed: { x: number; y: number; moved: boolean } | null = null;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
    this.off.push(ticker.add(() => this.frame()));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const off of this.off) off();
    this.off = [];
    this.cloud?.dispose();
    this.cloud = null;
    this.visit += 1;
  }

  private open(): void {
    try {
      this.cloud = new Cloud(this.canvas);
    } catch {
      this.failure = true;
      return;
    }
    if (this.space) this.cloud.setPhrases(this.space.phrases);
    const sized = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      this.cloud?.resize(width, height);
      this.again();
    });
    sized.observe(this.canvas);
    this.canvas.addEventListener("wheel", this.wheeled, { passive: false });
    this.off.push(() => sized.disconnect());
    this.shown = null;
    this.again();
    this.requestUpdate();
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (this.cloud === null && !this.failure && this.isConnected) this.open();
    if (changed.has("space") && this.space) this.cloud?.setPhrases(this.space.phrases);
    this.cloud?.setLook({ points: this.points, heard: this.heard, reach: this.reach });
    if (changed.has("space")) this.measure();
    this.dirty = true;
  }

  private again(): void {
    this.cloud?.setLook({ points: this.points, heard: this.heard, reach: this.reach });
    this.measure();
    this.dirty = true;
  }

  private measure(): void {
    if (this.cloud && this.space) this.scale = roundUnits(SCALE / this.cloud.pixelsPerUnit);
  }

  private frame(): void {
    if (!this.cloud || !this.space) return;
    const inks = ink();
    if (inks !== this.shown) {
      this.shown = inks;
      this.cloud.setInk(inks);
      this.dirty = true;
    }
    if (!this.dirty) return;
    this.dirty = false;
    this.cloud.draw();
  }

  // ------------------------------------------------------------------ hands

  private readonly wheeled = (event: WheelEvent): void => {
    event.preventDefault();
    this.closer(CLOSER ** (-event.deltaY / 100));
  };

  private closer(factor: number): void {
    this.cloud?.closer(factor);
    this.again();
  }

  private turn(across: number, up: number): void {
    this.cloud?.turn(across, up);
    this.dirty = true;
  }

  private readonly down = (event: PointerEvent): void => {
    this.canvas.setPointerCapture(event.pointerId);
    this.pressed = { x: event.clientX, y: event.clientY, moved: false };
  };

  private readonly moved = (event: PointerEvent): void => {
    const { pressed } = this;
    if (!pressed) {
      const point = this.under(event);
      this.canvas.style.cursor = point ? "pointer" : "";
      return;
    }
    const [dx, dy] = [event.clientX - pressed.x, event.clientY - pressed.y];
    if (!pressed.moved && Math.hypot(dx, dy) < CLICK_PIXELS) return;
    const side = Math.min(this.canvas.clientWidth, this.canvas.clientHeight);
    this.turn((TURNS_A_SIDE * dx) / side, (TURNS_A_SIDE * dy) / side);
    this.pressed = { x: event.clientX, y: event.clientY, moved: true };
  };

  private readonly up = (event: PointerEvent): void => {
    const { pressed } = this;
    this.pressed = null;
    if (!pressed || pressed.moved) return;
    const point = this.under(event);
    if (point) this.hear(point);
  };

  private under(event: PointerEvent): Point | null {
    const { left, top } = this.canvas.getBoundingClientRect();
    return this.cloud?.meet(event.clientX - left, event.clientY - top) ?? null;
  }

  private readonly key = (event: KeyboardEvent): void => {
    const turns: Record<string, readonly [number, number]> = {
      ArrowLeft: [-KEY_TURN, 0],
      ArrowRight: [KEY_TURN, 0],
      ArrowUp: [0, -KEY_TURN],
      ArrowDown: [0, KEY_TURN],
    };
    const turn = turns[event.key];
    if (turn) this.turn(...turn);
    else if (event.key === "+" || event.key === "=") this.closer(CLOSER);
    else if (event.key === "-") this.closer(1 / CLOSER);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  protected override render(): TemplateResult {
    const { space, scale, cloud } = this;
    const share = space ? Math.round(100 * space.shares.reduce((sum, each) => sum + each, 0)) : 0;
    const dims = space?.mean.length ?? 0;
    return html`<figure class="jam-space">
      <div class="jam-sky">
        ${keyed(
          this.visit,
          html`<canvas
          tabindex="0"
          role="application"
          aria-label="The model's space. Arrow keys turn it, plus and minus bring it nearer; its phrases are listed below."
          ?hidden=${this.failure}
          @pointerdown=${this.down}
          @pointermove=${this.moved}
          @pointerup=${this.up}
          @pointercancel=${() => {
            this.pressed = null;
          }}
          @keydown=${this.key}
        ></canvas>`,
        )}
        ${this.failure ? html`<p class="hint">This browser draws nothing in three dimensions (no WebGL). The phrases can be heard below.</p>` : nothing}
        ${
          cloud && space
            ? html`<span class="jam-scale" aria-hidden="true" style="inline-size:${scale * cloud.pixelsPerUnit}px">${scale}</span>`
            : nothing
        }
      </div>
      <figcaption>
        ${
          space
            ? html`<span class="jam-key yours">You</span><span class="jam-key machines">The machine</span
                ><span class="hint grow" title="Seen from infinitely far, so nothing is nearer than it is. What the other directions tell apart is not seen.">Near is alike: 3 of ${dims} directions, ${share} % of what tells phrases apart. The ring is as far as an answer may differ. Click a point to hear it.</span>`
            : html`<span class="hint">The model is being read…</span>`
        }
      </figcaption>
    </figure>`;
  }
}
