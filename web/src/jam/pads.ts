// Where the hands are: nine pads for drums, a keyboard of two octaves for melodies, both on the computer's
// keys, too. Keys are known by where they lie, not by what is printed on them.

import { PIECES } from "./bars";

export interface Pad {
  readonly name: string;
  readonly piece: number;
  readonly code: string;
  readonly key: string;
}

const pad = (piece: number, code: string, key: string): Pad => ({ name: PIECES[piece]!, piece, code, key });

/** As they lie, row by row. */
export const PADS: readonly Pad[] = [
  pad(7, "Digit7", "7"),
  pad(8, "Digit8", "8"),
  pad(3, "Digit9", "9"),
  pad(6, "KeyU", "U"),
  pad(5, "KeyI", "I"),
  pad(4, "KeyO", "O"),
  pad(0, "KeyJ", "J"),
  pad(1, "KeyK", "K"),
  pad(2, "KeyL", "L"),
];

export interface Note {
  /** Semitones over the lowest. */
  readonly step: number;
  readonly black: boolean;
  readonly code: string;
  readonly key: string;
}

const CODES =
  "KeyA A KeyW W KeyS S KeyE E KeyD D KeyF F KeyT T KeyG G KeyY Y KeyH H KeyU U KeyJ J KeyK K KeyO O KeyL L KeyP P Semicolon ;".split(
    " ",
  );

/** From C to the F a tenth and more above, on two rows of keys. */
export const NOTES: readonly Note[] = Array.from({ length: CODES.length / 2 }, (_, step) => ({
  step,
  black: [1, 3, 6, 8, 10].includes(step % 12),
  code: CODES[2 * step]!,
  key: CODES[2 * step + 1]!,
}));

export const LOWEST_OCTAVE = 2;
export const HIGHEST_OCTAVE = 6;
/** MIDI pitch of the C that an octave begins with; octave 4 has the middle one. */
export const lowestOf = (octave: number): number => 12 * (octave + 1);

const SOFT = 0.3;
const KEY = 0.75;
const KEY_HARD = 1;

/** Of a computer key: Shift is harder. */
export const keyVelocity = (shift: boolean): number => (shift ? KEY_HARD : KEY);

/** Of a press: a pen, or a finger whose force is told, is believed; otherwise lower on the pad is harder. */
export function pressVelocity(event: Pick<PointerEvent, "pointerType" | "pressure">, share: number): number {
  const { pointerType, pressure } = event;
  // without a sensor the pressure is 0.5 of a mouse, and 0 or 1 of most fingers
  const told = pointerType === "pen" || (pointerType === "touch" && pressure !== 0.5 && pressure < 1);
  if (told && pressure > 0) return Math.min(1, SOFT + (1 - SOFT) * pressure);
  return SOFT + (1 - SOFT) * Math.min(1, Math.max(0, share));
}
