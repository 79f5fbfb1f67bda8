"""Loudness, brightness and pitch of sounds we know."""

import numpy as np
import pytest

from isobath.evaluation.hearing import loudness_and_brightness, pitch

RATE = 44100


def tone(hz: float, seconds: float = 0.5, level: float = 1.0, partials: int = 1) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, partials + 1))
    return (level * wave).astype(np.float32)


def test_a_full_scale_kilohertz_reads_minus_three() -> None:
    level, light = loudness_and_brightness(tone(1000.0)[None], RATE)
    assert level == pytest.approx(-3.01, abs=0.05)
    assert light == pytest.approx(1000.0, rel=0.01)


@pytest.mark.parametrize("hz", [69.3, 110.0, 196.0, 440.0, 987.8])
def test_the_tracker_finds_a_plucked_string_within_five_cents(hz: float) -> None:
    wave = tone(hz, partials=6) * np.exp(-3 * np.arange(RATE // 2) / RATE).astype(np.float32)
    found, _ = pitch(wave[: RATE // 4], RATE)
    assert abs(1200 * np.log2(np.median(found[found > 0]) / hz)) < 5


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE // 2).astype(np.float32)
    found, doubt = pitch(noise, RATE)
    assert np.mean(found > 0) < 0.1
    assert np.median(doubt) > 0.3
