"""The rows of a take that is recorded on the stage, in the shared memory as soon as they are made.

Whoever sounds appends one whenever the gesture is another; the engine fetches them. So a worker that ends in
the middle of a recording takes nothing of it along, and whoever takes over goes on in the same log.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

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
_HEAD = 64
BYTES = _HEAD + ROWS * _ROW.itemsize


class RowLog:
    """The memory, `BYTES` of it; one writer at a time."""

    def __init__(self, memory: NDArray[np.uint8]) -> None:
        """memory: zeros at first."""
        self._written: NDArray[np.uint64] = memory[:8].view(np.uint64)
        self._rows = memory[_HEAD:BYTES].view(_ROW)
        self._read = 0

    def append(self, recording: int, frame: int, values: Sequence[float]) -> None:
        """A row of a recording: at its frame, the axes (128 at most) became these."""
        at, count = int(self._written[0]), min(len(values), AXES)
        row = self._rows[at % ROWS]
        row["recording"], row["frame"], row["axes"] = recording, frame, count
        row["values"][:count] = values[:count]
        row["sequence"] = at + 1  # last but one: whoever reads it finds the rest there
        self._written[0] = at + 1

    def fetch(self) -> list[tuple[int, int, tuple[float, ...]]]:
        """Rows since the last call: recording, frame, values. Those that were overwritten are left out."""
        until = int(self._written[0])
        found = []
        for at in range(max(self._read, until - ROWS), until):
            row = self._rows[at % ROWS]
            values = tuple(row["values"][: row["axes"]].tolist())
            if row["sequence"] == at + 1:
                found.append((int(row["recording"]), int(row["frame"]), values))
        self._read = until
        return found


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

    def take_in(self, rows: Sequence[tuple[int, int, tuple[float, ...]]]) -> None:
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
