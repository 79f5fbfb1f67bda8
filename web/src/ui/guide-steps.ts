// The steps of the guided start, and when each is done.

import type { Panel } from "./preferences";

/** What the guide can see of how far the person has come. */
export interface Progress {
  readonly running: boolean;
  /** Sounds looked for, sounds placed, distance steered (in widths of the chart), since the guide began. */
  readonly found: number;
  readonly placed: number;
  readonly steered: number;
}

export interface GuideStep {
  readonly title: string;
  readonly says: string;
  /** What it points at, if anything. */
  readonly at: string | null;
  readonly panel: Panel | null;
  /** Keep the chart free: the card lies on the panel, under what it points at. */
  readonly under?: boolean;
  readonly done: (progress: Progress) => boolean;
  readonly count?: (progress: Progress) => string;
}

export const PLACED = 3;
export const STEERED = 3;

export const STEPS: readonly GuideStep[] = [
  {
    title: "Two minutes to your own map",
    says: "You will find three sounds, say where they live on this chart, and play between them.",
    at: null,
    panel: null,
    done: () => false,
  },
  {
    title: "Start the sound",
    says: "Turn your volume to something modest, then press Start.",
    at: ".start-button",
    panel: null,
    done: (p) => p.running,
  },
  {
    title: "Find a sound",
    says: "Press Throw until something interests you. The sliders show what you caught; move them if you like.",
    at: "[data-do=throw]",
    panel: "explore",
    done: (p) => p.found >= 1,
  },
  {
    title: "Say where it lives",
    says: "The sound is in your hand. Click the chart where you want to find it again (with keys: arrows, then Enter).",
    at: ".water",
    panel: null,
    done: (p) => p.placed >= 1,
  },
  {
    title: "Two more",
    says: "Throw again, and place that sound far from the first. Then a third.",
    at: "[data-do=throw]",
    panel: "explore",
    under: true,
    done: (p) => p.placed >= PLACED,
    count: (p) => `${Math.min(p.placed, PLACED)} of ${PLACED} placed`,
  },
  {
    title: "Play",
    says: "The chart has learned what lies between. Press on it and move (with keys: the arrows).",
    at: ".water",
    panel: null,
    done: (p) => p.steered >= STEERED,
    count: (p) => `${Math.min(100, Math.round((100 * p.steered) / STEERED))} % of a short voyage`,
  },
  {
    title: "This map is yours",
    says: "It is saved already. Label your sounds in Demonstrate, compare ways of learning in Learn, record a take in Play.",
    at: null,
    panel: null,
    done: () => false,
  },
];

/** The step to show next, once the one at `step` is done. */
export function advance(step: number, progress: Progress): number {
  let next = step;
  while (next < STEPS.length - 1 && STEPS[next]!.done(progress)) next++;
  return next;
}
