// How the machine answers, as sliders, and what plays the notes of either.

import { html, nothing, type TemplateResult } from "lit";
import type { JamSetting } from "../protocol/messages";
import { slider } from "../ui/parts";
import type { Player } from "./player";
import type { Who } from "./session";

/** Settings that are moved in steps. */
type Knob = "changed_hits" | "lead" | "density" | "velocity" | "offset" | "pitch" | "morph_phrases";

const signed = (value: number, unit = ""): string =>
  value === 0 ? "as you" : `${value > 0 ? "+" : "−"}${Math.abs(value)}${unit}`;

const share = (value: number): string => signed(Math.round(100 * value), " %");

function ownWay(lead: number): string {
  if (lead === 0) return "follows";
  return lead === 1 ? "leads" : `${Math.round(100 * lead)} %`;
}

function timing(offset: number): string {
  const percent = `${Math.round(50 * Math.abs(offset))} %`;
  return offset === 0 ? "as you" : `${percent} ${offset > 0 ? "early" : "late"}`;
}

/** The sliders. set: takes what is moved. */
export function knobs(player: Player, set: (settings: Partial<JamSetting>) => void): TemplateResult {
  const { settings, kind } = player;
  const drums = kind === "drums";
  const knob = (
    name: Knob,
    label: string,
    [min, max, step]: readonly [number, number, number],
    shown: string,
    neutral = 0,
  ) =>
    slider({
      key: `jam ${name}`,
      name: label,
      value: settings[name],
      min,
      max,
      step,
      shown,
      input: (value) => set({ [name]: value }),
      neutral,
    });
  const differ = drums ? "Hits that differ" : "Steps that differ";
  const { changed_hits, lead, density, velocity, offset, pitch, morph_phrases } = settings;
  return html`${knob("changed_hits", differ, [0, 32, 1], String(changed_hits), 6)}
    ${knob("lead", "Own way", [0, 1, 0.05], ownWay(lead))}
    ${knob("density", drums ? "More hits" : "More notes", [-16, 16, 1], signed(density))}
    ${
      drums
        ? html`${knob("velocity", "Louder", [-0.5, 0.5, 0.05], share(velocity))}
            ${knob("offset", "Timing", [-0.6, 0.6, 0.05], timing(offset))}`
        : knob("pitch", "Higher", [-12, 12, 1], signed(pitch))
    }
    ${settings.mode === "morph" ? knob("morph_phrases", "Phrases of a morph", [2, 16, 1], String(morph_phrases), 4) : nothing}`;
}

/** What plays the notes of either: our own kit and string, or a model of sound. chosen: what was changed is
 *  to be remembered. */
export function instruments(player: Player, chosen: () => void): TemplateResult {
  const drums = player.kind === "drums";
  const choice = (name: string, players: readonly Who[]) => {
    const others = player.latent.filter((who) => !players.includes(who));
    const on = player.latent.length > others.length;
    return html`<label class="jam-inline">${name}<select
      @change=${(event: Event) => {
        const model = (event.target as HTMLSelectElement).value === "model";
        player.playBy(model ? [...others, ...players] : others);
        chosen();
      }}>
      <option value="own" ?selected=${!on}>${drums ? "drum kit" : "string"}</option>
      <option value="model" ?selected=${on}>${drums ? "model of drums" : "model of a guitar"}</option>
    </select></label>`;
  };
  return html`<div class="row wrap jam-midi">${choice("You play a", ["human"])}${choice("It plays a", ["machine", "second"])}</div>`;
}
