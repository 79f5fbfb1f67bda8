// Where the piece sounds: in this browser, or on a sound device of the machine that Isobath runs on.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { StageDevice, StageSettings, StageState } from "../protocol/messages";
import { makeStageSettings } from "../protocol/messages";
import type { State } from "../state/store";
import { announce } from "./announcer";
import { View } from "./app";
import { icon } from "./icons";
import { choose, section, toggle } from "./parts";
import { percent } from "./words";

const BLOCKS = [64, 128, 256, 512, 1024] as const;
const AHEADS = [0, 128, 256, 512, 1024] as const;
const KEY = "isobath.stage";

@customElement("isobath-stage-output")
export class StageOutputView extends View {
  @state() private settings: StageSettings = recall();
  /** A start was asked for and not answered yet. */
  @state() private asked = false;

  override connectedCallback(): void {
    super.connectedCallback();
    const { instrument } = this.app;
    const changed = (): void => {
      const { condition, sentence } = instrument.stage;
      if (condition === "playing" || sentence !== "") this.asked = false;
      this.requestUpdate();
    };
    const heard = (): void => this.requestUpdate();
    instrument.ear.addEventListener("ear", heard);
    this.whileHere(() => instrument.ear.removeEventListener("ear", heard));
    instrument.addEventListener("stage", changed);
    this.whileHere(() => instrument.removeEventListener("stage", changed));
    this.whileHere(instrument.look());
  }

  protected override concerns(state: State, previous: State): boolean {
    if (state.notice !== previous.notice) this.asked = false;
    return (
      state.piece?.id !== previous.piece?.id ||
      state.pieces !== previous.pieces ||
      state.takes !== previous.takes ||
      state.connection !== previous.connection ||
      state.listen !== previous.listen
    );
  }

  protected override render(): TemplateResult {
    const { stage, onStage } = this.app.instrument;
    const elsewhere = stage.condition !== "off" && stage.piece !== "" && !onStage;
    return section(
      "Stage",
      html`
        ${this.app.instrument.onStage ? this.figures(stage) : this.choice(stage)}
        ${
          elsewhere
            ? html`<p class="hint">The stage plays “${this.nameOf(stage.piece)}” now; starting ends it.</p>`
            : nothing
        }
        ${stage.sentence === "" ? nothing : html`<p class="caution ${stage.condition === "lost" ? "grave" : ""}" role="alert">${stage.sentence}</p>`}
      `,
      html`<span class="hint" data-stage=${stage.condition}>${onStage ? "on a sound device" : "in this browser"}</span>`,
    );
  }

  private nameOf(id: string): string {
    return this.state.pieces.find((piece) => piece.id === id)?.name ?? "another piece";
  }

  // ------------------------------------------------------------------ before

  private choice(stage: StageState): TemplateResult {
    const { settings } = this;
    const { devices, recordingSound, recordingTake } = this.app.instrument;
    const starting = this.asked || stage.condition === "starting";
    const busy =
      (recordingSound && !stage.sound) || recordingTake || this.state.connection.state !== "online";
    return html`
      <p class="hint">The machine that Isobath runs on plays the piece on a device of its own; this page is silent then and is its control.</p>
      ${choose("stage-device", "Device", choices(devices, settings.device), settings.device, (device) => this.set({ device }))}
      ${choose("stage-block", "Block", samples(BLOCKS, settings.block), String(settings.block), (block) => this.set({ block: Number(block) }))}
      ${choose("stage-ahead", "Ahead", samples(AHEADS, settings.ahead), String(settings.ahead), (ahead) => this.set({ ahead: Number(ahead) }))}
      ${toggle("A second process is ready to take over", settings.spare, (spare) => this.set({ spare }))}
      <button type="button" data-do="start-stage" ?disabled=${starting || busy || this.state.piece === null} @click=${() => this.start()}>
        ${icon("start")}${starting ? "Starting…" : "Play on this device"}
      </button>
    `;
  }

