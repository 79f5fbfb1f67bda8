// The instrument while the server's stage plays the piece on a sound device of its machine: the page's own
// sound is silent, gestures, takes and panic go to the stage, and meters come from there. Off the stage it is
// the page's own worklet and nothing else.

import { post } from "../net/http";
import {
  type DoOnStage,
  type FromPage,
  makeStageState,
  type StageDevice,
  type StageHeard,
  type StageNow,
  type StageSettings,
  type StageState,
  type StageTook,
  type Take,
  type Tempo,
} from "../protocol/messages";
import { newId } from "../state/identity";
import type { Meters } from "./instrument";
import { emptyMeters } from "./meters";
import { StageEar } from "./stage-ear";
import { StageHands } from "./stage-hands";
import { Tempo as Beat } from "./tempo";
import { WorkletInstrument } from "./worklet-instrument";

const TAKE_MS = 8000;
/** The stage tells that it records before so much has gone by since it was asked to, or it does not. */
const ASKED_MS = 5000;
const NOTHING: DoOnStage = {
  type: "do_on_stage",
  request: 0,
  action: "stop",
  take: null,
  name: "",
  seed: 1,
  to: 1,
  seconds: 0,
  hands: true,
  on_bar: false,
  bars: 0,
  makes: null,
  onward: false,
  bpm: 120,
  beat: null,
};
const AT_ONCE: readonly DoOnStage["action"][] = ["panic", "freeze", "thaw", "fade", "beat"];
/** The spectrum's bytes count half decibels from here. */
const QUIETEST_DB = -127.5;

export class StagedInstrument extends WorkletInstrument {
  // events, beside those of every instrument: "stage": how the stage stands has changed; "left-take"
  // (CustomEvent<Take>): a take that nobody waits for any longer, and that is not kept yet
  stage: StageState = makeStageState();
  devices: readonly StageDevice[] = [];
  /** True if it went out. */
  tell: (message: FromPage) => boolean = () => false;
  /** Before something is asked that needs what was just edited. */
  flush: () => void = () => {};

  /** Off until somebody listens here. */
  readonly ear: StageEar;
  private earRate = 0;
  private piece: string | null = null;
  private on = false;
  /** Somebody looks at the stage though nothing plays there. */
  private lookers = 0;
  private watching = false;
  private soundedBefore = false;
  private asksStart = false;
  private request = 0;
  private readonly hands = new StageHands(
    (message) => this.tell(message),
    () => ({ axes: this.axes, values: this.gesture.subarray(1) }),
  );
  private heardMeters: Meters = emptyMeters();
  private waiting = new Map<string, (take: Take) => void>();
  /** Asked for here, too late to be waited for any longer. */
  private readonly belated = new Set<string>();
  /** When a take was asked for of which the stage has not told yet. */
  private asksTake = Number.NEGATIVE_INFINITY;
  /** Its end was asked for, and the stage has not told of that yet. */
  private endsTake = false;
  private heardSpectrum: Uint8Array | null = null;
  /** Hands that move meanwhile mime the take that is played: they are not heard. */
  mimed = false;
  private seedOnStage = 1;

  constructor(page: string) {
    super(page);
    this.ear = new StageEar(page);
  }

  /** Hear the stage in this browser as well, a little later; or no longer. */
  listenHere(on: boolean): void {
    this.earRate = on ? this.stage.sample_rate : 0;
    if (on) void this.ear.start(this.earRate);
    else this.ear.stop();
  }

  /** Whether the stage plays what is open here. */
  get onStage(): boolean {
    return this.on;
  }

  // ------------------------------------------------------------------ what the panel asks

  /** Open a device of the server's machine, or another one. */
  startStage(settings: StageSettings): boolean {
    this.flush();
    this.asksStart = this.tell({ type: "start_stage", request: ++this.request, settings });
    return this.asksStart;
  }

  stopStage(): void {
    this.tell({ type: "stop_stage", request: ++this.request });
  }

