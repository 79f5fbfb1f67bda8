"""Each augmentation changes what it should, and nothing else."""

import numpy as np
import pytest

from isobath.errors import UsageError
from isobath.training import augment

RATE = 16000


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def tone(hz: float = 440.0, level: float = 0.25, seconds: float = 0.5) -> augment.Sound:
    t = np.arange(int(seconds * RATE)) / RATE
    return np.stack([level * np.sin(2 * np.pi * hz * t), 0.5 * level * np.cos(2 * np.pi * hz * t)]).astype(
        np.float32
    )


def changed(name: str, sound: augment.Sound, seeds: int = 60) -> list[augment.Sound]:
    """What comes out of many draws, those that were left as they are not counted."""
    outs = [augment.AUGMENTATIONS[name](rng(seed), sound, RATE) for seed in range(seeds)]
    assert all(out.shape == sound.shape and out.dtype == np.float32 for out in outs)
    return [out for out in outs if not np.array_equal(out, sound)]


@pytest.mark.parametrize(
    ("name", "share"),
    [("allpass", 0.8), ("dither", 1.0), ("mute", 0.1), ("compress", 0.8), ("gain", 0.5), ("pitch", 0.5),
     ("normalise", 1.0), ("derivative", 0.5)],
)  # fmt: skip
def test_each_is_applied_as_often_as_it_says(name: str, share: float) -> None:
    sound = tone(level=0.9 if name == "compress" else 0.1)
    assert len(changed(name, sound, 100)) / 100 == pytest.approx(share, abs=0.13)


def test_an_all_pass_changes_the_wave_and_not_the_spectrum() -> None:
    sound = np.zeros((1, 8000), np.float32)
    sound[:, 100] = 1.0
    for out in changed("allpass", sound):
        assert np.abs(out - sound).max() > 0.01
        np.testing.assert_allclose(np.abs(np.fft.rfft(out)), 1.0, atol=1e-3)
        assert np.abs(out[:, :100]).max() < 1e-6  # and is causal


def test_dither_is_half_a_step_of_sixteen_bits() -> None:
    out = augment.dither(rng(), np.zeros((1, 4000), np.float32), RATE)
    assert 0.9 * 2.0**-16 < np.abs(out).max() <= 2.0**-16


def test_muting_mutes() -> None:
    assert all(not out.any() for out in changed("mute", tone()))


def test_gain_is_between_minus_six_and_three_decibels_and_does_not_clip() -> None:
    db = [20 * np.log10(np.abs(out).max() / 0.25) for out in changed("gain", tone())]
    assert -6.1 < min(db) < -4
    assert 1.5 < max(db) < 3.1
    assert all(np.abs(out).max() <= 1.0001 for out in changed("gain", tone(level=0.9)))


def test_compression_brings_loud_and_quiet_nearer_and_keeps_the_peak() -> None:
    sound = np.concatenate((tone(level=0.8), tone(level=0.02)), axis=1)
    half = sound.shape[1] // 2
    for out in changed("compress", sound):
        before = sound[:, :half].std() / sound[:, half:].std()
        assert out[:, :half].std() / out[:, half:].std() < 0.9 * before
        assert np.abs(out).max() == pytest.approx(0.8, rel=1e-3)


def test_pitch_moves_by_two_semitones_at_most() -> None:
    found = []
    for out in changed("pitch", tone(440.0)):
        spectrum = np.abs(np.fft.rfft(out[0] * np.hanning(out.shape[1]), 1 << 16))
        found.append(12 * np.log2(spectrum.argmax() * RATE / (1 << 16) / 440.0))
    assert -2.05 < min(found) < -1
    assert 1 < max(found) < 2.05


def test_normalising_raises_to_the_peak_by_thirty_decibels_at_most() -> None:
    assert np.abs(augment.normalise(rng(), tone(level=0.1), RATE)).max() == pytest.approx(0.95)
    assert np.abs(augment.normalise(rng(), tone(level=0.001), RATE)).max() == pytest.approx(0.0316, rel=1e-2)
    loud = tone(level=0.99)
    np.testing.assert_array_equal(augment.normalise(rng(), loud, RATE), loud)


def test_the_derivative_raises_highs_six_decibels_an_octave() -> None:
    both = tone(200.0) + tone(1600.0)
    (out, *_) = changed("derivative", both)
    spectrum = np.abs(np.fft.rfft(out[0, 800:-800] * np.hanning(out.shape[1] - 1600)))
    hz = np.fft.rfftfreq(out.shape[1] - 1600, 1 / RATE)
    low, high = (spectrum[np.abs(hz - f).argmin()] for f in (200, 1600))
    assert 20 * np.log10(high / low) == pytest.approx(18, abs=1)


def test_what_there_is_not_is_refused() -> None:
    augment.check(("pitch", "levels"))
    with pytest.raises(UsageError, match="no augmentation sparkle"):
        augment.check(("sparkle",))


@pytest.mark.parametrize("name", augment.AUGMENTATIONS)
def test_silence_and_clipping_do_no_harm(name: str) -> None:
    for sound in (np.zeros((1, 4000), np.float32), np.ones((1, 4000), np.float32), tone(seconds=0.02)):
        for seed in range(6):
            assert np.isfinite(augment.AUGMENTATIONS[name](rng(seed), sound, RATE)).all()
