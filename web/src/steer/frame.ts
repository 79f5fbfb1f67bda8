// Where a pad lies on its canvas, and back: performance space (0..1, y up) <-> pixels (y down).

export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Room for the neatline and its figures around the chart, in CSS pixels. */
export function frameOf(width: number, height: number, rem = 1): Frame {
  const narrow = Math.min(width, height) < 420;
  const margin = narrow ? 14 : Math.round(26 * rem);
  return {
    left: margin,
    top: margin,
    width: Math.max(1, width - 2 * margin),
    height: Math.max(1, height - 2 * margin),
  };
}

export const toX = (frame: Frame, value: number): number => frame.left + value * frame.width;
export const toY = (frame: Frame, value: number): number => frame.top + (1 - value) * frame.height;

const within = (value: number): number => Math.max(0, Math.min(1, value));

export const fromX = (frame: Frame, x: number): number => within((x - frame.left) / frame.width);
export const fromY = (frame: Frame, y: number): number => within(1 - (y - frame.top) / frame.height);
