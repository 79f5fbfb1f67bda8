// How the world sounds, set from inside it: what turning does, places with walls, the edge.

import { html, nothing, type TemplateResult } from "lit";
import { type Box, type Edge, makeBox, makeEdge, type World } from "../protocol/messages";
import { setPlacement } from "../state/facing";
import { newId } from "../state/identity";
import { changeWorld } from "../state/world";
import { announce } from "../ui/announcer";
import { icon } from "../ui/icons";
import { type Choice, choose, section, slider, toggle, tool } from "../ui/parts";
import type { WorldPanel } from "./world-panel";

const PLACEMENTS: readonly Choice<World["placement"]>[] = [
  { value: "none", name: "nothing" },
  { value: "turn", name: "turns the sound" },
  { value: "head", name: "turns it, for headphones" },
];

const FILTERS: readonly Choice<Box["filter"]>[] = [
  { value: "none", name: "everything" },
  { value: "low", name: "what is low" },
  { value: "high", name: "what is high" },
  { value: "band", name: "a band" },
];

const BOXES = 16;

export function spaceParts(panel: WorldPanel): TemplateResult {
  return html`${turning(panel)} ${boxes(panel)} ${edge(panel)}`;
}

const change = ({ app }: WorldPanel, to: Partial<World>, what: string): void =>
  changeWorld(app.store, "change the world", to, `world ${what}`);

function turning(panel: WorldPanel): TemplateResult {
  const { placement, spread } = panel.world;
  return section(
    "Turning the head",
    html`${choose("placement", "Does", PLACEMENTS, placement, (to) => setPlacement(panel.app.store, to))}
    ${
      placement === "none"
        ? nothing
        : slider({
            key: "spread",
            name: "Speakers apart",
            value: spread,
            min: 0,
            max: 180,
            step: 5,
            shown: `${spread.toFixed(0)}°`,
            neutral: 90,
            input: (to) => change(panel, { spread: to }, "spread"),
          })
    }`,
  );
}

function boxes(panel: WorldPanel): TemplateResult {
  const { boxes: all } = panel.world;
  const set = (at: number, to: Partial<Box>): void =>
    change(
      panel,
      { boxes: all.map((each, i) => (i === at ? { ...each, ...to } : each)) },
      `box ${at} ${Object.keys(to).join()}`,
    );
  return section(
    "Places with walls",
    html`${all.map((box, i) => boxPart(panel, box, i, (to) => set(i, to)))}
    <button type="button" class="wide" ?disabled=${all.length >= BOXES} @click=${() => boxHere(panel)}>
      ${icon("add")}Walls around me
    </button>`,
  );
}

function boxPart(panel: WorldPanel, box: Box, at: number, set: (to: Partial<Box>) => void): TemplateResult {
  const { boxes: all } = panel.world;
  const here = (): void => {
    set(panel.here());
    announce(`${box.label} stands where you are.`);
  };
  return html`<div class="walk-mover">
    <div class="row">
      <b class="grow">${box.label}</b>
      <button type="button" @click=${() => panel.take(box.id)}>In hand</button>
      <button type="button" @click=${here}>Here</button>
      ${tool(`Remove ${box.label}`, "trash", () => change(panel, { boxes: all.filter((_, i) => i !== at) }, "boxes"))}
    </div>
    ${boxSettings(`${at}`, box, set)}
  </div>`;
}

