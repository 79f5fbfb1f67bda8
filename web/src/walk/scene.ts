// The world as it is seen: ground, landmarks, stones, sky. three.js lives here, in what this draws, and in avatars.ts.

import {
  BackSide,
  BufferAttribute,
  type BufferGeometry,
  Color,
  DirectionalLight,
  DoubleSide,
  Fog,
  HemisphereLight,
  IcosahedronGeometry,
  type InstancedMesh,
  type Intersection,
  type Material,
  Mesh,
  MeshBasicMaterial,
  MeshLambertMaterial,
  type Object3D,
  PerspectiveCamera,
  PlaneGeometry,
  Raycaster,
  Scene,
  ShaderMaterial,
  SphereGeometry,
  SRGBColorSpace,
  Vector2,
  Vector3,
  WebGLRenderer,
} from "three";
import type { Air, Box, Landmark, World, Zone } from "../protocol/messages";
import type { Kind, Thing } from "../state/world";
import { Bodies, put, room, settle } from "./bodies";
import { COLUMNS, type Land, ROWS } from "./land";
import { type Airy, nearestOf } from "./picking";
import type { Pose } from "./pose";
import { Walls } from "./walls";

/** A demonstration as it stands in the world. */
export interface Stone {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly colour: string;
  readonly selected: boolean;
}

/** What a ray met. */
export interface Met {
  readonly kind: "landmark" | "stone" | "ground" | "box" | "zone";
  readonly id: string | null;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

const VIEW_DEGREES = 68;
const STONE = 1.6;

export class WorldScene {
  readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(VIEW_DEGREES, 1, 0.05, 4000);
  private readonly ground: Mesh<PlaneGeometry, MeshLambertMaterial>;
  private readonly sky: Mesh<SphereGeometry, ShaderMaterial>;
  private readonly hemisphere = new HemisphereLight();
  private readonly sun = new DirectionalLight();
  private stones: InstancedMesh | null = null;
  private zones: InstancedMesh | null = null;
  private readonly walls = new Walls();
  /** What one sees through and can take in hand all the same. */
  private airy: readonly Airy[] = [];
  private light = 1;
  private stoneIds: readonly string[] = [];
  private readonly body = new SphereGeometry(0.5, 40, 26);
  private readonly landmarks: Bodies;
  private readonly pebble = new IcosahedronGeometry(0.5, 1);
  private readonly halo = new Mesh<BufferGeometry, MeshBasicMaterial>(
    this.body,
    new MeshBasicMaterial({
      color: "#d81b78",
      transparent: true,
      opacity: 0.3,
      side: BackSide,
      depthWrite: false,
    }),
  );
  private readonly ray = new Raycaster();

  /** Throws where there is no WebGL. */
  constructor(canvas: HTMLCanvasElement) {
    this.renderer = new WebGLRenderer({ canvas, antialias: true, powerPreference: "high-performance" });
    this.renderer.outputColorSpace = SRGBColorSpace;
    this.camera.rotation.order = "YXZ";
    this.ground = new Mesh(groundGeometry(), groundMaterial());
    this.ground.frustumCulled = false;
    this.sky = new Mesh(new SphereGeometry(1, 24, 16), skyMaterial());
    this.sky.frustumCulled = false;
    this.sky.renderOrder = -1;
    this.sun.position.set(-0.5, 1, 0.35);
    this.halo.visible = false;
    this.landmarks = new Bodies(this.scene, this.body);
    this.scene.add(this.sky, this.ground, this.hemisphere, this.sun, this.halo, this.walls);
  }

  dispose(): void {
    for (const each of [this.landmarks, this.stones, this.zones]) each?.dispose();
    this.walls.dispose();
    this.ground.geometry.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss(); // browsers keep some 16 contexts, and take the oldest away from who draws
  }

  /** Something else to be seen. */
  add(thing: Object3D): void {
    this.scene.add(thing);
  }

  remove(thing: Object3D): void {
    this.scene.remove(thing);
  }

  /** Pixels; at most two device pixels to one of the page's. */
  resize(width: number, height: number): void {
    this.renderer.setPixelRatio(Math.min(2, window.devicePixelRatio));
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / Math.max(1, height);
    this.camera.updateProjectionMatrix();
  }

  /** Light, fog and the plain ground. */
  setAir(world: World): void {
    this.air = world.air;
    this.ground.visible = world.ground.shown;
    this.shine();
  }
  private air: Air | null = null;

