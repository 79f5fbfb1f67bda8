"""Takes silence out of a stream, and remembers what it kept.

Sound is looked at in windows of 10 ms. A window whose highest sample lies over the threshold
sounds; it is kept with so much before and after it. Where something is cut, the last window before
and the first after it fade, so that the join does not click.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from isobath.types import Audio
from isobath.units import db_to_gain

WINDOW_SECONDS = 0.01


class Gate:
    """State between blocks. `kept` lists [from, to) in samples of what came in."""

    def __init__(self, sample_rate: int, threshold_db: float, before: float, after: float) -> None:
        self._size = max(1, round(WINDOW_SECONDS * sample_rate))
        self._threshold = db_to_gain(threshold_db)
        self._before, self._after = round(before / WINDOW_SECONDS), round(after / WINDOW_SECONDS)
        self._waiting: deque[Audio] = deque()
        self._held: Audio | None = None
        self._rest: Audio | None = None
        self._left = 0
        self._at = 0
        self.kept: list[tuple[int, int]] = []

    def push(self, audio: Audio) -> list[Audio]:
        """What is kept of the sound so far and was not given out before."""
        if self._rest is not None:
            audio = np.concatenate((self._rest, audio), axis=1)
        whole = audio.shape[1] // self._size * self._size
        self._rest = audio[:, whole:]
        out: list[Audio] = []
        for start in range(0, whole, self._size):
            self._window(audio[:, start : start + self._size], out)
        return out

    def finish(self) -> list[Audio]:
        """The rest, when nothing more comes."""
        out: list[Audio] = []
        if self._rest is not None and self._rest.shape[1]:
            self._window(self._rest, out)
        if self._held is not None:
            quiet_end = self.kept[-1][1] < self._at
            out.append(self._held * _ramp(self._held)[::-1] if quiet_end else self._held)
        return out

    def _window(self, window: Audio, out: list[Audio]) -> None:
        begins = self._at
        self._at += window.shape[1]
        if float(np.abs(window).max()) > self._threshold:
            at = begins - sum(w.shape[1] for w in self._waiting)
            for each in (*self._waiting, window):
                self._keep(each, at, out)
                at += each.shape[1]
            self._waiting.clear()
            self._left = self._after
        elif self._left > 0:
            self._left -= 1
            self._keep(window, begins, out)
        else:
            self._waiting.append(window)
            if len(self._waiting) > self._before:
                self._waiting.popleft()

    def _keep(self, window: Audio, at: int, out: list[Audio]) -> None:
        joins = bool(self.kept) and self.kept[-1][1] == at
        if self._held is not None:
            out.append(self._held if joins else self._held * _ramp(self._held)[::-1])
        if joins:
            self.kept[-1] = (self.kept[-1][0], at + window.shape[1])
        else:
            self.kept.append((at, at + window.shape[1]))
        self._held = window if joins or at == 0 else window * _ramp(window)


def _ramp(window: Audio) -> Audio:
    """From nothing to one over a window."""
    n = window.shape[1]
    return np.asarray(np.sin(np.pi / 2 * (np.arange(n) + 0.5) / n) ** 2, dtype=np.float32)
