// The world itself, set from inside it: ground, air, pace, and what moves axes besides the walker.

import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import {
  type Cycle,
  makeCycle,
  makeMemory,
  makeZone,
  type Sounding,
  type Wave,
  type World,
  type Zone,
} from "../protocol/messages";
import { addAxis, renameAxis, setRest } from "../state/axes";
import { newId } from "../state/identity";
import type { Store } from "../state/store";
import { addLandmarks, changeWorld } from "../state/world";
import { announce } from "../ui/announcer";
import type { App } from "../ui/app";
import { icon } from "../ui/icons";
import { type Choice, choose, idFor, section, slider, toggle, tool } from "../ui/parts";
import type { Pose } from "./pose";
import { spaceParts } from "./space-panel";

const SOUNDINGS: readonly Choice<Sounding>[] = [
  { value: "flat", name: "nothing" },
  { value: "loudness", name: "loudness" },
  { value: "brightness", name: "brightness" },
  { value: "novelty", name: "change" },
];

const WAVES: readonly Choice<Wave>[] = [
  { value: "sine", name: "ebb and flow" },
  { value: "triangle", name: "there and back" },
  { value: "rise", name: "rise, then fall" },
];

export interface WorldPanel {
  readonly app: App;
  readonly world: World;
  readonly pose: Pose;
  readonly close: () => void;
  /** Where something is put that is to be where one stands. */
  readonly here: () => { readonly position: [number, number, number]; readonly stands: boolean };
  /** Into the hand. */
  readonly take: (id: string) => void;
  /** Landmarks that can be placed now. */
  readonly hinges: () => Parameters<typeof addLandmarks>[2];
  readonly sounds: () => Parameters<typeof addLandmarks>[2];
}

export function worldPanel(panel: WorldPanel): TemplateResult {
  return html`<section class="walk-world" aria-label="The world">
    <header class="row">
      <h2 class="grow">The world</h2>
      <button type="button" class="tool" aria-label="Close" @click=${panel.close}>${icon("close")}</button>
    </header>
    ${ground(panel)} ${air(panel)} ${steering(panel)} ${marks(panel)} ${time(panel)} ${zones(panel)} ${spaceParts(panel)} ${memory(panel)}
  </section>`;
}

const change = ({ app }: WorldPanel, to: Partial<World>, what: string): void =>
  changeWorld(app.store, "change the world", to, `world ${what}`);

function ground(panel: WorldPanel): TemplateResult {
  const { ground: its } = panel.world;
  const set = (to: Partial<World["ground"]>): void =>
    change(panel, { ground: { ...its, ...to } }, Object.keys(to).join());
  return section(
    "Ground",
    html`${toggle("There is a ground", its.shown, (shown) => set({ shown }))}
    ${choose("ground-height", "Height is", SOUNDINGS, its.height, (height) => set({ height }))}
    ${choose("ground-colour", "Colour is", SOUNDINGS, its.colour, (colour) => set({ colour }))}
    ${slider({ key: "relief", name: "Relief", value: its.relief, min: 0, max: 60, step: 1, shown: `${its.relief.toFixed(0)} m`, neutral: 12, input: (relief) => set({ relief }) })}`,
  );
}

function air(panel: WorldPanel): TemplateResult {
  const { air: its, speed, flying, axes } = panel.world;
  const set = (to: Partial<World["air"]>): void =>
    change(panel, { air: { ...its, ...to } }, `air ${Object.keys(to).join()}`);
  const colour = (name: string, value: string, input: (value: string) => void): TemplateResult => {
    const id = idFor(`world-${name}`);
    return html`<div class="field">
      <label for=${id}>${name}</label
      ><input id=${id} type="color" .value=${live(value)} @input=${(e: Event) => input((e.target as HTMLInputElement).value)} />
    </div>`;
  };
  return section(
    "Air and pace",
    html`${colour("Sky", its.sky, (sky) => set({ sky }))} ${colour("Plain ground", its.ground, (g) => set({ ground: g }))}
    ${slider({ key: "light", name: "Light", value: its.light, min: 0.1, max: 2, shown: its.light.toFixed(2), neutral: 1, input: (light) => set({ light }) })}
    ${slider({ key: "sight", name: "Sight", value: its.sight, min: 10, max: 600, step: 5, shown: `${its.sight.toFixed(0)} m`, neutral: 160, input: (sight) => set({ sight }) })}
    ${slider({ key: "pace", name: "Pace", value: speed, min: 0.5, max: 30, step: 0.5, shown: `${speed.toFixed(1)} m/s`, neutral: 5, input: (to) => change(panel, { speed: to }, "speed") })}
    ${axes.y === null ? nothing : toggle("One may fly", flying, (to) => change(panel, { flying: to }, "flying"))}
    ${toggle("Demonstrations stand as stones", panel.world.stones, (stones) => change(panel, { stones }, "stones"))}
    <button type="button" class="wide" @click=${() => beginHere(panel)}>Walks begin here</button>`,
  );
}

