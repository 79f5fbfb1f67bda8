// The page: a chart in the middle, panels at its sides, the bridge below.

import { html, type LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query } from "lit/decorators.js";
import { ALONE } from "../net/wire";
import { listen } from "../state/explore";
import type { State } from "../state/store";
import { announce, announceInto } from "./announcer";
import { View } from "./app";
import "./bridge";
import { type IconName, icon, mark } from "./icons";
import { notices } from "./notices";
import { tool } from "./parts";
import { HOLD_MS, unlock } from "./performing";
import type { Panel, Theme } from "./preferences";
import "./shortcuts";
import { isMaking, runShortcut, type ShortcutsView } from "./shortcuts";
import "./start";
import type { SoundFileView } from "./sound-file";
import { silence } from "./transport";

const PANELS: readonly { readonly panel: Panel; readonly name: string; readonly icon: IconName }[] = [
  { panel: "explore", name: "Explore", icon: "explore" },
  { panel: "demonstrate", name: "Demonstrate", icon: "demonstrate" },
  { panel: "learn", name: "Learn", icon: "learn" },
  { panel: "play", name: "Play", icon: "play" },
  { panel: "keep", name: "Keep", icon: "keep" },
  { panel: "controllers", name: "Controllers", icon: "controllers" },
];

/**
 * Each part is fetched when there is use for it: the surface and Explore at once, panels a moment later, while
 * nobody waits for them, and the other ways of the page when one goes there.
 */
const LATER: Record<
  Panel | "surface" | "guide" | "make" | "look" | "walk" | "jam" | "stage",
  () => Promise<unknown>
> = {
  surface: () => import("../steer/surface"),
  explore: () => import("./explore"),
  demonstrate: () => import("./demonstrate"),
  learn: () => import("./learn"),
  play: () => import("./play"),
  keep: () => import("./keep"),
  controllers: () => import("./controllers"),
  stage: () => import("./stage-bar"),
  guide: () => import("./guide"),
  make: () => import("./make/make"),
  look: () => import("../look/view"),
  walk: () => import("../walk/view"),
  jam: () => import("../jam/view"),
};
type Later = keyof typeof LATER;
/** Ways of the page that are fetched by whoever goes there. */
const WAYS: readonly Later[] = ["make", "look", "walk", "jam"];

/** From here on Explore and one more panel fit beside the chart. */
const WIDE = "(min-width: 90em)";
/** Tall and narrow: the rail lies below, and panels are sheets. */
const NARROW = "(max-width: 37.5em), (max-width: 47.5em) and (min-height: 30em)";

const isWalking = (): boolean => /^#walk(=|$)/.test(location.hash);
const isJamming = (): boolean => location.hash === "#jam";

