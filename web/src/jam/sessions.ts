// The list of sessions that are kept: opened, named, taken away, forgotten.

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { JamSessionKept } from "../protocol/messages";
import { announce } from "../ui/announcer";
import { icon } from "../ui/icons";
import { tool } from "../ui/parts";
import { fileOf, forgetSession, keepSession, sessionOf } from "./keeping";

const LONGEST_NAME = 200;

export interface SessionActions {
  /** Go on with one. */
  open(kept: JamSessionKept): void;
  fresh(): void;
  close(): void;
  /** The one that is played, if it is this, has another name, or is kept no more. */
  named(id: string, name: string): void;
  forgotten(id: string): void;
  failed(error: Error): void;
}

@customElement("isobath-jam-sessions")
export class SessionList extends LitElement {
  @property({ attribute: false }) sessions: readonly JamSessionKept[] = [];
  @property({ attribute: false }) actions!: SessionActions;
  /** Of the session that is played. */
  @property({ attribute: false }) playing = "";
  /** Of the session whose name is being written. */
  @state() private naming: string | null = null;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  private attempt(act: () => Promise<void>): void {
    act().catch((error: Error) => this.actions.failed(error));
  }

  private forget(id: string): void {
    this.attempt(async () => {
      await forgetSession(id);
      this.sessions = this.sessions.filter((each) => each.id !== id);
      this.actions.forgotten(id);
    });
  }

  private rename(kept: JamSessionKept, name: string): void {
    if (this.naming !== kept.id) return; // Escape, or it is kept already
    this.naming = null;
    if (name === kept.name) return;
    this.attempt(async () => {
      const session = await sessionOf(kept.id);
      const now = await keepSession(kept.id, { ...session, name });
      this.sessions = this.sessions.map((each) => (each.id === kept.id ? now : each));
      this.actions.named(kept.id, name);
      announce(`The session is named ${now.name}.`);
    });
  }

  override render(): TemplateResult {
    const { sessions, actions } = this;
    return html`<aside class="jam-sessions" aria-label="Sessions">
      <header class="row"><h3 class="grow">Sessions</h3>
        <button type="button" @click=${() => actions.fresh()}>${icon("add")}New</button>
        ${tool("Close the list", "close", () => actions.close())}</header>
      ${
        sessions.length === 0
          ? html`<p class="hint">None yet. What you play is kept here by itself, as MIDI with all that the machine thought.</p>`
          : html`<ul>${sessions.map((each) => this.row(each))}</ul>`
      }
    </aside>`;
  }

  private row(each: JamSessionKept): TemplateResult {
    const { id, name, kind, bpm, phrases, seconds } = each;
    const time = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
    const about = `${kind === "drums" ? "Drums" : "Melody"}, ${Math.round(bpm)} bpm, ${phrases} phrases, ${time}`;
    return html`<li aria-current=${id === this.playing ? "true" : nothing}>
      ${
        this.naming === id
          ? this.written(each)
          : html`<div class="row"><b>${name}</b>
              ${tool(`Rename ${name}`, "edit", () => {
                this.naming = id;
              })}<span class="grow"></span>${tool(`Delete ${name}`, "trash", () => this.forget(id))}
              <span class="hint">${about}</span></div>`
      }
      <div class="row wrap">
        <button type="button" @click=${() => this.actions.open(each)}>Open</button>
        <a class="button" href=${fileOf(id, "sound.wav")} download>WAV</a>
        <span class="hint">MIDI</span>
        <span class="jam-files">
          <a href=${fileOf(id, "both.mid")} download aria-label="MIDI of both">both</a>
          <a href=${fileOf(id, "human.mid")} download aria-label="MIDI of yours">you</a>
          <a href=${fileOf(id, "machine.mid")} download aria-label="MIDI of the machine">machine</a>
        </span>
      </div>
    </li>`;
  }

  private written(each: JamSessionKept): TemplateResult {
    const given = (event: Event) => (event.target as HTMLInputElement).value.trim();
    return html`<input type="text" class="jam-name" aria-label="Name" maxlength=${LONGEST_NAME} .value=${each.name}
      @blur=${(event: Event) => this.rename(each, given(event))}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === "Enter") this.rename(each, given(event));
        else if (event.key === "Escape") this.naming = null;
        else return;
        event.preventDefault();
        event.stopPropagation();
      }} />`;
  }

  protected override updated(): void {
    const input = this.querySelector<HTMLInputElement>(".jam-name");
    if (!input || input === document.activeElement) return;
    input.focus();
    input.select();
  }
}