function beginHere(panel: WorldPanel): void {
  const { x, y, z, azimuth } = panel.pose;
  change(panel, { start: [x, y, z], facing: azimuth }, "start");
  announce("Walks begin here from now on.");
}

function marks(panel: WorldPanel): TemplateResult {
  const place = (label: string, what: string, found: Parameters<typeof addLandmarks>[2]): void => {
    addLandmarks(panel.app.store, label, found);
    announce(found.length === 0 ? `Nothing was found to mark ${what}.` : `${found.length} landmarks placed.`);
  };
  return section(
    "Landmarks that place themselves",
    html`<div class="row wrap">
      <button type="button" @click=${() => place("mark the hinges", "where the sound turns", panel.hinges())}>
        Where the sound turns
      </button>
      <button type="button" @click=${() => place("mark the sounds", "by the training", panel.sounds())}>
        At sounds of the training
      </button>
    </div>`,
  );
}

// ---------------------------------------------------------------------- what the walker moves

const PARTS = [
  { part: "x", name: "East moves", axis: "east" },
  { part: "z", name: "North moves", axis: "north" },
  { part: "y", name: "Up moves", axis: "up" },
  { part: "azimuth", name: "Looking round moves", axis: "looking round" },
  { part: "elevation", name: "Looking up moves", axis: "looking up" },
] as const;
const NONE = "";
const OWN = "+"; // no id of an axis

function steering(panel: WorldPanel): TemplateResult {
  const { app, world } = panel;
  const axes = app.store.state.piece?.axes ?? [];
  const choices: readonly Choice<string>[] = [
    { value: NONE, name: "nothing" },
    ...axes.map(({ id, name }) => ({ value: id, name })),
    { value: OWN, name: "an axis of its own" },
  ];
  return section(
    "What the walker moves",
    html`${PARTS.map(({ part, name, axis }) =>
      choose(`moves-${part}`, name, choices, world.axes[part] ?? NONE, (to) => {
        const id = to === OWN ? addAxis(app.store, axis) : to;
        if (id !== null) change(panel, { axes: moving(world.axes, part, id || null) }, `axes ${part}`);
      }),
    )}`,
  );
}

/** An axis is moved by one part of the pose: whatever else moved it lets go. */
function moving(axes: World["axes"], part: keyof World["axes"], axis: string | null): World["axes"] {
  const others = PARTS.map((each) => [each.part, axes[each.part] === axis ? null : axes[each.part]] as const);
  return { ...axes, ...Object.fromEntries(others), [part]: axis };
}

// ---------------------------------------------------------------------- time, zones, memory

/** An axis of this name, made if need be; at rest at 0. */
function axisFor(store: Store, name: string): string | null {
  const id = addAxis(store, name);
  if (id !== null) {
    renameAxis(store, id, name);
    setRest(store, id, 0);
  }
  return id;
}

function nameOf({ app }: WorldPanel, axis: string): string {
  return app.store.state.piece?.axes.find((each) => each.id === axis)?.name ?? "an axis that is gone";
}

function time(panel: WorldPanel): TemplateResult {
  const { cycles } = panel.world;
  const set = (at: number, to: Partial<Cycle>): void =>
    change(
      panel,
      { cycles: cycles.map((each, i) => (i === at ? { ...each, ...to } : each)) },
      `cycle ${at} ${Object.keys(to).join()}`,
    );
  return section(
    "Time",
    html`${cycles.map(
      (cycle, i) => html`<div class="walk-mover">
        <div class="row">
          <b class="grow">${nameOf(panel, cycle.axis)}</b>
          ${tool("Remove this cycle", "trash", () => change(panel, { cycles: cycles.filter((_, at) => at !== i) }, "cycles"))}
        </div>
        ${slider({ key: `cycle${i}`, name: "Every", value: Math.log10(cycle.seconds), min: 0.7, max: 4.94, step: 0.02, shown: lasting(cycle.seconds), input: (to) => set(i, { seconds: Math.round(10 ** to) }) })}
        ${choose(`wave${i}`, "It does", WAVES, cycle.wave, (wave) => set(i, { wave }))}
        ${toggle("By the clock of the day", cycle.clock, (clock) => set(i, { clock }))}
        ${toggle("The light follows", cycle.light, (light) => set(i, { light }))}
      </div>`,
    )}
    <button
      type="button"
      class="wide"
      @click=${() => {
        const axis = axisFor(panel.app.store, cycles.length === 0 ? "time" : `time ${cycles.length + 1}`);
        if (axis !== null) change(panel, { cycles: [...cycles, makeCycle({ axis })] }, "cycles");
      }}
    >
      ${icon("add")}A cycle, on an axis of its own
    </button>`,
  );
}

