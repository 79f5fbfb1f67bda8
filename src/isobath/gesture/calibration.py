"""The range of a controller, learned while it is moved to its ends and back.

A single wild value, as bad contacts and lost radio packets bring them, must not become the end of the
range: each end is the furthest that three values running have reached.
"""

from __future__ import annotations

from collections import deque

from isobath.gesture.conditioning import LARGEST

RUNNING = 3
ENOUGH = 10
"""Values; fewer say nothing about a range."""

MARGIN = 0.01
"""Of the range taken off each end, so that the ends can be reached again."""


class Calibration:
    """Hears every value of one controller until asked."""

    def __init__(self) -> None:
        self.count = 0
        self._last: deque[float] = deque(maxlen=RUNNING)
        self._lo: float | None = None
        self._hi: float | None = None

    def hear(self, value: float) -> None:
        """The controller says a value."""
        if not -LARGEST <= value <= LARGEST:
            return
        self.count += 1
        self._last.append(value)
        if len(self._last) == RUNNING:
            self._lo = max(self._last) if self._lo is None else min(self._lo, max(self._last))
            self._hi = min(self._last) if self._hi is None else max(self._hi, min(self._last))

    @property
    def range(self) -> tuple[float, float] | None:
        """Least and most; None: it has not been moved enough to tell."""
        if self.count < ENOUGH or self._lo is None or self._hi is None or self._hi <= self._lo:
            return None
        margin = MARGIN * (self._hi - self._lo)
        return self._lo + margin, self._hi - margin
