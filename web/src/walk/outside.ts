// Outside: the walker is where the person is. Satellites say where, the compass says which way, and a place
// (protocol/world.py) says which spot on Earth is which spot of the world.

import { makeSite, type Site, type World } from "../protocol/messages";
import { Compass } from "./compass";
import { Fixes } from "./fixes";
import { azimuthIn, facing, inWorld, metresBetween, movedBy, type OnEarth, scaled } from "./place";
import type { Pose } from "./pose";

/** Seconds in which the walker comes to where the person is. */
const EASE = 0.6;
/** Metres walked until the trail has another point. */
const STRIDE = 1.5;
const LONGEST_TRAIL = 2000;
/** A first position vaguer than this is waited with, for so long. Metres, seconds. */
const [VAGUE, WAIT] = [35, 12];

const REFUSED = "The browser was told not to say where you are. Allow it beside the address, then try again.";
const INSECURE =
  "Browsers tell a page where it is only over a secure connection. Start Isobath with --phone, and scan its code.";
const NOWHERE = "This device does not know where it is. Go outside, or switch its location on.";

const UNHELD =
  "This browser does not tell how the phone is held. Allow its motion sensors beside the address; dragging looks about all the same.";

export type Finding = "off" | "asking" | "searching" | "here" | "refused";

/** What the browser has, so that tests can say it instead. */
export interface Sensors {
  readonly geolocation: Geolocation | undefined;
  readonly secure: boolean;
  readonly now: () => number;
  readonly turning: typeof hearCompass;
}

const SENSORS: Sensors = {
  get geolocation() {
    return navigator.geolocation as Geolocation | undefined;
  },
  get secure() {
    return isSecureContext;
  },
  now: () => performance.now() / 1000,
  turning: (hear) => hearCompass(hear),
};

export class Outside {
  state: Finding = "off";
  /** Why nothing is known, for the person. */
  sentence: string | null = null;
  /** Which spot on Earth is which spot of the world; null: not known yet. */
  site: Site | null = null;
  /** The newest position as it came. */
  seen: (OnEarth & { readonly accuracy: number }) | null = null;
  readonly compass = new Compass();
  /** Where one has been, in the world: x, z, x, z, … */
  readonly trail: number[] = [];
  /** Metres to the east and south of `origin`. */
  private readonly fixes = new Fixes();
  private origin: OnEarth | null = null;
  /** Where one has been, on Earth. */
  private readonly walked: OnEarth[] = [];
  private watching: number | null = null;
  private began = 0;
  private turning: (() => void) | null = null;
  /** The phone turns the head, whether or not the place is known. */
  looks = false;
  /** Why it does not, for the person. */
  unheld: string | null = null;

  constructor(
    private readonly changed: () => void,
    private readonly sensors: Sensors = SENSORS,
  ) {}

  /** The walker is where the person is. */
  get on(): boolean {
    return this.state !== "off" && this.state !== "refused";
  }

  /** How sure the place is, in metres; null: it is not known. */
  accuracy(): number | null {
    return this.fixes.at(this.sensors.now())?.accuracy ?? null;
  }

  /** Where the person is, as far as can be known; null: nobody knows. */
  here(): OnEarth | null {
    const at = this.fixes.at(this.sensors.now());
    return at === null || this.origin === null ? null : movedBy(this.origin, { east: at.x, north: -at.z });
  }

  private spot(): { readonly x: number; readonly z: number } | null {
    const here = this.site === null || !this.on ? null : this.here();
    return here === null || this.site === null ? null : inWorld(this.site, here);
  }

  /** Seconds since a position was believed. */
  get silence(): number {
    return this.fixes.age(this.sensors.now());
  }

  /** Ask the browser where this is. Call it by hand of the person: an iPhone asks about its sensors only then. */
  start(): void {
    if (this.on) return;
    const { geolocation, secure } = this.sensors;
    if (!secure || geolocation === undefined) {
      this.become("refused", secure ? NOWHERE : INSECURE);
      return;
    }
    this.become("asking", null);
    this.began = this.sensors.now();
    this.fixes.clear();
    this.watching = geolocation.watchPosition(
      (position) => this.found(position),
      (problem) => this.lost(problem),
      { enableHighAccuracy: true, maximumAge: 0, timeout: 60_000 },
    );
    void this.look(true);
  }

  stop(): void {
    if (this.watching !== null) this.sensors.geolocation?.clearWatch(this.watching);
    this.watching = null;
    this.seen = null;
    this.fixes.clear();
    this.become("off", null);
  }

  /** Everything off, for good. */
  end(): void {
    this.stop();
    void this.look(false);
  }

  /** Let the phone turn the head, or no longer. */
  async look(on: boolean): Promise<void> {
    this.looks = on;
    this.unheld = null;
    if (!on) {
      this.turning?.();
      this.turning = null;
    } else if (this.turning === null) {
      const ends = await this.sensors.turning((...held) => this.compass.hear(...held, this.sensors.now()));
      if (!this.looks || this.turning !== null)
        ends?.(); // changed while the person was asked
      else {
        this.turning = ends;
        this.unheld = ends === null ? UNHELD : null;
      }
    }
    this.changed();
  }

  // ------------------------------------------------------------------ calibration

