"""Silence goes, what sounds stays, and it is known what was kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isobath.corpora.silence import Gate

RATE = 1000  # 10 samples a window


def gated(sound, cuts=(), before=0.05, after=0.1):
    gate = Gate(RATE, -40, before, after)
    parts = [p for block in np.split(sound, cuts, axis=1) for p in gate.push(block)] + gate.finish()
    return np.concatenate(parts, axis=1) if parts else np.zeros((1, 0)), gate.kept


def phrase(*lengths):
    """Silence and sound in turn, so many samples each."""
    return np.concatenate([np.full(n, 0.5 * (i % 2)) for i, n in enumerate(lengths)])[None].astype(np.float32)


def test_what_sounds_is_kept_with_its_margins():
    out, kept = gated(phrase(500, 200, 1000, 300, 700))
    assert kept == [(450, 800), (1650, 2100)]
    assert out.shape[1] == 350 + 450
    assert out.sum() == pytest.approx(0.5 * 500)


def test_a_short_pause_is_kept():
    assert gated(phrase(0, 200, 140, 200))[1] == [(0, 540)]


def test_joins_fade():
    noise = np.full((1, 3000), 0.005, np.float32)  # under the threshold, and heard where it is cut
    noise[:, 1000:1100] = noise[:, 2000:2100] = 0.5
    out, kept = gated(noise)
    edge = kept[0][1] - kept[0][0]
    assert np.abs(out[0, edge - 2 : edge + 2]).max() < 0.001
    assert np.abs(out[0, 0]) < 0.001
    assert np.abs(out[0, -1]) < 0.001


@given(st.lists(st.integers(0, 2345), max_size=8))
def test_any_block_size_keeps_the_same(cuts):
    sound = phrase(500, 203, 1001, 301, 340)
    one, many = gated(sound), gated(sound, sorted(cuts))
    np.testing.assert_array_equal(one[0], many[0])
    assert one[1] == many[1]


def test_nothing_is_left_of_silence():
    out, kept = gated(np.zeros((1, 1005), np.float32))
    assert (out.shape[1], kept) == (0, [])
