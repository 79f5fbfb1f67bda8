// Sound as a 24-bit WAV file (RIFF, format 1), built as it comes in.

export class WavWriter {
  private readonly parts: ArrayBuffer[] = [];
  private frames = 0;

  constructor(
    readonly channels: number,
    readonly sampleRate: number,
  ) {}

  /** Add `samples` of each channel, -1..1. */
  add(sound: readonly Float32Array[], samples: number): void {
    const bytes = new Uint8Array(samples * this.channels * 3);
    let at = 0;
    for (let i = 0; i < samples; i++) {
      for (let c = 0; c < this.channels; c++) {
        const value = toInt24(sound[c]![i]!);
        bytes[at] = value & 0xff;
        bytes[at + 1] = (value >> 8) & 0xff;
        bytes[at + 2] = (value >> 16) & 0xff;
        at += 3;
      }
    }
    this.parts.push(bytes.buffer);
    this.frames += samples;
  }

  get seconds(): number {
    return this.frames / this.sampleRate;
  }

  blob(): Blob {
    const data = this.frames * this.channels * 3;
    const pad = data % 2;
    return new Blob([this.head(data, pad), ...this.parts, new ArrayBuffer(pad)], { type: "audio/wav" });
  }

  private head(data: number, pad: number): ArrayBuffer {
    const view = new DataView(new ArrayBuffer(44));
    const text = (at: number, word: string) => {
      for (let i = 0; i < word.length; i++) view.setUint8(at + i, word.charCodeAt(i));
    };
    text(0, "RIFF");
    view.setUint32(4, 36 + data + pad, true);
    text(8, "WAVEfmt ");
    view.setUint32(16, 16, true);
    view.setUint16(20, 1, true); // integer PCM
    view.setUint16(22, this.channels, true);
    view.setUint32(24, this.sampleRate, true);
    view.setUint32(28, this.sampleRate * this.channels * 3, true);
    view.setUint16(32, this.channels * 3, true);
    view.setUint16(34, 24, true);
    text(36, "data");
    view.setUint32(40, data, true);
    return view.buffer;
  }
}

/** -1..1 to -8388608..8388607, rounded; NaN is silence. */
export function toInt24(x: number): number {
  const scaled = Math.round(x * 8388608);
  if (Number.isNaN(scaled)) return 0;
  return Math.max(-8388608, Math.min(8388607, scaled));
}
