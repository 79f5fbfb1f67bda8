// The few controls every panel is made of. All native elements, so keyboard and screen reader come free.

import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { type IconName, icon } from "./icons";

let counter = 0;
const ids = new Map<string, string>();

/** A stable id for a label and its control. */
export function idFor(key: string): string {
  let id = ids.get(key);
  if (id === undefined) {
    id = `c${++counter}`;
    ids.set(key, id);
  }
  return id;
}

export interface SliderOptions {
  readonly key: string;
  readonly name: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  /** The value as it is read. */
  readonly shown: string;
  readonly input: (value: number) => void;
  /** Where a double click returns to. */
  readonly neutral?: number;
  readonly disabled?: boolean;
}

export function slider(options: SliderOptions): TemplateResult {
  const id = idFor(options.key);
  const { neutral } = options;
  return html`<div class="field">
    <label for=${id}>${options.name}</label>
    <input
      id=${id}
      type="range"
      min=${options.min}
      max=${options.max}
      step=${options.step ?? 0.01}
      .value=${live(String(options.value))}
      aria-valuetext=${options.shown}
      ?disabled=${options.disabled ?? false}
      @input=${(e: Event) => options.input((e.target as HTMLInputElement).valueAsNumber)}
      @dblclick=${neutral === undefined ? nothing : () => options.input(neutral)}
    />
    <output for=${id}>${options.shown}</output>
  </div>`;
}

export interface Choice<T extends string> {
  readonly value: T;
  readonly name: string;
}

export function segments<T extends string>(
  key: string,
  name: string,
  choices: readonly Choice<T>[],
  value: T,
  change: (value: T) => void,
): TemplateResult {
  return html`<div class="segments" role="radiogroup" aria-label=${name}>
    ${choices.map(
      (choice) => html`<label
        ><input
          type="radio"
          name=${idFor(key)}
          value=${choice.value}
          .checked=${live(choice.value === value)}
          @change=${() => change(choice.value)}
        /><span>${choice.name}</span></label
      >`,
    )}
  </div>`;
}

export function choose<T extends string>(
  key: string,
  name: string,
  choices: readonly Choice<T>[],
  value: T,
  change: (value: T) => void,
): TemplateResult {
  const id = idFor(key);
  return html`<div class="field">
    <label for=${id}>${name}</label>
    <select id=${id} .value=${live(value)} @change=${(e: Event) => change((e.target as HTMLSelectElement).value as T)}>
      ${choices.map((c) => html`<option value=${c.value} ?selected=${c.value === value}>${c.name}</option>`)}
    </select>
  </div>`;
}

export function toggle(name: string, value: boolean, change: (value: boolean) => void): TemplateResult {
  return html`<label class="switch"
    ><input
      type="checkbox"
      role="switch"
      .checked=${live(value)}
      @change=${(e: Event) => change((e.target as HTMLInputElement).checked)}
    /><span>${name}</span></label
  >`;
}

export function tool(
  name: string,
  glyph: IconName,
  press: (event: MouseEvent) => void,
  options: { readonly pressed?: boolean; readonly disabled?: boolean; readonly hint?: string } = {},
): TemplateResult {
  return html`<button
    type="button"
    class="tool"
    aria-label=${name}
    title=${options.hint ?? name}
    aria-pressed=${options.pressed === undefined ? nothing : String(options.pressed)}
    ?disabled=${options.disabled ?? false}
    @click=${press}
  >
    ${icon(glyph)}
  </button>`;
}

/** Head of a panel: what one does here, in a word and a sentence. */
export function head(title: string, sentence: string): TemplateResult {
  return html`<header class="panel-head">
    <h2>${title}</h2>
    <p>${sentence}</p>
  </header>`;
}

export function section(title: string, content: unknown, beside: unknown = nothing): TemplateResult {
  return html`<section class="part">
    <div class="part-head"><h3>${title}</h3>${beside}</div>
    ${content}
  </section>`;
}

/** Where a file may be dropped; `over`: one hangs over it now. */
export function dropZone(zone: {
  readonly over: boolean;
  readonly hover: (over: boolean) => void;
  readonly take: (file: File | undefined) => void;
  readonly content: TemplateResult;
}): TemplateResult {
  return html`<div
    class="drop ${zone.over ? "over" : ""}"
    @dragover=${(e: DragEvent) => {
      e.preventDefault();
      zone.hover(true);
    }}
    @dragleave=${() => zone.hover(false)}
    @drop=${(e: DragEvent) => {
      e.preventDefault();
      zone.hover(false);
      zone.take(e.dataTransfer?.files[0]);
    }}
  >
    ${zone.content}
  </div>`;
}
