// Makes the drums of both kits away from the page's thread: one degree of force of all first, then the rest.

import { hit, PIECES } from "./kit";

/** What is to be made. */
export interface KitOrder {
  readonly rate: number;
  /** How each kit is tuned. */
  readonly tunes: readonly (readonly [string, number])[];
  /** Degrees of force, the one that is needed first in front; of how many. */
  readonly degrees: readonly number[];
  readonly of: number;
}

export interface KitMade {
  readonly who: string;
  readonly piece: number;
  readonly degree: number;
  readonly sound: Float32Array;
}

self.onmessage = ({ data }: MessageEvent<KitOrder>) => {
  for (const degree of data.degrees)
    for (const [who, tune] of data.tunes)
      for (let piece = 0; piece < PIECES; piece++) {
        const sound = hit(piece, degree / data.of, data.rate, tune);
        self.postMessage({ who, piece, degree, sound } satisfies KitMade, { transfer: [sound.buffer] });
      }
};
