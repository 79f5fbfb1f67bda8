"""What the stage shows beside its sound, and which axes a hand is on, in the shared memory.

A worker writes where its voices are sixty times a second, after it has made sound; the server reads it for
pages. The other way, the server writes until when each axis counts as touched: while a take plays, these
axes are the performer's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AXES, VOICES, DIMS = 128, 8, 128
WORKERS = 2
_ROW = np.dtype(
    [
        ("sequence", np.uint64),
        ("axes", np.int64),
        ("voices", np.int64),
        ("dims", np.int64, (VOICES,)),
        ("gesture", np.float64, (AXES,)),
        ("meant", np.float32, (VOICES, DIMS)),
        ("says", np.uint8, (VOICES,)),
        ("said", np.float32, (VOICES, DIMS)),
        ("listens", np.uint8, (VOICES,)),
        ("ears", np.float32, (VOICES, 3)),
    ]
)
_FALLS = 0.9
_HANDS = 8 * AXES
BYTES = _HANDS + WORKERS * _ROW.itemsize


@dataclass(frozen=True, eq=False)
class Shown:
    """One moment of a worker."""

    gesture: NDArray[np.float64]
    """(axes,) that was heard: the performer's, or a take's."""
    dims: tuple[int, ...]
    """Of each voice."""
    meant: tuple[NDArray[np.float32], ...]
    """(dims,) a voice: what mapping and sliders say, before source and shaping."""
    said: tuple[NDArray[np.float32] | None, ...]
    """(dims,) a voice: what its source says, before the performer; None where it has none."""
    ears: tuple[tuple[float, float, float] | None, ...]
    """Of each voice that listens: peak of what came in lately, its LUFS (0: not known yet), and the decibels
    by which it is brought to the model's own."""


def _ear(values: NDArray[np.float32]) -> tuple[float, float, float]:
    peak, lufs, match_db = (float(each) for each in values)
    return peak, lufs, match_db


class Showing:
    """The memory, `BYTES` of it; one writer each for the hands and for every worker."""

    def __init__(self, memory: NDArray[np.uint8]) -> None:
        """memory: zeros at first."""
        self.hands: NDArray[np.float64] = memory[:_HANDS].view(np.float64)
        """(AXES,) until when each axis counts as touched, by time.monotonic; inf: a hand lies on it."""
        self._rows = memory[_HANDS:BYTES].view(_ROW)

    def show(
        self,
        worker: int,
        gesture: NDArray[np.float64],
        meant: Sequence[NDArray[np.floating] | None],
        said: Sequence[NDArray[np.floating] | None] = (),
        ears: Sequence[tuple[float, float, float] | None] = (),
    ) -> None:
        """What a worker plays just now, voice by voice: `Shown`. Of `meant`, None where nothing was asked for
        yet; a peak falls slowly, so that whoever reads seldom sees it."""
        row = self._rows[worker]
        row["sequence"] += 1
        axes = min(len(gesture), AXES)
        row["axes"], row["voices"] = axes, min(len(meant), VOICES)
        row["gesture"][:axes] = gesture[:axes]
        for slot, latent in enumerate(meant[:VOICES]):
            dims = 0 if latent is None else min(len(latent), DIMS)
            row["dims"][slot] = dims
            if latent is not None:
                row["meant"][slot, :dims] = latent[:dims]
        for slot, latent in enumerate(said[:VOICES]):
            row["says"][slot] = latent is not None
            if latent is not None:
                row["said"][slot, : min(len(latent), DIMS)] = latent[:DIMS]
        for slot, ear in enumerate(ears[:VOICES]):
            row["listens"][slot] = ear is not None
            if ear is not None:
                row["ears"][slot] = (max(ear[0], _FALLS * float(row["ears"][slot, 0])), ear[1], ear[2])
        row["sequence"] += 1

    def shown(self, worker: int) -> Shown:
        """What a worker showed last; whole, unless it is written again and again while it is read."""
        row = self._rows[worker]
        for _ in range(4):
            before = int(row["sequence"])
            dims = tuple(int(each) for each in row["dims"][: int(row["voices"])])
            found = Shown(
                row["gesture"][: int(row["axes"])].copy(),
                dims,
                tuple(row["meant"][slot, :count].copy() for slot, count in enumerate(dims)),
                tuple(
                    row["said"][slot, :count].copy() if row["says"][slot] else None
                    for slot, count in enumerate(dims)
                ),
                tuple(_ear(row["ears"][slot]) if row["listens"][slot] else None for slot in range(len(dims))),
            )
            if before % 2 == 0 and int(row["sequence"]) == before:
                break
        return found
