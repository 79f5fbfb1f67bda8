// Four drawings of a sound. Each turns what was heard into marks: lines and areas in a square of -1..1 about
// the middle of the picture (x reaches further where the picture is wide). The renderer only inks them, so
// the same scenes are drawn by the page and, from src/isobath/outputs/drawing/scenes.py, by `isobath draw`.

import { SNAPSHOTS_A_SECOND, type Snapshot } from "./descriptors";

export type Colour = "paper" | "ink" | "water" | "mark" | "deep";

export interface Mark {
  readonly points: readonly number[]; // x, y, x, y, ...
  readonly closed: boolean;
  readonly fill: Colour | null;
  readonly line: Colour | null;
  readonly width: number; // 0.001 is a hair
  readonly alpha: number;
}

export interface Moment {
  /** The newest last, 30 a second. */
  readonly past: readonly Snapshot[];
  /** Snapshots since the beginning. */
  readonly count: number;
  /** Half the picture's width over half its height. */
  readonly aspect: number;
  /** Exaggeration; 1 as it is. */
  readonly gain: number;
}

export type Scene = (moment: Moment) => Mark[];

const TAU = 2 * Math.PI;

function back(past: readonly Snapshot[], snapshots: number): Snapshot | null {
  return past[past.length - 1 - snapshots] ?? null;
}

/** Depth lines around a place: what sounds now is the innermost, and goes outward as it gets older. */
export const isobaths: Scene = ({ past, count, aspect, gain }) => {
  const marks: Mark[] = [];
  const lines = 26;
  for (let k = lines - 1; k >= 0; k--) {
    const heard = back(past, k * 4);
    if (heard === null) continue;
    const radius = 0.1 + (k + (count % 4) / 4) * 0.052;
    const points: number[] = [];
    for (let i = 0; i < 144; i++) {
      const angle = (i / 144) * TAU;
      let swell = 0;
      for (let b = 0; b < 12; b++) {
        const level = Math.max(heard.bands[2 * b]!, heard.bands[2 * b + 1]!);
        swell += level * level * Math.cos((b + 1) * angle + b * 2.4 + count * 0.002 * (b % 2 ? 1 : -1));
      }
      const r = radius * (1 + 0.075 * gain * swell);
      points.push(r * Math.cos(angle) * (0.75 + 0.25 * aspect), r * Math.sin(angle));
    }
    const fade = 1 - k / lines;
    marks.push({
      points,
      closed: true,
      fill: k % 5 === 4 ? "water" : null,
      line: heard.onset > 0 ? "mark" : k % 5 === 0 ? "ink" : "deep",
      width: (k % 5 === 0 ? 0.004 : 0.002) + 0.006 * heard.loudness * fade,
      alpha: 0.2 + 0.7 * fade * (0.35 + 0.65 * heard.loudness),
    });
  }
  return marks;
};

/** A sounding line goes round: every direction is a moment, its length the spectrum; onsets spread as rings. */
export const sounding: Scene = ({ past, count, gain }) => {
  const marks: Mark[] = [];
  for (let ring = 1; ring <= 4; ring++) marks.push(circle(ring * 0.22, "deep", 0.0015, 0.35));
  for (let age = past.length - 1; age >= 0; age--) {
    const heard = back(past, age)!;
    const fade = 1 - age / 240;
    const angle = ((count - age) / 240) * TAU - TAU / 4;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    for (let b = 0; b < 32; b++) {
      const level = heard.bands[b]! * gain;
      if (level < 0.12) continue;
      const from = 0.1 + b * 0.026;
      const to = from + 0.03 * level;
      marks.push({
        points: [c * from, s * from, c * to, s * to],
        closed: false,
        fill: null,
        line: age === 0 ? "mark" : "ink",
        width: 0.004 + 0.012 * level * level,
        alpha: Math.min(1, level * level * 1.3) * fade * fade,
      });
    }
    if (heard.onset > 0 && age < 60) {
      const at = 0.1 + 0.83 * heard.brightness;
      marks.push(circle(0.02 + age * 0.012, "mark", 0.004, heard.onset * (1 - age / 60), c * at, s * at));
    }
  }
  return marks;
};

function circle(r: number, line: Colour, width: number, alpha: number, x = 0, y = 0): Mark {
  const points: number[] = [];
  for (let i = 0; i < 72; i++)
    points.push(x + r * Math.cos((i / 72) * TAU), y + r * Math.sin((i / 72) * TAU));
  return { points, closed: true, fill: null, line, width, alpha };
}

