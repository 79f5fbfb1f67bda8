import numpy as np
import pytest

from isobath.sound.spectrum import magnitudes, third_octaves

RATE = 48000


def sine(hz: float, level: float = 1.0, seconds: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hz / RATE * np.arange(round(seconds * RATE)))[None]


def test_a_sine_reads_its_level_in_its_own_bin() -> None:
    spectrum = magnitudes(sine(100 * RATE / 2048, 0.5), 2048)
    assert spectrum[3].argmax() == 100
    assert spectrum[3, 100] == pytest.approx(0.5, rel=1e-3)


def test_thirds_of_octaves_tell_where_and_when() -> None:
    sound = np.concatenate([sine(440, 0.5), sine(3520, 0.05)], axis=1)
    bands = third_octaves(sound, RATE)
    first, last = bands[0].argmax(), bands[-1].argmax()
    assert last - first == 9
    assert bands[0].max() - bands[-1].max() == pytest.approx(20, abs=1)
