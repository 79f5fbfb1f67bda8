"""The rows of a take that is recorded on the stage, in the shared memory as soon as they are made.

Whoever sounds appends one whenever the gesture is another; the engine fetches them. So a worker that ends in
the middle of a recording takes nothing of it along, and whoever takes over goes on in the same log.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from isobath.outputs.stage.log import Log

AXES = 128
ROWS = 2048
"""Rows that are kept: at a row for every frame of 256 samples, more than ten seconds."""
_ROW = np.dtype(
    [
        ("sequence", np.uint64),
        ("recording", np.int64),
        ("frame", np.int64),
        ("axes", np.int64),
        ("values", np.float64, (AXES,)),
    ]
)
BYTES = Log.bytes(_ROW, ROWS)

Row = tuple[int, int, tuple[float, ...]]
"""Recording, frame, values."""


class RowLog:
    """The memory, `BYTES` of it; one writer at a time."""

    def __init__(self, memory: NDArray[np.uint8]) -> None:
        """memory: zeros at first."""
        self._log = Log(memory, _ROW, ROWS)

    def append(self, recording: int, frame: int, values: Sequence[float]) -> None:
        """A row of a recording: at its frame, the axes (128 at most) became these."""
        count = min(len(values), AXES)

        def fill(row: np.void) -> None:
            row["recording"], row["frame"], row["axes"] = recording, frame, count
            row["values"][:count] = values[:count]

        self._log.append(fill)

    def fetch(self) -> list[Row]:
        """Rows since the last call. Those that were overwritten are left out."""
        return self._log.fetch(_read)


def _read(row: np.void) -> Row:
    return int(row["recording"]), int(row["frame"]), tuple(row["values"][: row["axes"]].tolist())


class Recording:
    """The take that is recorded, as far as it is known here."""

    def __init__(self) -> None:
        self.number = 0
        self.frames: list[int] = []
        self.points: list[tuple[float, ...]] = []

    def begin(self) -> int:
        """Forget the one before; the number of the new one."""
        self.number += 1
        self.frames, self.points = [], []
        return self.number

    def take_in(self, rows: Sequence[Row]) -> None:
        """Later rows hold from their frame on, whoever wrote the earlier ones: those were not heard."""
        for number, frame, values in rows:
            if number != self.number:
                continue
            if self.points and len(self.points[-1]) != len(values):  # other axes: no take can hold both
                self.frames, self.points = [], []
            while self.frames and self.frames[-1] >= frame:
                self.frames.pop()
                self.points.pop()
            if not self.points or self.points[-1] != values:
                self.frames.append(frame)
                self.points.append(values)
