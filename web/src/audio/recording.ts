// What is being recorded: a gesture, as rows from the worklet; or the sound, as blocks of it.

import type { SceneChange, Take } from "../protocol/messages";
import { newId } from "../state/identity";
import { joinRows, type RowChunk } from "./take";
import { WavWriter } from "./wav";
import { SOUND_SAMPLES } from "./wire";

export interface TakeEnd {
  /** Frames recorded. */
  readonly length: number;
  readonly hop: number;
  /** Of the hop: the leading voice's, Hz. */
  readonly rate: number;
  /** 1 for each axis a hand was on. */
  readonly moved: Uint8Array;
  /** How long it is by bars; 0: by frames. */
  readonly seconds: number;
  /** When it began, in samples of the worklet's clock. */
  readonly from: number;
}

export class TakeRecording {
  private readonly chunks: RowChunk[] = [];
  private readonly scenes: SceneChange[] = [];
  private readonly input: WavWriter;
  private resolve: (take: Take) => void = () => {};
  /** The take, once it has ended. */
  readonly take: Promise<Take>;

  /** `over`: the take that plays meanwhile; `axes`: ids, in the order of the piece; `sampleRate`: of what comes in. */
  constructor(
    private readonly name: string,
    private readonly over: Take | null,
    private readonly seed: number,
    private readonly axes: readonly string[],
    sampleRate: number,
    /** The scene at which it begins. */
    private readonly scene: string | null = null,
  ) {
    this.input = new WavWriter(2, sampleRate);
    this.take = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  add(rows: RowChunk): void {
    this.chunks.push(rows);
  }

  /** A scene was recalled. */
  goOver({ scene, frame, seconds }: SceneChange): void {
    this.scenes.push({ scene, frame, seconds });
  }

  /** What came in meanwhile. */
  hear(left: Float32Array, right: Float32Array): void {
    this.input.add([left, right], left.length);
  }

  /** All that came in, as a WAV file of its very samples; null where no voice listened. */
  heard(): Blob | null {
    return this.input.seconds > 0 ? this.input.blob() : null;
  }

  /** An overdub keeps the axes that were moved; a take of its own keeps all of them. */
  end({ length, hop, rate, moved, seconds }: TakeEnd): Take {
    const all = this.axes.map((_, i) => i);
    const columns = this.over === null ? all : all.filter((i) => moved[i] === 1);
    const take: Take = {
      id: newId(),
      name: this.name,
      hop,
      sample_rate: rate,
      length,
      axes: columns.map((i) => this.axes[i]!),
      ...joinRows(this.chunks, this.axes.length, columns),
      seed: this.seed,
      loop: this.over?.loop ?? seconds > 0,
      muted: false,
      over: this.over?.id ?? null,
      input: null,
      seconds,
      scenes: this.way(),
    };
    this.resolve(take);
    return take;
  }

  /** An overdub without scenes of its own goes the way of what it lies over. */
  private way(): SceneChange[] {
    if (this.scenes.length === 0) return [...(this.over?.scenes ?? [])];
    const first = this.scene === null ? [] : [{ scene: this.scene, frame: 0, seconds: 0 }];
    return [...first, ...this.scenes];
  }
}

export class SoundRecording {
  private readonly writer: WavWriter;
  private resolve: (file: Blob) => void = () => {};
  /** The WAV file, once it has ended. */
  readonly file: Promise<Blob>;

  constructor(sampleRate: number) {
    this.writer = new WavWriter(2, sampleRate);
    this.file = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  /** A block from the worklet: left, then right, SOUND_SAMPLES apart. */
  add(buffer: ArrayBuffer, samples: number): void {
    if (samples === 0) return;
    const left = new Float32Array(buffer, 0, SOUND_SAMPLES);
    const right = new Float32Array(buffer, 4 * SOUND_SAMPLES, SOUND_SAMPLES);
    this.writer.add([left, right], samples);
  }

  end(): void {
    this.resolve(this.writer.blob());
  }
}
