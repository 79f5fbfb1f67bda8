// Surveys the map away from the page: rough first, fine as soon as nothing newer is asked for.

import type { ModelDescription } from "../net/models";
import { type Colouring, colouringOf, DARK, LIGHT, paint } from "./colouring";
import { contours, levelsBetween } from "./contours";
import { type Knowledge, knowledgeOf } from "./knowledge";
import { type Prepared, prepare } from "./mapping";
import type { Chart, Order, Relief } from "./relief";
import { demonstrateNext, loudness, remotenessGrid, survey, uncertaintyGrid, type View } from "./terrain";

const ROUGH = { columns: 33, rows: 25 };
const FINE = { columns: 113, rows: 85 };

let knowledge: Knowledge | null = null;
let loudFrom = Number.POSITIVE_INFINITY;
let prepared: Prepared | null = null;
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
  const db = loudness(terrain, knowledge);
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
    remoteness: remotenessGrid(terrain, knowledge),
    uncertainty: look.uncertainty ? uncertaintyGrid(prepared, view) : null,
    next: next === null ? null : { x: next[look.x] ?? 0.5, y: next[look.y] ?? 0.5 },
  };
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
