// The world from above: a small chart in a corner, or the whole view where there is no 3-D.

import type { Landmark, World } from "../protocol/messages";
import { contextOf, fitCanvas, ink } from "../ui/canvas";
import { COLUMNS, type Land, ROWS } from "./land";
import type { Pose } from "./pose";
import type { Stone } from "./scene";

export interface Planned {
  readonly world: World;
  readonly land: Land;
  readonly stones: readonly Stone[];
  readonly pose: Pose;
  readonly others: readonly { readonly x: number; readonly z: number; readonly colour: string }[];
  /** Where the walker has been outside: x, z, x, z, … */
  readonly trail?: readonly number[];
  /** How sure the place is, in metres of the world; null: it is exactly there. */
  readonly accuracy?: number | null;
}

/** Draws the plan; keeps the ground as a picture until it changes. */
export class Plan {
  private picture: OffscreenCanvas | null = null;
  private pictured: Land | null = null;

  draw(canvas: HTMLCanvasElement, what: Planned): void {
    const { world, pose } = what;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (width === 0 || height === 0) return;
    fitCanvas(canvas, width, height);
    const context = contextOf(canvas);
    const [w, , d] = world.size;
    const scale = Math.min(width / w, height / d) * 0.94;
    const toX = (x: number): number => width / 2 + x * scale;
    const toY = (z: number): number => height / 2 + z * scale;
    const colours = ink();
    context.clearRect(0, 0, width, height);
    this.ground(context, what.land, toX(-w / 2), toY(-d / 2), w * scale, d * scale, world);
    context.strokeStyle = colours.strong;
    context.lineWidth = 1;
    context.strokeRect(toX(-w / 2), toY(-d / 2), w * scale, d * scale);
    for (const zone of world.zones)
      if (zone.shown) {
        context.fillStyle = `${zone.colour}44`;
        oval(
          context,
          toX(zone.position[0]),
          toY(zone.position[2]),
          (zone.size[0] * scale) / 2,
          (zone.size[2] * scale) / 2,
        );
      }
    for (const each of world.landmarks) mark(context, each, toX, toY, scale);
    for (const stone of what.stones) {
      context.fillStyle = stone.colour;
      oval(context, toX(stone.x), toY(stone.z), 3, 3);
    }
    for (const other of what.others) {
      context.fillStyle = other.colour;
      oval(context, toX(other.x), toY(other.z), 3.5, 3.5);
    }
    if (what.trail !== undefined) path(context, what.trail, toX, toY, colours.mark);
    if (what.accuracy !== undefined && what.accuracy !== null) {
      context.globalAlpha = 0.18;
      context.fillStyle = colours.mark;
      oval(context, toX(pose.x), toY(pose.z), what.accuracy * scale, what.accuracy * scale);
      context.globalAlpha = 1;
    }
    if (what.trail !== undefined) ruler(context, width, height, scale, colours.mark);
    arrow(context, toX(pose.x), toY(pose.z), pose.azimuth, colours.mark);
  }

  private ground(
    context: CanvasRenderingContext2D,
    land: Land,
    left: number,
    top: number,
    width: number,
    height: number,
    world: World,
  ): void {
    if (land.colours === null) {
      context.fillStyle = world.air.ground;
      context.fillRect(left, top, width, height);
      return;
    }
    if (this.pictured !== land) {
      this.pictured = land;
      this.picture = new OffscreenCanvas(COLUMNS, ROWS);
      const inner = this.picture.getContext("2d")!;
      const image = inner.createImageData(COLUMNS, ROWS);
      for (let node = 0; node < ROWS * COLUMNS; node++) {
        for (let c = 0; c < 3; c++) image.data[4 * node + c] = 255 * land.colours[3 * node + c]!;
        image.data[4 * node + 3] = 255;
      }
      inner.putImageData(image, 0, 0);
    }
    context.drawImage(this.picture!, left, top, width, height);
  }
}

function mark(
  context: CanvasRenderingContext2D,
  landmark: Landmark,
  toX: (x: number) => number,
  toY: (z: number) => number,
  scale: number,
): void {
  const [x, , z] = landmark.position;
  context.fillStyle = landmark.colour;
  const least = (size: number): number => Math.max(2.5, (size * scale) / 2);
  oval(context, toX(x), toY(z), least(landmark.size[0]), least(landmark.size[2]));
  context.strokeStyle = "rgb(19 38 46 / 0.5)";
  context.stroke();
}

function path(
  context: CanvasRenderingContext2D,
  trail: readonly number[],
  toX: (x: number) => number,
  toY: (z: number) => number,
  colour: string,
): void {
  context.beginPath();
  for (let i = 0; i + 1 < trail.length; i += 2) context.lineTo(toX(trail[i]!), toY(trail[i + 1]!));
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.lineJoin = "round";
  context.stroke();
}

const ROUND = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** A stretch of round metres in the corner. */
function ruler(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  scale: number,
  colour: string,
): void {
  const metres = ROUND.findLast((each) => each * scale < width / 3) ?? 1;
  const [right, y] = [width - 10, height - 10];
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(right - metres * scale, y - 4);
  context.lineTo(right - metres * scale, y);
  context.lineTo(right, y);
  context.lineTo(right, y - 4);
  context.stroke();
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "right";
  context.fillText(`${metres} m`, right, y - 6);
}

function oval(context: CanvasRenderingContext2D, x: number, y: number, rx: number, ry: number): void {
  context.beginPath();
  context.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
  context.fill();
}

function arrow(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  azimuth: number,
  colour: string,
): void {
  context.save();
  context.translate(x, y);
  context.rotate(2 * Math.PI * azimuth);
  context.beginPath();
  context.moveTo(0, -9);
  context.lineTo(6, 7);
  context.lineTo(0, 3.5);
  context.lineTo(-6, 7);
  context.closePath();
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = "#ffffff";
  context.lineWidth = 1;
  context.stroke();
  context.restore();
}
