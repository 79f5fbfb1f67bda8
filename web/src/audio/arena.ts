// Memory inside the kernel, handed out while nothing plays: first fit over a list of holes, 64-byte
// aligned, growing at the end. Models come and go; the render path never comes here.

const ALIGN = 64; // IB_ALIGN in kernel/isobath.h

interface Hole {
  start: number;
  size: number;
}

export class Arena {
  private holes: Hole[] = [];
  private end: number;

  /** `grow(bytes)` must make the memory at least that large, or throw. */
  constructor(
    base: number,
    private readonly grow: (bytes: number) => void,
  ) {
    this.end = roundUp(base);
  }

  /** Address of `bytes` fresh bytes (their content is whatever was there). */
  take(bytes: number): number {
    const size = roundUp(Math.max(bytes, 1));
    const at = this.holes.findIndex((hole) => hole.size >= size);
    if (at >= 0) {
      const hole = this.holes[at]!;
      const start = hole.start;
      hole.start += size;
      hole.size -= size;
      if (hole.size === 0) this.holes.splice(at, 1);
      return start;
    }
    const start = this.end;
    this.grow(start + size);
    this.end = start + size;
    return start;
  }

  /** Give back what `take(bytes)` returned. */
  give(start: number, bytes: number): void {
    const size = roundUp(Math.max(bytes, 1));
    let at = this.holes.findIndex((hole) => hole.start > start);
    if (at < 0) at = this.holes.length;
    this.holes.splice(at, 0, { start, size });
    this.join(at);
    this.join(at - 1);
    const last = this.holes.at(-1);
    if (last !== undefined && last.start + last.size === this.end) {
      this.end = last.start;
      this.holes.pop();
    }
  }

  private join(at: number): void {
    const hole = this.holes[at];
    const next = this.holes[at + 1];
    if (hole === undefined || next === undefined || hole.start + hole.size !== next.start) return;
    hole.size += next.size;
    this.holes.splice(at + 1, 1);
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN;
}
