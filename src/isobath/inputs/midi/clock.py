"""MIDI's clock: 24 ticks a beat, start, continue, stop. What it says, a beat at a time; no port in sight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

TICK, START, CONTINUE, STOP = 0xF8, 0xFA, 0xFB, 0xFC
TICKS = 24
"""In a beat."""
REMEMBERED = 2 * TICKS
PAUSE_SECONDS = 0.5
"""Ticks further apart than this belong to no beat: 5 a minute."""


class Beat(NamedTuple):
    """The beat at this moment."""

    bpm: float
    number: int
    """Beats since the start; of a clock that was never started, since its first tick."""
    starts: bool = False
    """The first one after a start."""


class Follower:
    """One cable's clock."""

    def __init__(self, say: Callable[[Beat], None]) -> None:
        self._say = say
        self._times: deque[float] = deque(maxlen=REMEMBERED + 1)
        self._count = 0
        self._running = True
        self._starts = False

    def feed(self, status: int, now: float) -> None:
        """A real-time message that came at `now`, in seconds."""
        if status == START:
            self._count, self._running, self._starts = 0, True, True
        elif status == CONTINUE:
            self._running = True
        elif status == STOP:
            self._running = False
        elif status == TICK:
            self._tick(now)

    def _tick(self, now: float) -> None:
        if self._times and not 0.0 <= now - self._times[-1] < PAUSE_SECONDS:
            self._times.clear()
        self._times.append(now)
        if not self._running:
            return
        number, within = divmod(self._count, TICKS)
        self._count += 1
        if within == 0 and len(self._times) > TICKS // 2:
            span = (self._times[-1] - self._times[0]) / (len(self._times) - 1)
            if span > 0.0:
                bpm = min(max(60.0 / (span * TICKS), 20.0), 300.0)
                self._say(Beat(bpm, number, self._starts))
                self._starts = False
