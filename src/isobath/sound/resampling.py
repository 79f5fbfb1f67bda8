"""From one sample rate to another, offline."""

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
    for rate in (sample_rate, to):
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise AudioError(f"A sample rate of {rate} Hz is outside {LOWEST_RATE} to {HIGHEST_RATE} Hz.")
    if sample_rate == to or audio.shape[1] == 0:
        return audio
    channels = audio.shape[0]
    out = np.asarray(soxr.resample(np.ascontiguousarray(audio.T), sample_rate, to, quality="HQ"))
    return np.ascontiguousarray(out.reshape(-1, channels).T, dtype=np.float32)