  /** Look at the stage, with the devices there are, until the answer is called. */
  look(): () => void {
    this.lookers++;
    this.attend();
    return () => {
      this.lookers--;
      this.attend();
    };
  }

  private attend(): void {
    const wanted = this.lookers > 0 || this.on;
    if (wanted !== this.watching && this.tell({ type: "watch_stage", watching: wanted }))
      this.watching = wanted;
  }

  // ------------------------------------------------------------------ what comes from the server

  /** The connection stands anew: nobody there knows that this page looks. */
  back(): void {
    this.watching = false;
    if (this.on) {
      this.watching = this.tell({ type: "watch_stage", watching: true });
    } else this.attend();
  }

  /** Another piece is open here. */
  opened(piece: string): void {
    this.piece = piece;
    this.settle();
  }

  /** Controllers at the server moved axes; the stage has heard of it already. */
  movedElsewhere(axes: readonly string[], values: readonly number[]): void {
    this.hands.movedElsewhere(axes, values);
  }

  hear(message: StageNow | StageHeard | StageTook): void {
    if (message.type === "stage_heard") this.meter(message);
    else if (message.type === "stage_took") this.took(message);
    else {
      const before = this.stage;
      this.stage = message.state;
      if (this.stage.recording) this.asksTake = Number.NEGATIVE_INFINITY;
      else this.endsTake = false;
      if (message.devices.length > 0) this.devices = message.devices;
      this.settle();
      if (this.on && before.take !== this.stage.take) this.dispatchEvent(new Event("playing"));
      this.dispatchEvent(new Event("stage"));
    }
  }

  private settle(): void {
    const { condition, piece } = this.stage;
    const plays = condition === "playing" || condition === "lost";
    const on = plays && piece !== "" && piece === this.piece;
    if (condition === "playing" && this.asksStart) {
      this.asksStart = false;
      this.hands.begin();
    }
    if (on) this.sampleRate = this.stage.sample_rate;
    if (this.ear.state !== "off") {
      if (!on) this.ear.stop();
      else if (this.stage.sample_rate !== this.earRate) this.listenHere(true);
    }
    if (on === this.on) {
      if (on) this.hands.move();
      return;
    }
    this.on = on;
    if (on) {
      this.hands.goOn();
      void this.goOn();
    } else this.goOff();
    this.attend();
  }

  /** The page's own sound ends; what it was asked to play is remembered for later. */
  private async goOn(): Promise<void> {
    this.soundedBefore = this.state === "running" || this.state === "starting";
    await this.settled();
    if (!this.on) return;
    await this.close();
    if (!this.on) return;
    this.sampleRate = this.stage.sample_rate;
    this.failure = null;
    this.enter("running");
  }

  private goOff(): void {
    this.hands.goOff();
    this.asksTake = Number.NEGATIVE_INFINITY;
    this.endsTake = false;
    this.takeId = this.rounded = null;
    this.heardSpectrum = null;
    this.sampleRate = 0;
    this.enter("idle");
    this.dispatchEvent(new Event("playing"));
    if (this.soundedBefore) super.start(this.askedRate).catch(() => {}); // its failure is in `failure`
  }

