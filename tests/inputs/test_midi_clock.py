"""MIDI's clock, from ticks with a cable's jitter."""

import numpy as np
import pytest

from isobath.inputs.midi.clock import CONTINUE, START, STOP, TICK, Beat, Follower


def ticks(follower: Follower, bpm: float, count: int, begin: float = 0.0, jitter: float = 0.0) -> float:
    random = np.random.default_rng(3)
    step = 60.0 / bpm / 24
    for k in range(count):
        follower.feed(TICK, begin + k * step + jitter * float(random.uniform(-1, 1)))
    return begin + count * step


@pytest.mark.parametrize("bpm", [40.0, 120.0, 174.0])
def test_the_tempo_is_found_in_spite_of_jitter(bpm: float) -> None:
    heard: list[Beat] = []
    ticks(Follower(heard.append), bpm, 24 * 8, jitter=0.001)
    assert [each.number for each in heard] == list(range(1, 8))
    assert heard[-1].bpm == pytest.approx(bpm, rel=0.01)


def test_start_counts_anew_and_stop_is_silent() -> None:
    heard: list[Beat] = []
    follower = Follower(heard.append)
    now = ticks(follower, 120.0, 30)
    follower.feed(STOP, now)
    now = ticks(follower, 120.0, 48, now)
    assert [each.number for each in heard] == [1]
    follower.feed(START, now)
    now = ticks(follower, 120.0, 25, now)
    assert [(each.number, each.starts) for each in heard[1:]] == [(0, True), (1, False)]
    follower.feed(STOP, now)
    follower.feed(CONTINUE, now)
    ticks(follower, 120.0, 24, now)
    assert heard[-1].number == 2


def test_a_clock_that_went_away_and_came_back_slower_is_measured_anew() -> None:
    heard: list[Beat] = []
    follower = Follower(heard.append)
    now = ticks(follower, 160.0, 96)
    ticks(follower, 80.0, 96, now + 5.0)
    assert heard[-1].bpm == pytest.approx(80.0, rel=1e-6)
    follower.feed(0xFE, now)
