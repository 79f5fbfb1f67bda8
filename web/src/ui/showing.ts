// Showing by hand: hold a gesture and let go, or mime a take or a recording while it plays.

import "../styles/controllers.css";
import { html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import type { Held } from "../gesture/holding";
import type { Take, Voice } from "../protocol/messages";
import type { State } from "../state/store";
import { act, holdNow } from "./acting";
import { View } from "./app";
import { icon } from "./icons";
import { type HeardAs, listenTo, type MimedSound, recordingOf, secondsOf } from "./mimed-sound";
import { type Miming, mimingOf } from "./miming";
import { section, segments, toggle, tool } from "./parts";
import { ticker } from "./ticker";
import { duration, percent } from "./words";

/** From here on a hand counts as still. */
const STILL = 0.5;

@customElement("isobath-showing")
export class ShowingView extends View {
  @state() private holding = false;
  /** The hold that ended last. */
  @state() private last: Held | null = null;
  /** The take to mime; empty: the last one. */
  @state() private take = "";
  /** The recording to mime. */
  @state() private sound: MimedSound | null = null;
  @state() private heardAs: HeardAs = "recording";
  @state() private busy = "";
  @state() private failure = "";
  @query(".stillness i") private bar!: HTMLElement | null;
  @query(".stillness-words") private told!: HTMLElement | null;
  private miming!: Miming;

  override connectedCallback(): void {
    super.connectedCallback();
    this.miming = mimingOf(this.app);
    this.whileHere(this.miming.subscribe(() => this.requestUpdate()));
    this.whileHere(ticker.add(() => this.follow()));
    this.whileHere(() => this.release());
  }

  protected override concerns(now: State, previous: State): boolean {
    return (
      now.piece?.takes !== previous.piece?.takes ||
      now.piece?.voices !== previous.piece?.voices ||
      now.voice !== previous.voice ||
      now.models !== previous.models
    );
  }

  // ------------------------------------------------------------------ holding

  private press(): void {
    if (this.holding) return;
    this.holding = true;
    act(this.app, "hold", true);
  }

  private release(): void {
    if (!this.holding) return;
    this.last = holdNow();
    this.holding = false;
    act(this.app, "hold", false);
  }

  private readonly key = (event: KeyboardEvent): void => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (event.type === "keyup") this.release();
    else if (!event.repeat) this.press();
  };

  /** The bar lives while a hold does, whoever holds: this button, a key or a pedal. */
  private follow(): void {
    const now = holdNow();
    if (this.bar !== null && this.told !== null) {
      const held = now ?? (this.holding ? null : this.last);
      const share = held?.stillness ?? 0;
      this.bar.style.setProperty("--share", percent(share).replace(" ", ""));
      this.bar.classList.toggle("unsteady", share < STILL);
      const words = stillnessWords(held, now !== null);
      if (this.told.textContent !== words) this.told.textContent = words;
    }
    const { stage } = this.miming;
    if (stage.kind !== "playing") return;
    const share = Math.min(1, (performance.now() - stage.began) / 1000 / stage.seconds);
    this.querySelector<HTMLElement>(".mime-progress i")?.style.setProperty("--share", `${100 * share}%`);
  }

  // ------------------------------------------------------------------ markup

  protected override render(): TemplateResult {
    return section("Show it by hand", html`${this.hold()} ${this.playAlong()}`);
  }

  private hold(): TemplateResult {
    return html`<button
        type="button"
        class="wide ${this.holding ? "holding" : ""}"
        data-do="hold"
        aria-pressed=${String(this.holding)}
        aria-describedby="hold-words"
        title="Hold your gesture still; let go, and the sound lies at its mean (G)"
        @pointerdown=${(e: PointerEvent) => {
          (e.currentTarget as HTMLElement).setPointerCapture(e.pointerId);
          this.press();
        }}
        @pointerup=${() => this.release()}
        @pointercancel=${() => this.release()}
        @keydown=${this.key}
        @keyup=${this.key}
        @blur=${() => this.release()}
      >
        ${icon("demonstrate")}${this.holding ? "Holding… let go to place" : "Hold a gesture"}
      </button>
      <div class="stillness" aria-hidden="true"><i></i></div>
      <p class="hint stillness-words" id="hold-words"></p>`;
  }

  private playAlong(): TemplateResult {
    const { stage, result } = this.miming;
    const nothingYet = (this.state.piece?.takes.length ?? 0) === 0;
    return html`
      ${
        stage.kind === "idle"
          ? html`${nothingYet ? nothing : this.takes()} ${this.recording()}`
          : html`<div class="waiting-for">
              <span class="pulse" aria-hidden="true"></span>
              <b class="grow" role="status">${stageWords(stage)}</b>
              ${
                stage.kind === "asking"
                  ? nothing
                  : html`<button type="button" class="link" @click=${() => this.miming.stop("Stopped; nothing was placed.")}>
                    never mind
                  </button>`
              }
            </div>
            <div class="stillness mime-progress" aria-hidden="true"><i></i></div>`
      }
      ${
        nothingYet && this.sound === null
          ? html`<p class="hint">Play along: mime a take (record one with R), or a recording, with whatever moves. Its moments become demonstrations.</p>`
          : toggle("Instead of the demonstrations that are there", this.miming.instead, (instead) => {
              this.miming.instead = instead;
              this.requestUpdate();
            })
      }
      ${result === "" ? nothing : html`<p class="hint mime-result">${result}</p>`}
    `;
  }

  private takes(): TemplateResult {
    const takes = this.state.piece?.takes ?? [];
    const take = takes.find((each) => each.id === this.take) ?? takes.at(-1)!;
    return html`<div class="row">
        <select
          class="grow"
          aria-label="Take to play along with"
          @change=${(e: Event) => {
            this.take = (e.target as HTMLSelectElement).value;
          }}
        >
          ${takes.map((each) => html`<option value=${each.id} ?selected=${each.id === take.id}>${each.name}</option>`)}
        </select>
        <button
          type="button"
          data-do="mime"
          title="The take plays and you mime it; your hands are not heard meanwhile (A: the last take)"
          @click=${() => this.miming.begin(take)}
        >
          ${icon("start")}Play along
        </button>
      </div>
      ${
        take.input === null || !this.encodes
          ? nothing
          : html`<button type="button" class="quiet" @click=${() => void this.takeInput(take)}>
            Mime what came in with ${take.name}
          </button>`
      }`;
  }

  // ------------------------------------------------------------------ a recording

  private get voice(): Voice | null {
    return this.state.piece?.voices[this.state.voice] ?? null;
  }

  private get encodes(): boolean {
    return this.state.models.find(({ name }) => name === this.voice?.model)?.encodes ?? false;
  }

  private async takeInput(take: Take): Promise<void> {
    try {
      const { instrument } = this.app;
      await this.hearFile(await recordingOf(take, instrument.sampleRate || take.sample_rate));
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  private async hearFile(file: File): Promise<void> {
    const { voice } = this;
    if (voice === null) return;
    this.failure = "";
    this.busy = `Sending ${file.name}…`;
    try {
      this.sound = await listenTo(voice.model, file, (share) => {
        this.busy =
          share < 1 ? `Sending ${file.name}: ${percent(share)}` : `The model is listening to ${file.name}…`;
      });
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
    this.busy = "";
  }

  private recording(): TemplateResult {
    const { sound } = this;
    if (this.busy !== "") return html`<p class="hint" role="status">${this.busy}</p>`;
    const failed = this.failure === "" ? nothing : html`<p class="caution" role="alert">${this.failure}</p>`;
    if (!this.encodes)
      return html`<p class="hint">The model of this voice has no encoder, so it cannot hear a recording to be mimed.</p>`;
    if (sound === null || sound.model !== this.voice?.model)
      return html`<label class="button mime-file">
          ${icon("file")}Mime a recording…<input
            type="file"
            class="unseen"
            accept="audio/*,.wav,.flac,.ogg,.mp3,.aiff"
            @change=${(e: Event) => {
              const input = e.target as HTMLInputElement;
              const file = input.files?.[0];
              input.value = "";
              if (file !== undefined) void this.hearFile(file);
            }}
          /></label>
        ${failed}`;
    return html`<div class="row">
        <span class="grow clip">${sound.name}</span>
        <span class="hint">${duration(secondsOf(sound))}</span>
        ${tool("Put the recording away", "close", () => {
          this.sound = null;
        })}
      </div>
      <div class="row">
        ${segments<HeardAs>(
          "mime-as",
          "What is heard",
          [
            { value: "recording", name: "as it is" },
            { value: "model", name: "as the model has it" },
          ],
          this.heardAs,
          (as) => {
            this.heardAs = as;
          },
        )}
      </div>
      <button
          type="button"
          class="wide"
          data-do="mime-sound"
          title="The recording plays and you mime it; your hands are not heard meanwhile"
          @click=${() => this.miming.beginSound(sound, this.heardAs)}
        >
          ${icon("start")}Play along
        </button>
      ${failed}`;
  }
}

function stageWords(stage: Miming["stage"]): string {
  if (stage.kind === "count") return `${stage.left}…`;
  return stage.kind === "playing" ? `Mime it: ${duration(stage.seconds)}` : "Gathering its moments…";
}

function stillnessWords(held: Held | null, now: boolean): string {
  if (held === null) return "";
  const moved = `moves within ${percent(2 * held.spread)}`;
  const still = held.stillness >= STILL ? "still" : moved;
  return `${duration(held.seconds)}, ${now ? still : `was ${held.stillness >= STILL ? "still" : "moving; its middle was taken"}`}`;
}
