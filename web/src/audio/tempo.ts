// The beat, counted in samples since the sound began: what begins and ends on the bar asks here.

export class Tempo {
  bpm = 120;
  beats = 4;
  private origin = 0;

  constructor(private readonly sampleRate: number) {}

  get barSamples(): number {
    return (this.beats * 60 * this.sampleRate) / this.bpm;
  }

  /** Another tempo from sample `now` on, in the same beat; with a `phase` (beats), at that one. */
  set(bpm: number, beats: number, now: number, phase: number | null): void {
    const at = phase ?? this.beatAt(now);
    this.bpm = Math.min(300, Math.max(20, bpm));
    this.beats = Math.min(16, Math.max(1, Math.round(beats)));
    this.origin = now - (at * 60 * this.sampleRate) / this.bpm;
  }

  /** Beats since the first bar. */
  beatAt(sample: number): number {
    return ((sample - this.origin) * this.bpm) / (60 * this.sampleRate);
  }

  /** The first bar line at or after a sample. */
  nextBar(sample: number): number {
    const bar = this.barSamples;
    return this.origin + Math.ceil((sample - this.origin) / bar - 1e-9) * bar;
  }
}
