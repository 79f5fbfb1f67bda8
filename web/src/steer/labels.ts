// Where labels of soundings go: beside their mark, on the side that has room; where none has, the label waits
// until the sounding is pointed at. As on a chart, no name lies over another.

/** Which side of its mark a label is on. "hidden": the mark alone, until it is pointed at or chosen. */
export type LabelSide = "right" | "left" | "above" | "below" | "hidden";

/** A mark in pixels, and the width of its label, figure and all. */
export interface Labelled {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const SIDES = ["right", "left", "above", "below"] as const;
/** Half a mark, and half a line of text, in rem. */
const MARK = 0.62;
const HALF_LINE = 0.5;
const GAP = 0.2;

/** A label's width in pixels, about: the face is a narrow italic. Long ones are cut by the style. */
export function labelWidth(label: string, rem: number): number {
  return Math.min(LONGEST_LABEL, 0.5 * label.length + 0.3) * rem;
}

/** In rem; the style cuts labels here. */
export const LONGEST_LABEL = 14;

/** A side for each mark; earlier marks choose first. Labels stay inside `room`. */
export function labelSides(marks: readonly Labelled[], room: Rectangle, rem: number): LabelSide[] {
  const taken: Rectangle[] = marks.map(({ x, y }) => ({
    left: x - MARK * rem,
    top: y - MARK * rem,
    right: x + MARK * rem,
    bottom: y + MARK * rem,
  }));
  return marks.map((mark, own) => {
    for (const side of SIDES) {
      const label = rectangle(mark, side, rem);
      const inside =
        label.left >= room.left &&
        label.right <= room.right &&
        label.top >= room.top &&
        label.bottom <= room.bottom;
      if (!inside || taken.some((other, i) => i !== own && overlap(label, other))) continue;
      taken.push(label);
      return side;
    }
    return "hidden";
  });
}

function rectangle({ x, y, width }: Labelled, side: (typeof SIDES)[number], rem: number): Rectangle {
  const away = (MARK + GAP) * rem;
  const half = HALF_LINE * rem;
  if (side === "right") return { left: x + away, right: x + away + width, top: y - half, bottom: y + half };
  if (side === "left") return { left: x - away - width, right: x - away, top: y - half, bottom: y + half };
  const middle = side === "above" ? y - away - half : y + away + half;
  return { left: x - width / 2, right: x + width / 2, top: middle - half, bottom: middle + half };
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
