// What a jam was set to, kept in this browser.

import type { JamSetting } from "../protocol/messages";
import { safeStorage } from "../ui/preferences";
import type { Kind } from "./bars";
import { NO_WIRES, type Wires } from "./ports";
import type { Who } from "./session";

export interface Choices {
  readonly settings: Partial<JamSetting>;
  readonly kind: Kind;
  readonly metronome: boolean;
  readonly countIn: number;
  /** Milliseconds by which MIDI comes in late. */
  readonly late: number;
  readonly midi: boolean;
  /** Players whose instruments are models of sound. */
  readonly latent: readonly Who[];
  readonly wires: Wires;
}

const KEY = "isobath.jam";
const RANGES: readonly (readonly [keyof JamSetting, number, number])[] = [
  ["bpm", 40, 300],
  ["changed_hits", 0, 64],
  ["lead", 0, 1],
  ["density", -64, 64],
  ["velocity", -1, 1],
  ["offset", -1, 1],
  ["pitch", -48, 48],
  ["morph_phrases", 2, 64],
];
const PLAYERS = ["human", "machine", "second"] as const;
const LONGEST_NAME = 200;
const MODES = ["trade", "follow", "lead", "machines", "loop", "morph"];

/** What cannot be read, or is out of range, is as if it had not been kept. */
export function recall(storage: Storage | null = safeStorage()): Choices {
  let kept: Record<string, unknown> = {};
  try {
    const found: unknown = JSON.parse(storage?.getItem(KEY) ?? "{}");
    if (typeof found === "object" && found !== null) kept = found as Record<string, unknown>;
  } catch {}
  const given = (kept.settings ?? {}) as Record<string, unknown>;
  const settings: Record<string, unknown> = {};
  for (const [name, low, high] of RANGES) {
    const value = given[name];
    if (typeof value === "number" && value >= low && value <= high) settings[name] = value;
  }
  if ([1, 2, 4].includes(given.bars as number)) settings.bars = given.bars;
  if (MODES.includes(given.mode as string)) settings.mode = given.mode;
  const late = typeof kept.late === "number" && kept.late >= 0 && kept.late <= 200 ? kept.late : 0;
  return {
    settings: settings as Partial<JamSetting>,
    kind: kept.kind === "melody" ? "melody" : "drums",
    metronome: kept.metronome !== false,
    countIn: kept.countIn === 2 ? 2 : 1,
    late,
    midi: kept.midi === true,
    wires: wiresOf(kept.wires),
    latent: PLAYERS.filter((who) => Array.isArray(kept.latent) && kept.latent.includes(who)),
  };
}

function wiresOf(kept: unknown): Wires {
  const given = (typeof kept === "object" && kept !== null ? kept : {}) as Record<string, unknown>;
  const name = (value: unknown) => (typeof value === "string" ? value.slice(0, LONGEST_NAME) : "");
  const names = Object.keys(NO_WIRES).map((wire) => [wire, name(given[wire])]);
  return Object.fromEntries(names) as Wires;
}

export function remember(choices: Choices, storage: Storage | null = safeStorage()): void {
  try {
    storage?.setItem(KEY, JSON.stringify(choices));
  } catch {
    // A full or forbidden storage costs the memory of these choices, nothing else.
  }
}
