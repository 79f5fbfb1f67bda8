"""What a jam is set to, and what happens in it. Positions are sixteenths from the first bar line."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.errors import UsageError
from isobath.symbolic.bars import Bars
from isobath.symbolic.jam.clock import checked_bpm

Mode = Literal["trade", "follow", "lead", "machines", "loop", "morph"]
MODES: tuple[Mode, ...] = ("trade", "follow", "lead", "machines", "loop", "morph")
Who = Literal["human", "machine", "second"]


class JamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a jam goes; a change is heard from the next phrase on.

    mode: trade (human first, in turns), lead (machine first), follow (both all the time, each phrase
    answers the one before), machines (two machines trade), loop (the human's last phrase goes round),
    morph (from the human's phrase before the last to the last one, and back).
    bars: of a phrase. changed_hits: how many hits (steps of a melody) an answer differs in from where it
    begins. lead: 0, an answer begins at the human's phrase, to 1, at the machine's last one.
    density, velocity, offset, pitch: what is added to these attributes, in their own units.
    repeat_guard: answers back that are not to be repeated. morph_phrases: from one end to the other.
    """

    mode: Mode = "trade"
    bars: int = 2
    bpm: float = 110.0
    count_in: int = 1
    metronome: bool = True
    changed_hits: float = 6.0
    lead: float = 0.0
    density: float = 0.0
    velocity: float = 0.0
    offset: float = 0.0
    pitch: float = 0.0
    repeat_guard: int = 4
    morph_phrases: int = 4

    def __post_init__(self) -> None:
        checked_bpm(self.bpm)
        if self.mode not in MODES:
            raise UsageError(f"There is no mode {self.mode}; there is {', '.join(MODES)}.")
        if self.bars not in (1, 2, 4):
            raise UsageError(f"A phrase has 1, 2 or 4 bars, not {self.bars}.")
        ranges = (
            ("count_in", 0, 4), ("changed_hits", 0, 64), ("lead", 0, 1), ("repeat_guard", 0, 64),
            ("morph_phrases", 2, 64), ("density", -64, 64), ("velocity", -1, 1), ("offset", -1, 1),
            ("pitch", -48, 48),
        )  # fmt: skip
        for name, low, high in ranges:
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"{name} is {value:g}; it goes from {low} to {high}.")

    @property
    def steps(self) -> int:
        """Sixteenths of a phrase."""
        return 16 * self.bars


class Heard(msgspec.Struct, frozen=True):
    """A note that the human played. seconds: of the jam's clock; velocity: 0 to 1, 0 lets it go."""

    seconds: float
    pitch: int
    velocity: float


class Event(msgspec.Struct, frozen=True):
    """Something to sound, at a time.

    kind: drum (pitch is a class of bars), note, or click (pitch 1 on the bar line, else 0).
    velocity: 0 to 1. length: seconds.
    """

    seconds: float
    who: Who
    kind: Literal["drum", "note", "click"]
    pitch: int
    velocity: float
    length: float = 0.1


class Ask(msgspec.Struct, frozen=True):
    """A phrase to think of. due: seconds by which it must be there; phrase: what it answers, if anything.

    other: for a morph, its other end, and `share` of the way there. draft: asked a beat before the phrase
    is whole, to be played only where the answer to all of it comes late.
    """

    number: int
    who: Who
    due: float
    settings: JamSettings
    phrase: Bars | None = None
    other: Bars | None = None
    share: float = 0.0
    draft: bool = False


class Answer(msgspec.Struct, frozen=True):
    """A phrase thought of. bars; place: latents it was made of, (parts, dims); heard: of what it answers."""

    bars: Bars
    place: NDArray[np.float32] | None = None
    heard: NDArray[np.float32] | None = None


class Turn(msgspec.Struct, frozen=True):
    """A phrase that was played. repeated: the answer was late, so the one before was played again."""

    who: Who
    position: float
    bars: Bars
    place: NDArray[np.float32] | None = None
    repeated: bool = False
