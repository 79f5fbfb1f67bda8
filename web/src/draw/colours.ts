// Colours as light adds them up: between the notation of a page and shares of red, green and blue light.

/** Shares of light, 0..1. */
export type Rgb = readonly [number, number, number];

const KNOWN = new Map<string, Rgb>();
/** Whoever drags a colour about makes many of them. */
const MOST_KNOWN = 512;
const GREY: Rgb = [0.2, 0.2, 0.2];

/** Of "#rrggbb" or "#rgb"; anything else is grey. */
export function light(colour: string): Rgb {
  const known = KNOWN.get(colour);
  if (known !== undefined) return known;
  const digits = /^#([\da-f]{6})$/i.exec(colour.replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3"))?.[1];
  const part = (at: number): number => decoded(Number.parseInt(digits!.slice(at, at + 2), 16) / 255);
  const found: Rgb = digits === undefined ? GREY : [part(0), part(2), part(4)];
  if (KNOWN.size >= MOST_KNOWN) KNOWN.clear();
  KNOWN.set(colour, found);
  return found;
}

/** The light of a channel of sRGB (IEC 61966-2-1). */
export function decoded(channel: number): number {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
}

/** The channel of sRGB that shows this much light. */
export function encoded(share: number): number {
  return share <= 0.0031308 ? 12.92 * share : 1.055 * share ** (1 / 2.4) - 0.055;
}

/** `share` 0: the first, 1: the second. */
export function between(a: Rgb, b: Rgb, share: number): Rgb {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

export function times(colour: Rgb, by: number): Rgb {
  return [colour[0] * by, colour[1] * by, colour[2] * by];
}
