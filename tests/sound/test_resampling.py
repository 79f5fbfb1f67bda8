import numpy as np
import pytest

from isobath.errors import AudioError
from isobath.sound.resampling import resample


@pytest.mark.parametrize("to", [22050, 44100, 96000])
def test_a_tone_keeps_its_pitch_and_level(to: int) -> None:
    tone = np.sin(2 * np.pi * 1000 / 48000 * np.arange(48000)).astype(np.float32)[None]
    heard = resample(np.repeat(tone, 2, axis=0), 48000, to)
    assert heard.shape == (2, to)
    expected = np.sin(2 * np.pi * 1000 / to * np.arange(to))
    np.testing.assert_allclose(heard[0, 2000:-2000], expected[2000:-2000], atol=1e-3)


def test_the_same_rate_changes_nothing() -> None:
    sound = np.ones((1, 10), np.float32)
    assert resample(sound, 48000, 48000) is sound


@pytest.mark.parametrize("rate", [0, -1, 10**9])
def test_a_rate_that_is_none_is_a_sentence(rate: int) -> None:
    with pytest.raises(AudioError, match="outside"):
        resample(np.ones((1, 10), np.float32), rate, 48000)
