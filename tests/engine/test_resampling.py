"""The kernel's resampler: clean, on time, the same however it is cut, and steady while clocks drift."""

import numpy as np
import pytest

from isobath.engine.resampling import Resampler
from isobath.errors import UsageError
from isobath.models import kernel

PAIRS = [
    (44100, 48000),
    (48000, 44100),
    (16000, 44100),
    (16000, 48000),
    (48000, 16000),
    (44100, 22050),
    (8000, 192000),
    (192000, 8000),
    (48000, 48000),
]


def tone(hz: float, rate: int, seconds: float = 0.4) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)[None].astype(np.float32)


def heard(audio: np.ndarray, hz: float, rate: int) -> tuple[float, float]:
    """Level of a tone and of all that is not it, dB."""
    at = 2 * np.pi * hz * np.arange(audio.size) / rate
    parts = np.stack([np.cos(at), np.sin(at), np.ones(audio.size)], axis=1)
    found, *_ = np.linalg.lstsq(parts, audio.astype(np.float64), rcond=None)
    rest = audio - parts @ found
    level = np.hypot(found[0], found[1])
    return 20 * np.log10(level), 10 * np.log10(2 * np.mean(rest**2) / level**2 + 1e-30)


@pytest.mark.parametrize(("rate", "to"), PAIRS)
def test_tones_come_through_clean_and_flat(rate: int, to: int) -> None:
    resampler, half = Resampler(rate, to, 1), min(rate, to) / 2
    for share in (0.013, 0.2, 0.5, 0.7, 0.81):
        resampler.reset()
        out = resampler(tone(share * half, rate))[0, to // 20 :]
        level, rest = heard(out, share * half, to)
        assert abs(level) < 0.01, f"{share * half:.0f} Hz comes out at {level:+.3f} dB"
        assert rest < -100, f"beside {share * half:.0f} Hz there is {rest:.0f} dB"


@pytest.mark.parametrize(("rate", "to"), [pair for pair in PAIRS if pair[1] < pair[0]])
def test_what_the_lower_rate_cannot_hold_is_gone(rate: int, to: int) -> None:
    resampler = Resampler(rate, to, 1)
    for share in (1.03, 1.2, 1.9):
        if share * to >= rate:
            continue
        resampler.reset()
        out = resampler(tone(share * to / 2, rate))[0, to // 20 :]
        assert 10 * np.log10(2 * np.mean(out.astype(np.float64) ** 2)) < -98


@pytest.mark.parametrize(("rate", "to"), PAIRS)
def test_an_impulse_comes_out_when_it_was_said(rate: int, to: int) -> None:
    resampler = Resampler(rate, to, 1)
    sound = np.zeros((1, 4000), np.float32)
    sound[0, 1000] = 1.0
    out = resampler(sound)[0].astype(np.float64)
    centre = np.sum(np.arange(out.size) * out) / np.sum(out)
    assert centre == pytest.approx(1000 * to / rate + resampler.delay, abs=0.002)
    lower = min(rate, to)
    assert resampler.delay <= 32 * to / lower + 1.01 + to / rate


@pytest.mark.parametrize(("rate", "to"), [(44100, 48000), (48000, 16000), (8000, 192000), (192000, 8000)])
def test_the_same_samples_however_they_are_cut(rate: int, to: int) -> None:
    dice = np.random.default_rng(1)
    sound = dice.standard_normal((3, 9000)).astype(np.float32)
    whole = Resampler(rate, to, 3)
    expected = whole(sound)
    cut, at, parts = Resampler(rate, to, 3), 0, []
    while at < sound.shape[1]:
        n = int(dice.integers(0, 400))
        parts.append(cut(sound[:, at : at + n]))
        at += n
    assert np.array_equal(np.concatenate(parts, axis=1), expected)
    for channel in range(3):
        assert np.array_equal(Resampler(rate, to, 1)(sound[channel : channel + 1])[0], expected[channel])


def test_a_callback_gets_just_what_it_needs() -> None:
    sound = np.random.default_rng(2).standard_normal((2, 20000)).astype(np.float32)
    expected = Resampler(44100, 48000, 2)(sound)
    resampler, at, parts = Resampler(44100, 48000, 2), 0, []
    for frames in (256, 64, 1, 2048, 480, 17) * 3:
        want = resampler.wanted(frames)
        out = resampler(sound[:, at : at + want], frames)
        assert out.shape[1] == frames
        at += want
        parts.append(out)
    made = np.concatenate(parts, axis=1)
    assert np.array_equal(made, expected[:, : made.shape[1]])


def test_much_more_than_wanted_is_told() -> None:
    with pytest.raises(UsageError, match="how many it wants"):
        Resampler(44100, 48000, 1)(np.zeros((1, 5000), np.float32), 10)


def test_drift_glides_and_clicks_nowhere() -> None:
    rate, hz = 48000, 1000.0
    resampler = Resampler(rate, rate, 1)
    sound = tone(hz, rate, 2.0)
    before = resampler(sound[:, : rate // 2])
    resampler.drift(0.005)
    after = resampler(sound[:, rate // 2 :])
    out = np.concatenate([before, after], axis=1)[0, 200:].astype(np.float64)
    bend = np.abs(np.diff(out, 2))
    assert bend.max() < 1.02 * (2 * np.pi * 1.005 * hz / rate) ** 2
    level, rest = heard(out[-rate // 2 :], 1.005 * hz, rate)
    assert abs(level) < 0.01
    assert rest < -100
    assert after.shape[1] == pytest.approx(1.5 * rate / 1.005, abs=20)


def test_drift_is_bounded_and_no_number_is_none() -> None:
    fast, bounded, none = (Resampler(44100, 48000, 1) for _ in range(3))
    fast.drift(0.005)
    bounded.drift(1e9)
    none.drift(float("nan"))
    assert fast.wanted(48000) == bounded.wanted(48000)
    assert none.wanted(48000) == Resampler(44100, 48000, 1).wanted(48000)


def test_reset_forgets() -> None:
    resampler, sound = Resampler(44100, 48000, 2), np.ones((2, 500), np.float32)
    first = resampler(sound)
    resampler.drift(0.003)
    resampler(np.full((2, 700), np.nan, np.float32))
    resampler.reset()
    assert np.array_equal(resampler(sound), first)


def test_every_processor_makes_the_same_to_rounding() -> None:
    sound = np.random.default_rng(3).standard_normal((2, 5000)).astype(np.float32)
    able = kernel.library().ib_level()
    made = [Resampler(44100, 48000, 2, each)(sound) for each in kernel.levels() if each <= able]
    for each in made[1:]:
        assert np.abs(each - made[0]).max() < 2e-6


@pytest.mark.parametrize(
    "asked", [(7999, 48000, 1), (48000, 192001, 1), (44100, 48000, 0), (44100, 48000, 33)]
)
def test_what_cannot_be_is_refused(asked: tuple[int, int, int]) -> None:
    with pytest.raises(UsageError, match="between 8000 and 192000 Hz"):
        Resampler(*asked)
