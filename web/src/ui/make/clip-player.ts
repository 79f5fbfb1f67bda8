// Two clips of equal length played in step; one of them is heard. Going over takes a few milliseconds and
// loses no time, so that what is compared is the same moment.

import type { Side } from "../../net/making";

type Clips = Partial<Record<Side, AudioBuffer>>;
const FADE_SECONDS = 0.012;

export class ClipPlayer {
  loop = true;
  private context: AudioContext | null = null;
  private heard: Side = "source";
  private clips: Clips = {};
  private voices: { node: AudioBufferSourceNode; gain: GainNode; side: Side }[] = [];
  private began = 0;
  private rest = 0;

  constructor(private readonly ended: () => void) {}

  private get seconds(): number {
    return this.clips.source?.duration ?? 0;
  }

  /** How far the clip has been heard, 0 to 1. */
  get share(): number {
    if (this.voices.length === 0 || this.context === null || this.seconds === 0) return this.rest;
    const at = this.context.currentTime - this.began;
    return (this.loop ? at % this.seconds : Math.min(at, this.seconds)) / this.seconds;
  }

  play(clips: Clips, side: Side): void {
    this.heard = side;
    this.clips = clips;
    if (this.voices.length > 0) {
      this.cross();
      return;
    }
    this.context ??= new AudioContext({ latencyHint: "interactive" });
    void this.context.resume();
    this.start(this.rest);
  }

  /** Other clips for the same place: a newer checkpoint, or another recording. */
  replace(clips: Clips): void {
    const playing = this.voices.length > 0;
    const share = this.share;
    this.clips = clips;
    if (!playing) return;
    this.silence();
    this.start(share);
  }

  seek(share: number): void {
    this.rest = share;
    if (this.voices.length === 0) return;
    this.silence();
    this.start(share);
  }

  stop(): void {
    this.rest = this.share;
    this.silence();
  }

  private start(share: number): void {
    const { context, seconds } = this;
    if (context === null || seconds === 0) return;
    const offset = share >= 1 ? 0 : share * seconds;
    this.began = context.currentTime - offset;
    for (const side of ["source", "reconstruction"] as const) {
      const buffer = this.clips[side];
      if (buffer === undefined) continue;
      const node = new AudioBufferSourceNode(context, { buffer, loop: this.loop });
      const gain = new GainNode(context, { gain: 0 });
      node.connect(gain).connect(context.destination);
      node.start(0, Math.min(offset, buffer.duration));
      const voice = { node, gain, side };
      if (side === "source")
        node.onended = () => {
          if (!this.voices.includes(voice)) return;
          this.rest = 0;
          this.silence();
          this.ended();
        };
      this.voices.push(voice);
    }
    this.cross();
  }

  private cross(): void {
    const now = this.context?.currentTime ?? 0;
    for (const { gain, node, side } of this.voices) {
      node.loop = this.loop;
      gain.gain.setTargetAtTime(side === this.heard ? 1 : 0, now, FADE_SECONDS / 3);
    }
  }

  private silence(): void {
    const now = this.context?.currentTime ?? 0;
    for (const { gain, node } of this.voices) {
      gain.gain.setTargetAtTime(0, now, FADE_SECONDS / 3);
      node.stop(now + 4 * FADE_SECONDS);
    }
    this.voices = [];
  }
}
