// Surveys the map away from the page: rough first, fine as soon as nothing newer is asked for.

import type { ModelDescription } from "../net/models";
import { type Colouring, colouringOf, DARK, LIGHT, paint } from "./colouring";
import { contours, levelsBetween } from "./contours";
import { Foresight, fitsTogether } from "./foresight";
import { type Knowledge, knowledgeOf } from "./knowledge";
import { type Prepared, prepare } from "./mapping";
import type { Chart, Dangers, Order, Relief } from "./relief";
import { demonstrateNext, loudness, remotenessGrid, survey, uncertaintyGrid, type View } from "./terrain";

const ROUGH = { columns: 33, rows: 25 };
/** One silence is like another. */
const SILENT_LUFS = -60;
const FINE = { columns: 113, rows: 85 };

let knowledge: Knowledge | null = null;
let loudFrom = Number.POSITIVE_INFINITY;
let prepared: Prepared | null = null;
let measured: Foresight | null = null;
let colouring: Colouring | null = null;
let newest: Order | null = null;
let running = false;

self.onmessage = (event: MessageEvent<Order>) => {
  const order = event.data;
  if (order.model.value !== null) {
    knowledge = knowledgeOf(order.model.value);
    loudFrom = loudAt(order.model.value);
    colouring = null;
  }
  if (order.mapping.value !== null) prepared = understood(order.mapping.value);
  if (!order.safety.same) {
    const map = order.safety.value;
    measured = map !== null && fitsTogether(map) ? new Foresight(map) : null;
  }
  newest = order;
  if (!running) void work();
};

/** The loudest tenth of what the model was measured at counts as loud. */
function loudAt(model: ModelDescription): number {
  const db = [...(model.loudness?.db ?? [])].sort((a, b) => a - b);
  return db.length === 0 ? Number.POSITIVE_INFINITY : db[Math.floor(0.9 * (db.length - 1))]!;
}

function understood(mapping: unknown): Prepared | null {
  try {
    return prepare(mapping);
  } catch {
    return null; // the sound says so; there is nothing to draw
  }
}

async function work(): Promise<void> {
  running = true;
  while (newest !== null) {
    const order = newest;
    newest = null;
    send(order, ROUGH);
    await new Promise((pause) => setTimeout(pause, 40));
    if (newest === null) send(order, FINE);
  }
  running = false;
}

function send(order: Order, size: { columns: number; rows: number }): void {
  const chart: Chart = { number: order.number, relief: chartOf(order, size) };
  self.postMessage(chart);
}

function chartOf({ look }: Order, size: { columns: number; rows: number }): Relief | null {
  if (prepared === null || knowledge === null) return null;
  const { columns, rows } = size;
  const view: View = { x: look.x, y: look.y, rest: look.rest, columns, rows };
  const terrain = survey(prepared, view, look.base);
  colouring = colouringOf(terrain.latents, terrain.dims, colouring, knowledge.mean);
  const ground = new Uint8ClampedArray(4 * columns * rows);
  paint(terrain.latents, colouring, look.dark ? DARK : LIGHT, ground);
  const dangers = measured === null ? null : dangersOf(measured, view);
  const db = dangers?.loudness ?? loudness(terrain, knowledge);
  const step = db === null ? 6 : stepFor(db);
  const next = look.uncertainty
    ? demonstrateNext(prepared, look.demonstrations, look.rest, [look.x, look.y])
    : null;
  return {
    columns,
    rows,
    ground,
    step,
    isobaths: db === null ? [] : contours(db, columns, rows, levelsBetween(db, step)),
    loudness: db,
    loudFrom,
    dangers,
    remoteness: remotenessGrid(terrain, knowledge),
    uncertainty: look.uncertainty ? uncertaintyGrid(prepared, view) : null,
    next: next === null ? null : { x: next[look.x] ?? 0.5, y: next[look.y] ?? 0.5 },
  };
}

/** What was measured, over the view. */
function dangersOf(known: Foresight, view: View): (Dangers & { readonly loudness: Float32Array }) | null {
  const { columns, rows } = view;
  const point = Float64Array.from(view.rest);
  if (known.map.axes !== point.length) return null;
  const level = new Float32Array(columns * rows);
  const loud = new Float32Array(columns * rows);
  const rough = new Float32Array(columns * rows);
  for (let node = 0; node < loud.length; node++) {
    point[view.x] = (node % columns) / (columns - 1);
    point[view.y] = 1 - Math.floor(node / columns) / (rows - 1);
    const lufs = known.at(point, "loudness") / 10;
    level[node] = Math.max(SILENT_LUFS, lufs);
    loud[node] = lufs - known.at(point, "loud_from") / 10;
    rough[node] = (known.at(point, "roughness") - known.map.rough_from) / 100;
  }
  return { loudness: level, loud, rough, lines: contours(loud, columns, rows, [0]) };
}

/** Some six to twelve lines, whatever the range. */
function stepFor(db: Float32Array): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of db) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const range = high - low;
  return range > 36 ? 6 : range > 15 ? 3 : range > 6 ? 2 : 1;
}
