"""Which sound devices there are, and which one is meant.

A device is asked for by its name or a part of it, by the system it belongs to (`JACK`, `ALSA`), by
`null` (a clock and nobody who listens) or by `file:PATH` (as fast as the workers can, nothing left out).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from isobath.errors import AudioError

NULL = "null"
FILE = "file:"


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that can play."""

    backend: str
    """portaudio, miniaudio, null or file."""
    name: str
    api: str
    """The sound system it belongs to: JACK, ALSA, Core Audio, ..."""
    number: int = 0
    inputs: int = 0
    outputs: int = 2
    rate: int = 0
    """Its usual one, Hz; 0: any."""
    default: bool = False

    @property
    def title(self) -> str:
        """How it is told of."""
        return f"{self.name} ({self.api})"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the audio host is to open."""

    device: str = ""
    """Empty: the default one."""
    rate: int = 0
    """Hz; 0: that of the piece."""
    block: int = 256
    inputs: int = 0
    """Channels of input, where something listens."""
    samples: int = 0
    """For a file: frames in all,"""
    skip: int = 0
    """after so many that are left out."""


class Opened(msgspec.Struct, frozen=True):
    """A device that plays."""

    name: str
    backend: str
    rate: int
    block: int
    inputs: int
    outputs: int
    seconds: float
    """From the callback to the ear, as the device says (0: it does not say), and what resampling takes."""


def fitting(devices: Sequence[Device], asked: Asked) -> Device:
    """The device that is meant. Raises AudioError where there is none."""
    wanted = asked.device.casefold()
    if not devices:
        raise AudioError(
            "There is no sound device here. Connect one, start JACK, or choose --device null or file:PATH."
        )
    if not wanted:
        return next((each for each in devices if each.default), devices[0])
    for same in (
        [each for each in devices if each.name.casefold() == wanted or each.title.casefold() == wanted],
        [each for each in devices if each.api.casefold() == wanted],
        [each for each in devices if wanted in each.title.casefold()],
    ):
        if same:
            return next((each for each in same if each.default), same[0])
    names = ", ".join(each.title for each in devices)
    raise AudioError(f'There is no sound device "{asked.device}". There is: {names}.')
