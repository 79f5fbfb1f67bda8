// The latent as it is seen: training phrases as a faint cloud, both players' trails, and how far the next
// answer may go. Seen from infinitely far, so that a distance on the screen is one of the latent. three.js
// lives here.

import {
  AmbientLight,
  BufferAttribute,
  BufferGeometry,
  Color,
  CylinderGeometry,
  DirectionalLight,
  Group,
  InstancedMesh,
  type Line,
  LineBasicMaterial,
  LineLoop,
  LineSegments,
  Matrix4,
  MeshBasicMaterial,
  MeshLambertMaterial,
  OrthographicCamera,
  Points,
  Quaternion,
  Scene,
  ShaderMaterial,
  SphereGeometry,
  Vector3,
  WebGLRenderer,
} from "three";
import type { Ink } from "../ui/canvas";
import type { Point, Spot } from "./trails";

const MOST = 512;
const RING = 96;
/** Share of the shorter side that the cloud fills. */
const FILL = 0.86;
const NEAR_PIXELS = 14;

export interface Look {
  readonly points: readonly Point[];
  /** The point that sounds. */
  readonly heard: Point | null;
  /** How far the answer may go from the human's last phrase, in latent units; 0: not known. */
  readonly reach: number;
}

export class Cloud {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new OrthographicCamera(-1, 1, 1, -1, -1000, 1000);
  private readonly world = new Group();
  private readonly phrases: Points<BufferGeometry, ShaderMaterial>;
  private readonly balls = new InstancedMesh(new SphereGeometry(1, 24, 16), new MeshLambertMaterial(), MOST);
  private readonly ways = new InstancedMesh(
    new CylinderGeometry(1, 1, 1, 8, 1, true),
    new MeshBasicMaterial({ transparent: true, opacity: 0.9 }),
    MOST,
  );
  private readonly answers = new LineSegments(
    new BufferGeometry(),
    new LineBasicMaterial({ transparent: true }),
  );
  private readonly sphere: LineLoop[] = [];
  private readonly ring = circle();
  private readonly halo = circle();
  private radius = 1;
  private zoom = 1;
  private width = 1;
  private height = 1;
  private azimuth = 0.6;
  private elevation = 0.35;
  private spots: readonly Spot[] = [];
  private look: Look = { points: [], heard: null, reach: 0 };
  private ink: Ink | null = null;

  /** Throws where there is no WebGL. */
  constructor(canvas: HTMLCanvasElement) {
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.phrases = new Points(new BufferGeometry(), dots());
    for (const mesh of [this.balls, this.ways, this.phrases, this.answers, this.ring, this.halo])
      mesh.frustumCulled = false;
    const turns: [number, number][] = [
      [0, 0],
      [Math.PI / 2, 0],
      [0, Math.PI / 2],
    ];
    for (const [x, y] of turns) {
      const line = circle();
      line.rotation.set(x, y, 0);
      this.sphere.push(line);
      this.world.add(line);
    }
    const sun = new DirectionalLight("#ffffff", 1.6);
    sun.position.set(-0.4, 1, 0.9);
    this.world.add(this.phrases, this.balls, this.ways, this.answers);
    this.scene.add(this.world, this.ring, this.halo, sun, new AmbientLight("#ffffff", 1.7));
  }

  dispose(): void {
    for (const each of [this.balls, this.ways, this.phrases, this.answers, this.ring, this.halo])
      each.geometry.dispose();
    this.balls.dispose();
    this.ways.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss(); // browsers keep some 16 contexts, and take the oldest away from who draws
  }

  /** The training phrases; the view is made to hold them. */
  setPhrases(spots: readonly Spot[]): void {
    this.spots = spots;
    const far = spots.map((spot) => Math.hypot(...spot)).sort((a, b) => a - b);
    this.radius = Math.max(1e-3, far[Math.floor(0.985 * far.length)] ?? 1);
    this.phrases.geometry.setAttribute("position", new BufferAttribute(new Float32Array(spots.flat()), 3));
    for (const line of this.sphere) line.scale.setScalar(this.radius);
    this.frame();
  }

