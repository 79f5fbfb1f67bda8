// Placing, visiting and moving demonstrations on a pad, however it was asked for.

import type { Piece } from "../protocol/messages";
import { addDemonstration, moveDemonstrations } from "../state/demonstrations";
import { voiceOf } from "../state/edit";
import { listen } from "../state/explore";
import { announce } from "../ui/announcer";
import type { App } from "../ui/app";
import { heardLatent } from "./heard";

/** Indices of the axes that a pad shows. */
export interface Axes {
  readonly across: number;
  readonly up: number;
}

/** The sound in hand or, while playing, the sound that is heard, becomes a demonstration here. */
export function placeSound(app: App, point: Float64Array, axes: Axes): void {
  const { store, performer } = app;
  const voice = voiceOf(store);
  if (voice === null) return;
  const latent = heardLatent(store.state, voice, performer.values);
  if (addDemonstration(store, point, latent === null ? {} : { latent }) === null) return;
  performer.setAll(point);
  listen(store, "play");
  const count = voice.demonstrations.length + 1;
  announce(`Demonstration ${count} placed at ${spoken(store.state.piece, axes, point)}.`);
}

/** Go there and hear it. */
export function visit(app: App, id: string): void {
  const found = voiceOf(app.store)?.demonstrations.find((d) => d.id === id);
  if (found === undefined) return;
  listen(app.store, "play");
  app.performer.setAll(found.point);
}

/** Where the chosen demonstrations are now. */
export function originsOf(app: App, chosen: ReadonlySet<string>): Map<string, readonly number[]> {
  const all = voiceOf(app.store)?.demonstrations ?? [];
  return new Map(all.filter((d) => chosen.has(d.id)).map((d) => [d.id, d.point]));
}

/** Move demonstrations from where they were by a share of the pad. */
export function moveFrom(
  app: App,
  origins: ReadonlyMap<string, readonly number[]>,
  axes: Axes,
  across: number,
  up: number,
): void {
  const points = new Map<string, number[]>();
  for (const [id, origin] of origins) {
    const point = [...origin];
    if (axes.across >= 0) point[axes.across] = (origin[axes.across] ?? 0.5) + across;
    if (axes.up >= 0) point[axes.up] = (origin[axes.up] ?? 0.5) + up;
    points.set(id, point);
  }
  if (points.size > 0) moveDemonstrations(app.store, points);
}

/** A place as it is said aloud. */
export function spoken(piece: Piece | null, axes: Axes, point: ArrayLike<number>): string {
  const name = (i: number): string => piece?.axes[i]?.name ?? "axis";
  const value = (i: number): number => Math.round((point[i] ?? 0.5) * 100);
  return `${name(axes.across)} ${value(axes.across)}, ${name(axes.up)} ${value(axes.up)}`;
}
