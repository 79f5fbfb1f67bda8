"""How far out a latent is."""

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis

from isobath.errors import UsageError
from isobath.latent.statistics import Known

MIX = np.random.default_rng(0).normal(size=(4, 4))
KNOWN = Known(mean=[1.0, 0.0, -1.0, 2.0], covariance=(MIX @ MIX.T).tolist(), radius=3.6)


def test_distance_is_mahalanobis():
    latents = np.random.default_rng(1).normal(size=(20, 4))
    inverse = np.linalg.inv(np.array(KNOWN.covariance) + 1e-6 * np.eye(4))
    expected = [mahalanobis(row, KNOWN.mean, inverse) for row in latents]
    np.testing.assert_allclose(KNOWN.distance(latents), expected)
    np.testing.assert_allclose(KNOWN.distance(latents[3]), expected[3:4])


def test_what_is_thrown_looks_like_the_training_audio():
    thrown = KNOWN.throw(20_000, seed=1)
    np.testing.assert_allclose(thrown.mean(axis=0), KNOWN.mean, atol=0.1)
    np.testing.assert_allclose(np.cov(thrown.T), KNOWN.covariance, rtol=0.1, atol=0.15)
    np.testing.assert_array_equal(thrown[:5], KNOWN.throw(20_000, seed=1)[:5])


def test_hardly_anything_thrown_is_unknown_and_farther_throws_are():
    assert KNOWN.knows(KNOWN.throw(2000, seed=2)).mean() > 0.98
    assert KNOWN.knows(KNOWN.throw(2000, seed=2, width=4.0)).mean() < 0.2


def test_a_dimension_that_never_moved_is_far_at_once():
    still = Known(mean=[0.0, 0.0], covariance=[[1.0, 0.0], [0.0, 0.0]], radius=3.0)
    assert still.knows([1.0, 0.0])[0]
    assert not still.knows([1.0, 0.5])[0]


def test_latents_of_another_model_are_a_sentence():
    with pytest.raises(UsageError, match="4 latent dimensions; the latents given have 2"):
        KNOWN.distance([0.0, 0.0])
