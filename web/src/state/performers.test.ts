import { beforeEach, expect, test, vi } from "vitest";
import { Performer } from "../gesture/performer";
import { makeAxis } from "../protocol/messages";
import { Performers } from "./performers";

const AXES = [makeAxis({ id: "x", name: "x" }), makeAxis({ id: "y", name: "breath" })];
const here = (...numbers: number[]) =>
  numbers.map((number) => ({ number, name: `P${number}`, colour: "#123456" }));

function setUp(together = false) {
  const performer = new Performer();
  performer.setAxes(AXES);
  const shown: { axes: readonly string[]; point: readonly number[] }[] = [];
  const performers: Performers = new Performers({
    performer,
    axes: () => ["x", "y"],
    together: () => together,
    show: (axes, point) => {
      shown.push({ axes, point });
      return true;
    },
    moved: (axes, values) => performer.setMany(axes, values),
  });
  return { performer, performers, shown };
}

beforeEach(() => {
  vi.useFakeTimers();
});

test("alone, nothing is said", () => {
  const { performer, shown } = setUp();
  performer.set("x", 0.3);
  vi.advanceTimersByTime(1000);
  expect(shown).toEqual([]);
});

test("a hand is shown 30 times a second at most, and once more when it has let go", () => {
  const { performer, performers, shown } = setUp();
  performers.hear({ type: "performers_here", performers: here(1, 2), me: 1 });
  shown.length = 0;
  performer.touch("x");
  for (let i = 0; i < 1000; i++) {
    performer.set("x", i / 1000);
    vi.advanceTimersByTime(1);
  }
  expect(shown.length).toBeGreaterThan(20);
  expect(shown.length).toBeLessThanOrEqual(31);
  expect(shown.at(-1)!.axes).toEqual(["x"]);
  performer.release("x");
  vi.advanceTimersByTime(1000);
  expect(shown.at(-1)).toEqual({ axes: [], point: [0.999, 0.5] });
  const settled = shown.length;
  vi.advanceTimersByTime(5000);
  expect(shown.length).toBe(settled);
});

test("a hand that rests on an axis keeps it by saying so again", () => {
  const { performer, performers, shown } = setUp();
  performers.hear({ type: "performers_here", performers: here(1, 2), me: 1 });
  performer.touch("x");
  vi.advanceTimersByTime(1000);
  expect(shown.length).toBeGreaterThanOrEqual(4);
  expect(shown.length).toBeLessThanOrEqual(7);
});

test("together, others' hands move the axes here, and are not taken for one's own", () => {
  const { performer, performers, shown } = setUp(true);
  performers.hear({ type: "performers_here", performers: here(1, 2), me: 1 });
  performers.hear({ type: "hands_seen", hands: [{ number: 2, axes: ["y"], point: [0.1, 0.9] }] });
  expect(Array.from(performer.values)).toEqual([0.5, 0.9]);
  vi.advanceTimersByTime(1000);
  expect(shown.every((each) => each.axes.length === 0)).toBe(true);
});

test("apart, they are seen and move nothing; a hand of another piece's size neither", () => {
  const { performer, performers } = setUp();
  performers.hear({ type: "performers_here", performers: here(1, 2), me: 1 });
  performers.hear({ type: "hands_seen", hands: [{ number: 2, axes: ["y"], point: [0.1, 0.9] }] });
  expect(Array.from(performer.values)).toEqual([0.5, 0.5]);
  expect(performers.others).toMatchObject([{ who: { name: "P2" }, axes: ["y"], point: [0.1, 0.9] }]);
  vi.advanceTimersByTime(1000);
  expect(performers.others[0]!.axes).toEqual([]);
});

test("who is in the way is told while both hands are on the axis", () => {
  const { performer, performers } = setUp();
  performers.hear({ type: "performers_here", performers: here(1, 2), me: 1 });
  performers.hear({ type: "hands_seen", hands: [{ number: 2, axes: ["y"], point: [0.1, 0.9] }] });
  expect(performers.inTheWay).toBeNull();
  performer.touch("y");
  expect(performers.inTheWay).toMatchObject({ who: { number: 2 }, axis: "y" });
  performer.release("y");
  vi.advanceTimersByTime(1000);
  expect(performers.inTheWay).toBeNull();
});

test("whoever has gone is forgotten", () => {
  const { performers } = setUp();
  performers.hear({ type: "performers_here", performers: here(1, 2), me: 1 });
  performers.hear({ type: "hands_seen", hands: [{ number: 2, axes: ["y"], point: [0.1, 0.9] }] });
  performers.hear({ type: "performers_here", performers: here(1), me: 1 });
  expect(performers.others).toEqual([]);
});
