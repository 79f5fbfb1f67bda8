// The sound survives what a phone does to it: a locked screen, a call, another app. While it plays the screen
// is kept on, where the browser lets a page ask; when it was taken away the sound goes on by itself as soon
// as the page is seen again, or at the first touch where the browser insists on one.

import type { InstrumentState } from "./instrument";

/** What of the instrument this needs. */
export interface Sounding extends EventTarget {
  readonly state: InstrumentState;
  readonly askedRate: number;
  start(sampleRate: number): Promise<void>;
  suspend(): Promise<void>;
}

interface Session {
  audioSession?: { type: string };
}

export class Staying {
  /** It was sounding, and nobody here asked it to stop. */
  private wanted = false;
  private lock: WakeLockSentinel | null = null;
  private asking = false;

  constructor(
    private readonly instrument: Sounding,
    /** Whether the page listens as well: a phone then plays through another path. */
    private readonly listens: () => boolean,
  ) {
    instrument.addEventListener("state", () => this.follow());
    instrument.addEventListener("input", () => this.say());
    document.addEventListener("visibilitychange", () => this.seen());
    addEventListener("pageshow", () => this.seen());
    document.addEventListener("resume", () => this.seen()); // a frozen page wakes (Page Lifecycle)
    for (const touch of ["pointerup", "keydown"])
      addEventListener(touch, () => void this.goOn(), { capture: true, passive: true });
    navigator.mediaSession?.setActionHandler?.("play", () => void this.goOn(true));
    navigator.mediaSession?.setActionHandler?.("pause", () => {
      this.wanted = false;
      void instrument.suspend();
    });
  }

  /** The sound is to stop, and stay so. */
  rest(): void {
    this.wanted = false;
  }

  private follow(): void {
    const { state } = this.instrument;
    if (state === "running") this.wanted = true;
    this.say();
    void this.keepScreen();
  }

  /** To the system: this is music, not a notification. */
  private say(): void {
    const session = (navigator as unknown as Session).audioSession;
    if (session !== undefined) {
      const type = this.listens() ? "play-and-record" : "playback";
      try {
        if (session.type !== type) session.type = type;
      } catch {} // a type that this system does not know
    }
    if (navigator.mediaSession !== undefined)
      navigator.mediaSession.playbackState = this.instrument.state === "running" ? "playing" : "paused";
  }

  private seen(): void {
    if (document.visibilityState !== "visible") return;
    void this.goOn();
    void this.keepScreen();
  }

  private async goOn(asked = false): Promise<void> {
    const { state, askedRate } = this.instrument;
    if (state !== "suspended" || (!this.wanted && !asked) || askedRate === 0 || this.asking) return;
    this.asking = true;
    try {
      await this.instrument.start(askedRate);
    } catch {
      // The instrument has said why.
    } finally {
      this.asking = false;
    }
  }

  /** A page that is not seen loses the lock, and asks again when it is. */
  private async keepScreen(): Promise<void> {
    const wanted = this.instrument.state === "running" && document.visibilityState === "visible";
    if (!wanted) {
      const lock = this.lock;
      this.lock = null;
      await lock?.release().catch(() => {});
    } else if (this.lock === null && matchMedia("(pointer: coarse)").matches) {
      try {
        const lock = await navigator.wakeLock?.request("screen");
        if (lock === undefined) return;
        this.lock = lock;
        lock.addEventListener("release", () => {
          if (this.lock === lock) this.lock = null;
        });
      } catch {} // a low battery, or a browser that will not
    }
  }
}
