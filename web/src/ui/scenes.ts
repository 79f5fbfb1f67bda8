// Scenes of the piece: kept, named, timed, put in order.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Scene, Tempo } from "../protocol/messages";
import { changeScene, deleteScene, LONGEST_MORPH, moveScene, replaceScene } from "../state/scenes";
import type { State } from "../state/store";
import { announce } from "./announcer";
import { View } from "./app";
import { icon } from "./icons";
import { section, slider, toggle, tool } from "./parts";
import { goToScene, keepNow, tap } from "./performing";

@customElement("isobath-scenes")
export class ScenesView extends View {
  /** Id of the scene that is dragged. */
  @state() private dragged: string | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileHere(this.app.setList.subscribe(() => this.requestUpdate()));
  }

  protected override concerns(state: State, previous: State): boolean {
    return (
      state.pieces !== previous.pieces || state.piece !== previous.piece || state.stage !== previous.stage
    );
  }

  protected override render(): TemplateResult {
    return html`${this.scenes()} ${this.setList()} ${this.tempo()}`;
  }

  private scenes(): TemplateResult {
    const { piece } = this.state;
    const { preferences } = this.app;
    const scenes = piece?.scenes ?? [];
    return section(
      "Scenes",
      html`
        <button type="button" class="grow" data-do="keep-scene" title="Keep what sounds as a scene (Shift K)"
          @click=${() => keepNow(this.app)}>${icon("add")}Keep what sounds</button>
        ${
          scenes.length === 0
            ? html`<p class="hint">A scene is all that sounds now: maps, shaping, voices. Going to one takes the time you give it.</p>`
            : html`<ol class="scenes">${repeat(
                scenes,
                (s) => s.id,
                (s, i) => this.scene(s, i, scenes.length),
              )}</ol>`
        }
        ${toggle("The bar for the stage", preferences.value.stageBar, (stageBar) => preferences.set({ stageBar }))}
        ${slider({
          key: "fade-seconds",
          name: "Fade time",
          value: preferences.value.fadeSeconds,
          min: 0,
          max: 60,
          step: 0.5,
          shown: `${preferences.value.fadeSeconds.toFixed(1)} s`,
          neutral: 4,
          input: (fadeSeconds) => preferences.set({ fadeSeconds }),
        })}
      `,
    );
  }

  private scene(scene: Scene, index: number, count: number): TemplateResult {
    const { store } = this.app;
    const here = this.state.piece?.scene === scene.id;
    const move = (to: number): void => {
      if (to < 0 || to >= count) return;
      moveScene(store, scene.id, to);
      announce(`${scene.name} is number ${to + 1} of ${count}.`);
    };
    return html`<li
      class="scene ${here ? "here" : ""} ${this.dragged === scene.id ? "dragged" : ""}"
      data-scene=${scene.id}
      draggable="true"
      @dragstart=${(e: DragEvent) => {
        this.dragged = scene.id;
        e.dataTransfer?.setData("text/plain", scene.name);
      }}
      @dragend=${() => {
        this.dragged = null;
      }}
      @dragover=${(e: DragEvent) => e.preventDefault()}
      @drop=${(e: DragEvent) => {
        if (this.dragged === null) return;
        e.preventDefault();
        e.stopPropagation();
        moveScene(store, this.dragged, index);
        this.dragged = null;
      }}
      @keydown=${(e: KeyboardEvent) => {
        if (!e.altKey || (e.key !== "ArrowUp" && e.key !== "ArrowDown")) return;
        e.preventDefault();
        move(index + (e.key === "ArrowUp" ? -1 : 1));
      }}
    >
      <button type="button" class="tool go" aria-label="Go to ${scene.name}" aria-pressed=${String(here)}
        title="Go there${index < 9 ? ` (Shift ${index + 1})` : ""}" @click=${() => goToScene(this.app, scene.id)}>${index + 1}</button>
      <input type="text" class="bare grow" aria-label="Name of scene ${index + 1}; Alt and arrows move it" .value=${scene.name}
        @change=${(e: Event) => changeScene(store, scene.id, { name: (e.target as HTMLInputElement).value.trim() || scene.name })} />
      <label class="rest" title="How long the way there takes"
        ><input type="number" min="0" max=${LONGEST_MORPH} step="0.5" aria-label="Seconds to ${scene.name}"
          .value=${String(scene.morph_seconds)}
          @change=${(e: Event) => {
            const seconds = (e.target as HTMLInputElement).valueAsNumber;
            if (Number.isFinite(seconds))
              changeScene(store, scene.id, { morph_seconds: Math.min(LONGEST_MORPH, Math.max(0, seconds)) });
          }} /><span class="hint">s</span></label>
      ${tool(`Replace ${scene.name} by what sounds`, "keep", () => replaceScene(store, scene.id))}
      ${tool(`Delete ${scene.name}`, "trash", () => deleteScene(store, scene.id))}
    </li>`;
  }

  private setList(): TemplateResult {
    const { setList, link } = this.app;
    const { piece, pieces } = this.state;
    const listed = setList.pieces.map((id) => ({
      id,
      name: pieces.find((p) => p.id === id)?.name ?? "(gone)",
    }));
    return section(
      "Set list",
      html`
        ${
          listed.length === 0
            ? html`<p class="hint">Pieces in the order of the evening: behind the last scene of one comes the next.</p>`
            : html`<ol class="scenes">${repeat(
                listed,
                (p) => p.id,
                (p, i) => html`<li
                  class="scene ${p.id === piece?.id ? "here" : ""}"
                  data-piece=${p.id}
                  draggable="true"
                  @dragstart=${(e: DragEvent) => {
                    this.dragged = p.id;
                    e.dataTransfer?.setData("text/plain", p.name);
                  }}
                  @dragover=${(e: DragEvent) => e.preventDefault()}
                  @drop=${(e: DragEvent) => {
                    e.preventDefault();
                    e.stopPropagation();
                    if (this.dragged !== null) setList.move(this.dragged, i);
                    this.dragged = null;
                  }}
                  @keydown=${(e: KeyboardEvent) => {
                    if (!e.altKey || (e.key !== "ArrowUp" && e.key !== "ArrowDown")) return;
                    e.preventDefault();
                    setList.move(p.id, i + (e.key === "ArrowUp" ? -1 : 1));
                    announce(`${p.name} moved.`);
                  }}
                >
                  <button type="button" class="bare grow" aria-label="Open ${p.name}; Alt and arrows move it"
                    @click=${() => link.openPiece(p.id)}>${i + 1}. ${p.name}</button>
                  ${tool(`Take ${p.name} off the set list`, "remove", () => setList.remove(p.id))}
                </li>`,
              )}</ol>`
        }
        <div class="row wrap actions">
          <button type="button" data-do="set-list-add" ?disabled=${piece === null || setList.pieces.includes(piece.id)}
            @click=${() => piece !== null && setList.add(piece.id)}>${icon("add")}This piece</button>
          ${tool("Undo in the set list", "undo", () => setList.undo(), { disabled: !setList.canUndo })}
        </div>
      `,
    );
  }

  private tempo(): TemplateResult | typeof nothing {
    const { piece } = this.state;
    if (piece === null) return nothing;
    const { tempo } = piece;
    const set = (change: Partial<Tempo>): void =>
      this.app.store.edit("tempo", (p) => ({ ...p, tempo: { ...p.tempo, ...change } }), "tempo");
    return section(
      "Tempo",
      html`
        ${slider({ key: "bpm", name: "Tempo", value: tempo.bpm, min: 20, max: 300, step: 0.5, shown: `${tempo.bpm.toFixed(1)} bpm`, neutral: 120, input: (bpm) => set({ bpm }) })}
        ${slider({ key: "beats", name: "Beats in a bar", value: tempo.beats, min: 1, max: 16, step: 1, shown: String(tempo.beats), neutral: 4, input: (beats) => set({ beats }) })}
        <div class="row"><button type="button" @click=${() => tap(this.app)}>Tap</button></div>
        ${toggle("Takes begin and end on the bar", tempo.synchronised, (synchronised) => set({ synchronised }))}
        ${
          tempo.synchronised
            ? slider({
                key: "bars",
                name: "Loop",
                value: tempo.bars,
                min: 0,
                max: 32,
                step: 1,
                shown: tempo.bars === 0 ? "until stopped" : `${tempo.bars} bars`,
                neutral: 0,
                input: (bars) => set({ bars }),
              })
            : nothing
        }
      `,
    );
  }
}
