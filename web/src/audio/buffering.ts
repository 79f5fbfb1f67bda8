// How much sound is kept ahead of the device. As little as the device allows at first; more, step by step,
// if the sound keeps breaking up on this machine. Remembered by the browser under `isobath.buffering`, where
// {"step": 2, "automatic": false} holds it at one step.

/** Seconds asked for as AudioContext's latencyHint; 0 is the device's least. */
export const HINTS = [0, 0.01, 0.02, 0.04, 0.08] as const;

const WINDOW_SECONDS = 6;
/** So many breaks within the window are more than a hiccup. */
const BREAKS = 6;
/** A page that loads, or has just been opened again, breaks up for reasons of its own. */
const SETTLING_SECONDS = 3;

export class Buffering {
  private since: number;
  private readonly breaks: number[] = [];
  private counted = 0;

  constructor(
    /** Index into HINTS. */
    public step: number,
    now: number,
    private readonly automatic = true,
  ) {
    this.step = Math.min(HINTS.length - 1, Math.max(0, Math.round(step) || 0));
    this.since = now;
  }

  /**
   * As the browser remembers it. What was automatic begins one step lower than it ended: the machine may be
   * quieter today.
   */
  static from(text: string | null, now: number): Buffering {
    try {
      const { step, automatic } = JSON.parse(text ?? "") as { step: unknown; automatic: unknown };
      if (automatic === false) return new Buffering(Number(step), now, false);
      return new Buffering(Number(step) - 1, now);
    } catch {
      return new Buffering(0, now);
    }
  }

  toString(): string {
    return JSON.stringify({ step: this.step, automatic: this.automatic });
  }

  get hint(): number {
    return HINTS[this.step]!;
  }

  /** A new context begins to play, its count of breaks at 0. */
  begin(now: number): void {
    this.since = now;
    this.counted = 0;
    this.breaks.length = 0;
  }

  /** Told the number of breaks so far; true if more should be kept ahead from now on. */
  watch(underruns: number, now: number): boolean {
    const fresh = Math.min(BREAKS, underruns - this.counted);
    this.counted = underruns;
    if (!this.automatic || now - this.since < SETTLING_SECONDS) return false;
    for (let i = 0; i < fresh; i++) this.breaks.push(now);
    while (this.breaks.length > 0 && now - this.breaks[0]! > WINDOW_SECONDS) this.breaks.shift();
    if (this.breaks.length < BREAKS || this.step === HINTS.length - 1) return false;
    this.step++;
    return true;
  }
}
