// A label that opens the browser's own window for a sound file.

import { html, type TemplateResult } from "lit";
import { icon } from "./icons";

export const SOUND_FILES = "audio/*,.wav,.flac,.ogg,.mp3,.aiff";

/** `named`: what was chosen; null: nothing yet, and `asking` is said. */
export function pickSound(
  named: string | null,
  asking: TemplateResult,
  take: (file: File) => void,
): TemplateResult {
  return html`<label class="pick"
    >${icon("file")}<span class="clip">${named === null ? asking : html`${named} · <u>another</u>`}</span
    ><input
      type="file"
      class="unseen"
      accept=${SOUND_FILES}
      @change=${(event: Event) => {
        const input = event.target as HTMLInputElement;
        const file = input.files?.[0];
        input.value = "";
        if (file !== undefined) take(file);
      }}
  /></label>`;
}
