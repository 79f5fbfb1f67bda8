// Other performers on the piece, in words: who they are, which axes they move, and what is heard where two move
// the same one. A line on the surface while somebody else is there, and a section of the Play panel.

import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { PERFORMER_NAME } from "../protocol/messages";
import type { Other } from "../state/performers";
import type { State } from "../state/store";
import { short } from "../steer/others";
import { announce } from "./announcer";
import { type App, View } from "./app";
import { idFor, section, toggle } from "./parts";

const LOOK_MS = 250;
/** Performers that are named on the surface; who moves goes first. */
const NAMED = 4;

/** Draws again when performers come, go or move, a few times a second at most. */
abstract class Company extends View {
  private looking = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.whileHere(this.app.performers.subscribe(() => this.look()));
    const staged = (): void => this.requestUpdate();
    this.app.instrument.addEventListener("stage", staged);
    this.whileHere(() => this.app.instrument.removeEventListener("stage", staged));
    this.whileHere(() => window.clearTimeout(this.looking));
  }

  private look(): void {
    if (this.looking !== 0) return;
    this.looking = window.setTimeout(() => {
      this.looking = 0;
      this.requestUpdate();
      if (this.app.performers.others.some((other) => other.axes.length > 0)) this.look();
    }, LOOK_MS);
  }

  protected override concerns(state: State, previous: State): boolean {
    return state.piece !== previous.piece;
  }
}

/** Names of axes as a list. */
function moved(app: App, other: Other): string {
  const axes = app.store.state.piece?.axes ?? [];
  return axes
    .filter((axis) => other.axes.includes(axis.id))
    .map((axis) => axis.name)
    .join(", ");
}

@customElement("isobath-company")
export class CompanyView extends Company {
  private there = 0;

  protected override updated(): void {
    const { others } = this.app.performers;
    if (others.length > this.there) announce(`${others.at(-1)!.who.name} has this piece open, too.`);
    this.there = others.length;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { others, inTheWay } = this.app.performers;
    if (others.length === 0) return nothing;
    const axis = this.state.piece?.axes.find((each) => each.id === inTheWay?.axis);
    const named = [...others].sort((a, b) => Number(b.axes.length > 0) - Number(a.axes.length > 0));
    return html`<ul class="company" aria-label="Other performers">
        ${named
          .slice(0, NAMED)
          .map(
            (other) =>
              html`<li title=${other.who.name}><span class="dot" style="--colour:${other.who.colour}"></span><span>${short(other.who.name)}</span><span class="hint">${moved(this.app, other)}</span></li>`,
          )}
        ${named.length > NAMED ? html`<li class="hint">and ${named.length - NAMED} more</li>` : nothing}
      </ul>
      ${
        inTheWay === null || axis === undefined
          ? nothing
          : html`<p class="caution" role="status">${short(inTheWay.who.name)} has ${axis.name}${this.app.instrument.onStage ? ": your hand is not heard there" : ""}.</p>`
      }`;
  }
}

@customElement("isobath-performers")
export class PerformersSection extends Company {
  protected override render(): TemplateResult {
    const { performers, preferences, link, instrument } = this.app;
    const id = idFor("performer-name");
    const { others, here, me } = performers;
    const mine = here.find((each) => each.number === me);
    return section(
      "Performers",
      html`
        ${
          others.length === 0
            ? html`<p class="hint">Nobody else has this piece open. Who opens it on another device plays it with you.</p>`
            : html`<ul class="performers">
              <li>
                <span class="dot" style="--colour:${mine?.colour ?? "none"}"></span
                ><span class="grow">${mine?.name ?? ""} <span class="hint">you</span></span>
              </li>
              ${others.map(
                (other) =>
                  html`<li>
                    <span class="dot" style="--colour:${other.who.colour}"></span
                    ><span class="grow">${other.who.name} <span class="hint">${moved(this.app, other)}</span></span>
                  </li>`,
              )}
            </ul>`
        }
        <div class="field">
          <label for=${id}>Your name</label>
          <input
            id=${id}
            type="text"
            maxlength=${PERFORMER_NAME}
            autocomplete="nickname"
            .value=${live(preferences.value.performer)}
            @change=${(e: Event) => {
              const performer = (e.target as HTMLInputElement).value.trim();
              preferences.set({ performer });
              link.callMe(performer);
            }}
          />
        </div>
        ${
          instrument.onStage
            ? html`<p class="hint">On the stage everybody moves the same axes. An axis is whose hand came first, until it lets go.</p>`
            : html`${toggle("Others\u2019 hands move my axes", preferences.value.together, (together) =>
                preferences.set({ together }),
              )}
              <p class="hint">Each browser sounds by itself. Where two hands are on one axis, the first is passed on, and each hears its own.</p>`
        }
      `,
    );
  }
}
