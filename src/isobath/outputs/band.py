"""Where a jam is heard: a sound device whose samples are the clock, or a clock alone.

The device's callback mixes what was put on the line of samples; what is put there is made elsewhere, ahead
of time. Between two callbacks the time goes on by the system's clock, smoothed, so that a time asked for
twice lies as far apart on both clocks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from isobath.errors import AudioError, UsageError
from isobath.sound.mixing import Mixer

RATE, BLOCK = 48000, 256
CALLBACKS = 128
"""Of which the least late one is believed."""
SOONER, LATER, FAR_SECONDS = 0.1, 0.1, 0.02
"""Share of what a callback says that is believed: a callback may come late, but none comes early, so one that
is sooner than believed counts by itself, and later only the least late of many. Beyond FAR_SECONDS the whole
line has stood still, and all of it is believed."""
NULL = "null"

Put = Callable[[Mixer], None]


class Band:
    """A mixer with a clock; `null` has nobody who listens, and mixes nothing."""

    def __init__(self, device: str = "", rate: int = RATE) -> None:
        """device: by its name, a part of it, or `null`. Raises AudioError, UsageError."""
        self.mixer = Mixer(rate)
        self.latency = 0.0
        """Seconds from the line of samples to the ear, as the device says."""
        self.name = NULL
        self._lock = threading.Lock()
        self._offset = -time.monotonic()
        self._believed = False
        self._least_late: list[float] = []
        self._stream: Any = None
        self._device = device
        self.lost = False
        """The device is gone; the clock goes on without it."""
        if device != NULL:
            self._open(device, rate)

    def now(self) -> float:
        """Seconds of the line of samples."""
        return time.monotonic() + self._offset

    def of(self, monotonic: float) -> float:
        """A moment of time.monotonic on this clock."""
        return monotonic + self._offset

    def monotonic(self, seconds: float) -> float:
        """When that is, by time.monotonic."""
        return seconds - self._offset

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return self._stream is not None

    def put(self, put: Put) -> None:
        """Let somebody add sounds; nothing where nobody listens."""
        if self._stream is not None:
            with self._lock:
                put(self.mixer)

    def look_after(self) -> bool:
        """Open the device again where it has gone, with the clock where it would be. Whether it plays; to be
        asked now and then, in a thread that may wait."""
        if self._stream is None or (self._stream.active and not self.lost):
            return self._stream is not None
        self.lost = True
        with suppress(Exception):  # it may be gone altogether
            self._stream.close()
        with self._lock:
            self.mixer.skip(round(self.now() * self.mixer.rate))
            self._least_late = []
        with suppress(AudioError, UsageError):
            self._open(self._device, self.mixer.rate)
            self.lost = False
        return not self.lost

    def close(self) -> None:
        """Sound no more."""
        if self._stream is not None:
            with suppress(Exception):  # a device that is gone cannot be stopped
                self._stream.stop()
                self._stream.close()
            self._stream = None

    def _open(self, device: str, rate: int) -> None:
        try:
            import sounddevice
        except (ImportError, OSError) as error:
            raise UsageError(
                "Sound needs sounddevice: pip install 'isobath[stage]', or give --device null."
            ) from error
        try:
            self._stream = sounddevice.OutputStream(
                samplerate=rate, blocksize=BLOCK, channels=2, dtype="float32", device=device or None,
                latency="low", callback=self._fill,
            )  # fmt: skip
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise AudioError(f"The sound device did not open ({error}). Give another --device.") from error
        self.latency = float(self._stream.latency)
        self.name = str(sounddevice.query_devices(self._stream.device)["name"])

    def _fill(self, out: Any, frames: int, _times: Any, _status: Any) -> None:
        with self._lock:
            # this block begins to be made now; what is put for it later is late
            self.believe(self.mixer.sample / self.mixer.rate, time.monotonic())
            out[:] = np.asarray(self.mixer.mix(frames)).T

    def believe(self, seconds: float, monotonic: float) -> None:
        """The line was at `seconds` at that moment, or a little further, as far as this word was late."""
        off = seconds - monotonic - self._offset
        if not self._believed:
            self._believed, self._offset = True, self._offset + off
        elif off > 0.0:
            self._offset += SOONER * off if off < FAR_SECONDS else off
            self._least_late = []
        else:
            self._least_late.append(off)
            if len(self._least_late) == CALLBACKS:
                best = max(self._least_late)
                self._offset += LATER * best if best > -FAR_SECONDS else best
                self._least_late = []
