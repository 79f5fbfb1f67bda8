// Keyboard shortcuts: one table, used for listening and for the overlay that lists them.

import { html, type TemplateResult } from "lit";
import { customElement, query } from "lit/decorators.js";
import { keep } from "../state/demonstrations";
import { voiceOf } from "../state/edit";
import { listen, nudge, throwDice } from "../state/explore";
import { setSide } from "../state/voices";
import { heardLatent } from "../steer/heard";
import type { App } from "./app";
import { View } from "./app";
import { icon } from "./icons";
import { toggle } from "./parts";
import { fade, freeze, keepNow, lock, numbered, step, tap } from "./performing";
import type { Panel } from "./preferences";
import { recordSound, recordTake, silence, stopTakes } from "./transport";

interface Shortcut {
  readonly keys: string;
  readonly does: string;
  readonly when?: (event: KeyboardEvent) => boolean;
  readonly run?: (app: App, open: (panel: Panel) => void, event: KeyboardEvent) => void;
}

const plain = (key: string) => (e: KeyboardEvent) =>
  e.key.toLowerCase() === key && !e.ctrlKey && !e.metaKey && !e.altKey && !e.shiftKey;
const shifted = (key: string) => (e: KeyboardEvent) =>
  e.key.toLowerCase() === key && e.shiftKey && !e.ctrlKey && !e.metaKey && !e.altKey;
const command = (key: string, shift: boolean) => (e: KeyboardEvent) =>
  e.key.toLowerCase() === key && (e.ctrlKey || e.metaKey) && e.shiftKey === shift && !e.altKey;

const GROUPS: readonly { readonly name: string; readonly shortcuts: readonly Shortcut[] }[] = [
  {
    name: "On the surface",
    shortcuts: [
      { keys: "← ↑ → ↓", does: "move the vessel, or the demonstration in focus" },
      { keys: "Shift + arrow", does: "the same in fine steps" },
      { keys: "Home", does: "vessel to rest" },
      { keys: "Enter", does: "place the sound here; on a demonstration: go there" },
      { keys: "Tab", does: "reach each demonstration" },
      {
        keys: "G, held",
        does: "average the gesture; let go, and the sound lies there",
        when: plain("g"),
        run: (app) => void import("./acting").then(({ holdByKey }) => holdByKey(app, "g")),
      },
      {
        keys: "A",
        does: "play along: mime the last take",
        when: plain("a"),
        run: (app) => void import("./miming").then(({ mimingOf }) => mimingOf(app).toggle()),
      },
      { keys: "M, Delete", does: "mute or delete the demonstration in focus" },
      { keys: "Shift + drag", does: "choose several" },
      { keys: "Esc", does: "put the sound in hand down and play the map" },
    ],
  },
  {
    name: "Sounds",
    shortcuts: [
      { keys: "T", does: "throw", when: plain("t"), run: ({ store }) => throwDice(store) },
      { keys: "N", does: "nudge", when: plain("n"), run: ({ store }) => nudge(store) },
      {
        keys: "K",
        does: "keep on the shelf",
        when: plain("k"),
        run: (app) => {
          const voice = voiceOf(app.store);
          const heard = voice === null ? null : heardLatent(app.store.state, voice, app.performer.values);
          if (heard !== null) keep(app.store, "", heard);
        },
      },
      {
        keys: "P",
        does: "hear the map, or the sound in hand",
        when: plain("p"),
        run: ({ store }) => listen(store, store.state.listen === "play" ? "explore" : "play"),
      },
      {
        keys: "B",
        does: "other side of a comparison",
        when: plain("b"),
        run: ({ store }) => {
          const voice = store.state.piece?.voices[store.state.voice];
          if (voice !== undefined && voice.other !== null)
            setSide(store, voice.side === "a" ? "b" : "a", voice.id);
        },
      },
      {
        keys: "D",
        does: "show what is measured to be loud or rough",
        when: plain("d"),
        run: ({ preferences }) => preferences.set({ dangers: !preferences.value.dangers }),
      },
      {
        keys: "U",
        does: "show where the map is unsure",
        when: plain("u"),
        run: ({ preferences }) => preferences.set({ uncertainty: !preferences.value.uncertainty }),
      },
    ],
  },
  {
    name: "On stage",
    shortcuts: [
      {
        keys: "Page down, Page up",
        does: "next scene, previous scene",
        when: plain("pagedown"),
        run: (app) => step(app, 1),
      },
      { keys: "", does: "", when: plain("pageup"), run: (app) => step(app, -1) },
      {
        keys: "Shift K",
        does: "keep what sounds as a scene",
        when: shifted("k"),
        run: (app) => keepNow(app),
      },
      {
        keys: "Shift 1 … 9",
        does: "go to this scene",
        when: (e) => e.shiftKey && !e.ctrlKey && !e.metaKey && !e.altKey && /^Digit[1-9]$/.test(e.code),
        run: (app, _, event) => numbered(app, Number(event.code.slice(5)) - 1),
      },
      { keys: "H", does: "hold the latents, or let them go", when: plain("h"), run: (app) => freeze(app) },
      { keys: "F", does: "fade the master out, or in", when: plain("f"), run: (app) => fade(app) },
      { keys: ",", does: "tap the tempo", when: plain(","), run: (app) => tap(app) },
      { keys: "L", does: "lock against edits; held, unlock", when: plain("l"), run: (app) => lock(app) },
      {
        keys: "Shift S",
        does: "show the bar for the stage",
        when: shifted("s"),
        run: ({ preferences }) => preferences.set({ stageBar: !preferences.value.stageBar }),
      },
    ],
  },
  {
    name: "Recording",
    shortcuts: [
      { keys: "R", does: "record a take, and stop", when: plain("r"), run: (app) => recordTake(app) },
      {
        keys: "Shift R",
        does: "record the sound, and save it",
        when: (e) => e.key === "R" && e.shiftKey && !e.ctrlKey && !e.metaKey && !e.altKey,
        run: (app) => void recordSound(app),
      },
      { keys: "S", does: "stop takes", when: plain("s"), run: (app) => stopTakes(app) },
      {
        keys: ".",
        does: "silence at once, and on again",
        when: plain("."),
        run: silence,
      },
    ],
  },
  {
    name: "The page",
    shortcuts: [
      ...(["explore", "demonstrate", "learn", "play", "keep"] as const).map((panel, i) => ({
        keys: String(i + 1),
        does: `${panel[0]!.toUpperCase()}${panel.slice(1)}`,
        when: plain(String(i + 1)),
        run: (_: App, open: (panel: Panel) => void) => open(panel),
      })),
      {
        keys: "C",
        does: "Controllers",
        when: plain("c"),
        run: (_: App, open: (panel: Panel) => void) => open("controllers"),
      },
      {
        keys: "6",
        does: "Make, and back to the instrument",
        when: plain("6"),
        run: () => {
          location.hash = isMaking() ? "" : "#make";
        },
      },
      { keys: "Ctrl Z", does: "undo", when: command("z", false), run: ({ store }) => store.undo() },
      {
        keys: "Ctrl Shift Z",
        does: "redo",
        when: (e) => command("z", true)(e) || command("y", false)(e),
        run: ({ store }) => store.redo(),
      },
      { keys: "?", does: "this list" },
    ],
  },
];

