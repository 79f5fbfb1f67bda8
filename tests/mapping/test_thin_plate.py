"""Surfaces of least bending."""

import numpy as np
from scipy.interpolate import RBFInterpolator

from isobath.mapping import Settings, fit
from isobath.mapping.truths import case


def test_it_is_the_plate_scipy_bends():
    for axes in (2, 3, 6):
        one = case("tanh", axes, 8, 30)
        mapping = fit(one.points, one.latents, settings=Settings(algorithm="thin_plate"))
        reference = RBFInterpolator(2 * one.points - 1, one.latents, kernel="thin_plate_spline")
        np.testing.assert_allclose(mapping(one.held_points), reference(2 * one.held_points - 1), atol=1e-6)


def test_a_plane_stays_a_plane():
    points = np.random.default_rng(0).uniform(0, 1, (9, 3))
    slope = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]])
    mapping = fit(points, points @ slope + 1, settings=Settings(algorithm="thin_plate"))
    places = np.random.default_rng(1).uniform(-2, 3, (20, 3))
    np.testing.assert_allclose(mapping(places), places @ slope + 1, atol=1e-6)


def test_less_trust_bends_less():
    one = case("patchwork", 2, 4, 15)
    missed = [
        np.mean(fit(one.points, one.latents, settings=Settings(algorithm="thin_plate", trust=t)).errors)
        for t in (1.0, 0.8, 0.4, 0.0)
    ]
    assert missed == sorted(missed)
    assert missed[-1] > 0.3