  /** Where the person stands now is this spot of the world. */
  standHere(spot: { readonly x: number; readonly z: number }): void {
    const here = this.here();
    if (here === null) return;
    const { latitude, longitude } = here;
    this.settle({
      ...(this.site ?? makeSite({ latitude, longitude })),
      latitude,
      longitude,
      x: spot.x,
      z: spot.z,
    });
  }

  /** Where the person looks now is the world's north. */
  faceNorth(): void {
    const heading = this.compass.heading;
    if (this.site !== null && heading !== null) this.turn(heading);
  }

  /** Turn the world about where the person stands. */
  turn(heading: number): void {
    if (this.site !== null) this.settle(facing(this.site, heading, this.here() ?? this.site));
  }

  /** How many metres of the world a metre outside is. */
  scale(scale: number): void {
    if (this.site !== null) this.settle(scaled(this.site, scale, this.here() ?? this.site));
  }

  settle(site: Site | null): void {
    this.site = site;
    this.trail.length = 0;
    if (site !== null)
      for (const each of this.walked) {
        const { x, z } = inWorld(site, each);
        this.trail.push(x, z);
      }
    this.changed();
  }

  // ------------------------------------------------------------------ walking

  /** Bring the walker to where the person is, and turn the head. True where the place is known. */
  carry(pose: Pose, world: World, passed: number): boolean {
    const follow = 1 - Math.exp(-Math.min(1, Math.max(0, passed)) / EASE);
    const { heading, elevation } = this.compass;
    if (this.looks && heading !== null) {
      pose.azimuth = this.site === null ? heading : azimuthIn(this.site, heading);
      pose.elevation = elevation;
    }
    const at = this.spot();
    if (at === null) return false;
    const inside = (value: number, size: number): number => Math.max(-size / 2, Math.min(size / 2, value));
    pose.x += (inside(at.x, world.size[0]) - pose.x) * follow;
    pose.z += (inside(at.z, world.size[2]) - pose.z) * follow;
    return true;
  }

  /** The person has left the world: metres to its edge. 0 inside. */
  astray(world: World): number {
    const at = this.spot();
    if (at === null) return 0;
    const out = (value: number, size: number): number => Math.max(0, Math.abs(value) - size / 2);
    return Math.hypot(out(at.x, world.size[0]), out(at.z, world.size[2])) / (this.site?.scale ?? 1);
  }

  private found({ coords }: GeolocationPosition): void {
    const { latitude, longitude, accuracy } = coords;
    if (![latitude, longitude, accuracy].every(Number.isFinite) || Math.abs(latitude) > 89) return;
    this.seen = { latitude, longitude, accuracy };
    const vague = accuracy > VAGUE && this.sensors.now() - this.began < WAIT;
    if (this.site === null && vague) this.become("searching", null);
    else this.become("here", null);
    this.origin ??= { latitude, longitude };
    const { east, north } = metresBetween(this.origin, this.seen);
    if (this.fixes.add({ x: east, z: -north, accuracy, time: this.sensors.now() })) this.leaveTrail();
    this.changed();
  }

  private leaveTrail(): void {
    const here = this.here();
    const last = this.walked.at(-1);
    if (here === null || (last !== undefined && awayFrom(last, here) < STRIDE)) return;
    this.walked.push(here);
    const at = this.spot();
    if (at !== null) this.trail.push(at.x, at.z);
    if (this.walked.length <= LONGEST_TRAIL) return;
    this.walked.shift();
    this.trail.splice(0, 2);
  }

  private lost(problem: GeolocationPositionError): void {
    if (problem.code === problem.PERMISSION_DENIED) {
      this.stop();
      this.become("refused", REFUSED);
    } else {
      this.become("searching", NOWHERE);
    }
  }

  private become(state: Finding, sentence: string | null): void {
    this.state = state;
    this.sentence = sentence;
    this.changed();
  }
}

/** Metres from one point on Earth to another. */
export function awayFrom(from: OnEarth, here: OnEarth): number {
  const { east, north } = metresBetween(from, here);
  return Math.hypot(east, north);
}

type Hear = (
  held: { alpha: number | null; beta: number | null; gamma: number | null },
  screen: number,
  absolute: boolean,
  compass: number | null,
) => void;

/** Listen to how the phone is held; what is returned ends it. Null: the browser does not say. */
export async function hearCompass(hear: Hear): Promise<(() => void) | null> {
  if (typeof DeviceOrientationEvent === "undefined") return null;
  const asks = DeviceOrientationEvent as unknown as { requestPermission?(): Promise<string> };
  try {
    if (asks.requestPermission !== undefined && (await asks.requestPermission()) !== "granted") return null;
  } catch {
    return null;
  }
  let absolute = false;
  const heard = (event: Event): void => {
    const held = event as DeviceOrientationEvent & { readonly webkitCompassHeading?: number };
    const sure = held.absolute || event.type === "deviceorientationabsolute";
    if (absolute && !sure) return; // the other event says the same, without north
    absolute ||= sure && held.alpha !== null;
    hear(held, screen.orientation?.angle ?? 0, sure, held.webkitCompassHeading ?? null);
  };
  const names = ["deviceorientationabsolute", "deviceorientation"];
  for (const name of names) addEventListener(name, heard);
  return () => {
    for (const name of names) removeEventListener(name, heard);
  };
}