  setLook(look: Look): void {
    this.look = look;
    this.place();
  }

  setInk(ink: Ink): void {
    this.ink = ink;
    this.place();
  }

  resize(width: number, height: number): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.renderer.setPixelRatio(Math.min(2, window.devicePixelRatio));
    this.renderer.setSize(this.width, this.height, false);
    this.frame();
  }

  /** Turn it by fractions of a turn. */
  turn(across: number, up: number): void {
    this.azimuth += 2 * Math.PI * across;
    this.elevation = Math.min(1.5, Math.max(-1.5, this.elevation + 2 * Math.PI * up));
  }

  closer(factor: number): void {
    this.zoom = Math.min(8, Math.max(0.6, this.zoom * factor));
    this.frame();
    this.place();
  }

  get pixelsPerUnit(): number {
    return (FILL * this.zoom * Math.min(this.width, this.height)) / (2 * this.radius);
  }

  private frame(): void {
    const across = this.width / 2 / this.pixelsPerUnit;
    const up = this.height / 2 / this.pixelsPerUnit;
    Object.assign(this.camera, { left: -across, right: across, top: up, bottom: -up });
    this.camera.updateProjectionMatrix();
  }

  draw(): void {
    const { ink, look } = this;
    if (!ink) return;
    this.world.rotation.set(this.elevation, this.azimuth, 0, "XYZ");
    this.world.updateMatrixWorld();
    const { uniforms } = this.phrases.material;
    uniforms.colour!.value.set(ink.ink3);
    uniforms.size!.value = 5 * ink.rem * this.renderer.getPixelRatio();
    uniforms.radius!.value = this.radius;
    uniforms.least!.value = ink.dark ? 0.16 : 0.12;
    const last = look.points.findLast(({ who }) => who === "human");
    this.lay(this.ring, last?.spot ?? null, look.reach, ink.mark, 0.55);
    this.lay(this.halo, look.heard?.spot ?? null, 11 / this.pixelsPerUnit, ink.ink, 0.9);
    for (const line of this.sphere) tint(line, ink.ink3, ink.dark ? 0.26 : 0.2);
    this.renderer.render(this.scene, this.camera);
  }

  /** A circle that faces the eye. */
  private lay(line: LineLoop, spot: Spot | null, radius: number, colour: string, opacity: number): void {
    line.visible = spot !== null && radius > 0;
    if (!spot) return;
    line.position.set(...spot).applyMatrix4(this.world.matrixWorld);
    line.scale.setScalar(Math.max(1e-6, radius));
    tint(line, colour, opacity);
  }

  /** Balls where phrases lie, and ways between those of one player. */
  private place(): void {
    const { ink } = this;
    if (!ink) return;
    const paper = new Color(ink.raised);
    const colours = {
      human: new Color(ink.mark),
      machine: new Color(ink.profileLine),
      second: new Color(ink.good),
    };
    const before = new Map<string, Spot>();
    const bridges: number[] = [];
    let ways = 0;
    const shown = this.look.points.slice(-MOST);
    shown.forEach((point, i) => {
      const who = point.who ?? "machine";
      const age = (shown.length - 1 - i) / 36;
      const tone = TINT.copy(colours[who]).lerp(paper, Math.min(0.78, age));
      const size = (i >= shown.length - 2 ? 6.5 : 4.2) * ink.rem * (1 - 0.4 * Math.min(1, age));
      PLACE.makeScale(...even(size / this.pixelsPerUnit)).setPosition(...point.spot);
      this.balls.setMatrixAt(i, PLACE);
      this.balls.setColorAt(i, tone);
      const from = before.get(who);
      if (from && ways < MOST) {
        this.ways.setMatrixAt(
          ways,
          way(from, point.spot, ((1 - 0.5 * Math.min(1, age)) * 1.1 * ink.rem) / this.pixelsPerUnit),
        );
        this.ways.setColorAt(ways, tone);
        ways += 1;
      }
      const heard = before.get("human");
      if (who !== "human" && heard && shown[i - 1]?.who === "human") bridges.push(...heard, ...point.spot);
      before.set(who, point.spot);
    });
    this.balls.count = shown.length;
    this.ways.count = ways;
    for (const mesh of [this.balls, this.ways]) {
      mesh.instanceMatrix.needsUpdate = true;
      if (mesh.instanceColor) mesh.instanceColor.needsUpdate = true;
    }
    this.answers.geometry.dispose();
    this.answers.geometry = new BufferGeometry();
    this.answers.geometry.setAttribute("position", new BufferAttribute(new Float32Array(bridges), 3));
    tint(this.answers, ink.ink3, 0.4);
  }

  /** The point under a place of the canvas, in pixels from its upper left; players' before the cloud's. */
  meet(x: number, y: number): Point | null {
    this.world.updateMatrixWorld();
    const cloud = this.spots.map(
      (spot, index): Point => ({ kind: "phrase", index, part: 0, who: null, spot }),
    );
    return this.nearest(this.look.points, x, y) ?? this.nearest(cloud, x, y);
  }

  private nearest(points: readonly Point[], x: number, y: number): Point | null {
    let found: Point | null = null;
    let least = NEAR_PIXELS;
    for (const point of points) {
      const at = this.seen(point.spot);
      const off = Math.hypot(at.x - x, at.y - y);
      if (off <= least) [found, least] = [point, off];
    }
    return found;
  }

  /** Where a spot is on the canvas, in pixels from its upper left. */
  seen(spot: Spot): { readonly x: number; readonly y: number } {
    SPOT.set(...spot).applyMatrix4(this.world.matrixWorld);
    return {
      x: this.width / 2 + SPOT.x * this.pixelsPerUnit,
      y: this.height / 2 - SPOT.y * this.pixelsPerUnit,
    };
  }
}

