"""From one phrase to another in even steps: no step changes more than its share.

A straight line in the latent crosses many hits at once where the decoder turns. Here only what the
two ends differ in changes, once each, in the order in which the line crosses it, and never more than
a budget at a time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def budget(different: int, count: int) -> int:
    """The most that one of `count` - 1 steps may change when the ends differ in so many places: as evenly
    as whole hits can."""
    return math.ceil(different / (count - 1))


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
