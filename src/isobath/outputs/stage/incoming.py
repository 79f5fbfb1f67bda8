"""What comes in while a take is recorded on the stage, in the shared memory as soon as it is heard.

Whoever sounds appends what its voices are given; the engine fetches it. So a worker that ends in the middle
takes nothing of it along, and whoever takes over goes on in the same log.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isobath.outputs.stage.log import Log
from isobath.types import Audio

PART = 256
PARTS = 2048
"""That are kept: more than ten seconds, where a stretch of sound is as long as a part."""
MOST_SECONDS = 601
"""More than the library keeps of one sound: it says that this one is too long."""
_PART = np.dtype(
    [
        ("sequence", np.uint64),
        ("recording", np.int64),
        ("at", np.int64),
        ("frames", np.int64),
        ("sound", np.float32, (2, PART)),
    ]
)
BYTES = Log.bytes(_PART, PARTS)

Part = tuple[int, int, Audio]
"""Recording, samples since its beginning, (2, samples)."""


class IncomingLog:
    """The memory, `BYTES` of it; one writer at a time."""

    def __init__(self, memory: NDArray[np.uint8]) -> None:
        """memory: zeros at first."""
        self._log = Log(memory, _PART, PARTS)

    def append(self, recording: int, at: int, sound: Audio) -> None:
        """This was heard, from sample `at` of a recording on, (2, samples)."""
        for start in range(0, sound.shape[1], PART):
            self._append(recording, at + start, sound[:, start : start + PART])

    def _append(self, recording: int, at: int, sound: Audio) -> None:
        frames = sound.shape[1]

        def fill(part: np.void) -> None:
            part["recording"], part["at"], part["frames"] = recording, at, frames
            part["sound"][:, :frames] = sound

        self._log.append(fill)

    def fetch(self) -> list[Part]:
        """What was heard since the last call. What was overwritten is left out."""
        return self._log.fetch(_read)


def _read(part: np.void) -> Part:
    return int(part["recording"]), int(part["at"]), part["sound"][:, : part["frames"]].copy()


class Incoming:
    """What came in with the take that is recorded, as far as it is known here."""

    def __init__(self, rate: int) -> None:
        self._most = MOST_SECONDS * rate
        self._number = 0
        self._parts: list[tuple[int, Audio]] = []

    def begin(self, number: int) -> None:
        """Forget the one before."""
        self._number, self._parts = number, []

    def take_in(self, parts: list[Part]) -> None:
        """Add what was fetched; of other recordings nothing, and nothing beyond what can be kept."""
        self._parts += [
            (at, sound) for number, at, sound in parts if number == self._number and 0 <= at < self._most
        ]

    def whole(self) -> Audio | None:
        """All of it, (2, samples), silence where nothing came; the latest holds. None: nobody listened."""
        if not self._parts:
            return None
        out = np.zeros((2, max(at + sound.shape[1] for at, sound in self._parts)), np.float32)
        for at, sound in self._parts:
            out[:, at : at + sound.shape[1]] = sound
        return out
