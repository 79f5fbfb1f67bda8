// Positions from satellites, made into a walk: each counts for as much as it is sure of itself, and between
// two of them the walker goes on as before. A Kalman filter of place and speed, for each direction alone.

/** What the spread of a 95 % circle is along one direction (W3C Geolocation, 9: accuracy). */
const SPREAD = 1 / 2.4477;
/** How much a walker's speed changes, metres a second squared. */
const RESTLESS = 0.45;
/** A walker that has not been seen for so long is thought to stand. Seconds. */
const PATIENCE = 3;
/** A position that lies further off than so many spreads is thought to be a mistake, ... */
const GATE = 5;
/** ... unless so many in a row say it. */
const AGREED = 3;
const FASTEST = 12; // metres a second: a bicycle

export interface Fix {
  readonly x: number;
  readonly z: number;
  /** Radius in metres within which it lies 19 times in 20. */
  readonly accuracy: number;
  /** Seconds, of any clock. */
  readonly time: number;
}

interface Along {
  at: number;
  speed: number;
  /** Variances: of place, of both, of speed. */
  pp: number;
  pv: number;
  vv: number;
}

export class Fixes {
  private readonly east: Along = unknown();
  private readonly south: Along = unknown();
  private time = Number.NaN;
  private refused = 0;
  /** Positions taken in. */
  taken = 0;

  /** Forget where the walker was. */
  clear(): void {
    this.time = Number.NaN;
    this.refused = 0;
    this.taken = 0;
  }

  /** Seconds since the last position that was believed. */
  age(now: number): number {
    return now - this.time;
  }

  /** Take a position in; false: it was not believed. */
  add(fix: Fix): boolean {
    const { x, z, time } = fix;
    const spread = Math.max(0.5, fix.accuracy * SPREAD);
    if (![x, z, time, spread].every(Number.isFinite)) return false;
    if (Number.isNaN(this.time)) return this.begin(fix, spread);
    if (time <= this.time) return false;
    const passed = Math.min(60, time - this.time);
    for (const along of [this.east, this.south]) predict(along, passed);
    this.time = time;
    const off = Math.hypot(x - this.east.at, z - this.south.at);
    const reach = GATE * Math.sqrt(this.east.pp + this.south.pp + 2 * spread * spread);
    if (off > reach && ++this.refused < AGREED) return false;
    if (off > reach) return this.begin(fix, spread);
    this.refused = 0;
    this.taken++;
    correct(this.east, x, spread * spread);
    correct(this.south, z, spread * spread);
    return true;
  }

  /** Where the walker is at a moment, and how sure that is; null: nobody knows. */
  at(now: number): { readonly x: number; readonly z: number; readonly accuracy: number } | null {
    if (Number.isNaN(this.time)) return null;
    const ahead = Math.min(PATIENCE, Math.max(0, now - this.time));
    // Coming to rest within the patience: half of it is walked.
    const walked = ahead - (ahead * ahead) / (2 * PATIENCE);
    const { east, south } = this;
    const spread = Math.sqrt((east.pp + south.pp) / 2) + 0.3 * ahead;
    return {
      x: east.at + east.speed * walked,
      z: south.at + south.speed * walked,
      accuracy: spread / SPREAD,
    };
  }

  private begin(fix: Fix, spread: number): boolean {
    Object.assign(this.east, unknown(), { at: fix.x, pp: spread * spread });
    Object.assign(this.south, unknown(), { at: fix.z, pp: spread * spread });
    this.time = fix.time;
    this.refused = 0;
    this.taken++;
    return true;
  }
}

function unknown(): Along {
  return { at: 0, speed: 0, pp: 1e6, pv: 0, vv: 1 };
}

/** Let time pass: it goes on, and is less and less sure. */
function predict(along: Along, dt: number): void {
  const noise = RESTLESS * RESTLESS;
  along.at += along.speed * dt;
  along.pp += 2 * dt * along.pv + dt * dt * along.vv + (noise * dt ** 4) / 4;
  along.pv += dt * along.vv + (noise * dt ** 3) / 2;
  along.vv += noise * dt * dt;
}

/** It was seen at `seen`, with this variance. */
function correct(along: Along, seen: number, variance: number): void {
  const off = seen - along.at;
  const whole = along.pp + variance;
  const [place, speed] = [along.pp / whole, along.pv / whole];
  along.at += place * off;
  along.speed = Math.max(-FASTEST, Math.min(FASTEST, along.speed + speed * off));
  along.vv -= speed * along.pv;
  along.pv *= 1 - place;
  along.pp *= 1 - place;
}
