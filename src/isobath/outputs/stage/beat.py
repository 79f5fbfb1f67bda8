"""The beat, counted in frames that the device has been given: what begins and ends on the bar asks here.

The page's own has the same numbers (web/src/audio/tempo.ts).
"""

from __future__ import annotations

import math

from isobath.protocol.piece import Tempo

_CLOSE = 1e-9
_BARELY = 0.02
"""Of a bar: a take that is ended so soon after its line has ended with it."""


class Beat:
    """Bars from a first one on."""

    def __init__(self, rate: int, tempo: Tempo = Tempo()) -> None:
        """rate: frames a second."""
        self._rate = rate
        self.bpm, self.beats, self._origin = 120.0, 4, 0.0
        self.set(tempo, 0)

    @property
    def bar(self) -> float:
        """Frames of a bar."""
        return self.beats * 60.0 * self._rate / self.bpm

    def set(self, tempo: Tempo, frame: int, phase: float | None = None) -> None:
        """Another tempo from a frame on, in the same beat; with a `phase` (beats), at that one."""
        at = self.at(frame) if phase is None or not math.isfinite(phase) else phase
        self.bpm = min(300.0, max(20.0, tempo.bpm))
        self.beats = min(16, max(1, tempo.beats))
        self._origin = frame - at * 60.0 * self._rate / self.bpm

    def at(self, frame: int) -> float:
        """Beats since the first bar."""
        return (frame - self._origin) * self.bpm / (60.0 * self._rate)

    def next_bar(self, frame: int) -> int:
        """The first bar line at or after a frame, rounded up."""
        bars = math.ceil((frame - self._origin) / self.bar - _CLOSE)
        return math.ceil(self._origin + bars * self.bar - _CLOSE)

    def bars_since(self, began: int, frame: int) -> int:
        """Whole bars, at least one, of what began at a frame and is to end at another one."""
        return max(1, math.ceil((frame - began) / self.bar - _BARELY))
