"""kernel/guard.c, heard through the player and measured by isobath.sound.loudness."""

import numpy as np
import pytest
from numpy.typing import NDArray

from isobath.protocol.piece import Master
from isobath.sound.loudness import momentary, steepest_rise

from .loudspeaker import RATE, loudspeaker, play, player_of, quiet_noise, sine

SPEAKER = loudspeaker()
RISE = 8.0
FREE_LUFS = -15.0
"""Anything may be this loud at once."""
random = np.random.default_rng(2)


def after_quiet(lufs: float, loud: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([quiet_noise(lufs, 1.5), loud], axis=1)


def saturated(seconds: float) -> NDArray[np.float64]:
    """What a decoder does at worst: every band full, +30 dBFS."""
    return 31 * random.uniform(-1, 1, (1, round(seconds * RATE)))


JUMPS = {
    "into saturated bands": after_quiet(-23, saturated(2.2)),
    "into a loud sine": after_quiet(-23, sine(1000, 2.2, 10.0)),
    "into a loud square": after_quiet(-23, 10 * np.sign(sine(60, 2.2))),
    "into loud bass": after_quiet(-23, sine(45, 2.2, 10.0)),
    "from very quiet": after_quiet(-45, saturated(2.2)),
    "in bursts": after_quiet(-23, saturated(2.2) * (np.arange(round(2.2 * RATE)) % 9600 < 2400)),
    "back and forth": np.concatenate(
        [after_quiet(-23, saturated(0.4)), after_quiet(-23, saturated(0.4))], axis=1
    ),
}


@pytest.mark.parametrize("name", JUMPS)
def test_loudness_never_jumps_by_more_than_8_lu_within_a_second(name: str) -> None:
    heard = play(player_of(SPEAKER, master=Master()), JUMPS[name])
    assert steepest_rise(momentary(heard, RATE), floor=FREE_LUFS - RISE) <= RISE


def test_without_the_guard_it_jumps() -> None:
    """The limiter alone does not protect ears: the test above tests something."""
    heard = play(player_of(SPEAKER), JUMPS["into saturated bands"])
    assert steepest_rise(momentary(heard, RATE), floor=FREE_LUFS - RISE) > 15


@pytest.mark.parametrize("rise", [3.0, 5.0, 12.0])
def test_the_rise_is_what_the_musician_sets(rise: float) -> None:
    heard = play(player_of(SPEAKER, master=Master(guard_db=rise)), after_quiet(-16, saturated(1.2)))
    steepest = steepest_rise(momentary(heard, RATE)[50:])
    assert rise - 4.0 < steepest <= rise


def test_a_note_from_silence_is_not_touched() -> None:
    """A normal level may come at once: a pluck loses nothing."""
    t = np.arange(RATE) / RATE
    pluck = (0.35 * np.sin(2 * np.pi * 220 * t) * np.exp(-t / 0.15))[None]
    sound = np.concatenate([np.zeros((1, RATE // 2)), pluck], axis=1).astype(np.float32)
    player = player_of(SPEAKER, master=Master())
    heard = play(player, sound)
    assert float(momentary(heard, RATE).max()) < FREE_LUFS
    np.testing.assert_array_equal(heard[0, player.delay :], sound[0, : heard.shape[1] - player.delay])
    assert player.meters().guard_db == 0.0


def test_a_steady_sound_is_held_steadily() -> None:
    """No pumping: while the guard holds a loud sine, its level stays the same."""
    player = player_of(SPEAKER, master=Master())
    heard = play(player, np.concatenate([np.zeros((1, 4800)), sine(440, 0.9, 0.8)], axis=1))
    levels = np.abs(heard[0, 14400:43200]).reshape(-1, 960).max(axis=1)
    assert 20 * np.log10(levels.max() / levels.min()) < 0.5
    assert -16 < player.meters().guard_db < -12


def test_a_loud_sound_gets_its_level_in_the_end() -> None:
    heard = play(player_of(SPEAKER, master=Master()), sine(440, 3.0, 0.5))
    np.testing.assert_allclose(np.abs(heard[0, -4800:]).max(), 0.5, rtol=0.01)


def test_guard_and_limiter_do_not_reduce_the_same_thing_twice() -> None:
    """+30 dB into the ceiling and the guard comes out at the guard's level, not 30 dB below it."""
    heard = play(player_of(SPEAKER, master=Master()), after_quiet(-23, saturated(1.0)))
    assert float(momentary(heard, RATE)[-10]) > -23 + RISE - 4
