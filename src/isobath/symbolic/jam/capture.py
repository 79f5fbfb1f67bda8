"""What the human plays, kept as it was played and given as bars with their timing.

A hit belongs to the sixteenth within half of which it lies; how far off it was stays. Whatever comes in
is bounded: no number, no velocity, or a storm of notes harms nothing.
"""

from __future__ import annotations

import math
from collections import deque

import msgspec

from isobath.symbolic.bars import CLASS_OF, Bars, Drums, Melody, drums_of_hits, melody_of_notes

MOST_NOTES = 20_000
"""Notes that are remembered; the oldest go."""
SHORTEST_STEPS = 0.05


class Played(msgspec.Struct):
    """A note: position and length in sixteenths (-1: it sounds), pitch, velocity 0 to 1."""

    position: float
    pitch: int
    velocity: float
    length: float = -1.0


class Capture:
    """One player."""

    def __init__(self) -> None:
        self._notes: deque[Played] = deque(maxlen=MOST_NOTES)
        self._down: dict[int, Played] = {}
        self.unmapped = 0
        """Notes that no drum of the kit has."""
        self.refused = 0
        """Notes that are none: pitches and velocities beyond MIDI's, no numbers."""

    def hear(self, position: float, pitch: int, velocity: float) -> Played | None:
        """A note begins (velocity over 0) or ends. Returns one that begins."""
        if not (math.isfinite(position) and math.isfinite(velocity) and 0 <= pitch <= 127 and velocity <= 1):
            self.refused += 1
            return None
        before = self._down.pop(pitch, None)
        if before is not None:
            before.length = max(SHORTEST_STEPS, position - before.position)
        if velocity <= 0.0:
            return None
        if pitch not in CLASS_OF:
            self.unmapped += 1
        note = Played(position, pitch, velocity)
        self._notes.append(note)
        self._down[pitch] = note
        return note

    def lost(self, position: float) -> None:
        """The device is gone, or all notes off: what sounds ends here."""
        for note in self._down.values():
            note.length = max(SHORTEST_STEPS, position - note.position)
        self._down.clear()

    def between(self, first: float, last: float) -> list[Played]:
        """Notes that began from `first` up to, not with, `last`."""
        found: list[Played] = []
        for note in reversed(self._notes):  # they come nearly in order; a bar of tolerance is plenty
            if note.position < first - 16.0:
                break
            if first <= note.position < last:
                found.append(note)
        return sorted(found, key=lambda note: note.position)

    def bars(self, kind: str, first: float, steps: int) -> Bars:
        """The phrase that begins at `first`, with what came up to half a sixteenth before it."""
        notes = self.between(first - 0.5, first + steps - 0.5)
        if kind == "drums":
            hits = [(n.position - first, CLASS_OF[n.pitch], n.velocity) for n in notes if n.pitch in CLASS_OF]
            return drums_of_hits(hits, steps)
        # a note that still sounds, or is stuck, ends with the phrase
        lines = [(n.position - first, self._length(n, first + steps), n.pitch) for n in notes]
        return melody_of_notes(lines, steps)

    @staticmethod
    def _length(note: Played, end: float) -> float:
        left = max(SHORTEST_STEPS, end - note.position)
        return left if note.length < 0 else min(note.length, left)

    @property
    def notes(self) -> tuple[Played, ...]:
        """All that is remembered."""
        return tuple(self._notes)


def is_silent(bars: Bars) -> bool:
    """Whether nothing begins in it."""
    if isinstance(bars, Drums):
        return not bars.hits.any()
    assert isinstance(bars, Melody)
    return not bool((bars.tokens >= 2).any())
