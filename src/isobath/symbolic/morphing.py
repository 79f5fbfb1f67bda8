"""From one phrase to another in even steps: no step changes more than its share.

A straight line in the latent crosses many hits at once where the decoder turns, and few at its ends.
Two remedies: its places are chosen so that as much changes from each to the next (`evenly`), and only
what the ends differ in changes, once each, in the order in which the line crosses it, and never more
than a budget at a time (`schedule`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DRIFT = 0.5
"""What all that is not counted weighs together, in changes."""


def budget(different: int, count: int) -> int:
    """The most that one of `count` - 1 steps may change when the ends differ in so many places: as evenly
    as whole hits can."""
    return math.ceil(different / (count - 1))


def evenly(patterns: NDArray[Any], soft: NDArray[np.floating[Any]], count: int) -> NDArray[np.intp]:
    """Which `count` of many points along a line, ends included, have equally many changes between them.

    patterns: (points, ...), what is counted; soft: (points, ...), by whose change points are told apart
    between which nothing is counted.
    """
    points = len(patterns)
    flat = patterns.reshape(points, -1)
    changes = np.count_nonzero(flat[1:] != flat[:-1], axis=1).astype(np.float64)
    drift = np.abs(np.diff(soft.reshape(points, -1), axis=0)).sum(axis=1, dtype=np.float64)
    way = np.concatenate([[0.0], np.cumsum(changes + _DRIFT * drift / max(drift.sum(), 1e-12))])
    if way[-1] <= 0.0:
        return np.linspace(0, points - 1, count).round().astype(np.intp)
    at = np.searchsorted(way, np.linspace(0.0, way[-1], count) - 1e-9)
    at[0], at[-1] = 0, points - 1
    return at


def schedule(patterns: NDArray[Any], confidence: NDArray[np.floating[Any]]) -> NDArray[Any]:
    """Patterns (count, ...) along a line -> patterns with the same ends that change evenly.

    confidence: (count, ...), the chance of a hit, or of the likeliest token: among what the line
    crosses in the same step, the surest goes first.
    """
    count = len(patterns)
    first, last = patterns[0].ravel(), patterns[-1].ravel()
    cells = np.flatnonzero(first != last)
    each = budget(len(cells), count)
    along = patterns.reshape(count, -1)[:, cells]
    sure = np.abs(confidence.reshape(count, -1)[:, cells] - 0.5)
    arrived = along == last[cells]
    # where the line arrives for good: the step after the last one that is not there yet
    crossing = count - np.argmax(~arrived[::-1], axis=0)
    crossing = np.clip(crossing, 1, count - 1)
    order = np.lexsort((-sure[crossing, np.arange(len(cells))], crossing))
    due = np.searchsorted(crossing[order], np.arange(count), side="right")
    done = np.zeros(count, int)
    for t in range(1, count):
        least = len(cells) - each * (count - 1 - t)
        done[t] = min(max(due[t], least, done[t - 1]), done[t - 1] + each, len(cells))
    found = np.repeat(first[None], count, axis=0)
    for t in range(count):
        now = cells[order[: done[t]]]
        found[t, now] = last[now]
    return found.reshape(patterns.shape)
