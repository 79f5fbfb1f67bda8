// One sound for all: the latents that the server makes of everybody's places are played by the piece's own voices,
// in every page alike.

import type { App } from "../ui/app";

/** Between two frames of the room the latent goes on smoothly. */
const GLIDE_SECONDS = 0.09;

export class CrowdSound {
  private wanted: readonly Float32Array[] = [];
  private now: Float64Array[] = [];

  constructor(private readonly app: App) {}

  told(latents: readonly Float32Array[]): void {
    this.wanted = latents;
  }

  /** Once a frame; true while it sounds. */
  sound(passed: number): boolean {
    const { instrument } = this.app;
    if (this.wanted.length === 0 || instrument.state !== "running") return false;
    const share = 1 - Math.exp(-passed / GLIDE_SECONDS);
    this.wanted.forEach((wanted, slot) => {
      let now = this.now[slot];
      if (now === undefined || now.length !== wanted.length) now = Float64Array.from(wanted);
      else for (let d = 0; d < now.length; d++) now[d] = now[d]! + share * (wanted[d]! - now[d]!);
      this.now[slot] = now;
      instrument.setLatent(slot, now);
    });
    return true;
  }

  /** Everybody plays their own again. */
  stop(): void {
    this.now.forEach((_, slot) => {
      this.app.instrument.setLatent(slot, null);
    });
    this.wanted = [];
    this.now = [];
  }
}
