"""What is done to one controller's values."""

import math
from itertools import pairwise

import pytest

from isobath.gesture.conditioning import Conditioner, Conditioning, curved, deadened, goal


def settled(conditioning, raw, seconds=5.0, dt=0.005):
    conditioner = Conditioner(conditioning)
    conditioner.feed(conditioning.lo)
    conditioner.feed(raw)
    for _ in range(int(seconds / dt)):
        conditioner.step(dt)
    return conditioner.value


def test_a_range_becomes_an_axis_and_beyond_it_is_its_end():
    c = Conditioning(lo=-20.0, hi=60.0)
    assert [goal(x, c) for x in (-20.0, 20.0, 60.0, 99.0, -99.0)] == [0.0, 0.5, 1.0, 1.0, 0.0]
    assert goal(0.0, Conditioning(lo=0.0, hi=1.0, invert=True)) == 1.0
    assert goal(30.0, Conditioning(lo=40.0, hi=0.0)) == 0.25
    assert goal(7.0, Conditioning(lo=7.0, hi=7.0)) == 0.5


@pytest.mark.parametrize("at", [0.0, 0.2, 0.5, 1.0])
def test_a_deadzone_is_where_it_should_be_and_both_ends_are_reached(at):
    places = [deadened(i / 1000, 0.1, at) for i in range(1001)]
    assert places[0] == pytest.approx(0.0)
    assert places[-1] == pytest.approx(1.0)
    assert all(0.0 <= b - a < 0.003 for a, b in pairwise(places))
    assert {deadened(at + d, 0.1, at) for d in (-0.05, 0.0, 0.05)} == {at}


@pytest.mark.parametrize("curve", [-5.0, -0.9, 0.0, 0.3, 0.98])
def test_a_curve_bends_and_keeps_the_ends(curve):
    places = [curved(i / 1000, curve) for i in range(1001)]
    assert (places[0], places[-1]) == (0.0, 1.0)
    assert all(b > a for a, b in pairwise(places))
    assert places[500] == pytest.approx((1 + max(-0.98, min(0.98, curve))) / 2)


def test_the_filter_steadies_a_hand_that_rests_and_follows_one_that_moves():
    c = Conditioning(cutoff_hz=1.0, beta=8.0)
    conditioner = Conditioner(c)
    resting = []
    for i in range(400):
        conditioner.feed(0.5 + 0.01 * math.sin(i * 1.7))
        resting.append(conditioner.step(0.005))
    assert max(resting[200:]) - min(resting[200:]) < 0.002
    conditioner.feed(1.0)
    moving = [conditioner.step(0.005) for _ in range(12)]
    assert moving[-1] > 0.95
    assert conditioner.value < 1.0


def test_it_arrives_and_stands_still():
    for c in (Conditioning(cutoff_hz=2.0), Conditioning(slew_seconds=0.5), Conditioning()):
        assert settled(c, 1.0) == 1.0


def test_slew_is_a_speed():
    conditioner = Conditioner(Conditioning(slew_seconds=2.0))
    conditioner.feed(0.0)
    conditioner.feed(1.0)
    for _ in range(100):
        conditioner.step(0.01)
    assert conditioner.value == pytest.approx(0.5)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
def test_what_is_no_gesture_is_counted_and_changes_nothing(value):
    conditioner = Conditioner(Conditioning())
    conditioner.feed(0.25)
    assert not conditioner.feed(value)
    assert (conditioner.goal, conditioner.ignored, conditioner.outside) == (0.25, 1, 0)
    assert conditioner.feed(1.5)
    assert (conditioner.goal, conditioner.outside) == (1.0, 1)
