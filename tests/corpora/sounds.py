"""Short sounds to prepare, written where a test wants them."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 16000


def tone(seconds: float, hz: float = 440.0, rate: int = RATE, level: float = 0.5) -> NDArray[np.float64]:
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def noise(seconds: float, seed: int, rate: int = RATE, level: float = 0.1) -> NDArray[np.float64]:
    return level * np.random.default_rng(seed).uniform(-1, 1, round(seconds * rate))


def write(path: Path, sound: NDArray[np.float64], rate: int = RATE, subtype: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate, subtype=subtype)
    return path
