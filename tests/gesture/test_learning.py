"""Ranges by wiggling, knobs by moving them, holds, and play-along."""

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest

from isobath.gesture.calibration import Calibration
from isobath.gesture.holding import held
from isobath.gesture.miming import mimed
from isobath.gesture.noticing import Noticing
from isobath.mapping import fit

FILE = Path(__file__).parents[1] / "golden" / "holding.json"


def test_wiggling_learns_the_range_and_no_spike_does():
    calibration = Calibration()
    for i in range(400):
        value = 512 + 300 * math.sin(i / 20)
        if i % 50 == 7:
            value = 9000.0 if i % 100 == 7 else -9000.0
        calibration.hear(value)
    calibration.hear(math.nan)
    lo, hi = calibration.range
    assert 212 < lo < 225
    assert 800 < hi < 812


def test_what_hardly_moved_has_no_range():
    calibration = Calibration()
    for _ in range(50):
        calibration.hear(3.0)
    assert calibration.range is None
    few = Calibration()
    for value in range(5):
        few.hear(value)
    assert few.range is None


def test_of_many_that_tremble_the_one_that_is_moved_is_noticed():
    dice = random.Random(5)
    noticing = Noticing(0.0)
    now, found = 0.0, None
    for i in range(400):
        now += 0.01
        for k in range(6):
            value = 100 * k + dice.gauss(0.0, 2.0 + k)
            if k == 3 and i > 100:
                value += 2 * (i - 100)
            found = found or noticing.hear(f"sensor {k}", value, now)
    assert found is not None
    assert found[0] == "sensor 3"


def test_a_button_and_a_knob_that_begin_to_speak_are_noticed():
    noticing = Noticing(0.0)
    assert noticing.hear("button", 1.0, 2.0) is None
    assert noticing.hear("button", 0.0, 2.1) is not None
    noticing = Noticing(0.0)
    found = [noticing.hear("knob", 0.5 + i / 127, 1.0 + i / 100) for i in range(30)]
    assert any(found)
    assert not any(found[:4])


def golden():
    dice = random.Random(9)
    cases = []
    for axes, count in ((2, 40), (6, 1), (3, 200)):
        seconds = sorted(dice.uniform(1.0, 4.0) for _ in range(count))
        middle = [dice.random() for _ in range(axes)]
        points = [[m + dice.gauss(0.0, 0.01) for m in middle] for _ in range(count)]
        found = held(seconds, points, 4.5)
        cases.append(
            {
                "seconds": seconds,
                "points": points,
                "end": 4.5,
                "held": {
                    "point": list(found.point),
                    "spread": found.spread,
                    "stillness": found.stillness,
                    "seconds": found.seconds,
                },
            }
        )
    return cases


def test_a_hold_is_the_same_in_the_page():
    assert json.loads(FILE.read_text()) == golden()


def test_a_hold_is_where_the_hand_was_longest_and_says_how_still():
    still = held([0.0, 0.1], [[0.0, 0.0], [0.25, 0.75]], 2.0)
    assert still.point == pytest.approx((0.25, 0.75))
    assert still.stillness == pytest.approx(1.0)
    shaking = held([i / 100 for i in range(200)], [[0.5 + 0.1 * (i % 2)] for i in range(200)], 2.0)
    assert shaking.point[0] == pytest.approx(0.55)
    assert shaking.stillness < 0.3
    assert held([], [], 1.0) is None
    assert held([1.0], [[0.5]], 1.0) is None


def performance(axes=2, dims=8, lag=0.0, noise=0.01, seconds=40.0, seed=1):
    """A sound that wanders, and a gesture that follows it through a smooth map, late and trembling."""
    random = np.random.default_rng(seed)
    turns = random.uniform(0.05, 0.16, (axes, 3))
    phases = random.uniform(0.0, 6.28, (axes, 3))
    mixing = random.normal(size=(dims, axes, 2))

    def hidden(t):
        waves = np.sin(2 * np.pi * turns[:, :, None] * t + phases[:, :, None]).mean(1)
        return 0.5 + 0.5 * waves.T

    def latent_at(t):
        place = hidden(np.asarray(t))
        return np.einsum("dak,nak->nd", mixing, np.stack((np.sin(2.5 * place), np.cos(3 * place)), -1))

    times = np.arange(0.0, seconds, 1 / 60)
    gesture = np.clip(hidden(times - lag) + random.normal(scale=noise, size=(len(times), axes)), 0, 1)
    return times, gesture, latent_at, hidden


@pytest.mark.parametrize("lag", [0.0, 0.2])
def test_a_mimed_sound_becomes_a_few_demonstrations_that_say_what_it_was(lag):
    times, gesture, latent_at, hidden = performance(lag=lag)
    spread = np.ones(8)
    found = mimed(times, gesture, 40.0, latent_at, spread, 40)
    assert found.lag == pytest.approx(lag, abs=0.05)
    assert 6 < len(found.points) <= 40
    assert found.conflicts == 0
    assert np.all(np.diff(found.seconds) > 0)
    mapping = fit(found.points, found.latents)
    fresh = np.linspace(2, 38, 300)
    missed = mapping(hidden(fresh)) - latent_at(fresh)
    assert np.sqrt((missed**2).mean()) < 0.3 * latent_at(fresh).std()


def test_one_gesture_for_two_sounds_is_one_place_and_is_told():
    times = np.arange(0.0, 10.0, 0.05)
    gesture = np.full((len(times), 2), 0.4)

    def latent_at(t):
        return np.where(np.asarray(t)[:, None] < 5.0, -3.0, 3.0) * np.ones((1, 4))

    found = mimed(times, gesture, 10.0, latent_at, np.ones(4))
    assert len(found.points) == 1
    assert found.conflicts == 1
    assert np.abs(found.latents).max() < 0.2


def test_nothing_mimed_is_nothing_shown():
    empty = mimed(np.zeros(0), np.zeros((0, 3)), 5.0, lambda t: np.zeros((len(t), 4)), np.ones(4))
    assert empty.points.shape == (0, 3)
    assert empty.latents.shape == (0, 4)


if __name__ == "__main__":
    FILE.write_text(json.dumps(golden()) + "\n")
