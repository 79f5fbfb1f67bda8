"""A gesture that is held: where it was on average, and how still. web/src/gesture/holding.ts does the same.

A hand that has just arrived still settles, so the first fifth of the hold (half a second at most) is left
out. Places count as long as they lasted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SETTLING = 0.2
LONGEST_SETTLING = 0.5
STILL = 0.02
"""Spread, in axes' lengths, at which stillness is one half."""


@dataclass(frozen=True)
class Held:
    """What was held."""

    point: tuple[float, ...]
    """One value per axis."""
    spread: float
    """Root mean square of the deviations of all axes."""
    stillness: float
    """1 where nothing moved, towards 0 the more did."""
    seconds: float
    """That were counted."""


def held(seconds: Sequence[float], points: Sequence[Sequence[float]], end: float) -> Held | None:
    """The average of a gesture that was at points[i] from seconds[i] on, until `end`; None: there is none."""
    if not points or end <= seconds[0]:
        return None
    begin = seconds[0] + min(SETTLING * (end - seconds[0]), LONGEST_SETTLING)
    whole = end - begin
    axes = len(points[0])
    sums, squares = [0.0] * axes, [0.0] * axes
    for i, point in enumerate(points):
        until = seconds[i + 1] if i + 1 < len(points) else end
        lasted = max(0.0, until - max(begin, seconds[i]))
        for a in range(axes):
            sums[a] += lasted * point[a]
            squares[a] += lasted * point[a] * point[a]
    means = [each / whole for each in sums]
    variance = 0.0
    for a in range(axes):
        variance += max(0.0, squares[a] / whole - means[a] * means[a])
    spread = (variance / max(1, axes)) ** 0.5
    return Held(tuple(means), spread, 1.0 / (1.0 + (spread / STILL) * (spread / STILL)), whole)
