"""Recorded gestures, found again while somebody moves: dynamic time warping over what comes in.

    recogniser = Recogniser([[wave, wave_again], [circle]])     # examples of each gesture, (frames, axes)
    found = recogniser.put(point)                               # the number of a gesture that has just ended

Each example is compared with what came in by a path that may dwell and hurry, from any moment on, so that
nobody has to say where a gesture begins (SPRING: Sakurai, Faloutsos and Yamamuro 2007). A gesture has ended
when its distance is small and cannot get smaller any more. How small is learned: as far as its examples are
from each other and a half more, but never half as far as another gesture's. A step costs one pass over the
longest example, for all examples at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FRAMES = 64
"""An example has no more: longer ones are thinned, and so is what comes in."""
FEWEST = 3
"""Frames of an example."""
MOST_EXAMPLES = 256
QUICKEST, SLOWEST = 0.4, 2.5
"""A gesture lasts so much of an example's time, at least and at most."""
_ALONE = 0.25
"""Of a gesture's size, how far it may be off where one example is all that is known."""
_LEAST = 0.1
_MORE = 1.5


@dataclass(frozen=True)
class Shape:
    """An example as it is compared: thinned, in units of spread."""

    gesture: int
    points: Floats


class Recogniser:
    """One for a stream of points. Points and examples have the same axes."""

    def __init__(self, examples: Sequence[Sequence[Floats]], sensitivity: float = 1.0) -> None:
        """examples: of each gesture. sensitivity: above 1 finds more, below less."""
        known = [
            (gesture, np.asarray(each, dtype=np.float64))
            for gesture, own in enumerate(examples)
            for each in own
            if len(each) >= FEWEST and np.isfinite(each).all()
        ][:MOST_EXAMPLES]
        self.gestures = len(examples)
        self.axes = known[0][1].shape[1] if known else 0
        known = [(gesture, each) for gesture, each in known if each.shape[1] == self.axes]
        every = np.concatenate([each for _, each in known]) if known else np.zeros((1, 1))
        spread = every.std(axis=0)
        self._scale = 1.0 / np.where(spread > 1e-9, spread, np.inf)
        longest = max((len(each) for _, each in known), default=1)
        self._thin = max(1, -(-longest // FRAMES))
        self.shapes = tuple(Shape(g, each[:: self._thin] * self._scale) for g, each in known)
        self._lengths = np.array([len(each.points) for each in self.shapes], dtype=np.intp)
        most = int(self._lengths.max(initial=1))
        self._points = np.zeros((most, len(self.shapes), self.axes))
        for number, shape in enumerate(self.shapes):
            self._points[: len(shape.points), number] = shape.points
        self._owner = np.array([each.gesture for each in self.shapes], dtype=np.intp)
        self._near = np.array(self._thresholds()) * sensitivity
        self.reset()

    def reset(self) -> None:
        """Forget what came in."""
        most, count = self._points.shape[:2]
        self._time, self._skipped = 0, 0
        self._cost = np.full((most, count), np.inf)
        self._start = np.zeros((most, count), dtype=np.intp)
        self._best = np.full(count, np.inf)
        self._from = np.zeros(count, dtype=np.intp)
        self._until = np.zeros(count, dtype=np.intp)
        self.distances = np.full(self.gestures, np.inf)
        """How far what came in last is from each gesture, 1: as far as it is still taken for it."""

    def put(self, point: Sequence[float]) -> int | None:
        """A point (axes,) comes in; the gesture that has just ended, if one has."""
        if len(point) != self.axes or not self.shapes or not np.isfinite(point).all():
            return None
        self._skipped = (self._skipped + 1) % self._thin
        if self._skipped:
            return None
        self._time += 1
        self._advance(np.asarray(point, dtype=np.float64) * self._scale)
        every, last = np.arange(len(self.shapes)), self._lengths - 1
        mean = self._cost[last, every] / self._lengths
        lasted = (self._time - self._start[last, every] + 1) / self._lengths
        mean = np.where((lasted >= QUICKEST) & (lasted <= SLOWEST), mean, np.inf)
        near = mean / self._near
        self.distances = np.array(
            [near[self._owner == each].min(initial=np.inf) for each in range(self.gestures)]
        )
        better = (near <= 1.0) & (near < self._best)
        self._best = np.where(better, near, self._best)
        self._from = np.where(better, self._start[last, every], self._from)
        self._until = np.where(better, self._time, self._until)
        return self._ended(every)

    def _advance(self, here: Floats) -> None:
        """One more column of every comparison; a path may begin at any time for nothing."""
        distance = np.sqrt(((self._points - here) ** 2).sum(axis=2))
        rows = np.arange(len(distance))[:, None]
        enter, began = self._cost.copy(), self._start.copy()
        ahead = self._cost[:-1] <= self._cost[1:]
        enter[1:] = np.where(ahead, self._cost[:-1], self._cost[1:])
        began[1:] = np.where(ahead, self._start[:-1], self._start[1:])
        enter[0], began[0] = 0.0, self._time
        # Within a column a path goes on from the cheapest place to enter it below.
        sums = np.cumsum(distance, axis=0)
        least = np.minimum.accumulate(enter - (sums - distance), axis=0)
        entered = np.maximum.accumulate(np.where(enter - (sums - distance) <= least, rows, 0), axis=0)
        self._cost, self._start = sums + least, np.take_along_axis(began, entered, 0)

    def _ended(self, every: NDArray[np.intp]) -> int | None:
        """The best gesture that is near and whose every unfinished path is worse already, or began later."""
        found = np.isfinite(self._best)
        if not found.any():
            return None
        inside = np.arange(len(self._cost))[:, None] < self._lengths
        open_ = inside & (self._start <= self._until) & (self._cost / self._lengths / self._near < self._best)
        open_[self._lengths - 1, every] = False
        done = found & ~open_.any(axis=0)
        if not done.any():
            return None
        number = int(np.where(done, self._best, np.inf).argmin())
        if (found & (self._best < self._best[number]) & (self._from <= self._until[number])).any():
            return None  # another gesture fits the same moments better, and is not over yet
        self._cost[:], self._best[:] = np.inf, np.inf
        return int(self._owner[number])

    def _thresholds(self) -> list[float]:
        """Of each example, the mean distance up to which it is recognised."""
        last, every = self._lengths - 1, np.arange(len(self.shapes))
        ways = [warping(each.points, self._points)[last, every] / self._lengths for each in self.shapes]
        apart = np.array(ways)
        near = []
        for number, shape in enumerate(self.shapes):
            same = self._owner == shape.gesture
            own = [float(apart[number, i]) for i in np.flatnonzero(same) if i != number]
            size = float(np.linalg.norm(shape.points - shape.points.mean(axis=0), axis=1).mean())
            reach = _MORE * max(own) if own else _ALONE * size
            others = apart[number][~same]
            near.append(max(1e-6, min(max(reach, _LEAST), 0.5 * float(others.min(initial=np.inf)))))
        return near


def warped(a: Floats, b: Floats) -> float:
    """Distance of two whole paths (frames, axes) by dynamic time warping, a frame of `b`."""
    return float(warping(a, b[:, None])[-1, 0]) / len(b)


def warping(a: Floats, others: Floats) -> Floats:
    """What it costs to warp the whole path `a` (frames, axes) onto others (frames, paths, axes), up to each
    of their frames: (frames, paths)."""
    cost: Floats = np.zeros(0)
    for number, point in enumerate(a):
        row = np.sqrt(((others - point) ** 2).sum(axis=2))
        sums = np.cumsum(row, axis=0)
        if number == 0:
            cost = sums
            continue
        enter = cost.copy()
        np.minimum(enter[1:], cost[:-1], out=enter[1:])
        cost = sums + np.minimum.accumulate(enter - (sums - row), axis=0)
    return cost