  /** Sky, fog and lamps, as the air and the hour have them. */
  private shine(): void {
    const { air } = this;
    if (air === null) return;
    const dim = 0.1 + 0.9 * this.light;
    const sky = new Color(air.sky).lerp(NIGHT, 1 - dim);
    const ground = new Color(air.ground);
    this.scene.fog = new Fog(sky, air.sight * 0.15, air.sight);
    this.hemisphere.color.copy(sky).lerp(WHITE, 0.5);
    this.hemisphere.groundColor.copy(ground).multiplyScalar(0.6);
    this.hemisphere.intensity = 1.9 * air.light * dim;
    this.sun.color.set("#fff1dc");
    this.sun.intensity = 1.3 * air.light * dim;
    const { uniforms } = this.sky.material;
    uniforms.horizon!.value.copy(sky);
    uniforms.zenith!.value.copy(sky).lerp(ZENITH, 0.42 * dim);
    uniforms.nadir!.value.copy(sky).lerp(ground, 0.55);
  }

  setLand(world: World, land: Land): void {
    const [width, , depth] = world.size;
    const { geometry, material } = this.ground;
    const position = geometry.getAttribute("position") as BufferAttribute;
    const colour = geometry.getAttribute("color") as BufferAttribute;
    const plain = new Color(world.air.ground);
    const tint = new Color();
    for (let row = 0; row < ROWS; row++)
      for (let column = 0; column < COLUMNS; column++) {
        const at = row * COLUMNS + column;
        const x = (column / (COLUMNS - 1) - 0.5) * width;
        const z = (row / (ROWS - 1) - 0.5) * depth;
        position.setXYZ(at, x, land.heights[at]!, z);
        if (land.colours === null) tint.copy(plain);
        else {
          tint.setRGB(
            land.colours[3 * at]!,
            land.colours[3 * at + 1]!,
            land.colours[3 * at + 2]!,
            SRGBColorSpace,
          );
          tint.lerp(plain, 0.25);
        }
        colour.setXYZ(at, tint.r, tint.g, tint.b);
      }
    position.needsUpdate = true;
    colour.needsUpdate = true;
    geometry.computeVertexNormals();
    material.needsUpdate = true;
  }

  setLandmarks(landmarks: readonly Landmark[]): void {
    this.landmarks.show(landmarks);
  }

  /** Zones are mist: one sees through them, from outside and from inside. */
  setZones(zones: readonly Zone[], boxes: readonly Box[]): void {
    this.walls.show(boxes);
    const shown = zones.filter((each) => each.shown);
    this.airy = [
      ...shown.map(({ id, position, size }) => ({ kind: "zone" as const, id, position, size })),
      ...boxes
        .filter((each) => each.shown)
        .map(({ id, position, size }) => ({ kind: "box" as const, id, position, size })),
    ];
    const mesh = room(this.scene, this.zones, this.body, shown.length, mist);
    shown.forEach((each, i) => {
      put(mesh, i, each.position, each.size, each.colour);
    });
    settle(mesh);
    this.zones = mesh;
  }

  /** 0 night, 1 as the air says. */
  setLight(share: number): void {
    if (Math.abs(share - this.light) < 2e-3) return;
    this.light = share;
    this.shine();
  }

  setStones(stones: readonly Stone[]): void {
    this.stoneIds = stones.map((each) => each.id);
    const mesh = room(this.scene, this.stones, this.pebble, stones.length);
    stones.forEach((each, i) => {
      const size = each.selected ? 1.35 * STONE : STONE;
      put(mesh, i, [each.x, each.y, each.z], [size, 0.7 * size, size], each.colour);
    });
    settle(mesh);
    this.stones = mesh;
  }

  /** Draw from the walker's eyes. */
  draw(pose: Pose): void {
    this.camera.position.set(pose.x, pose.y, pose.z);
    this.camera.rotation.set(2 * Math.PI * pose.elevation, -2 * Math.PI * pose.azimuth, 0);
    this.sky.position.copy(this.camera.position);
    this.sky.scale.setScalar(3000);
    this.landmarks.see(pose);
    this.renderer.render(this.scene, this.camera);
  }

  /** What lies under a place of the canvas (-1..1, y up). */
  meet(x: number, y: number): Met | null {
    this.camera.updateMatrixWorld();
    this.ray.setFromCamera(new Vector2(x, y), this.camera);
    const landmark = this.landmarks.meet(this.ray);
    const things = [this.stones, this.ground].filter((each) => each?.visible) as Object3D[];
    const hit = this.ray.intersectObjects(things, false)[0];
    if (landmark !== null && landmark.hit.distance <= (hit?.distance ?? Number.POSITIVE_INFINITY))
      return { kind: "landmark", id: landmark.id, ...pointOf(landmark.hit) };
    if (hit !== undefined && hit.object === this.stones)
      return { kind: "stone", id: this.stoneIds[hit.instanceId ?? -1] ?? null, ...pointOf(hit) };
    const { origin, direction } = this.ray.ray;
    const air = nearestOf({ from: origin.toArray(), way: direction.toArray() }, this.airy);
    if (air !== null && air.metres <= (hit?.distance ?? Number.POSITIVE_INFINITY)) {
      const point = origin.clone().addScaledVector(direction, air.metres);
      return { kind: air.met.kind, id: air.met.id, x: point.x, y: point.y, z: point.z };
    }
    if (hit === undefined) return null;
    return { kind: "ground", id: null, ...pointOf(hit) };
  }

