"""Levels and filters block by block are those of the whole."""

import numpy as np
import pytest

from isobath.corpora.filtering import Filter, Level, high_pass
from isobath.sound.loudness import biquads, k_weighted
from tests.corpora.sounds import noise, tone

RATE = 48000


def test_a_full_scale_tone_reads_as_the_standard_says():
    level = Level(1, RATE)
    level.push(tone(3.0, 997, RATE, 1.0)[None].astype(np.float32))
    assert level.loudness() == pytest.approx(-3.01, abs=0.05)
    assert level.peak_db == pytest.approx(0, abs=0.01)


def test_pauses_do_not_count():
    level = Level(1, RATE)
    for part in (tone(3.0, 997, RATE, 0.1), np.zeros(5 * RATE), tone(3.0, 997, RATE, 0.1)):
        level.push(part[None].astype(np.float32))
    assert level.loudness() == pytest.approx(-23.01, abs=0.25)


def test_a_click_of_a_file_has_a_loudness():
    level = Level(2, RATE)
    assert level.loudness() == -120
    level.push(np.full((2, 100), 0.5, np.float32))
    assert -30 < level.loudness() < 0


@pytest.mark.parametrize("cuts", [[], [1, 2, 70000], [65536], [100_000, 100_001]])
def test_blocks_are_filtered_as_the_whole(cuts):
    sound = np.stack((noise(3.0, 1, RATE), noise(3.0, 2, RATE))).astype(np.float32)
    stream = Filter(list(biquads(RATE)), 2)
    out = np.concatenate([stream.push(part) for part in np.split(sound, cuts, axis=1)], axis=1)
    np.testing.assert_allclose(out, k_weighted(sound, RATE), atol=1e-7)


def test_the_high_pass_is_three_db_down_where_it_says():
    impulse = np.zeros((1, 60000), np.float32)
    impulse[0, 0] = 1
    gains = np.abs(np.fft.rfft(Filter(high_pass(100.0, RATE), 1).push(impulse)[0], RATE))
    assert 20 * np.log10(gains[100]) == pytest.approx(-3.01, abs=0.01)
    assert 20 * np.log10(gains[50]) == pytest.approx(-24.1, abs=0.2)
    assert gains[1000] == pytest.approx(1, abs=1e-3)
