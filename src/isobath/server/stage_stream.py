"""The stage's mix for a page that listens: what goes to the device, at the pace in which it goes there, from
the shared memory straight to the socket. Lives in the pump; the stage knows nothing of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

import numpy as np

from isobath.outputs.stage.area import HEARD, Area
from isobath.outputs.stage.priority import hurry
from isobath.protocol.stream import Ready, Sound, Trouble, write_sound

HOP = 256
"""Frames of a message."""

MOST_BEHIND_SECONDS = 0.3
"""A page that takes less than comes in misses what is older."""

_PATIENCE = 0.1
_PRIORITY = 10
"""Below whoever makes the sound."""


class Ear(Protocol):
    """The socket of who listens."""

    @property
    def open(self) -> bool:
        """Whether both sides are still there."""
        ...

    def send(self, data: bytes) -> None:
        """Sound. Raises OSError where it cannot be taken."""
        ...

    def tell(self, message: Ready | Trouble) -> None:
        """Words."""
        ...

    def look(self) -> None:
        """Take in what came, without waiting: whoever listens has gone, perhaps."""
        ...


def listen(handle: int, ear: Ear, ended: Callable[[], bool] = lambda: False) -> None:
    """Send what is heard on the stage whose memory this is, until it ends or the page goes.

    Raises OSError where the page goes without a word.
    """
    area = Area(handle)
    hurry(_PRIORITY)
    try:
        rate = int(area.board.rate)
        ear.tell(Ready(name="stage", sample_rate=rate, channels=2, hop=HOP, dims=0))
        at, frame, tick = int(area.board.heard), 0, 0
        while ear.open and not area.ended and not ended():
            tick = area.wait(tick, _PATIENCE)
            ear.look()
            until = int(area.board.heard)
            if until - at > min(HEARD // 2, MOST_BEHIND_SECONDS * rate):
                at = until - HOP
            while until - at >= HOP and ear.open:
                sound, _ = area.heard(at, HOP)
                ear.send(write_sound(Sound(0, frame, _NOTHING, sound)))
                at, frame = at + HOP, (frame + 1) & 0xFFFFFFFF
    finally:
        os.close(handle)


_NOTHING = np.zeros(0, np.float32)