/** What a place with walls does, and how wide it is. */
export function boxSettings(key: string, box: Box, set: (to: Partial<Box>) => void): TemplateResult {
  const wide = (box.size[0] + box.size[2]) / 2;
  const sized = (to: number): Box["size"] =>
    box.size.map((each) => (each * to) / wide) as [number, number, number];
  return html`
    ${slider({ key: `box-size${key}`, name: "Across", value: Math.min(200, wide), min: 2, max: 200, step: 1, shown: `${wide.toFixed(0)} m`, input: (to) => set({ size: sized(to) }) })}
    ${slider({ key: `box-fade${key}`, name: "Fade", value: box.fade, min: 0, max: 40, step: 0.5, shown: box.fade === 0 ? "at one step" : `${box.fade.toFixed(1)} m`, neutral: 4, input: (fade) => set({ fade }) })}
    ${slider({ key: `box-wet${key}`, name: "Echo", value: box.wet, min: 0, max: 1, shown: `${(100 * box.wet).toFixed(0)} %`, neutral: 0.4, input: (wet) => set({ wet }) })}
    ${
      box.wet === 0
        ? nothing
        : html`${slider({ key: `box-decay${key}`, name: "Dies away in", value: Math.log10(box.decay), min: -1, max: 1.477, step: 0.01, shown: `${box.decay.toFixed(1)} s`, neutral: Math.log10(2.5), input: (to) => set({ decay: Math.min(30, Math.max(0.1, Math.round(100 * 10 ** to) / 100)) }) })}
        ${slider({ key: `box-bright${key}`, name: "Bright to", value: Math.log10(box.brightness), min: 2.31, max: 4.3, step: 0.01, shown: hertz(box.brightness), input: (to) => set({ brightness: within(10 ** to, 200) }) })}
        ${slider({ key: `box-pre${key}`, name: "After", value: box.predelay, min: 0, max: 0.25, step: 0.005, shown: `${(1000 * box.predelay).toFixed(0)} ms`, neutral: 0.02, input: (predelay) => set({ predelay }) })}`
    }
    ${choose(`box-filter${key}`, "Lets through", FILTERS, box.filter, (filter) => set({ filter }))}
    ${
      box.filter === "none"
        ? nothing
        : slider({
            key: `box-cut${key}`,
            name: "At",
            value: Math.log10(box.frequency),
            min: 1.31,
            max: 4.3,
            step: 0.01,
            shown: hertz(box.frequency),
            input: (to) => set({ frequency: within(10 ** to, 20) }),
          })
    }
    ${toggle("Its walls are seen", box.shown, (shown) => set({ shown }))}
  `;
}

const within = (hertz: number, least: number): number => Math.min(20_000, Math.max(least, Math.round(hertz)));

const hertz = (value: number): string =>
  value < 1000 ? `${value.toFixed(0)} Hz` : `${(value / 1000).toFixed(1)} kHz`;

function boxHere(panel: WorldPanel): void {
  const { boxes: all } = panel.world;
  const label = `walls ${all.length + 1}`;
  change(panel, { boxes: [...all, makeBox({ id: newId(), label, ...panel.here() })] }, "boxes");
  announce(`${label} stand around you.`);
}

function edge(panel: WorldPanel): TemplateResult {
  const { edge: its } = panel.world;
  const set = (to: Partial<Edge>): void =>
    change(panel, { edge: { ...(its ?? makeEdge()), ...to } }, `edge ${Object.keys(to).join()}`);
  const hum = its?.hum_db ?? -100;
  return section(
    "The end of the world",
    html`${toggle("It is heard", its !== null, (on) => change(panel, { edge: on ? makeEdge() : null }, "edge"))}
    ${
      its === null
        ? nothing
        : html`${slider({ key: "edge-metres", name: "Before it", value: its.metres, min: 0, max: 60, step: 1, shown: its.metres === 0 ? "not" : `${its.metres.toFixed(0)} m`, neutral: 8, input: (metres) => set({ metres }) })}
        ${toggle("Also where the model knows no further", its.known, (known) => set({ known }))}
        ${slider({ key: "edge-hum", name: "Its tone", value: Math.max(-60, hum), min: -60, max: -20, step: 1, shown: hum <= -60 ? "none" : `${hum.toFixed(0)} dB`, neutral: -36, input: (to) => set({ hum_db: to <= -60 ? -100 : to }) })}`
    }`,
  );
}
