// The wake: where the vessel has been in the last seconds, thinning and fading behind it.
// A ring of numbers, filled and drawn without allocation.

const LENGTH = 192;
const SECONDS = 1.6;
const LEAP = 180;

export class Wake {
  private readonly x = new Float32Array(LENGTH);
  private readonly y = new Float32Array(LENGTH);
  private readonly time = new Float64Array(LENGTH).fill(Number.NEGATIVE_INFINITY);
  private head = 0;
  /** Direction of travel in radians, pixels; straight up until the vessel has moved. */
  heading = -Math.PI / 2;

  /** The vessel is at this pixel at this moment (seconds). */
  add(x: number, y: number, now: number): void {
    const last = (this.head + LENGTH - 1) % LENGTH;
    const dx = x - this.x[last]!;
    const dy = y - this.y[last]!;
    const known = this.time[last]! > Number.NEGATIVE_INFINITY;
    const squared = dx * dx + dy * dy;
    if (known && squared < 2.25) return;
    // A leap to somewhere else leaves no wake between.
    if (squared > LEAP * LEAP) this.clear();
    else if (known) this.turn(Math.atan2(dy, dx));
    this.x[this.head] = x;
    this.y[this.head] = y;
    this.time[this.head] = now;
    this.head = (this.head + 1) % LENGTH;
  }

  private turn(towards: number): void {
    let by = towards - this.heading;
    by -= 2 * Math.PI * Math.round(by / (2 * Math.PI));
    this.heading += by * 0.45;
  }

  clear(): void {
    this.time.fill(Number.NEGATIVE_INFINITY);
  }

  /** True while something of it is still to be seen. */
  alive(now: number): boolean {
    return now - this.time[(this.head + LENGTH - 1) % LENGTH]! < SECONDS;
  }

  draw(context: CanvasRenderingContext2D, now: number, colour: string, width: number): void {
    context.strokeStyle = colour;
    context.lineCap = "butt";
    for (let step = 1; step < LENGTH; step++) {
      const here = (this.head + LENGTH - step) % LENGTH;
      const before = (here + LENGTH - 1) % LENGTH;
      const age = (now - this.time[before]!) / SECONDS;
      if (!(age < 1)) break;
      const left = 1 - age;
      context.globalAlpha = left * left * 0.75;
      context.lineWidth = 0.75 + width * left;
      context.beginPath();
      context.moveTo(this.x[before]!, this.y[before]!);
      context.lineTo(this.x[here]!, this.y[here]!);
      context.stroke();
    }
    context.globalAlpha = 1;
  }
}
