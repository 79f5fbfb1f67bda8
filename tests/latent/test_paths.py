"""Paths without a gesture."""

import numpy as np
import pytest

from isobath.errors import UsageError
from isobath.latent.paths import glide


def test_a_glide_visits_everything_at_an_even_pace():
    latents = [[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]]
    path = glide(latents, 401)
    assert path.shape == (2, 401)
    assert path.dtype == np.float32
    steps = np.linalg.norm(np.diff(path, axis=1), axis=0)
    np.testing.assert_allclose(steps, 0.01, atol=1e-5)
    for latent in latents:
        assert np.linalg.norm(path.T - latent, axis=1).min() < 1e-5


def test_staying_is_a_path_too():
    np.testing.assert_array_equal(glide([[1.0, 2.0]], 3), [[1, 1, 1], [2, 2, 2]])
    np.testing.assert_array_equal(glide([[1.0], [1.0], [2.0]], 2), [[1, 2]])
    np.testing.assert_array_equal(glide([[1.0], [2.0]], 1), [[1]])


@pytest.mark.parametrize(("latents", "frames"), [([[1.0]], 0), ([], 5), ([[np.nan]], 5)])
def test_a_path_of_nothing_is_a_sentence(latents, frames):
    with pytest.raises(UsageError, match="at least one frame"):
        glide(latents, frames)
