"""An uploaded sound as samples."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from isobath.errors import AudioError
from isobath.types import Audio

SECONDS = 600.0
"""So much of a sound is encoded; of a longer one, its beginning."""

CHANNELS = 16
"""Most channels that are read."""


@dataclass(frozen=True)
class Sound:
    """The beginning of a file."""

    audio: Audio
    sample_rate: int
    truncated: bool


def read_sound(path: Path, name: str) -> Sound:
    """The first ten minutes of an audio file.

    Raises:
        AudioError: it is no audio file, or holds no sound.
    """
    try:
        with soundfile.SoundFile(path) as file:
            if file.channels > CHANNELS:
                raise AudioError(
                    f"{name} has {file.channels} channels; {CHANNELS} is the most. Mix it down first."
                )
            most = int(SECONDS * file.samplerate)
            audio = file.read(most, dtype="float32", always_2d=True)
            truncated = file.frames > most
            rate = int(file.samplerate)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError) as error:
        raise AudioError(
            f"{name} is not a sound that can be read. WAV, FLAC, OGG, MP3 and AIFF can; "
            "convert it to one of these."
        ) from error
    if not len(audio):
        raise AudioError(f"{name} holds no sound (0 samples). Choose another file.")
    return Sound(np.nan_to_num(audio.T), rate, truncated)
