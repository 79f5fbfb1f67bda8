"""kernel/limiter.c, heard through the player."""

import numpy as np
import pytest
from numpy.typing import NDArray

from isobath.protocol.piece import Master
from isobath.sound.peaks import true_peak_db

from .loudspeaker import RATE, loudspeaker, play, player_of, sine

CEILING_DB = -1.0
SPEAKER = loudspeaker()
N = RATE // 2


def torture() -> dict[str, NDArray[np.float64]]:
    """Signals that limiters let through, at +20 dB."""
    t, random = np.arange(N), np.random.default_rng(3)
    return {
        "a quarter of the rate at 45 degrees": np.sin(np.pi / 2 * t + np.pi / 4),
        "impulses": np.where(t % 997 == 0, 1.0, 0.0) * np.where(t % 2, 1, -1),
        "a low sine": np.sin(2 * np.pi * 40 / RATE * t),
        "a square": np.sign(np.sin(2 * np.pi * 1000.1 / RATE * t)),
        "white noise": random.uniform(-1, 1, N),
        "random signs": np.sign(random.uniform(-1, 1, N)),
        "bursts at 15 kHz": np.sin(2 * np.pi * 15000 / RATE * t) * ((t // 700) % 2),
        "steps": np.repeat(random.uniform(-1, 1, N // 50), 50),
        "a sweep to 23 kHz": np.sin(2 * np.pi * np.cumsum(np.geomspace(20, 23000, N)) / RATE),
        "short runs of alternating samples": np.where(t % 2, 1.0, -1.0) * (t % 1500 < 12),
    }


TORTURE = torture()


@pytest.mark.parametrize("name", TORTURE)
def test_nothing_passes_the_ceiling_not_even_between_samples(name: str) -> None:
    loud = np.concatenate([10 * TORTURE[name], np.zeros(960)])[None]
    heard = play(player_of(SPEAKER), loud)[:1]
    assert np.abs(heard).max() <= 10 ** (CEILING_DB / 20)
    assert true_peak_db(heard, 4) <= CEILING_DB
    assert true_peak_db(heard, 16) <= CEILING_DB + 0.1
    assert true_peak_db(heard, 16) > CEILING_DB - 6, "it limits, it does not mute"


@pytest.mark.parametrize("ceiling", [-1.0, -6.0, -20.0])
def test_the_ceiling_is_where_it_is_set(ceiling: float) -> None:
    player = player_of(SPEAKER, master=Master(ceiling_db=ceiling, guard_db=0.0))
    heard = play(player, np.concatenate([sine(997, 0.5, 8.0), np.zeros((1, 960))], axis=1))
    assert ceiling - 1.0 < true_peak_db(heard, 16) <= ceiling + 0.1


def test_a_ceiling_above_minus_one_is_not_granted() -> None:
    loud = np.concatenate([sine(997, 0.3, 8.0), np.zeros((1, 960))], axis=1)
    heard = play(player_of(SPEAKER, master=Master(ceiling_db=6.0, guard_db=0.0)), loud)
    assert true_peak_db(heard, 16) <= -0.9


@pytest.mark.parametrize("rate", [16000, 44100, 48000, 96000])
def test_declared_latency_is_measured_latency(rate: int) -> None:
    player = player_of(loudspeaker(rate=rate))
    click = np.zeros((1, 8192))
    click[0, 4000] = 0.5
    heard = play(player, click)
    assert int(np.abs(heard[0]).argmax()) - 4000 == player.delay
    assert player.delay <= 0.002 * rate + 16


def test_what_stays_below_the_ceiling_is_not_touched() -> None:
    player = player_of(SPEAKER)
    quiet = np.random.default_rng(1).uniform(-0.3, 0.3, (1, RATE // 4)).astype(np.float32)
    heard = play(player, quiet)
    fade = RATE // 100
    np.testing.assert_array_equal(
        heard[0, fade + player.delay :], quiet[0, fade : heard.shape[1] - player.delay]
    )


def test_silence_in_silence_out() -> None:
    assert not play(player_of(SPEAKER), np.zeros((1, 9600))).any()


def test_a_loud_moment_is_forgotten_within_half_a_second() -> None:
    player = player_of(SPEAKER)
    sound = np.concatenate([sine(500, 0.1, 9.0), sine(500, 0.6, 0.25)], axis=1)
    heard = play(player, sound)
    last = slice(RATE // 2, RATE // 2 + 4800)
    np.testing.assert_allclose(np.abs(heard[0, last]).max(), 0.25, rtol=0.01)


def test_both_sides_move_together() -> None:
    """A peak on the left must not pull the picture to the right."""
    speaker = loudspeaker(channels=2)
    left = np.concatenate([sine(300, 0.2, 0.2), sine(300, 0.2, 4.0)], axis=1)
    right = sine(300, 0.4, 0.2)
    player = player_of(speaker)
    heard = play(player, np.concatenate([left, right]))
    loud = slice(RATE * 3 // 10, RATE * 3 // 10 + 4800)
    ratio = np.abs(heard[0, loud]).max() / np.abs(heard[1, loud]).max()
    np.testing.assert_allclose(ratio, 20.0, rtol=0.01)


def test_the_gain_glides() -> None:
    """No zipper: where a loud sine comes and goes, the sound stays as smooth as the sine itself."""
    sound = np.concatenate([sine(200, 0.2, 0.2), sine(200, 0.2, 4.0), sine(200, 0.2, 0.2)], axis=1)
    heard = play(player_of(SPEAKER), sound)[0]
    steepest = 2 * np.pi * 200 / RATE * 10 ** (CEILING_DB / 20)
    assert np.abs(np.diff(heard)).max() < 2 * steepest