@customElement("isobath-page")
export class PageView extends View {
  @query("isobath-shortcuts") private shortcuts!: ShortcutsView;
  private readonly wide = window.matchMedia(WIDE);
  private readonly narrow = window.matchMedia(NARROW);
  private readonly loaded = new Set<Later>();
  /** On a phone the panel is a sheet; it is closed until it is asked for. */
  private sheet = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.fetchFirst();
    const again = () => this.requestUpdate();
    this.wide.addEventListener("change", again);
    this.narrow.addEventListener("change", again);
    const keys = (event: KeyboardEvent) => this.key(event);
    window.addEventListener("keydown", keys);
    const pedals = (event: KeyboardEvent) => this.pedal(event);
    window.addEventListener("keydown", pedals, { capture: true });
    const over = (event: DragEvent) => event.preventDefault();
    const dropped = (event: DragEvent) => this.dropped(event);
    window.addEventListener("dragover", over);
    window.addEventListener("drop", dropped);
    const way = () => this.turned();
    window.addEventListener("hashchange", way);
    this.whileHere(() => {
      this.wide.removeEventListener("change", again);
      this.narrow.removeEventListener("change", again);
      window.removeEventListener("keydown", keys);
      window.removeEventListener("keydown", pedals, { capture: true });
      window.removeEventListener("dragover", over);
      window.removeEventListener("drop", dropped);
      window.removeEventListener("hashchange", way);
    });
  }

  protected override firstUpdated(): void {
    announceInto(this.querySelector("#live")!);
    this.fetchRest();
  }

  /** What is there to play on. A walker has the world for that, and pays for each byte. */
  private fetchFirst(): void {
    if (isWalking()) this.load("walk");
    else for (const part of ["surface", "explore"] as const) this.load(part);
  }

  /** Panels are fetched ahead; not for a walker, who may never open one. */
  private fetchRest(): void {
    if (this.ahead || isWalking()) return;
    this.ahead = true;
    const rest = (): void => {
      for (const part of Object.keys(LATER) as Later[]) if (!WAYS.includes(part)) this.load(part);
    };
    if ("requestIdleCallback" in window) requestIdleCallback(rest, { timeout: 3000 });
    else setTimeout(rest, 1500);
  }
  private ahead = false;

  /** True once the part is there; asks for it otherwise. */
  private load(part: Later): boolean {
    if (this.loaded.has(part)) return true;
    void this.fetched(part);
    return false;
  }

  private fetched(part: Later): Promise<void> {
    return LATER[part]()
      .then(() => {
        this.loaded.add(part);
        this.requestUpdate();
      })
      .catch(() =>
        announce("This part of the page could not be fetched. It is tried again when you open it."),
      );
  }

  protected override concerns(state: State, previous: State): boolean {
    return (
      state.piece?.name !== previous.piece?.name ||
      state.undo !== previous.undo ||
      state.redo !== previous.redo ||
      state.connection !== previous.connection ||
      state.notice !== previous.notice ||
      state.stage !== previous.stage ||
      (state.piece === null) !== (previous.piece === null)
    );
  }

  /** Another way of the page: the instrument, or *Make*. The sound goes on in both. */
  private turned(): void {
    const making = isMaking();
    if (making !== this.wasMaking) {
      this.wasMaking = making;
      announce(making ? "Make." : "The instrument.");
    }
    this.fetchFirst();
    this.fetchRest();
    this.requestUpdate();
  }
  private wasMaking = isMaking();

  // ------------------------------------------------------------------ panels

  /** Explore opens at the left, the others at the right; where only one fits, the newest stays. */
  open(panel: Panel, toggle = false): void {
    const { preferences } = this.app;
    const { left } = preferences.value;
    const shown = this.shown();
    if (isMaking()) {
      location.hash = "";
      toggle = false;
    }
    if (toggle && shown.includes(panel)) {
      this.sheet = false;
      preferences.set(panel === left ? { left: null } : { right: null });
    } else {
      this.sheet = true;
      if (this.wide.matches) preferences.set(panel === "explore" ? { left: panel } : { right: panel });
      else preferences.set(panel === "explore" ? { left: panel, right: null } : { right: panel, left: null });
    }
    this.requestUpdate();
  }

  private shown(): Panel[] {
    if (isWalking()) return []; // the world covers them
    const { left, right } = this.app.preferences.value;
    if (this.narrow.matches && !this.sheet) return [];
    if (this.wide.matches) return [left, right].filter((p) => p !== null);
    const one = right ?? left;
    return one === null ? [] : [one];
  }

  private panel(panel: Panel): TemplateResult {
    const { app } = this;
    if (!this.load(panel)) return html`<div class="panel-body"></div>`;
    switch (panel) {
      case "explore":
        return html`<isobath-explore .app=${app}></isobath-explore>`;
      case "demonstrate":
        return html`<isobath-demonstrate .app=${app}></isobath-demonstrate>`;
      case "learn":
        return html`<isobath-learn .app=${app}></isobath-learn>`;
      case "play":
        return html`<isobath-play .app=${app}></isobath-play>`;
      case "keep":
        return html`<isobath-keep .app=${app}></isobath-keep>`;
      case "controllers":
        return html`<isobath-controllers .app=${app}></isobath-controllers>`;
    }
  }

  private key(event: KeyboardEvent): void {
    const typed = (event.target as HTMLElement).closest(
      "input[type=text], input[type=number], textarea, select",
    );
    if (event.key === "?" && typed === null) {
      this.shortcuts.show();
      event.preventDefault();
    } else if (event.key === "Escape" && typed === null && !event.defaultPrevented) this.putDown(event);
    else if (this.heldLock(event)) return;
    else if (runShortcut(event, this.app, (panel) => this.open(panel, true))) {
      event.preventDefault();
      this.requestUpdate();
    }
  }

  /** Where there are scenes, a page-turning pedal goes through them, whatever has the focus. */
  private pedal(event: KeyboardEvent): void {
    const turns = event.key === "PageDown" || event.key === "PageUp";
    if (!turns || event.repeat || isMaking() || (this.state.piece?.scenes.length ?? 0) === 0) return;
    if (!runShortcut(event, this.app, () => {})) return;
    event.preventDefault();
    event.stopPropagation();
  }

  private lockTimer = 0;

  /** While the page is locked, the letter L opens it once it has been held. */
  private heldLock(event: KeyboardEvent): boolean {
    if (!this.state.stage.locked || event.key.toLowerCase() !== "l" || event.ctrlKey || event.metaKey)
      return false;
    if (event.repeat || this.lockTimer !== 0) return true;
    this.lockTimer = window.setTimeout(() => unlock(this.app), HOLD_MS);
    const end = (up: KeyboardEvent): void => {
      if (up.key.toLowerCase() !== "l") return;
      clearTimeout(this.lockTimer);
      this.lockTimer = 0;
      window.removeEventListener("keyup", end);
    };
    window.addEventListener("keyup", end);
    return true;
  }

  /** A file may be dropped anywhere; the browser would open it and leave the instrument. */
  private dropped(event: DragEvent): void {
    if (event.defaultPrevented) return;
    event.preventDefault();
    if (isMaking()) return;
    const file = event.dataTransfer?.files[0];
    if (file === undefined) return;
    this.open("explore");
    void this.fetched("explore").then(async () => {
      await this.updateComplete;
      await this.querySelector<LitElement>("isobath-explore")?.updateComplete;
      await this.querySelector<SoundFileView>("isobath-sound-file")?.take(file);
    });
  }

  /** The sound in hand is put down, and the map plays. */
  private putDown(event: KeyboardEvent): void {
    const dialog = (event.target as HTMLElement).closest("dialog") !== null;
    if (dialog || this.state.listen !== "explore") return;
    listen(this.app.store, "play");
    announce("The sound is put down; the map plays.");
  }

  protected override updated(): void {
    const name = this.state.piece?.name;
    document.title = name === undefined ? "Isobath" : `${name} · Isobath`;
  }

  // ------------------------------------------------------------------ markup

  protected override render(): TemplateResult {
    const shown = this.shown();
    const left = this.narrow.matches
      ? null
      : (shown.find((p) => p === "explore") ?? (this.wide.matches ? null : shown[0]));
    const right = this.wide.matches && !this.narrow.matches ? shown.find((p) => p !== "explore") : null;
    const sheet = this.narrow.matches ? shown[0] : null;
    const making = isMaking();
    this.classList.toggle("making", making);
    const { locked } = this.state.stage;
    this.classList.toggle("locked-page", locked);
    return html`
      ${
        making
          ? html`<a class="skip" href="#make" @click=${this.skip}>To what is being made</a>`
          : html`<a class="skip" href="#surface">To the playing surface</a>`
      }
      <header class="top">${this.top()}</header>
      <nav class="rail" aria-label="Panels" ?inert=${locked}>
        ${PANELS.map(
          (p) => html`<button
            type="button"
            aria-expanded=${!making && shown.includes(p.panel) ? "true" : "false"}
            data-panel=${p.panel}
            @click=${() => this.open(p.panel, true)}
          >
            ${icon(p.icon)}<span>${p.name}</span>
          </button>`,
        )}
        <a class="button way" href="#walk">${icon("walk")}<span>Walk</span></a>
        ${ALONE === null ? html`<a class="button way" href="#jam">${icon("jam")}<span>Jam</span></a>` : nothing}
        <a class="button way" href="#look">${icon("look")}<span>Look</span></a>
        ${
          ALONE === null
            ? html`<a class="button way" href="#make" aria-current=${making ? "page" : nothing}>${icon("make")}<span>Make</span></a>`
            : nothing
        }
      </nav>
      ${
        making || left === null || left === undefined
          ? nothing
          : html`<aside class="panel left" aria-label=${left} ?inert=${locked}>${this.panel(left)}</aside>`
      }
      ${this.makeView(making)}
      <main class="stage" id="surface" tabindex="-1" ?hidden=${making}>
        <h1 class="unseen">Isobath</h1>
        ${making || isWalking() || isJamming() ? nothing : notices(this.app)}
        ${this.playable() ? html`<isobath-surface .app=${this.app}></isobath-surface>` : nothing}
        <isobath-start .app=${this.app}></isobath-start>
      </main>
      ${
        making || right === null || right === undefined
          ? nothing
          : html`<aside class="panel right" aria-label=${right} ?inert=${locked}>${this.panel(right)}</aside>`
      }
      ${
        making || sheet === null || sheet === undefined
          ? nothing
          : html`<aside class="panel sheet-panel" aria-label=${sheet}>
            <button type="button" class="tool close" aria-label="Close the panel" @click=${() => this.open(sheet, true)}>
              ${icon("close")}
            </button>
            ${this.panel(sheet)}
          </aside>`
      }
      <footer class="bridge">${
        this.app.preferences.value.stageBar && !isWalking() && this.load("stage")
          ? html`<isobath-stage-bar .app=${this.app}></isobath-stage-bar>`
          : nothing
      }<isobath-bridge .app=${this.app}></isobath-bridge></footer>
      <isobath-shortcuts .app=${this.app}></isobath-shortcuts>
      ${
        !making && !isWalking() && this.app.preferences.value.guide !== null && this.load("guide")
          ? html`<isobath-guide .app=${this.app} .open=${(panel: Panel) => this.open(panel)}></isobath-guide>`
          : nothing
      }
      ${
        location.hash === "#look" && this.load("look")
          ? html`<isobath-look .app=${this.app}></isobath-look>`
          : nothing
      }
      ${isWalking() && this.load("walk") ? html`<isobath-walk .app=${this.app}></isobath-walk>` : nothing}
      ${isJamming() && this.load("jam") ? html`<isobath-jam .app=${this.app}></isobath-jam>` : nothing}
      <div id="live" class="unseen" role="status" aria-live="polite"></div>
    `;
  }

  /** The surface stays under a world that was entered from it. */
  private playable(): boolean {
    return this.loaded.has("surface") || (!isWalking() && this.load("surface"));
  }

  private makeView(making: boolean): TemplateResult | typeof nothing {
    if (!making) return nothing;
    const there = this.load("make");
    return html`<main class="making-stage" tabindex="-1">
      <div class="notices-place">${notices(this.app)}</div>
      ${
        there
          ? html`<isobath-make .app=${this.app} .way=${location.hash}></isobath-make>`
          : html`<p class="waiting">Unrolling the plans…</p>`
      }
    </main>`;
  }

  private readonly skip = (event: Event): void => {
    event.preventDefault();
    this.querySelector<HTMLElement>(".making-stage")?.focus();
  };

  private top(): TemplateResult {
    const { piece, undo, redo } = this.state;
    const { store, preferences } = this.app;
    const next: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
    const theme = preferences.value.theme;
    return html`
      <div class="brand">${mark()}<span>Isobath</span></div>
      <div class="piece-name">
        ${
          piece === null
            ? nothing
            : html`<input
              type="text"
              class="bare"
              aria-label="Name of the piece"
              maxlength="200"
              .value=${piece.name}
              @change=${(e: Event) => this.rename((e.target as HTMLInputElement).value)}
            />`
        }
        <span class="saved" role="status">${this.saved()}</span>
      </div>
      <div class="row tools">
        ${
          isMaking()
            ? nothing
            : html`${tool(undo === null ? "Undo" : `Undo: ${undo}`, "undo", () => store.undo(), { disabled: undo === null })}
        ${tool(redo === null ? "Redo" : `Redo: ${redo}`, "redo", () => store.redo(), { disabled: redo === null })}
        <span class="rule" aria-hidden="true"></span>`
        }
        ${tool(
          this.app.silent ? "Sound again (.)" : "Silence at once (.)",
          "panic",
          () => {
            silence(this.app);
            this.requestUpdate();
          },
          { pressed: this.app.silent },
        )}
        ${tool(`Theme: ${theme}`, theme, () => preferences.set({ theme: next[theme] }))}
        ${tool("Keys and help (?)", "help", () => this.shortcuts.show())}
      </div>
    `;
  }

  private rename(name: string): void {
    const clean = name.trim();
    if (clean !== "")
      this.app.store.edit("rename the piece", (p) => (p.name === clean ? p : { ...p, name: clean }));
  }

  private saved(): string {
    const { connection, piece } = this.state;
    const saved = connection.unsent === 0;
    if (piece === null) return "";
    if (connection.state === "offline") return saved ? "offline" : "offline; kept in this page";
    return saved ? "saved" : "saving…";
  }
}
