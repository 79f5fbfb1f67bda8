"""From one sample rate to another, whole or block by block."""

from __future__ import annotations

import numpy as np
import soxr

from isobath.errors import AudioError
from isobath.types import Audio

LOWEST_RATE, HIGHEST_RATE = 1000, 768_000


def resample(audio: Audio, sample_rate: int, to: int) -> Audio:
    """The same sound at another rate, band-limited (soxr, high quality). (channels, samples).

    Raises AudioError where a rate is none that sound is stored at.
    """
    _check(sample_rate, to)
    if sample_rate == to or audio.shape[1] == 0:
        return audio
    channels = audio.shape[0]
    out = np.asarray(soxr.resample(np.ascontiguousarray(audio.T), sample_rate, to, quality="HQ"))
    return np.ascontiguousarray(out.reshape(-1, channels).T, dtype=np.float32)


class Resampling:
    """The same, block by block: however a sound is cut, the same samples come out. Nothing is late in
    the end: what is still held back comes with `finish`."""

    def __init__(self, sample_rate: int, to: int, channels: int) -> None:
        _check(sample_rate, to)
        self.channels = channels
        self._stream: soxr.ResampleStream | None = None
        if sample_rate != to:
            self._stream = soxr.ResampleStream(sample_rate, to, channels, "float32")

    def __call__(self, audio: Audio) -> Audio:
        """The next block (channels, samples); what of it is ready, (channels, any)."""
        return audio if self._stream is None else self._chunk(self._stream, audio, last=False)

    def finish(self) -> Audio:
        """The end of the sound."""
        nothing = np.zeros((self.channels, 0), dtype=np.float32)
        return nothing if self._stream is None else self._chunk(self._stream, nothing, last=True)

    def _chunk(self, stream: soxr.ResampleStream, audio: Audio, last: bool) -> Audio:
        rows = np.ascontiguousarray(audio.T, dtype=np.float32)
        out = np.asarray(stream.resample_chunk(rows if self.channels > 1 else rows[:, 0], last=last))
        return np.ascontiguousarray(out.reshape(-1, self.channels).T)


def _check(*rates: int) -> None:
    for rate in rates:
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise AudioError(f"A sample rate of {rate} Hz is outside {LOWEST_RATE} to {HIGHEST_RATE} Hz.")
