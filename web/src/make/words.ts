// What is said about a training: how long, how far, how it goes.

import type { RunSummary, SetSummary } from "../protocol/messages";
import type { Line } from "./thin";

/** "40 s", "32 min", "3 h 10 min", "2 days 4 h": as exact as it is worth saying. */
export function span(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "unknown";
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 || days > 9 ? `${days} days` : `${days} days ${hours % 24} h`;
}

/** Thousands parted by commas. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Three figures, whatever the size. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(1).replaceAll("-", "\u2212");
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toFixed(digits).replace("-", "\u2212");
}

const SHORT: Record<string, string> = { stft: "STFT", kl: "KL", db: "dB", hz: "Hz", rms: "RMS" };
const NAMES: Record<string, string> = {
  spectral: "Spectral distance",
  distance: "Distance",
  log_mel_db: "Log-mel difference in dB",
  loss: "Whole loss",
  bands: "Distance in bands",
  wave: "Raw wave",
  divergence: "Divergence",
  held: "Held sounds",
  movement: "Latent movement",
  gradient: "Gradient",
  critic: "Critic",
  adversarial: "Against the critic",
  matching: "Feature matching",
};

/** "mel_distance" as it is read. */
export function plainName(name: string): string {
  const known = NAMES[name];
  if (known !== undefined) return known;
  const words = name.replace(/[_/.]+/g, " ").trim();
  const capital = words.charAt(0).toUpperCase() + words.slice(1);
  return capital.replace(/\b(stft|kl|db|hz|rms)\b/gi, (short) => SHORT[short.toLowerCase()] ?? short);
}

export const STATES: Record<RunSummary["state"], string> = {
  waiting: "in line",
  starting: "starting",
  training: "training",
  stopping: "stopping",
  stopped: "stopped",
  finished: "finished",
  failed: "failed",
};

export function courseOf(run: RunSummary): number {
  return run.phase1_steps + run.phase2_steps;
}

/** One line about a training, for the list. */
export function runLine(run: RunSummary): string {
  const whole = courseOf(run);
  const steps = whole > 0 ? `step ${count(run.step)} of ${count(whole)}` : `step ${count(run.step)}`;
  switch (run.state) {
    case "waiting":
    case "starting":
      return STATES[run.state];
    case "training":
      return run.seconds_left > 0 ? `${steps} · ${span(run.seconds_left)} left` : steps;
    case "finished":
      return `finished · ${count(run.step)} steps`;
    default:
      return `${STATES[run.state]} · ${steps}`;
  }
}

export function setLine(set: SetSummary): string {
  const files = `${count(set.files)} ${set.files === 1 ? "recording" : "recordings"}`;
  switch (set.state) {
    case "gathering":
      return set.folder !== "" ? "a folder, not prepared" : `${files}, not prepared`;
    case "preparing":
      return `preparing · ${Math.round(100 * set.share)} %`;
    case "failed":
      return "could not be prepared";
    case "ready":
      return `${span(set.seconds)} · ${files}`;
  }
}

/** How a curve has gone, in a sentence: for who cannot see it, and for who wants it short. */
export function goneHow(name: string, line: Line): string {
  const { values, steps } = line;
  if (values.length < 2) return `${name}: too little to say yet.`;
  const last = values.length - 1;
  const tail = Math.max(1, Math.floor(values.length / 10));
  const now = mean(values.slice(-tail));
  const before = mean(values.slice(-2 * tail, -tail));
  const best = values.reduce((least, value, i) => (value < values[least]! ? i : least), 0);
  const change = before !== 0 ? (now - before) / Math.abs(before) : 0;
  const way =
    Math.abs(change) < 0.005
      ? "it hardly moves any more"
      : `it ${change < 0 ? "fell" : "rose"} by ${(100 * Math.abs(change)).toFixed(Math.abs(change) < 0.1 ? 1 : 0)} % lately`;
  return `${name}: from ${figure(values[0]!)} to ${figure(values[last]!)}; ${way}. Lowest ${figure(values[best]!)}, at step ${count(steps[best]!)}.`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
