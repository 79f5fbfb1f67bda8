"""A log in the shared memory: entries of one kind, of which the newest are kept.

One process at a time appends; another fetches what came since it last did. Whoever appends may end in the
middle of it: an entry counts once its number stands in it, which is written last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_HEAD = 64
_Found = TypeVar("_Found")


class Log:
    """The memory of one log."""

    def __init__(self, memory: NDArray[np.uint8], entry: np.dtype[np.void], kept: int) -> None:
        """memory: `Log.bytes(entry, kept)` of zeros at first. entry: its fields, `sequence` among them."""
        self._written: NDArray[np.uint64] = memory[:8].view(np.uint64)
        self._entries = memory[_HEAD : self.bytes(entry, kept)].view(entry)
        self._kept = kept
        self._read = 0

    @staticmethod
    def bytes(entry: np.dtype[np.void], kept: int) -> int:
        """That it takes."""
        return _HEAD + kept * entry.itemsize

    def append(self, fill: Callable[[np.void], None]) -> None:
        """One more entry, whose fields are filled in."""
        at = int(self._written[0])
        entry = self._entries[at % self._kept]
        fill(entry)
        entry["sequence"] = at + 1  # last but one: whoever reads it finds the rest there
        self._written[0] = at + 1

    def fetch(self, read: Callable[[np.void], _Found]) -> list[_Found]:
        """What was appended since the last call, as `read` copies it. What was overwritten is left out."""
        until = int(self._written[0])
        begins, self._read = max(self._read, until - self._kept), until
        found = []
        for at in range(begins, until):
            entry = self._entries[at % self._kept]
            copied = read(entry)
            if entry["sequence"] == at + 1:
                found.append(copied)
        return found
