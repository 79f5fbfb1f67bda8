// Sounds put on a line of time to the sample, for an AudioWorklet: the page's copy of
// src/isobath/sound/mixing.py. Sounds are made elsewhere; here they are only added.

export const MOST_SOUNDING = 96;
export const CHOKE_SECONDS = 0.012;
const LOUDEST = 0.95;

interface Sounding {
  readonly sound: Float32Array;
  readonly at: number;
  readonly left: number;
  readonly right: number;
  readonly group: string;
  readonly provisional: boolean;
  ends: number;
}

export interface Put {
  readonly gain?: number;
  readonly pan?: number;
  readonly group?: string;
  readonly chokes?: string;
  /** It is forgotten with `forget`, unless it has begun. */
  readonly provisional?: boolean;
}

export class Mixer {
  /** Of the next block's beginning. */
  sample = 0;
  /** Sounds that were added after they should have begun. */
  late = 0;
  private sounding: Sounding[] = [];

  constructor(readonly rate: number) {}

  /** A sound that begins at a sample; one in the past begins now, and is late; 0 is now. */
  add(
    sound: Float32Array,
    at: number,
    { gain = 1, pan = 0, group = "", chokes = "", provisional = false }: Put = {},
  ): void {
    if (at < this.sample) {
      if (at > 0) this.late += 1;
      at = this.sample;
    }
    if (chokes && !provisional) this.choke(chokes, at);
    if (this.sounding.length >= MOST_SOUNDING) {
      this.sounding.sort((a, b) => a.at - b.at);
      this.sounding.shift();
    }
    const angle = ((Math.min(1, Math.max(-1, pan)) + 1) * Math.PI) / 4;
    const left = gain * Math.cos(angle);
    const right = gain * Math.sin(angle);
    const ends = Number.POSITIVE_INFINITY;
    this.sounding.push({ sound, at, left, right, group, provisional, ends });
  }

  /** What began in a group before a sample fades from there on. */
  choke(group: string, at: number): void {
    for (const each of this.sounding) {
      if (each.group === group && each.at < at) each.ends = Math.min(each.ends, at);
    }
  }

  /** What was put for the case that nothing better comes, and has not begun. */
  forget(): void {
    this.sounding = this.sounding.filter((each) => !each.provisional || each.at < this.sample);
  }

  /** Everything that sounds fades, and what is to come is forgotten. */
  hush(): void {
    this.sounding = this.sounding.filter((each) => each.at < this.sample);
    for (const each of this.sounding) each.ends = Math.min(each.ends, this.sample);
  }

  /** The next samples, into both channels. */
  mix(left: Float32Array, right: Float32Array): void {
    left.fill(0);
    right.fill(0);
    const end = this.sample + left.length;
    const fade = CHOKE_SECONDS * this.rate;
    for (const each of this.sounding) {
      const stop = Math.min(each.at + each.sound.length, end);
      for (let i = Math.max(each.at, this.sample); i < stop; i++) {
        const share = i < each.ends ? 1 : Math.max(0, 1 - (i - each.ends) / fade);
        const value = share * each.sound[i - each.at]!;
        const to = i - this.sample;
        left[to] = left[to]! + each.left * value;
        right[to] = right[to]! + each.right * value;
      }
    }
    for (let i = 0; i < left.length; i++) {
      left[i] = LOUDEST * Math.tanh(left[i]! / LOUDEST);
      right[i] = LOUDEST * Math.tanh(right[i]! / LOUDEST);
    }
    this.sample = end;
    let kept = 0; // in place: nothing is allocated where sound is made
    for (const each of this.sounding)
      if (each.at + each.sound.length > end && each.ends + fade > end) this.sounding[kept++] = each;
    this.sounding.length = kept;
  }
}
