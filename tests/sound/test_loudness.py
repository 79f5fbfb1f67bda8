import numpy as np
import pytest

from isobath.sound.loudness import (
    Gated,
    a_weight,
    biquads,
    k_weighted,
    momentary,
    steepest_rise,
)


def sine(hz: float, rate: int, seconds: float, db: float = 0.0) -> np.ndarray:
    return 10 ** (db / 20) * np.sin(2 * np.pi * hz / rate * np.arange(round(seconds * rate)))[None]


def test_the_filters_are_those_of_bs1770_at_48_khz() -> None:
    shelf, high_pass = biquads(48000)
    np.testing.assert_allclose(shelf[0], [1.53512485958697, -2.69169618940638, 1.19839281085285], atol=1e-7)
    np.testing.assert_allclose(shelf[1], [1, -1.69065929318241, 0.73248077421585], atol=1e-7)
    np.testing.assert_allclose(high_pass[1], [1, -1.99004745483398, 0.99007225036621], atol=1e-7)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_a_full_sine_on_one_side_reads_three_below_zero(rate: int) -> None:
    """BS.1770: 0 dBFS at 997 Hz in one channel is -3.01 LKFS."""
    assert momentary(sine(997, rate, 1.0), rate)[-1] == pytest.approx(-3.01, abs=0.05)


def test_two_sides_are_three_louder_than_one() -> None:
    one = sine(997, 48000, 1.0, -20)
    both = np.repeat(one, 2, axis=0)
    assert momentary(both, 48000)[-1] - momentary(one, 48000)[-1] == pytest.approx(3.01, abs=0.01)


def test_a_long_sound_is_weighted_as_if_in_one_piece() -> None:
    """The blocks in which it is done leave no trace: against the filters run sample by sample."""
    rate = 8000
    sound = np.random.default_rng(0).standard_normal((1, rate * 17))
    expected = sound[0]
    for b, a in biquads(rate):
        out = np.zeros_like(expected)
        x1 = x2 = y1 = y2 = 0.0
        for i, x in enumerate(expected):
            y = b[0] * x + b[1] * x1 + b[2] * x2 - a[1] * y1 - a[2] * y2
            out[i] = y
            x1, x2, y1, y2 = x, x1, y, y1
        expected = out
    np.testing.assert_allclose(k_weighted(sound, rate)[0], expected, atol=1e-6)


def test_momentary_loudness_takes_400_ms_to_arrive() -> None:
    levels = momentary(sine(997, 48000, 1.0), 48000)
    assert levels[19] == pytest.approx(-3.01 - 3.01, abs=0.1)
    assert levels[39] == pytest.approx(-3.01, abs=0.05)


def test_silence_is_very_quiet() -> None:
    assert momentary(np.zeros((2, 48000)), 48000).max() == -120


def test_the_steepest_rise_is_within_one_second() -> None:
    slow = np.linspace(-60, -20, 401)
    assert steepest_rise(slow) == pytest.approx(10.0)
    assert steepest_rise(np.concatenate([np.full(300, -40.0), np.full(300, -22.0)])) == pytest.approx(18.0)
    assert steepest_rise(
        np.concatenate([np.full(300, -40.0), np.full(300, -22.0)]), floor=-25.0
    ) == pytest.approx(3.0)
    assert steepest_rise(np.linspace(-20, -60, 100)) == 0


@pytest.mark.parametrize(
    ("hz", "db"), [(31.62, -39.4), (100, -19.1), (1000, 0.0), (2500, 1.3), (10000, -2.5)]
)
def test_a_weighting_follows_the_standard(hz: float, db: float) -> None:
    assert 20 * np.log10(a_weight(np.array([hz]))[0]) == pytest.approx(db, abs=0.1)


@pytest.mark.parametrize("cuts", [[1], [0.33, 0.5], [0.001] * 5])
def test_gated_loudness_leaves_silence_out_however_it_is_cut(cuts: list[float]) -> None:
    """A tone of 997 Hz at full scale is -3.01 LUFS; a quiet half hour beside it changes nothing."""
    tone = sine(997, 48000, 3.0)
    sound = np.concatenate([tone, np.zeros((1, 48000 * 4)), tone * 1e-3], axis=1)
    gated = Gated(48000)
    for part in np.split(sound, [int(48000 * sum(cuts[: i + 1])) for i in range(len(cuts))], axis=1):
        gated.hear(part)
    assert gated.integrated() == pytest.approx(-3.01, abs=0.4)  # blocks that hold the end of the tone count


def test_two_equal_channels_are_as_loud_as_one() -> None:
    levels = []
    for channels in (1, 2):
        gated = Gated(48000)
        gated.hear(np.repeat(sine(440, 48000, 1.0), channels, axis=0))
        levels.append(gated.integrated())
    assert levels[0] == pytest.approx(levels[1])


def test_nothing_has_no_loudness() -> None:
    assert Gated(48000).integrated() == -120
    short = Gated(48000)
    short.hear(sine(997, 48000, 0.05))
    assert short.integrated() == pytest.approx(-3.01, abs=0.5)
