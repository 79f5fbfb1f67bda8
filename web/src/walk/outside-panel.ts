// Walking outside, set up from inside the world: where one is, which spot of the world that is, which way its
// north lies, how large it is, and whether the place itself is heard.

import { html, nothing, type TemplateResult } from "lit";
import type { Manner, Voice, World } from "../protocol/messages";
import { setSource } from "../state/voices";
import { changeWorld } from "../state/world";
import { announce } from "../ui/announcer";
import type { App } from "../ui/app";
import { icon } from "../ui/icons";
import { type Choice, choose, section, slider, toggle } from "../ui/parts";
import "../ui/phone-door";
import type { Outside } from "./outside";
import { awayFrom } from "./outside";
import { startOf } from "./pose";
import type { Spot } from "./telling";

export interface OutsidePanel {
  readonly app: App;
  readonly world: World;
  readonly voice: Voice | null;
  readonly outside: Outside;
  readonly spots: readonly Spot[];
  /** Where the person says to stand: the id of a spot, `start` or `origin`. */
  readonly chosen: string;
  readonly choose: (id: string) => void;
  readonly close: () => void;
}

/** Further from the place than this one is thought to be in another one. */
const ELSEWHERE_METRES = 3000;

export function outsidePanel(panel: OutsidePanel): TemplateResult {
  const { outside } = panel;
  return html`<section class="walk-world walk-outside" aria-label="Outside">
    <header class="row">
      <h2 class="grow">Outside</h2>
      <button type="button" class="tool" aria-label="Close" @click=${panel.close}>${icon("close")}</button>
    </header>
    <p role="status" class=${outside.state === "refused" ? "caution" : "hint"}>${stands(panel)}</p>
    <div class="row wrap">
      <button type="button" class=${outside.on ? "" : "primary"} @click=${() => (outside.on ? outside.stop() : outside.start())}>
        ${outside.on ? "Walk by hand again" : "Walk where I walk"}
      </button>
    </div>
    ${outside.unheld === null ? nothing : html`<p class="caution" role="status">${outside.unheld}</p>`}
    ${toggle("The phone turns the head", outside.looks, (on) => void outside.look(on))} ${listening(panel)}
    ${outside.on ? calibration(panel) : nothing}
    ${section("Another phone", html`<isobath-phone-door .app=${panel.app} way="walk"></isobath-phone-door>`)}
  </section>`;
}

/** How it stands, in a sentence. */
export function stands({ outside, world }: Pick<OutsidePanel, "outside" | "world">): string {
  if (outside.sentence !== null) return outside.sentence;
  if (outside.state === "off")
    return "A park becomes this world: satellites say where you are, the compass which way you look.";
  if (outside.state === "asking") return "The browser asks whether this page may know where you are.";
  const metres = outside.accuracy();
  if (outside.state === "searching" || metres === null) return "Looking for satellites…";
  const sure = `Sure to ${metres < 10 ? metres.toFixed(1) : metres.toFixed(0)} m`;
  if (outside.site === null) return `${sure}. Say where in the world you stand.`;
  const here = outside.here();
  const away = here === null ? 0 : awayFrom(outside.site, here);
  if (away > ELSEWHERE_METRES)
    return `${sure}. This world lies ${(away / 1000).toFixed(0)} km from here; say where you stand, and it comes along.`;
  const astray = outside.astray(world);
  if (astray > 0) return `${sure}. The world ended ${astray.toFixed(0)} m ago.`;
  const { silence } = outside;
  return silence > 8 ? `Not seen for ${silence.toFixed(0)} s.` : `${sure}.`;
}

function calibration(panel: OutsidePanel): TemplateResult {
  const { outside, world, spots } = panel;
  const { site } = outside;
  const choices: Choice<string>[] = [
    { value: "start", name: "where walks begin" },
    { value: "origin", name: "the middle of the world" },
    ...spots.slice(0, 100).map((spot) => ({ value: spot.id, name: spot.label })),
  ];
  const spotOf = (id: string): { readonly x: number; readonly z: number } =>
    spots.find((spot) => spot.id === id) ?? (id === "start" ? startOf(world) : { x: 0, z: 0 });
  const known = outside.accuracy() !== null;
  const kept = JSON.stringify(world.site) === JSON.stringify(site);
  return section(
    "Where it lies",
    html`${choose("outside-spot", "I stand at", choices, panel.chosen, panel.choose)}
    <div class="row wrap">
      <button
        type="button"
        class=${site === null ? "primary" : ""}
        ?disabled=${!known}
        @click=${() => {
          outside.standHere(spotOf(panel.chosen));
          announce("The world lies where you stand.");
        }}
      >
        I stand here
      </button>
      <button
        type="button"
        ?disabled=${site === null || outside.compass.heading === null}
        @click=${() => {
          outside.faceNorth();
          announce("The world's north is where you look.");
        }}
      >
        I look to its north
      </button>
    </div>
    ${
      site === null
        ? nothing
        : html`${slider({ key: "outside-turn", name: "Turned", value: Math.round(360 * signed(site.turn)), min: -180, max: 180, step: 1, shown: `${Math.round(360 * signed(site.turn))}°`, neutral: 0, input: (degrees) => outside.turn(degrees / 360) })}
      ${slider({ key: "outside-scale", name: "A metre is", value: Math.log10(site.scale), min: -1, max: 1, step: 0.02, shown: `${site.scale.toFixed(2)} m`, neutral: 0, input: (power) => outside.scale(10 ** power) })}
      <div class="row wrap">
        <button type="button" ?disabled=${kept} @click=${() => changeWorld(panel.app.store, "tie the world to this place", { site })}>
          Keep in the piece
        </button>
        ${
          world.site === null
            ? nothing
            : html`<button type="button" ?disabled=${kept} @click=${() => outside.settle(world.site)}>As the piece says</button>`
        }
      </div>
      <p class="hint">Until then only this browser knows. In the piece, whoever gets it knows where this is.</p>`
    }`,
  );
}

const signed = (turn: number): number => turn - Math.round(turn);

/** The sound of the place enters by the microphone, and the walk bends it. */
function listening({ app, voice }: OutsidePanel): TemplateResult | typeof nothing {
  if (voice === null) return nothing;
  const model = app.store.state.models.find((each) => each.name === voice.model);
  if (model?.encodes === false) return nothing;
  const { input } = app.instrument;
  const on = voice.source.kind === "input";
  return html`${toggle("The place itself is heard", on, (wanted) => {
    if (!wanted) setSource(app.store, voice.id, { kind: "gesture" });
    // The walk bends what comes in, and does not take its place.
    else
      setSource(app.store, voice.id, {
        kind: "input",
        manner: new Array<Manner>(model?.dims ?? 0).fill("bias"),
      });
  })}
  ${on && input.state === "refused" ? html`<p class="caution" role="alert">${input.sentence}</p>` : nothing}
  ${on && input.state === "open" ? html`<p class="hint">It listens. Wear headphones, or it hears itself.</p>` : nothing}`;
}
