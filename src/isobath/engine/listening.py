"""The kernel's listening (kernel/player.h) from Python: its structs, and a source as its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import Structure, c_float, c_uint32
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isobath.protocol.piece import Manner, Source
from isobath.units import db_to_gain

DIMS = 128
OWN = -1
"""A voice's own input, instead of another voice's slot."""
MOST_MATCH_DB = 24.0
_MANNERS: dict[Manner, float] = {"follow": 0.0, "absolute": 1.0, "bias": 2.0, "scale": 3.0}
_LISTENING = ("input", "sound", "voice")


class SourceFloats(Structure):
    """ib_source."""

    _fields_ = [("manner", c_float * DIMS), ("amount", c_float * DIMS)] + [
        (name, c_float) for name in ("from_", "gain", "match_gain", "match_lufs", "wet")
    ]


class EarMeters(Structure):
    """ib_ear_meters."""

    _fields_ = [("peak", c_float), ("lufs", c_float), ("match_db", c_float), ("underruns", c_uint32)]


@dataclass(frozen=True)
class Heard:
    """What came in to a voice since this was last read."""

    peak: float
    """Linear, after the source's gain."""
    lufs: float | None
    """Its loudness as followed, mean over channels; None while nothing is known."""
    match_db: float
    """What the encoder's input was last brought up by."""
    underruns: int
    """Hops that a fed voice was not given in time, since the player was made."""


def listens(source: Source) -> bool:
    """Whether a source is sound that a voice's own encoder hears."""
    return source.kind in _LISTENING


def _row(values: Sequence[float], neutral: float) -> list[float]:
    row: NDArray[np.float32] = np.full(DIMS, neutral, dtype=np.float32)
    given = np.asarray(values[:DIMS], dtype=np.float32)
    row[: len(given)] = given
    return [float(each) for each in row]


def matching(source: Source, target_lufs: float) -> tuple[float, float]:
    """`match_gain` and `match_lufs`: a known sound is brought to the target at once, others as they run."""
    if not source.match or not listens(source):
        return 1.0, 0.0
    if source.kind == "sound" and source.loudness is not None:
        return db_to_gain(min(max(target_lufs - source.loudness, -MOST_MATCH_DB), MOST_MATCH_DB)), 0.0
    return 1.0, target_lufs


def write_source(into: SourceFloats, source: Source, target_lufs: float, has_ear: bool) -> None:
    """A source as the kernel's floats (docs/engine.md, Sound as input)."""
    into.manner[:] = _row([_MANNERS[each] for each in source.manner[:DIMS]], 0.0)
    into.amount[:] = _row(source.amount, 1.0)
    into.from_ = 2.0 if source.kind == "prior" else 1.0 if has_ear and listens(source) else 0.0
    into.gain = db_to_gain(min(max(source.gain_db, -60.0), 24.0))
    into.match_gain, into.match_lufs = matching(source, target_lufs)
    into.wet = source.wet