const TINT = new Color();
const PLACE = new Matrix4();
const SPOT = new Vector3();
const UP = new Vector3(0, 1, 0);
const even = (size: number): [number, number, number] => [size, size, size];

function way(from: Spot, to: Spot, radius: number): Matrix4 {
  const [a, b] = [new Vector3(...from), new Vector3(...to)];
  const along = b.clone().sub(a);
  const length = along.length();
  const turned = new Quaternion().setFromUnitVectors(UP, along.normalize());
  return new Matrix4().compose(
    a.add(b).multiplyScalar(0.5),
    turned,
    new Vector3(radius, Math.max(1e-6, length), radius),
  );
}

function tint(line: Line, colour: string, opacity: number): void {
  const material = line.material as LineBasicMaterial;
  material.color.set(colour);
  material.opacity = opacity;
}

function circle(): LineLoop {
  const places = Array.from({ length: RING }, (_, i) => {
    const angle = (2 * Math.PI * i) / RING;
    return [Math.cos(angle), Math.sin(angle), 0];
  });
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(places.flat()), 3));
  return new LineLoop(geometry, new LineBasicMaterial({ transparent: true, depthWrite: false }));
}

/** Round dots, fainter the further away. */
function dots(): ShaderMaterial {
  return new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    uniforms: {
      colour: { value: new Color() },
      size: { value: 5 },
      radius: { value: 1 },
      least: { value: 0.12 },
    },
    vertexShader: `varying float vNear; uniform float size; uniform float radius;
      void main() {
        vec4 at = modelViewMatrix * vec4(position, 1.0);
        vNear = clamp(0.5 + 0.5 * at.z / radius, 0.0, 1.0);
        gl_PointSize = size * mix(0.7, 1.25, vNear);
        gl_Position = projectionMatrix * at;
      }`,
    fragmentShader: `varying float vNear; uniform vec3 colour; uniform float least;
      void main() {
        float off = length(gl_PointCoord - 0.5);
        float edge = 1.0 - smoothstep(0.36, 0.5, off);
        gl_FragColor = vec4(colour, edge * mix(least, 0.55, vNear));
        #include <colorspace_fragment>
      }`,
  });
}
