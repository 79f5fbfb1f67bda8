// Copies of one shape: where each stands, how large it is, and its colour, as one array for the card.

import type { Rgb } from "./colours";
import type { Triple } from "./eye";

/** Numbers of one copy: four columns of its place, and its colour. */
export const NUMBERS = 16;
const FIRST = 16;

export class Many {
  values = new Float32Array(FIRST * NUMBERS);
  /** So many are drawn. */
  count = 0;
  /** Counts its changes. */
  version = 0;

  /** That there are so many; whatever was put before stays where it is. */
  fill(count: number): void {
    this.count = count;
    this.version += 1;
    if (count * NUMBERS <= this.values.length) return;
    const wider = new Float32Array(2 * count * NUMBERS);
    wider.set(this.values);
    this.values = wider;
  }

  /** Put one of them somewhere, `turn` radians about its height. */
  put(at: number, place: Triple, size: Triple, colour: Rgb, alpha = 1, turn = 0): void {
    const [sin, cos] = [Math.sin(turn), Math.cos(turn)];
    const [w, h, d] = size;
    this.values.set(
      [w * cos, 0, -w * sin, 0, h, 0, d * sin, 0, d * cos, ...place, ...colour, alpha],
      at * NUMBERS,
    );
    this.version += 1;
  }

  /** The same in any direction: where its own x, y and z lead, and how far. */
  lay(at: number, place: Triple, x: Triple, y: Triple, z: Triple, colour: Rgb, alpha = 1): void {
    this.values.set([...x, ...y, ...z, ...place, ...colour, alpha], at * NUMBERS);
    this.version += 1;
  }
}