  private meter(heard: StageHeard): void {
    if (!this.on) return;
    const meters = this.heardMeters;
    const { dims, hop } = this.shapeOf(this.watchedSlot);
    if (meters.latent.length !== dims) {
      meters.latent = new Float32Array(dims);
      meters.performer = new Float32Array(dims);
    }
    const latent = heard.latents[this.watchedSlot] ?? [];
    const meant = heard.meant[this.watchedSlot] ?? latent;
    for (let i = 0; i < dims; i++) meters.latent[i] = latent[i] ?? 0;
    for (let i = 0; i < dims; i++) meters.performer[i] = meant[i] ?? 0;
    const said = heard.said[this.watchedSlot] ?? [];
    if (meters.source.length !== said.length) meters.source = new Float32Array(said.length);
    meters.source.set(said);
    const ear = heard.ears[this.watchedSlot] ?? null;
    meters.ear = ear === null ? null : { peak: ear.peak, lufs: ear.lufs, matchDb: ear.match_db };
    const axes = this.axes.length;
    if (meters.gesture.length !== axes) meters.gesture = new Float64Array(axes);
    for (let i = 0; i < axes; i++) meters.gesture[i] = heard.gesture[i] ?? this.gesture[1 + i]!;
    this.heardSpectrum = heard.spectrum;
    [meters.peak[0], meters.peak[1]] = heard.peak;
    [meters.rms[0], meters.rms[1]] = heard.rms;
    meters.limiterDb = heard.limiter_db;
    meters.guardDb = heard.guard_db;
    meters.clamped = heard.clamped;
    meters.scrubbed = heard.scrubbed;
    meters.frame = Math.floor(heard.position / hop);
    meters.load = this.stage.load;
    meters.underruns = this.stage.underruns;
    meters.latency = this.stage.latency_ms / 1000;
    const { bpm, beats } = this.beat;
    this.beat.set(bpm, beats, performance.now(), heard.beat);
    meters.beat = heard.beat;
    meters.faded = this.stage.faded ? 0 : 1;
    this.dispatchEvent(new CustomEvent<Meters>("meters", { detail: meters }));
  }

  // ------------------------------------------------------------------ the instrument

  override start(sampleRate: number): Promise<void> {
    if (!this.on) return super.start(sampleRate);
    this.askedRate = sampleRate;
    return Promise.resolve();
  }

  override async suspend(): Promise<void> {
    if (!this.on) await super.suspend();
  }

  override setGesture(values: ArrayLike<number>, touched?: ArrayLike<number>): void {
    super.setGesture(values, touched);
    this.hands.lie(this.axes.filter((_, i) => touched?.[i] === 1).map(({ id }) => id));
  }

  override setLatent(slot: number, latent: ArrayLike<number> | null): void {
    super.setLatent(slot, latent);
    this.hands.look(slot, latent);
  }

  private do(action: DoOnStage["action"], more: Partial<DoOnStage> = {}): boolean {
    // What was just edited may be needed; silence waits for nothing.
    if (!AT_ONCE.includes(action)) this.flush();
    return this.tell({ ...NOTHING, ...more, request: ++this.request, action });
  }

  override panic(): void {
    if (this.on) this.do("panic");
    super.panic();
  }

  override resume(): void {
    if (this.on) this.do("begin", { seed: this.seedOnStage });
    super.resume();
  }

  override setFrozen(on: boolean): void {
    super.setFrozen(on);
    if (this.on) this.do(on ? "freeze" : "thaw");
  }

  override fade(to: number, seconds: number): void {
    super.fade(to, seconds);
    if (this.on) this.do("fade", { to, seconds });
  }

  override get recordingTake(): boolean {
    if (!this.on) return super.recordingTake;
    if (performance.now() - this.asksTake < ASKED_MS) return true;
    return this.stage.recording && !this.endsTake; // whoever began it, this page or none
  }

  /** Whether a take has ended and is on its way. */
  get takeComes(): boolean {
    return this.waiting.size > 0;
  }

  override get playingTake(): string | null {
    return this.on ? this.stage.take : super.playingTake;
  }

  private takeName = "";
  /** The id that was given to the take that is recorded, and that it gets if it ends with its bars. */
  private takeId: string | null = null;
  /** A loop in time whose recording has just ended: played, it goes on. */
  private rounded: string | null = null;
  /** The stage's beat, as it was told last, in milliseconds of this page's clock. */
  private readonly beat = new Beat(1000);

  override setTempo(tempo: Tempo, phase: number | null = null): void {
    super.setTempo(tempo, phase);
    // The piece's own tempo gets there with the piece.
    if (this.on && (phase !== null || tempo.bpm !== this.beat.bpm))
      this.do("beat", { bpm: tempo.bpm, beat: phase });
    this.beat.set(tempo.bpm, tempo.beats, performance.now(), phase);
  }

