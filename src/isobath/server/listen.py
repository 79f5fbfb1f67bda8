"""An uploaded sound as samples."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isobath.errors import AudioError
from isobath.sound.files import open_sound, read_blocks
from isobath.types import Audio

SECONDS = 600.0
"""So much of a sound is encoded; of a longer one, its beginning."""

SAMPLES = 60_000_000
"""Most samples per channel that are held, whatever rate a file claims."""


@dataclass(frozen=True)
class Sound:
    """The beginning of a file."""

    audio: Audio
    sample_rate: int
    truncated: bool


def read_sound(path: Path, channels: int) -> Sound:
    """The first ten minutes of an audio file, for a model of so many channels. A mono model gets the
    mean of all channels, block by block, so that a file of many channels does not fill the memory.

    Raises:
        AudioError: it is no audio file, holds no sound, or has more channels than the model and not one.
    """
    with path.open("rb") as file:  # open, so that no sentence names the upload's own file
        with open_sound(file) as sound:
            rate, found = int(sound.samplerate), int(sound.channels)
            seconds = min(SECONDS, SAMPLES / rate)
            truncated = sound.frames > seconds * rate
        if found > channels > 1:
            raise AudioError(f"This sound has {found} channels, the model {channels}. Mix it down first.")
        file.seek(0)
        blocks = [_fitted(block, channels) for block, _ in read_blocks(file, seconds)]
    return Sound(np.concatenate(blocks, axis=1), rate, truncated)


def _fitted(block: Audio, channels: int) -> Audio:
    return block.mean(axis=0, keepdims=True, dtype=np.float32) if channels == 1 else block
