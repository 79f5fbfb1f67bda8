// Walking together: the line to the room, everybody in it, how they are seen and heard.

import { readPoses, type Shares, writePose } from "../net/poses";
import { RoomLine } from "../net/room";
import {
  type FromRoom,
  JUMPS,
  makeRoomState,
  POSES_PER_SECOND,
  type RoomDo,
  type RoomState,
  type RoomTool,
  type World,
} from "../protocol/messages";
import { newId } from "../state/identity";
import { announce } from "../ui/announcer";
import type { App } from "../ui/app";
import { safeStorage } from "../ui/preferences";
import { Avatars } from "./avatars";
import { Company, type Other, poseOf, sharesOf } from "./company";
import { CrowdSound } from "./crowd-sound";
import { Neighbours } from "./neighbours";
import type { Pose } from "./pose";
import type { WorldScene } from "./scene";
import type { Spot } from "./telling";
import type { Walker } from "./walker";

const NAME = "isobath.walker-name";
const KEY = "isobath.walker-key";
/** Somebody who stands says so, now and then. */
const AGAIN_SECONDS = 4;
/** A move of so many metres between two poses is a jump. */
const JUMP = 6;

export class Together {
  readonly company = new Company();
  state: RoomState = makeRoomState();
  /** What the room is called; empty: there is none, or not yet. */
  room = "";
  host = false;
  invitation = "";
  most = 0;
  /** Why one is not in it. */
  sentence: string | null = null;
  readonly neighbours: Neighbours;
  private readonly crowd: CrowdSound;
  private line: RoomLine | null = null;
  private piece: string | null = null;
  private avatars: Avatars | null = null;
  private sentAt = 0;
  private sent: Shares | null = null;
  private world: World | null = null;
  private at: Pose | null = null;

  constructor(
    private readonly app: App,
    private readonly changed: () => void,
  ) {
    this.neighbours = new Neighbours(app);
    this.crowd = new CrowdSound(app);
  }

  /** Whether the piece that is open has a room. */
  get there(): boolean {
    const { room } = this.app.link;
    return room !== null && room.piece === this.app.store.state.piece?.id;
  }

  get name(): string {
    return safeStorage()?.getItem(NAME) ?? "";
  }

  set name(name: string) {
    safeStorage()?.setItem(NAME, name);
    this.line?.say({ type: "join", key: walkerKey(), name });
  }

  do(tool: RoomTool, how: Partial<RoomDo>): void {
    this.line?.say({ on: true, walker: null, weight: 1, ...how, type: "do", tool });
  }