/** The way the page shows is *Make*; the instrument only sounds. */
export function isMaking(): boolean {
  return location.hash === "#make" || location.hash.startsWith("#make/");
}

/** True when the keys belong to a text, a number or a slider in focus. */
function typing(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (target === null || target.isContentEditable) return true;
  if (target instanceof HTMLInputElement)
    return !["range", "checkbox", "radio", "color", "button"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

export function runShortcut(event: KeyboardEvent, app: App, open: (panel: Panel) => void): boolean {
  if (event.defaultPrevented || typing(event) || event.repeat) return false;
  const commanding = event.ctrlKey || event.metaKey;
  if (!commanding && !app.preferences.value.letters) return false;
  if ((event.target as HTMLElement).closest("dialog") !== null) return false;
  for (const group of GROUPS) {
    if (isMaking() && group.name !== "The page" && event.key !== ".") continue;
    for (const shortcut of group.shortcuts) {
      if (shortcut.run === undefined || shortcut.when?.(event) !== true) continue;
      if (app.store.state.stage.locked && !["On stage", "Recording"].includes(group.name)) return false;
      shortcut.run(app, open, event);
      return true;
    }
  }
  return false;
}

@customElement("isobath-shortcuts")
export class ShortcutsView extends View {
  @query("dialog") private dialog!: HTMLDialogElement;

  show(): void {
    this.dialog.showModal();
  }

  protected override concerns(): boolean {
    return false;
  }

  protected override render(): TemplateResult {
    return html`<dialog
      class="sheet"
      aria-labelledby="shortcuts-title"
      @click=${(e: MouseEvent) => {
        if (e.target === this.dialog) this.dialog.close();
      }}
    >
      <div class="sheet-body">
        <header class="row">
          <h2 id="shortcuts-title" class="grow">Keys</h2>
          <button type="button" class="tool" aria-label="Close" @click=${() => this.dialog.close()}>${icon("close")}</button>
        </header>
        <div class="keys">
          ${GROUPS.map(
            (group) => html`<section>
              <h3>${group.name}</h3>
              <dl>
                ${group.shortcuts.filter((s) => s.keys !== "").map((s) => html`<div><dt><kbd>${s.keys}</kbd></dt><dd>${s.does}</dd></div>`)}
              </dl>
            </section>`,
          )}
        </div>
        <footer class="row wrap">
          ${toggle("Shortcuts of a single letter", this.app.preferences.value.letters, (letters) =>
            this.app.preferences.set({ letters }),
          )}
          <a class="hint" href="licences.txt" target="_blank">Whose work is in this page</a>
          <button
            type="button"
            @click=${() => {
              this.dialog.close();
              this.app.preferences.set({ guide: 0 });
            }}
          >
            Guided start
          </button>
        </footer>
      </div>
    </dialog>`;
  }
}
