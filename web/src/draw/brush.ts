// What draws: a WebGL 2 context, its programs and buffers. Everything is kept here as numbers as well, so that a
// context that was taken away (browsers do, when they run short) is filled again when it comes back.

import { type Many, NUMBERS } from "./many";
import type { Shape } from "./shapes";

/** Where programs find what a corner has; `PLACE` takes four. */
const [POSITION, NORMAL, PLACE, COLOUR] = [0, 1, 2, 6];

export interface How {
  /** What the corners make. */
  readonly of?: "triangles" | "lines" | "loop" | "points";
  /** Which sides of triangles are seen. */
  readonly sides?: "outer" | "inner" | "both";
  /** Seen through: mixed with what is behind, and hides nothing. */
  readonly glass?: boolean;
}

/** More than anybody sees in a moving picture, and than small cards draw in time: two to one, and so many in all. */
const FINEST = 2;
const MOST_PIXELS = 6_000_000;

/** Pixels drawn for one of the page's, along each side, on a device that has `ratio`. */
export function fineness(width: number, height: number, ratio: number): number {
  return Math.min(FINEST, ratio, Math.sqrt(MOST_PIXELS / Math.max(1, width * height)));
}

export class Brush {
  readonly gl: WebGL2RenderingContext;
  /** Of the picture that is being drawn. */
  calls = 0;
  triangles = 0;
  /** Counts contexts: whatever was made in an older one is made again. */
  era = 0;
  /** There is a picture to be drawn anew. */
  again: () => void = () => {};
  private over = false;

  /** `clear`: what is behind the canvas is seen through it. Throws where there is no WebGL 2. */
  constructor(
    readonly canvas: HTMLCanvasElement,
    readonly clear: boolean,
  ) {
    const gl = canvas.getContext("webgl2", {
      alpha: clear,
      antialias: true,
      powerPreference: "high-performance",
    });
    if (gl === null) throw new Error("This browser has no WebGL 2.");
    this.gl = gl;
    this.begin();
    canvas.addEventListener("webglcontextlost", (event) => {
      if (!this.over) event.preventDefault(); // or it never comes back
    });
    canvas.addEventListener("webglcontextrestored", () => {
      this.era += 1;
      this.begin();
      this.again();
    });
  }

  private begin(): void {
    const { gl } = this;
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.clearColor(0, 0, 0, 0);
    // What stands alone stands where it is.
    for (let i = 0; i < 4; i++)
      gl.vertexAttrib3f(PLACE + i, i === 0 ? 1 : 0, i === 1 ? 1 : 0, i === 2 ? 1 : 0);
    gl.vertexAttrib4f(COLOUR, 1, 1, 1, 1);
  }

  /** Browsers keep some sixteen contexts, and take the oldest away from who draws: this one is given back. */
  end(): void {
    this.over = true;
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  /** Device pixels to one of the page's, along each side. */
  scale = 1;

  /** Pixels of the page. */
  resize(width: number, height: number): void {
    this.scale = fineness(width, height, window.devicePixelRatio || 1);
    this.canvas.width = Math.max(1, Math.floor(width * this.scale));
    this.canvas.height = Math.max(1, Math.floor(height * this.scale));
  }

  /** A new picture. */
  start(): void {
    const { gl } = this;
    this.calls = this.triangles = 0;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.depthMask(true);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  }

  draw(batch: Batch, paint: Paint, { of = "triangles", sides = "outer", glass = false }: How = {}): void {
    const copies = batch.many?.count ?? 1;
    if (copies === 0 || batch.corners === 0) return;
    const { gl } = this;
    paint.use();
    batch.bind();
    gl[glass ? "enable" : "disable"](gl.BLEND);
    gl.depthMask(!glass);
    gl[sides === "both" ? "disable" : "enable"](gl.CULL_FACE);
    gl.cullFace(sides === "inner" ? gl.FRONT : gl.BACK);
    const what = { triangles: gl.TRIANGLES, lines: gl.LINES, loop: gl.LINE_LOOP, points: gl.POINTS }[of];
    const { corners, shape, many } = batch;
    if (shape.faces !== undefined) {
      if (many === null) gl.drawElements(what, corners, gl.UNSIGNED_SHORT, 0);
      else gl.drawElementsInstanced(what, corners, gl.UNSIGNED_SHORT, 0, copies);
    } else if (many === null) gl.drawArrays(what, 0, corners);
    else gl.drawArraysInstanced(what, 0, corners, copies);
    this.calls += 1;
    if (of === "triangles") this.triangles += (corners / 3) * copies;
  }
}

/** One shape on the card, once or as often as `many` says. */
export class Batch {
  private era = -1;
  private array: WebGLVertexArrayObject | null = null;
  private buffers: (WebGLBuffer | null)[] = [];
  private copies: WebGLBuffer | null = null;
  /** Numbers that there is room for in `copies`, and which change of them is there. */
  private room = 0;
  private version = -1;

