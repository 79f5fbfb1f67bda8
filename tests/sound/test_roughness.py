"""What sounds rough is called rough."""

import numpy as np
import pytest

from isobath.sound.roughness import roughness

RATE = 44100
T = np.arange(int(0.4 * RATE)) / RATE


def beating(hz: float, modulation: float, depth: float = 1.0) -> np.ndarray:
    return (1 + depth * np.sin(2 * np.pi * modulation * T)) * np.sin(2 * np.pi * hz * T)


def rough(sound: np.ndarray) -> float:
    return float(roughness(sound[None], RATE)[0])


def test_the_reference_is_one_asper() -> None:
    assert rough(beating(1000, 70)) == pytest.approx(1.0, abs=0.1)


def test_a_tone_a_chord_and_silence_are_not_rough_and_noise_hardly() -> None:
    assert rough(beating(1000, 70, 0)) < 0.01
    assert rough(np.sin(2 * np.pi * 440 * T) + np.sin(2 * np.pi * 660 * T)) < 0.05
    assert rough(np.zeros_like(T)) < 1e-6
    assert rough(np.random.default_rng(0).standard_normal(len(T))) < 0.3


def test_it_is_greatest_about_70_hz_and_follows_depth_but_not_loudness() -> None:
    at = [rough(beating(1000, modulation)) for modulation in (5, 20, 60, 150, 300)]
    assert max(at) == at[2]
    assert at[0] < 0.01
    assert at[4] < 0.05
    assert rough(beating(1000, 60, 0.3)) < 0.3 * at[2]
    assert rough(1e-3 * beating(1000, 60)) == pytest.approx(at[2], rel=1e-3)


def test_a_buzz_is_rough() -> None:
    assert rough((T * 70) % 1 - 0.5) > 2
