import { describe, expect, it } from "vitest";
import { readPoses, type Shares, writePose } from "../net/poses";
import { makeRoomWalker, makeWorld } from "../protocol/messages";
import { Company, poseOf, sharesOf } from "./company";
import { choose, freeSlot, heardAt } from "./neighbours";

const world = makeWorld({ size: [100, 20, 200] });
const who = (id: number) => makeRoomWalker({ id, name: `w${id}`, colour: "#d9a441" });

const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

describe("poses", () => {
  // The same bytes stand in tests/protocol/test_poses.py.
  it("are the bytes that the server reads", () => {
    const at = { x: 0.25, y: 1, z: 0.75, azimuth: 0.5, elevation: -0.125 };
    expect(writePose(at, 1)).toEqual(bytesOf("010008004001f4ffbfffff"));
  });

  it("and read what it writes", () => {
    const seen = new Map<number, Shares>();
    let latents: readonly Float32Array[] = [];
    const frame = bytesOf("020107000008004002f4ffbfffff03000102003c00c0");
    const read = readPoses(
      frame.buffer,
      (id, at, state) => {
        expect([id, state]).toEqual([3, 2]);
        seen.set(id, at);
      },
      (found) => {
        latents = found;
      },
    );
    expect(read).toBe(true);
    const at = seen.get(3)!;
    expect([at.x, at.y, at.z, at.azimuth, at.elevation]).toEqual([
      expect.closeTo(0.25, 6),
      1,
      expect.closeTo(0.75, 6),
      0.5,
      expect.closeTo(-0.125, 3),
    ]);
    expect(latents.map((each) => [...each])).toEqual([[1, -2]]);
  });

  it("nonsense is none", () => {
    for (const bytes of [[], [2], [1, 1, 0, 0], [2, 9, 0, 0, 1]])
      expect(
        readPoses(
          Uint8Array.from(bytes).buffer,
          () => {},
          () => {},
        ),
      ).toBe(false);
  });

  it("shares and metres are the same place", () => {
    const pose = { x: -30, y: 4, z: 99, azimuth: 0.2, elevation: 0.1 };
    const back = poseOf(world, sharesOf(world, pose));
    for (const part of ["x", "y", "z", "azimuth", "elevation"] as const)
      expect(back[part]).toBeCloseTo(pose[part], 9);
  });
});

describe("company", () => {
  it("goes through what it is told, and turns heads the shorter way", () => {
    const company = new Company();
    company.joined(0, [who(0), who(1)]);
    expect(company.others()).toEqual([]);
    company.told(1, { x: 0, y: 0, z: 0, azimuth: 0.9, elevation: 0 }, 10, 5);
    company.step(10.5, 0.1);
    company.told(1, { x: 4, y: 0, z: 0, azimuth: 0.1, elevation: 0 }, 10.5, 5);
    company.step(10.5 + (0.5 * 1.15) / 2, 0.1);
    const { pose } = company.others()[0]!;
    expect(pose.x).toBeCloseTo(2, 6);
    expect(Math.min(pose.azimuth, 1 - pose.azimuth)).toBeLessThan(1e-6);
    company.step(12, 1);
    expect(company.others()[0]!.pose.x).toBeCloseTo(4, 6);
    expect(company.others()[0]!.still).toBeGreaterThan(0);
  });

  it("does not glide across the world after a jump", () => {
    const company = new Company();
    company.joined(0, [who(1)]);
    company.told(1, { x: 0, y: 0, z: 0, azimuth: 0, elevation: 0 }, 1, 1);
    company.step(2, 1);
    company.told(1, { x: 500, y: 0, z: 0, azimuth: 0, elevation: 0 }, 2.1, 1);
    expect(company.others()[0]!.pose.x).toBe(500);
    expect(company.others()[0]!.presence).toBe(0);
  });

  it("keeps who comes back, forgets who left", () => {
    const company = new Company();
    company.joined(0, [who(0), who(1), who(2)]);
    company.joined(0, [who(0), who(2)]);
    expect(company.walkers.map(({ id }) => id)).toEqual([0, 2]);
    expect(company.left(2)?.name).toBe("w2");
    expect(company.left(2)).toBeNull();
    company.told(9, { x: 0, y: 0, z: 0, azimuth: 0, elevation: 0 }, 1, 1);
    expect(company.others()).toEqual([]);
  });
});

describe("neighbours", () => {
  it("are each on a slot of their own, also where one between them went", () => {
    const last = freeSlot([]);
    expect(freeSlot([{ slot: last }, { slot: last - 2 }])).toBe(last - 1);
    expect(freeSlot([{ slot: last }, { slot: last - 1 }])).toBe(last - 2);
  });
  it("who is near is louder, who is to the right is heard there", () => {
    expect(heardAt(2, 0.25).db).toBeGreaterThan(heardAt(10, 0.25).db);
    expect(heardAt(60, 0).db).toBe(-60);
    expect(heardAt(10, 0.25).pan).toBeGreaterThan(0.8);
    expect(Math.abs(heardAt(0.1, 0.25).pan)).toBeLessThan(0.1);
  });

  it("who is heard stays so until somebody is clearly nearer", () => {
    expect(choose([1, 2, 3], [], 2)).toEqual([1, 2]);
    expect(choose([1, 3, 2, 4], [1, 2], 2)).toEqual([1, 2]);
    expect(choose([1, 3, 4, 2], [1, 2], 2)).toEqual([1, 3]);
    expect(choose([], [1], 2)).toEqual([]);
  });
});