function zones(panel: WorldPanel): TemplateResult {
  const { zones: all } = panel.world;
  return section(
    "Zones",
    html`${all.map(
      (zone, i) => html`<div class="walk-mover">
        <div class="row">
          <b class="grow">${zone.label}, ${nameOf(panel, zone.axis)}</b>
          <button type="button" @click=${() => panel.take(zone.id)}>In hand</button>
          ${tool(`Remove ${zone.label}`, "trash", () => change(panel, { zones: all.filter((_, at) => at !== i) }, "zones"))}
        </div>
        ${zoneSettings(`${i}`, zone, (to) => change(panel, { zones: all.map((each, at) => (at === i ? { ...each, ...to } : each)) }, `zone ${i} ${Object.keys(to).join()}`))}
      </div>`,
    )}
    <button type="button" class="wide" @click=${() => zoneHere(panel)}>${icon("add")}A zone where I stand</button>`,
  );
}

/** What a zone does when one enters it. */
export function zoneSettings(key: string, zone: Zone, set: (to: Partial<Zone>) => void): TemplateResult {
  return html`
    ${slider({ key: `zone-size${key}`, name: "Across", value: zone.size[0], min: 2, max: 120, step: 1, shown: `${zone.size[0].toFixed(0)} m`, input: (to) => set({ size: [to, to, to] }) })}
    ${slider({ key: `zone-value${key}`, name: "Moves it to", value: zone.value, min: 0, max: 1, shown: `${(100 * zone.value).toFixed(0)} %`, neutral: 1, input: (value) => set({ value }) })}
    ${slider({ key: `zone-fade${key}`, name: "Fade", value: zone.fade, min: 0, max: 30, step: 0.5, shown: zone.fade === 0 ? "at one step" : `${zone.fade.toFixed(1)} m`, input: (fade) => set({ fade }) })}
  `;
}

function zoneHere(panel: WorldPanel): void {
  const { zones: all } = panel.world;
  const axis = all[0]?.axis ?? axisFor(panel.app.store, "zone");
  if (axis === null) return;
  const label = `zone ${all.length + 1}`;
  change(panel, { zones: [...all, makeZone({ id: newId(), label, axis, ...panel.here() })] }, "zones");
  announce(`${label} lies where you stand.`);
}

function memory(panel: WorldPanel): TemplateResult {
  const { memory: its } = panel.world;
  const begin = (): void => {
    const axis = axisFor(panel.app.store, "memory");
    if (axis !== null) change(panel, { memory: makeMemory({ axis }) }, "memory");
  };
  return section(
    "Memory",
    its === null
      ? html`<button type="button" class="wide" @click=${begin}>${icon("add")}Let places change by being visited</button>`
      : html`<div class="walk-mover">
        <div class="row">
          <b class="grow">${nameOf(panel, its.axis)}</b>
          ${tool("Remember nothing", "trash", () => change(panel, { memory: null }, "memory"))}
        </div>
        ${slider({ key: "memory-seconds", name: "Known after", value: its.seconds, min: 1, max: 300, step: 1, shown: lasting(its.seconds), input: (seconds) => change(panel, { memory: { ...its, seconds } }, "memory seconds") })}
        ${slider({ key: "memory-forgets", name: "Half forgotten", value: Math.log10(its.forgets), min: 1, max: 6, step: 0.02, shown: lasting(its.forgets), input: (to) => change(panel, { memory: { ...its, forgets: Math.round(10 ** to) } }, "memory forgets") })}
      </div>`,
  );
}

/** Seconds as one says them. */
function lasting(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} min`;
  if (seconds < 172_800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86_400).toFixed(0)} days`;
}
