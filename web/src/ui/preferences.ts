// What belongs to this browser rather than to a piece: theme, open panels, how the surface is drawn.

export type Panel = "explore" | "demonstrate" | "learn" | "play" | "keep" | "controllers";
export type Theme = "system" | "light" | "dark";

export interface Preferences {
  readonly theme: Theme;
  readonly left: Panel | null;
  readonly right: Panel | null;
  /** The vessel follows the mouse without a pressed button. */
  readonly hover: boolean;
  readonly isobaths: boolean;
  readonly hatching: boolean;
  /** Loud and rough places, as measured. */
  readonly dangers: boolean;
  /** Shade what the mapping is unsure of and mark where a demonstration would help most. */
  readonly uncertainty: boolean;
  /** The bar for the stage is shown. */
  readonly stageBar: boolean;
  /** How long the master takes to fade. */
  readonly fadeSeconds: number;
  /** What a recording of the sound is handed over as. */
  readonly recording: "wav" | "flac";
  /** What other performers on the piece read; empty: a number. */
  readonly performer: string;
  /** Axes that other performers move move here, too. */
  readonly together: boolean;
  /** Walking: what comes near is said aloud. */
  readonly sayNear: boolean;
  /** Shortcuts of a single letter; they can be in the way of voice control. */
  readonly letters: boolean;
  /** Step of the guided start; null when it has been finished or skipped. */
  readonly guide: number | null;
  readonly guided: boolean;
}

const DEFAULTS: Preferences = {
  theme: "system",
  left: "explore",
  right: null,
  hover: false,
  isobaths: true,
  hatching: true,
  dangers: true,
  uncertainty: false,
  stageBar: false,
  fadeSeconds: 4,
  recording: "wav",
  performer: "",
  together: false,
  sayNear: false,
  letters: true,
  guide: null,
  guided: false,
};

const KEY = "isobath.preferences";

export class PreferenceStore {
  private current: Preferences;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly storage: Storage | null = safeStorage()) {
    this.current = { ...DEFAULTS, ...read(storage) };
  }

  get value(): Preferences {
    return this.current;
  }

  set(change: Partial<Preferences>): void {
    this.current = { ...this.current, ...change };
    try {
      this.storage?.setItem(KEY, JSON.stringify(this.current));
    } catch {
      // A full or forbidden storage costs the memory of these choices, nothing else.
    }
    for (const listener of [...this.listeners]) listener();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

function read(storage: Storage | null): Partial<Preferences> {
  try {
    const found: unknown = JSON.parse(storage?.getItem(KEY) ?? "{}");
    return typeof found === "object" && found !== null ? (found as Partial<Preferences>) : {};
  } catch {
    return {};
  }
}

export function safeStorage(): Storage | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