  constructor(
    private readonly brush: Brush,
    public shape: Shape,
    readonly many: Many | null = null,
  ) {}

  get corners(): number {
    return this.shape.faces?.length ?? this.shape.positions.length / 3;
  }

  /** Another shape from now on. */
  become(shape: Shape): void {
    this.shape = shape;
    this.free();
  }

  bind(): void {
    const { brush, many } = this;
    if (this.era === brush.era) brush.gl.bindVertexArray(this.array);
    else this.make();
    if (many !== null && many.version !== this.version) this.send(many);
  }

  free(): void {
    const { gl } = this.brush;
    if (this.era === this.brush.era) {
      for (const each of [...this.buffers, this.copies]) gl.deleteBuffer(each);
      gl.deleteVertexArray(this.array);
    }
    this.era = -1;
  }

  private make(): void {
    const { brush, shape, many } = this;
    const { gl } = brush;
    this.array = gl.createVertexArray();
    this.era = brush.era;
    this.buffers = [];
    this.room = 0;
    this.version = -1;
    gl.bindVertexArray(this.array);
    this.corner(POSITION, shape.positions);
    this.corner(NORMAL, shape.normals);
    this.corner(COLOUR, shape.colours);
    if (shape.faces !== undefined) this.hold(gl.ELEMENT_ARRAY_BUFFER, shape.faces);
    this.copies = null;
    if (many === null) return;
    this.copies = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.copies);
    for (let i = 0; i < 5; i++) {
      gl.enableVertexAttribArray(PLACE + i);
      gl.vertexAttribPointer(PLACE + i, i < 4 ? 3 : 4, gl.FLOAT, false, 4 * NUMBERS, 12 * i);
      gl.vertexAttribDivisor(PLACE + i, 1);
    }
  }

  private corner(where: number, values: Float32Array | undefined): void {
    if (values === undefined) return;
    const { gl } = this.brush;
    this.hold(gl.ARRAY_BUFFER, values);
    gl.enableVertexAttribArray(where);
    gl.vertexAttribPointer(where, 3, gl.FLOAT, false, 0, 0);
  }

  private hold(kind: number, values: Float32Array | Uint16Array): void {
    const { gl } = this.brush;
    const buffer = gl.createBuffer();
    this.buffers.push(buffer);
    gl.bindBuffer(kind, buffer);
    gl.bufferData(kind, values, gl.STATIC_DRAW);
  }

  private send(many: Many): void {
    const { gl } = this.brush;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.copies);
    if (this.room < many.values.length) {
      this.room = many.values.length;
      gl.bufferData(gl.ARRAY_BUFFER, many.values, gl.DYNAMIC_DRAW);
    } else gl.bufferSubData(gl.ARRAY_BUFFER, 0, many.values, 0, many.count * NUMBERS);
    this.version = many.version;
  }
}

/** A program of two shaders, and what is told to it. Throws where the card does not take it. */
export class Paint {
  private era = -1;
  private program: WebGLProgram | null = null;
  private places = new Map<string, WebGLUniformLocation | null>();

  constructor(
    private readonly brush: Brush,
    private readonly vertex: string,
    private readonly fragment: string,
  ) {
    this.make();
  }

  use(): void {
    if (this.era !== this.brush.era) this.make();
    this.brush.gl.useProgram(this.program);
  }

  /** A number, two to four of them, or a matrix of sixteen. */
  set(name: string, value: number | readonly number[] | Float32Array): this {
    this.use();
    const { gl } = this.brush;
    let place = this.places.get(name);
    if (place === undefined) {
      place = this.program === null ? null : gl.getUniformLocation(this.program, name);
      this.places.set(name, place);
    }
    if (typeof value === "number") gl.uniform1f(place, value);
    else if (value.length === 16) gl.uniformMatrix4fv(place, false, value);
    else if (value.length === 3) gl.uniform3fv(place, value);
    else gl.uniform2fv(place, value);
    return this;
  }

  private make(): void {
    const { gl } = this.brush;
    this.era = this.brush.era;
    this.places = new Map();
    const program = gl.createProgram();
    this.program = program;
    for (const [kind, code] of [
      [gl.VERTEX_SHADER, this.vertex],
      [gl.FRAGMENT_SHADER, this.fragment],
    ] as const) {
      const shader = gl.createShader(kind);
      if (shader === null || program === null) return; // the context was taken away; it is made again
      gl.shaderSource(shader, `#version 300 es\nprecision highp float;\n${code}`);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
      gl.deleteShader(shader);
    }
    gl.linkProgram(program);
    if (gl.getProgramParameter(program, gl.LINK_STATUS) === true || gl.isContextLost()) return;
    throw new Error(
      `This browser's graphics card takes no program of ours: ${gl.getProgramInfoLog(program)}`,
    );
  }
}
