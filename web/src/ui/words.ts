// Numbers and states as they are read.

import type { StreamStatus } from "../audio/instrument";

/** A real minus sign, so that columns line up and screen readers say "minus". */
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  const zero = Number(text) === 0;
  return zero ? text : value < 0 ? `\u2212${text}` : `+${text}`;
}

export function decibels(value: number): string {
  return value <= -90 ? "\u2212\u221e dB" : `${signed(value, 1)} dB`;
}

export function kilohertz(hertz: number): string {
  return `${hertz / 1000} kHz`;
}

export function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(seconds < 0.1 ? 1 : 0)} ms`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function duration(seconds: number): string {
  const whole = Math.floor(seconds / 60);
  const rest = seconds - 60 * whole;
  return whole > 0 ? `${whole}:${String(Math.floor(rest)).padStart(2, "0")}` : `${rest.toFixed(1)} s`;
}

/** A model's own label for a dimension, with a real minus. */
export function carried(label: string | undefined): string {
  return (label ?? "").replace(/-(?=\d)/g, "\u2212");
}

/** "just now", "5 minutes ago", "3 May": how long ago something was, in the coarsest true words. */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, now - then);
  if (seconds < 60) return "just now";
  if (seconds < 3600) return plural(Math.floor(seconds / 60), "minute");
  if (seconds < 86400) return plural(Math.floor(seconds / 3600), "hour");
  return new Date(then * 1000).toLocaleDateString(undefined, {
    day: "numeric",
    month: "short",
    year: "numeric",
  });
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}

/** What is said of a streamed voice. */
export function streamedWords(status: StreamStatus): string {
  if (status.state === "away") return "the server is away";
  if (status.state === "refused") return "not made by the server";
  if (status.state === "connecting") return "being loaded by the server";
  return status.delay === null ? "streamed" : `streamed, ${(1000 * status.delay).toFixed(0)} ms`;
}
