"""The kernel's resampler (kernel/resample.h) from Python: another rate while it sounds, with a short delay.

For what is heard at once: `isobath.sound.resample` is the better one for sound that is all there.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_float, c_int, c_int64, c_void_p
from functools import cache

import numpy as np
from numpy.typing import NDArray

from isobath.errors import UsageError
from isobath.models import kernel
from isobath.types import Audio

LOWEST_HZ = 8000
HIGHEST_HZ = 192000
CHANNELS = 32


class Frames(Structure):
    """ib_frames: where sample i of channel c lies."""

    _fields_ = [("at", c_void_p), ("frame_step", c_int64), ("channel_step", c_int64)]


@cache
def _library(level: int | None) -> ctypes.CDLL:
    library = kernel.library(level)
    p, i = c_void_p, c_int
    for name, result, arguments in (
        ("bytes", c_int64, [i, i, i]),
        ("init", i, [p, c_int64, i, i, i]),
        ("reset", None, [p]),
        ("delay", i, [p]),
        ("drift", None, [p, c_float]),
        ("wanted", i, [p, i]),
        ("ready", i, [p, i]),
        ("run", i, [p, Frames, i, POINTER(c_int), Frames, i]),
    ):
        function = getattr(library, f"ib_resampler_{name}")
        function.restype, function.argtypes = result, arguments
    return library


def _planar(audio: NDArray[np.float32]) -> Frames:
    return Frames(audio.ctypes.data, 1, audio.shape[1])


class Resampler:
    """Sound at `from_hz` in, at `to_hz` out; both 8000 to 192000 Hz, 1 to 32 channels.

    The same samples come out however they are cut into calls.
    """

    def __init__(self, from_hz: int, to_hz: int, channels: int, level: int | None = None) -> None:
        self._library = _library(level)
        size = self._library.ib_resampler_bytes(from_hz, to_hz, channels)
        if size < 0:
            raise UsageError(
                f"Sound can be brought from one rate to another between {LOWEST_HZ} and {HIGHEST_HZ} Hz, in "
                f"1 to {CHANNELS} channels, not {channels} from {from_hz} to {to_hz} Hz."
            )
        self.from_hz, self.to_hz, self.channels = from_hz, to_hz, channels
        self.memory = kernel.block(size)
        self._at = self.memory.ctypes.data
        kernel.checked(self._library.ib_resampler_init(self._at, size, from_hz, to_hz, channels))

    @property
    def delay(self) -> int:
        """Samples, at `to_hz`, by which everything comes out late."""
        return int(self._library.ib_resampler_delay(self._at))

    def reset(self) -> None:
        """Forget what came in, and any drift."""
        self._library.ib_resampler_reset(self._at)

    def drift(self, share: float) -> None:
        """Take what comes in faster by this share, -0.005 to 0.005; it glides there in some 50 ms."""
        self._library.ib_resampler_drift(self._at, share)

    def wanted(self, samples: int) -> int:
        """Samples that must come in for so many to come out."""
        return int(self._library.ib_resampler_wanted(self._at, samples))

    def ready(self, samples: int) -> int:
        """Samples that can come out once so many more have come in."""
        return int(self._library.ib_resampler_ready(self._at, samples))

    def __call__(self, audio: NDArray[np.floating], most: int | None = None) -> Audio:
        """What can be made once these, (channels, samples), have come in: (channels, `most` or fewer).

        What is more than `most` comes out next time. Raises UsageError where much more came in than that
        takes (`wanted` says how much).
        """
        if audio.ndim != 2 or audio.shape[0] != self.channels:
            raise UsageError(f"This resampler takes ({self.channels}, samples), not {audio.shape}.")
        given = np.ascontiguousarray(audio, dtype=np.float32)
        ready = self.ready(given.shape[1])
        out = np.empty((self.channels, ready if most is None else min(ready, most)), dtype=np.float32)
        used = c_int()
        kernel.checked(
            self._library.ib_resampler_run(
                self._at, _planar(given), given.shape[1], ctypes.byref(used), _planar(out), out.shape[1]
            )
        )
        if used.value < given.shape[1]:
            raise UsageError(
                f"{given.shape[1]} samples came in to make {out.shape[1]}. "
                "Ask the resampler how many it wants."
            )
        return out
