// Beacons: landmarks that ping quietly from where they stand, for whoever walks without sight. They belong to the
// page and not to the piece: no recording has them, and they never come near the loudness of the sound.

import type { Landmark } from "../protocol/messages";
import type { Pose } from "./pose";
import { bearings } from "./telling";

/** Farther away nothing pings. */
const REACH = 80;
/** Linear, of the nearest: -32 dBFS. */
const LOUDEST = 0.025;
const MOST = 3;

export interface Ping {
  readonly id: string;
  readonly gain: number;
  /** -1 left .. 1 right. */
  readonly pan: number;
  /** Lower behind the walker, so that front and back differ. */
  readonly hz: number;
  /** Seconds until the next: quicker as one comes nearer. */
  readonly wait: number;
}

const NOTES = [523.25, 587.33, 659.26, 783.99, 880] as const;

/** What the nearest beacons do from here. */
export function pings(landmarks: readonly Landmark[], pose: Pose): Ping[] {
  const lit = landmarks.filter((each) => each.beacon);
  const spots = lit.map((each) => {
    const [x, y, z] = each.position;
    return { id: each.id, kind: "landmark" as const, label: each.label, x, y, z };
  });
  return bearings(spots, pose)
    .filter(({ metres }) => metres < REACH)
    .slice(0, MOST)
    .map(({ spot, metres, turn }) => {
      const near = 1 - metres / REACH;
      const note = NOTES[lit.findIndex((each) => each.id === spot.id) % NOTES.length]!;
      return {
        id: spot.id,
        gain: LOUDEST * near ** 2,
        pan: Math.sin(2 * Math.PI * turn),
        hz: Math.abs(turn) > 0.25 ? note / 2 : note,
        wait: 0.35 + 1.65 * (metres / REACH),
      };
    });
}

/** Sounds them. */
export class Beacons {
  private context: AudioContext | null = null;
  private readonly next = new Map<string, number>();

  /** Once a frame; silent until there is a beacon near. */
  sound(landmarks: readonly Landmark[], pose: Pose, seconds: number): void {
    const near = pings(landmarks, pose);
    if (near.length === 0) return;
    this.context ??= new AudioContext();
    for (const ping of near) {
      if (seconds < (this.next.get(ping.id) ?? 0)) continue;
      this.next.set(ping.id, seconds + ping.wait);
      play(this.context, ping);
    }
  }

  stop(): void {
    void this.context?.close();
    this.context = null;
    this.next.clear();
  }
}

function play(context: AudioContext, { gain, pan, hz }: Ping): void {
  const now = context.currentTime;
  const tone = new OscillatorNode(context, { frequency: hz });
  const level = new GainNode(context, { gain: 0 });
  level.gain.linearRampToValueAtTime(gain, now + 0.008);
  level.gain.exponentialRampToValueAtTime(1e-5, now + 0.28);
  tone.connect(level).connect(new StereoPannerNode(context, { pan })).connect(context.destination);
  tone.start(now);
  tone.stop(now + 0.3);
}
