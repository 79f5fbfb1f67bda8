"""One latent that follows everybody."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from isobath.world.crowd import FADE_SECONDS, FARTHEST, Crowd, shared

MEAN, SPREAD = np.array([1.0, -2.0, 0.0]), np.array([1.0, 0.5, 2.0])


def test_all_in_one_place_sound_as_one():
    latents = np.tile([2.0, 0.0, 3.0], (5, 1))
    np.testing.assert_allclose(shared(latents, np.ones(5), MEAN, SPREAD), [2.0, 0.0, 3.0])


def test_many_scattered_are_as_far_out_as_their_members():
    latents = MEAN + SPREAD * np.random.default_rng(0).standard_normal((4, 3))
    units = (latents - MEAN) / SPREAD
    found = (shared(latents, np.ones(4), MEAN, SPREAD) - MEAN) / SPREAD
    mean = np.linalg.norm(units.mean(0))
    reach = np.sqrt((units**2).sum(1).mean())
    assert np.linalg.norm(found) == pytest.approx(min(reach, FARTHEST * mean), rel=1e-6)
    assert mean < np.linalg.norm(found)


def test_weights_count_and_nobody_is_the_middle():
    latents = np.array([[2.0, 0.0, 3.0], [5.0, 5.0, 5.0]])
    np.testing.assert_allclose(shared(latents, np.array([1.0, 0.0]), MEAN, SPREAD), latents[0])
    np.testing.assert_array_equal(shared(latents, np.zeros(2), MEAN, SPREAD), MEAN)
    np.testing.assert_array_equal(shared(np.zeros((0, 3)), np.zeros(0), MEAN, SPREAD), MEAN)


@given(
    hnp.arrays(float, (6, 3), elements=st.floats(-50, 50)),
    hnp.arrays(float, 6, elements=st.floats(0, 8)),
)
def test_whatever_they_do_it_is_finite_and_no_farther_out_than_the_farthest(latents, weights):
    found = shared(latents, weights, MEAN, SPREAD)
    assert np.isfinite(found).all()
    units = np.linalg.norm((latents - MEAN) / SPREAD, axis=1)
    assert np.linalg.norm((found - MEAN) / SPREAD) <= units.max() + 1e-6


def test_who_comes_fades_in_and_who_goes_fades_out_where_they_were():
    crowd = Crowd()
    crowd.follow([(1, np.array([0.2]), 1.0)])
    crowd.step(0.01)
    gestures, weights = crowd.members()
    assert gestures[0, 0] == 0.2  # they do not come gliding
    assert weights[0] < 0.1
    for _ in range(1000):
        crowd.step(FADE_SECONDS / 100)
    assert crowd.members()[1][0] == pytest.approx(1.0, abs=1e-3)
    crowd.follow([])
    crowd.step(FADE_SECONDS / 10)
    gestures, weights = crowd.members()
    assert gestures[0, 0] == pytest.approx(0.2)
    assert 0.5 < weights[0] < 1.0
    for _ in range(1000):
        crowd.step(FADE_SECONDS / 100)
    assert len(crowd.members()[1]) == 0


def test_gestures_glide_between_poses():
    crowd = Crowd()
    crowd.follow([(1, np.array([0.0]), 1.0)])
    crowd.step(0.01)
    crowd.follow([(1, np.array([1.0]), 1.0)])
    steps = []
    for _ in range(40):
        crowd.step(0.0116)
        steps.append(crowd.members()[0][0, 0])
    assert np.diff(steps).max() < 0.13
    assert steps[-1] > 0.98