  /** Where a point of the world is on the canvas (0..1 from the top left), null behind the walker. */
  project(x: number, y: number, z: number): { x: number; y: number; distance: number } | null {
    const distance = POINT.set(x, y, z).distanceTo(this.camera.position);
    POINT.project(this.camera);
    if (POINT.z > 1 || Math.abs(POINT.x) > 1 || Math.abs(POINT.y) > 1) return null;
    return { x: (POINT.x + 1) / 2, y: (1 - POINT.y) / 2, distance };
  }

  /** How many metres a pixel is, so far away. */
  metresPerPixel(distance: number): number {
    const height = this.renderer.domElement.clientHeight || 1;
    return (2 * distance * Math.tan((VIEW_DEGREES * Math.PI) / 360)) / height;
  }

  /** Put something into the light of the hand; null: nothing. */
  choose(held: { readonly kind: Kind; readonly thing: Thing } | null): void {
    this.halo.visible = held !== null;
    if (held === null) return;
    const [w, h, d] = held.thing.size;
    this.halo.geometry = held.kind === "box" ? this.walls.shape : this.body;
    // What is air glows itself, from within as well; a body has a rim.
    const wide = held.kind === "landmark" ? 1.06 : 1;
    this.halo.material.side = held.kind === "landmark" ? BackSide : DoubleSide;
    this.halo.material.opacity = held.kind === "landmark" ? 0.3 : 0.06;
    this.halo.position.set(...held.thing.position);
    this.halo.scale.set(w * wide + 0.05, h * wide + 0.05, d * wide + 0.05);
  }
}

const pointOf = ({ point }: Intersection) => ({ x: point.x, y: point.y, z: point.z });

const WHITE = new Color("#ffffff");
const NIGHT = new Color("#0b1620");
const ZENITH = new Color("#4f7890");
const POINT = new Vector3();

const mist = (): Material =>
  new MeshBasicMaterial({ transparent: true, opacity: 0.14, side: DoubleSide, depthWrite: false });

function groundGeometry(): PlaneGeometry {
  const plane = new PlaneGeometry(1, 1, COLUMNS - 1, ROWS - 1);
  const count = ROWS * COLUMNS;
  plane.setAttribute("color", new BufferAttribute(new Float32Array(3 * count), 3));
  return plane;
}

/** Ground with isobaths drawn on it: lines of equal height, and a faint ring every ten metres where it is flat. */
function groundMaterial(): MeshLambertMaterial {
  const material = new MeshLambertMaterial({ vertexColors: true });
  material.onBeforeCompile = (shader) => {
    shader.vertexShader = shader.vertexShader
      .replace("#include <common>", "#include <common>\nvarying vec3 vPlace;")
      .replace("#include <begin_vertex>", "#include <begin_vertex>\nvPlace = position;");
    shader.fragmentShader = shader.fragmentShader
      .replace("#include <common>", "#include <common>\nvarying vec3 vPlace;")
      .replace(
        "#include <color_fragment>",
        `#include <color_fragment>
        float reach = length(vPlace.xz);
        float ring = abs(fract(reach / 10.0 - 0.5) - 0.5) / max(fwidth(reach / 10.0), 1e-4);
        float level = abs(fract(vPlace.y / 1.5 - 0.5) - 0.5) / max(fwidth(vPlace.y / 1.5), 1e-4);
        float steep = step(1e-4, fwidth(vPlace.y));
        float ink = mix(0.10 * (1.0 - min(ring / 1.2, 1.0)), 0.34 * (1.0 - min(level / 1.3, 1.0)), steep);
        diffuseColor.rgb *= 1.0 - ink;`,
      );
  };
  return material;
}

/** Three tones, from the feet to the crown of the head. */
function skyMaterial(): ShaderMaterial {
  return new ShaderMaterial({
    side: BackSide,
    depthWrite: false,
    depthTest: false,
    fog: false,
    uniforms: {
      horizon: { value: new Color() },
      zenith: { value: new Color() },
      nadir: { value: new Color() },
    },
    vertexShader: `varying vec3 vWay;
      void main() { vWay = position; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }`,
    fragmentShader: `varying vec3 vWay; uniform vec3 horizon; uniform vec3 zenith; uniform vec3 nadir;
      void main() {
        float up = normalize(vWay).y;
        vec3 tone = up > 0.0 ? mix(horizon, zenith, pow(up, 0.65)) : mix(horizon, nadir, pow(-up, 0.4));
        gl_FragColor = vec4(tone, 1.0);
        #include <colorspace_fragment>
      }`,
  });
}
