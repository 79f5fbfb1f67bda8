// Where one looks from, and what that does to places: the matrix of a view, rays into it, and the way back.

export type Triple = readonly [number, number, number];

export class Eye {
  /** From the world to the picture: 4 x 4, column by column. */
  readonly seen = new Float32Array(16);
  at: Triple = [0, 0, 0];
  /** Three directions of length 1: to the right, upwards, and to whoever looks. */
  right: Triple = [1, 0, 0];
  up: Triple = [0, 1, 0];
  back: Triple = [0, 0, 1];
  /** Width over height of the picture. */
  private aspect = 1;
  /** Half the height of the picture, a metre before the eye. */
  readonly rise: number;

  /** `degrees` from the lower edge of the picture to the upper; what lies within `near` .. `far` metres is seen. */
  constructor(
    degrees: number,
    private readonly near: number,
    private readonly far: number,
  ) {
    this.rise = Math.tan((degrees * Math.PI) / 360);
    this.settle();
  }

  /** Half the width of the picture, a metre before the eye. */
  get across(): number {
    return this.rise * this.aspect;
  }

  widen(aspect: number): void {
    this.aspect = aspect;
    this.settle();
  }

  /** From a place in metres, in a direction in turns: azimuth 0 is -z and 0.25 is +x, elevation 0.25 is +y. */
  look(at: Triple, azimuth: number, elevation: number): void {
    const [yaw, pitch] = [-2 * Math.PI * azimuth, 2 * Math.PI * elevation];
    const [sy, cy, sp, cp] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
    this.at = at;
    this.right = [cy, 0, -sy];
    this.up = [sy * sp, cp, cy * sp];
    this.back = [sy * cp, -sp, cy * cp];
    this.settle();
  }

  private settle(): void {
    const { seen, at, right, up, back, near, far } = this;
    const deep = (far + near) / (near - far);
    for (let i = 0; i < 3; i++) {
      seen[4 * i] = right[i]! / this.across;
      seen[4 * i + 1] = up[i]! / this.rise;
      seen[4 * i + 2] = back[i]! * deep;
      seen[4 * i + 3] = -back[i]!;
    }
    seen[12] = -dot(right, at) / this.across;
    seen[13] = -dot(up, at) / this.rise;
    seen[14] = -dot(back, at) * deep + (2 * far * near) / (near - far);
    seen[15] = dot(back, at);
  }

  /** Through a place of the picture (-1..1, y up); its way has length 1. */
  ray(x: number, y: number): { readonly from: Triple; readonly way: Triple } {
    const { right, up, back } = this;
    const way = [0, 1, 2].map((i) => right[i]! * x * this.across + up[i]! * y * this.rise - back[i]!);
    const length = Math.hypot(...way);
    return { from: this.at, way: way.map((each) => each / length) as unknown as Triple };
  }

  /** Where a place is in the picture (0..1 from the top left), null where it is not in it. */
  project(x: number, y: number, z: number): { x: number; y: number; distance: number } | null {
    const to: Triple = [x - this.at[0], y - this.at[1], z - this.at[2]];
    const ahead = -dot(this.back, to);
    if (ahead < this.near || ahead > this.far) return null;
    const [u, v] = [dot(this.right, to) / this.across / ahead, dot(this.up, to) / this.rise / ahead];
    if (Math.abs(u) > 1 || Math.abs(v) > 1) return null;
    return { x: (u + 1) / 2, y: (1 - v) / 2, distance: Math.hypot(...to) };
  }
}

export function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