  override recordTake(name: string, over?: Take): void {
    if (!this.on) {
      super.recordTake(name, over);
      return;
    }
    this.takeName = name;
    this.takeId = newId();
    this.asksTake = performance.now();
    this.endsTake = false;
    this.seedOnStage = over?.seed ?? 1;
    const { synchronised, bars } = this.tempo;
    this.do("record", {
      seed: this.seedOnStage,
      take: over?.id ?? null,
      name,
      makes: this.takeId,
      on_bar: synchronised,
      bars: synchronised ? bars : 0,
    });
  }

  override stopTake(): Promise<Take> {
    if (!this.on) return super.stopTake();
    if (!this.recordingTake) return Promise.reject(new Error("No take is being recorded."));
    const id = this.takeId ?? newId();
    const onBar = this.tempo.synchronised;
    if (!this.do("finish", { take: id, name: this.takeName, on_bar: onBar }))
      return Promise.reject(
        new Error("The stage cannot be reached, and records on. Finish the take once the connection stands."),
      );
    this.asksTake = Number.NEGATIVE_INFINITY;
    this.endsTake = true;
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => {
          this.waiting.delete(id);
          this.belated.add(id);
          reject(new Error("The stage sent no take. Look whether it still plays, and record again."));
        },
        // Where it waits for its bar, it ends within two of them.
        TAKE_MS + (onBar ? 2 * this.beat.barSamples : 0),
      );
      this.waiting.set(id, (take) => {
        clearTimeout(late);
        this.waiting.delete(id);
        resolve(take);
      });
    });
  }

  private took({ take, left }: StageTook): void {
    const waits = this.waiting.get(take.id);
    const own = take.id === this.takeId;
    if (own) this.takeId = null;
    if (own && take.seconds > 0) this.rounded = take.id;
    waits?.(take);
    // Its bars may have ended it, with nobody asking.
    if (waits !== undefined || (own && !this.belated.has(take.id)))
      this.dispatchEvent(new CustomEvent("take", { detail: take }));
    else if (this.belated.delete(take.id) || left)
      this.dispatchEvent(new CustomEvent("left-take", { detail: take }));
  }

  override playTake(take: Take, loop: boolean): void {
    if (!this.on) {
      super.playTake(take, loop);
      return;
    }
    this.seedOnStage = take.seed;
    const onward = loop && take.id === this.rounded;
    this.rounded = null;
    this.do("play", { take: take.id, hands: !this.mimed, on_bar: this.tempo.synchronised, onward });
  }

  override stopPlaying(): void {
    if (!this.on) super.stopPlaying();
    else this.do("stop");
  }

  override spectrum(into: Float32Array<ArrayBuffer>): void {
    if (!this.on) {
      super.spectrum(into);
      return;
    }
    const { heardSpectrum } = this;
    if (heardSpectrum === null) into.fill(Number.NEGATIVE_INFINITY);
    else
      for (let i = 0; i < into.length; i++) {
        const bin = heardSpectrum[Math.floor((i * heardSpectrum.length) / into.length)]!;
        into[i] = bin === 0 ? Number.NEGATIVE_INFINITY : bin / 2 + QUIETEST_DB;
      }
  }

  // ------------------------------------------------------------------ the sound of the stage

  /** A recording was asked for, and the server has not told of it yet. */
  private asksSound = false;

  override get recordingSound(): boolean {
    return this.stage.sound || this.asksSound || super.recordingSound;
  }

  override recordSound(kind: "wav" | "flac" = "wav"): void {
    if (!this.on) {
      super.recordSound();
      return;
    }
    this.asksSound = true;
    post(`stage/sound?kind=${kind}`, "")
      .catch((problem: Error) => this.complain(problem.message))
      .finally(() => {
        this.asksSound = false;
      });
  }

  /** What the stage has played is fetched from the server, also after the stage has ended. */
  override async stopSound(): Promise<Blob> {
    if (!this.stage.sound && !this.asksSound) return super.stopSound();
    const answer = await post("stage/sound/end", "");
    return answer.blob();
  }
}