/** The way through the latent space, seen from a place that slowly goes round it. */
export const wake: Scene = ({ past, count, aspect, gain }) => {
  const marks: Mark[] = [];
  const turn = (count / SNAPSHOTS_A_SECOND) * 0.15;
  const seen = past.map((heard) => projected(heard, turn, gain));
  for (let i = 1; i < seen.length; i++) {
    const heard = past[i]!;
    const fade = (i / seen.length) ** 1.5;
    const [a, b] = [seen[i - 1]!, seen[i]!];
    const near = 1 + 0.35 * b[2];
    marks.push({
      points: [a[0] * aspect, a[1], b[0] * aspect, b[1]],
      closed: false,
      fill: null,
      line: i > seen.length - 12 ? "mark" : "ink",
      width: (0.002 + 0.016 * heard.loudness * heard.loudness) * near,
      alpha: fade * (0.15 + 0.85 * heard.loudness),
    });
    if (heard.onset > 0)
      marks.push(circle(0.012 + 0.04 * heard.onset, "mark", 0.003, fade, b[0] * aspect, b[1]));
  }
  const last = seen.at(-1);
  if (last !== undefined) marks.push(circle(0.02, "mark", 0.006, 1, last[0] * aspect, last[1]));
  return marks;
};

/** Where a latent is drawn: x, y and how near (-1..1). Without a latent, eight bands stand for it. */
function projected(heard: Snapshot, turn: number, gain: number): [number, number, number] {
  const z = heard.latent.length >= 2 ? heard.latent : bandsAsLatent(heard.bands);
  const at = [0, 0, 0];
  for (let d = 0; d < z.length; d++) {
    const share = 1 / Math.sqrt(1 + Math.floor(d / 3));
    at[d % 3] = at[d % 3]! + z[d]! * share;
  }
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  const x = c * at[0]! + s * at[2]!;
  const depth = c * at[2]! - s * at[0]!;
  const squash = (v: number): number => Math.tanh(v * 0.42 * gain);
  return [0.9 * squash(x), -0.85 * squash(at[1]!), squash(depth)];
}

function bandsAsLatent(bands: Float64Array): number[] {
  return Array.from({ length: 6 }, (_, i) => {
    let sum = 0;
    for (let b = 5 * i; b < 5 * i + 5; b++) sum += bands[b]!;
    return (sum / 5 - 0.35) * 5;
  });
}

/** Waves behind waves: every line is a spectrum, the newest in front; the shore is below. */
export const tide: Scene = ({ past, count, aspect, gain }) => {
  const marks: Mark[] = [];
  const rows = 34;
  for (let row = rows - 1; row >= 0; row--) {
    const heard = back(past, row * 3 + (count % 3));
    if (heard === null) continue;
    const far = row / rows;
    const base = 0.86 - 1.45 * far ** 0.8;
    const half = aspect * (0.98 - 0.32 * far);
    const points: number[] = [];
    for (let i = 0; i <= 124; i++) {
      const along = i / 4;
      const b = Math.min(30, Math.floor(along));
      const mix = (1 - Math.cos((along - b) * Math.PI)) / 2;
      const level = heard.bands[b]! * (1 - mix) + heard.bands[b + 1]! * mix;
      const height = level * level * 0.5 * gain * (1 - 0.6 * far);
      points.push(half * (2 * (i / 124) - 1), base - height);
    }
    const line = points.slice();
    points.push(half, base + 0.06, -half, base + 0.06);
    marks.push({ points, closed: true, fill: "paper", line: null, width: 0, alpha: 1 });
    marks.push({
      points: line,
      closed: false,
      fill: null,
      line: row === 0 || heard.onset > 0 ? "mark" : row % 5 === 0 ? "ink" : "deep",
      width: 0.0022 + 0.004 * (1 - far),
      alpha: (1 - far) ** 0.7 * (0.35 + 0.65 * heard.loudness),
    });
  }
  return marks;
};

export const SCENES = {
  isobaths: { name: "Isobaths", scene: isobaths, says: "depth lines that go outward from what sounds now" },
  sounding: {
    name: "Sounding",
    scene: sounding,
    says: "a sounding line going round, with a ring at every onset",
  },
  wake: { name: "Wake", scene: wake, says: "the way through the latent space" },
  tide: { name: "Tide", scene: tide, says: "spectra as waves, the newest in front" },
} as const satisfies Record<string, { name: string; scene: Scene; says: string }>;

export type SceneName = keyof typeof SCENES;
