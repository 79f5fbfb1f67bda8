// Look: the sound as a drawing that fills the screen. The instrument goes on sounding behind it.

import { html, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { announce } from "../ui/announcer";
import { View } from "../ui/app";
import { contextOf, fitCanvas, ink } from "../ui/canvas";
import { icon } from "../ui/icons";
import { segments, slider } from "../ui/parts";
import { ticker } from "../ui/ticker";
import { BINS, Descriptors, SNAPSHOTS_A_SECOND } from "./descriptors";
import { coloursOf, draw } from "./inking";
import { SCENES, type SceneName } from "./scenes";
import "../styles/look.css";

const KEY = "isobath.look";
const HIDE_SECONDS = 4;
const NAMES = Object.keys(SCENES) as SceneName[];

interface Choice {
  scene: SceneName;
  gain: number;
}

function remembered(): Choice {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return {
      scene: NAMES.includes(kept.scene) ? kept.scene : "isobaths",
      gain: typeof kept.gain === "number" ? Math.min(3, Math.max(0.3, kept.gain)) : 1,
    };
  } catch {
    return { scene: "isobaths", gain: 1 };
  }
}

@customElement("isobath-look")
export class LookView extends View {
  @query("canvas") private canvas!: HTMLCanvasElement;
  @state() private choice = remembered();
  @state() private recording: MediaRecorder | null = null;
  private descriptors = new Descriptors(44100);
  private readonly spectrum = new Float32Array(BINS);
  private next = 0;
  private moved = 0;
  private readonly calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  override connectedCallback(): void {
    super.connectedCallback();
    this.descriptors = new Descriptors(this.app.instrument.sampleRate || 44100);
    this.whileHere(ticker.add((seconds) => this.frame(seconds)));
    const keys = (event: KeyboardEvent) => this.key(event);
    window.addEventListener("keydown", keys, true);
    this.whileHere(() => window.removeEventListener("keydown", keys, true));
    this.addEventListener("pointermove", () => this.wakeUp());
    this.addEventListener("focusin", () => this.wakeUp());
  }

  protected override firstUpdated(): void {
    this.querySelector<HTMLElement>("button, input")?.focus();
    this.say();
  }

  override disconnectedCallback(): void {
    if (this.recording?.state === "recording") this.recording.stop();
    if (document.fullscreenElement !== null) void document.exitFullscreen();
    super.disconnectedCallback();
  }

  // ------------------------------------------------------------------ drawing

  private frame(seconds: number): void {
    if (this.canvas === null) return;
    if (this.moved === 0) this.moved = seconds;
    this.classList.toggle(
      "alone",
      seconds - this.moved > HIDE_SECONDS && !this.matches(":focus-within:has(:focus-visible)"),
    );
    if (seconds < this.next) return;
    this.next = Math.max(this.next + 1 / SNAPSHOTS_A_SECOND, seconds - 0.1);
    this.app.instrument.spectrum(this.spectrum);
    this.descriptors.hear(this.spectrum, this.deviations());
    this.paint();
  }

  /** The latent that is heard, in the model's own deviations. */
  private deviations(): ArrayLike<number> {
    return this.app.meters?.latent ?? [];
  }

  private paint(): void {
    const box = this.canvas.getBoundingClientRect();
    fitCanvas(this.canvas, box.width, box.height);
    const { past, count } = this.descriptors;
    // Where motion is unwelcome the picture stands: it is drawn anew once a second.
    if (this.calm.matches && count % SNAPSHOTS_A_SECOND !== 1) return;
    const moment = { past, count, aspect: box.width / box.height, gain: this.choice.gain };
    const marks = SCENES[this.choice.scene].scene(moment);
    draw(contextOf(this.canvas), marks, coloursOf(ink()), box.width, box.height);
  }

  // ------------------------------------------------------------------ by hand

  private wakeUp(): void {
    this.moved = 0;
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const number = Number(event.key);
    const slider = (event.target as HTMLElement).closest("input") !== null;
    this.wakeUp();
    if (number >= 1 && number <= NAMES.length) this.choose(NAMES[number - 1]!);
    else if (event.key === "f") this.fill();
    else if (event.key === "s") this.save();
    else if (event.key === "Escape") this.leaveLook();
    else {
      if (!slider && event.key !== "Tab") event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private choose(scene: SceneName): void {
    this.keep({ ...this.choice, scene });
    this.say();
  }

  private keep(choice: Choice): void {
    this.choice = choice;
    try {
      localStorage.setItem(KEY, JSON.stringify(choice));
    } catch {
      // A forbidden storage costs the memory of this choice, nothing else.
    }
  }

  /** What there is to see, for those who do not. */
  private say(): void {
    const heard = this.descriptors.past.at(-1);
    const loud = (heard?.loudness ?? 0) > 0.6 ? "loud" : (heard?.loudness ?? 0) > 0.2 ? "quiet" : "silent";
    const light = (heard?.brightness ?? 0) > 0.5 ? "bright" : "dark";
    const scene = SCENES[this.choice.scene];
    announce(
      `${scene.name}: ${scene.says}. ${loud === "silent" ? "It is silent" : `It is ${loud} and ${light}`}.`,
    );
  }

  private fill(): void {
    if (document.fullscreenElement !== null) void document.exitFullscreen();
    else void this.requestFullscreen().catch(() => announce("This browser does not fill the screen here."));
  }

  private leaveLook(): void {
    location.hash = "";
  }

  private save(): void {
    this.canvas.toBlob((picture) => {
      if (picture !== null) download(picture, `isobath-${this.choice.scene}.png`);
    });
  }

  private record(): void {
    if (this.recording !== null) {
      this.recording.stop();
      return;
    }
    const recorder = new MediaRecorder(this.canvas.captureStream(SNAPSHOTS_A_SECOND));
    const parts: Blob[] = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => {
      this.recording = null;
      download(new Blob(parts, { type: recorder.mimeType }), `isobath-${this.choice.scene}.webm`);
    };
    recorder.start();
    this.recording = recorder;
  }

  // ------------------------------------------------------------------ markup

  protected override render(): TemplateResult {
    const { scene, gain } = this.choice;
    return html`
      <canvas role="img" aria-label=${`${SCENES[scene].name}: ${SCENES[scene].says}`}></canvas>
      <div class="look-controls" role="group" aria-label="Look">
        ${segments(
          "look-scene",
          "Scene",
          NAMES.map((name) => ({ value: name, name: SCENES[name].name })),
          scene,
          (name) => this.choose(name),
        )}
        ${slider({
          key: "look-gain",
          name: "Exaggerate",
          value: gain,
          min: 0.3,
          max: 3,
          step: 0.05,
          neutral: 1,
          shown: `${gain.toFixed(2)} ×`,
          input: (value) => this.keep({ ...this.choice, gain: value }),
        })}
        <div class="look-tools">
          <button type="button" @click=${() => this.fill()}>Fill the screen <kbd>F</kbd></button>
          <button type="button" @click=${() => this.save()}>Picture <kbd>S</kbd></button>
          <button type="button" aria-pressed=${this.recording !== null} @click=${() => this.record()}>
            ${this.recording === null ? "Film" : "Stop the film"}
          </button>
          <button type="button" class="tool close" aria-label="Back to the instrument" @click=${() => this.leaveLook()}>
            ${icon("close")}
          </button>
        </div>
      </div>
    `;
  }
}

function download(what: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(what);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