  /** Go in, or out, as the piece that is open has it. */
  attend(): void {
    const piece = this.there ? (this.app.link.room?.piece ?? null) : null;
    if (piece === this.piece) return;
    this.stop();
    this.piece = piece;
    if (piece === null) return;
    const url = new URL("room", document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.search = "";
    url.hash = "";
    this.line = new RoomLine(url.href, walkerKey(), () => this.name, {
      told: (message) => this.told(message),
      poses: (data) => this.read(data),
      lost: (sentence, lasting) => this.lost(sentence, lasting),
    });
  }

  stop(): void {
    this.line?.end();
    this.line = null;
    this.piece = null;
    this.leave();
  }

  private leave(): void {
    this.room = "";
    this.sent = null;
    this.company.clear();
    this.neighbours.stop();
    this.crowd.stop();
    this.avatars?.dispose();
    this.avatars = null;
    this.state = makeRoomState();
  }

  // ------------------------------------------------------------------ what comes

  private told(message: FromRoom): void {
    switch (message.type) {
      case "joined":
        this.room = message.room;
        this.host = message.host;
        this.invitation = message.invitation;
        this.most = message.most;
        this.state = message.state;
        this.sentence = null;
        this.sent = null;
        this.company.joined(message.you, message.walkers);
        break;
      case "came":
        if (this.company.came(message.walker) && message.walker.id !== this.company.me)
          announce(`${message.walker.name} has come.`);
        break;
      case "left": {
        const who = this.company.left(message.id);
        if (who !== null) announce(`${who.name} has left.`);
        break;
      }
      case "now":
        this.state = message.state;
        if (!message.state.crowd) this.crowd.stop();
        break;
      case "refused":
        this.sentence = message.sentence;
        announce(message.sentence);
        break;
    }
    this.changed();
  }

  private read(data: ArrayBuffer): void {
    const { world } = this;
    if (world === null) return;
    const now = performance.now() / 1000;
    readPoses(
      data,
      (id, at) => this.company.told(id, poseOf(world, at), now, world.speed),
      (latents) => this.crowd.told(latents),
    );
  }

  private lost(sentence: string | null, lasting: boolean): void {
    this.sentence = sentence ?? "The room does not answer. You walk on alone until it does.";
    if (lasting) this.leave();
    this.changed();
  }

  // ------------------------------------------------------------------ every frame

  /** See, hear and be seen. */
  frame(world: World, pose: Pose, seconds: number, passed: number): void {
    this.world = world;
    this.at = pose;
    if (this.line === null || this.room === "") return;
    this.tell(world, pose, seconds);
    this.company.step(performance.now() / 1000, passed);
    const others = this.company.others();
    const crowd = this.state.crowd && this.crowd.sound(passed);
    this.neighbours.sound(world, others, pose, passed, crowd || this.app.silent);
  }

  /** Draw everybody; `layer` is where names lie. */
  draw(scene: WorldScene, layer: HTMLElement | null, walker: Walker, seconds: number): void {
    const { world } = this;
    if (this.room === "" || layer === null || world === null) return;
    this.avatars ??= new Avatars(scene, layer);
    const others = this.company.others();
    const ground = world.ground.shown ? walker.ground : () => Number.NEGATIVE_INFINITY;
    this.avatars.show(others, seconds, ground);
    this.avatars.name(others, walker.pose, ground);
  }

  private tell(world: World, pose: Pose, seconds: number): void {
    if (seconds - this.sentAt < 1 / POSES_PER_SECOND) return;
    const at = sharesOf(world, pose);
    const { sent } = this;
    const same = sent !== null && PARTS.every((part) => sent[part] === at[part]);
    if (same && seconds - this.sentAt < AGAIN_SECONDS) return;
    const [w, h, d] = world.size;
    const metres =
      sent === null
        ? Number.POSITIVE_INFINITY
        : Math.hypot((at.x - sent.x) * w, (at.y - sent.y) * h, (at.z - sent.z) * d);
    const jumps = metres > JUMP + world.speed * Math.min(2, seconds - this.sentAt);
    if (this.line?.show(writePose(at, jumps ? JUMPS : 0)) !== true) return;
    this.sent = at;
    this.sentAt = seconds;
  }

  // ------------------------------------------------------------------ what is told of them

  /** For the list of places and for whoever asks what is near. */
  spots(): Spot[] {
    return this.company.others().map(({ who, pose }) => ({
      id: `walker ${who.id}`,
      kind: "walker",
      label: who.name,
      x: pose.x,
      y: pose.y,
      z: pose.z,
    }));
  }

  /** For the plan. */
  marks(): { x: number; z: number; colour: string }[] {
    return this.company.others().map(({ who, pose }) => ({ x: pose.x, z: pose.z, colour: who.colour }));
  }

  others(): readonly Other[] {
    return this.company.others();
  }

  get here(): Pose | null {
    return this.at;
  }
}

const PARTS = ["x", "y", "z", "azimuth", "elevation"] as const;

/** Who this page is to the room, as long as its tab lives. */
function walkerKey(): string {
  try {
    const found = sessionStorage.getItem(KEY);
    if (found !== null) return found;
    const made = newId() + newId();
    sessionStorage.setItem(KEY, made);
    return made;
  } catch {
    return newId() + newId();
  }
}