  private set(change: Partial<StageSettings>): void {
    this.settings = { ...this.settings, ...change };
    try {
      localStorage.setItem(KEY, JSON.stringify(this.settings));
    } catch {
      // It is chosen again next time.
    }
  }

  private start(): void {
    this.asked = this.app.instrument.startStage(this.settings);
    if (this.asked) announce("Starting on the device.");
  }

  // ------------------------------------------------------------------ while it plays

  private figures(stage: StageState): TemplateResult {
    const missing = stage.missing_ms > 0 ? ` (${stage.missing_ms.toFixed(0)} ms)` : "";
    const rate =
      stage.device_rate === stage.sample_rate || stage.device_rate === 0
        ? `${stage.sample_rate} Hz`
        : `${stage.sample_rate} Hz, device ${stage.device_rate} Hz`;
    return html`
      <dl class="stage-figures">
        ${row("Device", stage.device === "" ? "–" : stage.device)}
        ${row("Rate", `${rate}, block ${stage.block}`)}
        ${row("Latency", `${stage.latency_ms.toFixed(1)} ms`)}
        ${row("Load", percent(stage.load), stage.load > 0.8)}
        ${row("Dropouts", `${stage.underruns}${missing}`, stage.underruns > 0)}
        ${row("Told by the device", String(stage.xruns), stage.xruns > 0)}
        ${row("Taken over", `${stage.takeovers}, ${stage.spare ? "spare ready" : "no spare"}`, this.settings.spare && !stage.spare)}
      </dl>
      ${this.ear()}
      <button type="button" data-do="stop-stage" @click=${() => this.stop()}>${icon("stop")}Back to this browser</button>
    `;
  }

  /** What goes to the device, in this browser as well. */
  private ear(): TemplateResult {
    const { instrument } = this.app;
    const { state, later, underruns, sentence } = instrument.ear;
    const told =
      state === "off"
        ? "Off: the sound comes from the device alone."
        : later === null
          ? "Connecting…"
          : `${(1000 * later).toFixed(0)} ms after the device${underruns > 0 ? `, late ${underruns} times` : ""}.`;
    return html`<div data-ear=${state}>
      ${toggle("Listen here, too", state !== "off", (on) => instrument.listenHere(on))}
      <p class="hint">${sentence === "" ? told : sentence}</p>
    </div>`;
  }

  private stop(): void {
    this.app.instrument.stopStage();
    announce("The stage ends; this browser plays.");
  }
}

function row(name: string, value: string, bad = false): TemplateResult {
  return html`<div><dt>${name}</dt><dd class=${bad ? "bad" : ""}>${value}</dd></div>`;
}

function choices(devices: readonly StageDevice[], chosen: string): { value: string; name: string }[] {
  const found = devices
    .filter((device) => device.outputs > 0)
    .map((device) => ({
      value: device.name,
      name: device.name === "null" ? "none: a clock, unheard" : `${device.name} (${device.api})`,
    }));
  const known = chosen === "" || found.some((each) => each.value === chosen);
  return [
    { value: "", name: "the default: JACK where it runs" },
    ...found,
    ...(known ? [] : [{ value: chosen, name: `${chosen} (not there now)` }]),
  ];
}

function samples(offered: readonly number[], chosen: number): { value: string; name: string }[] {
  const all = offered.includes(chosen) ? offered : [...offered, chosen].sort((a, b) => a - b);
  return all.map((each) => ({ value: String(each), name: `${each} samples` }));
}

function recall(): StageSettings {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<StageSettings>;
    const { device, block, ahead, spare } = makeStageSettings(found);
    return makeStageSettings({
      device: typeof device === "string" ? device : "",
      block: Number.isInteger(block) && block >= 16 && block <= 4096 ? block : 256,
      ahead: Number.isInteger(ahead) && ahead >= 0 && ahead <= 4096 ? ahead : 128,
      spare: spare !== false,
    });
  } catch {
    return makeStageSettings();
  }
}
