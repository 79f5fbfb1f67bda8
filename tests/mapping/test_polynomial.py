"""Lines and low polynomials."""

import numpy as np
import pytest

from isobath.mapping import Settings, fit


def poly(degree: int) -> Settings:
    return Settings(algorithm="polynomial", degree=degree)


def test_a_parabola_is_found_again():
    points = np.random.default_rng(0).uniform(0, 1, (20, 2))
    mapping = fit(points, _curve(points), settings=poly(2))
    places = np.random.default_rng(1).uniform(-1, 2, (20, 2))
    np.testing.assert_allclose(mapping(places), _curve(places), atol=1e-3)


def _curve(x: np.ndarray) -> np.ndarray:
    return np.column_stack([1 + 2 * x[:, 0] ** 2 - x[:, 1], 3 * x[:, 0] * x[:, 1]])


def test_a_line_is_the_least_squares_line():
    rng = np.random.default_rng(2)
    points, latents = rng.uniform(0, 1, (30, 3)), rng.normal(size=(30, 2))
    design = np.column_stack([points, np.ones(30)])
    expected = design @ np.linalg.lstsq(design, latents, rcond=None)[0]
    mapping = fit(points, latents, settings=Settings(algorithm="linear"))
    np.testing.assert_allclose(mapping(points), expected, atol=1e-4)


def test_a_higher_degree_follows_more_closely():
    rng = np.random.default_rng(3)
    points, latents = rng.uniform(0, 1, (40, 2)), rng.normal(size=(40, 2))
    missed = [np.mean(fit(points, latents, settings=poly(d)).errors) for d in (1, 2, 3, 5)]
    assert missed == sorted(missed, reverse=True)


def test_fewer_demonstrations_than_products_stay_calm():
    rng = np.random.default_rng(4)
    points, latents = rng.uniform(0, 1, (5, 3)), rng.normal(size=(5, 2))
    mapping = fit(points, latents, settings=poly(4))
    np.testing.assert_allclose(mapping(points), latents, atol=1e-3)
    assert np.abs(mapping(rng.uniform(0, 1, (200, 3)))).max() < 12


def test_a_degree_that_cannot_be_played_is_lowered_with_a_sentence():
    rng = np.random.default_rng(5)
    points, latents = rng.uniform(0, 1, (12, 64)), rng.normal(size=(12, 2))
    mapping = fit(points, latents, settings=poly(3))
    (sentence,) = mapping.warnings
    assert "degree 3 over 64 axes" in sentence
    assert "degree 1 is used" in sentence


@pytest.mark.parametrize("degree", [1, 8])
def test_one_axis_affords_any_degree(degree):
    points = np.linspace(0, 1, 30)[:, None]
    assert fit(points, points**degree, settings=poly(degree)).warnings == ()
