"""Collages of the demonstrations around."""

import numpy as np
import pytest

from isobath.mapping import Settings, fit
from isobath.mapping.truths import case


@pytest.mark.parametrize("algorithm", ["neighbours", "inverse_distance"])
def test_a_collage_never_leaves_the_range_of_the_demonstrations(algorithm):
    one = case("patchwork", 3, 8, 20)
    mapping = fit(one.points, one.latents, settings=Settings(algorithm=algorithm))
    heard = mapping(np.random.default_rng(0).uniform(-2, 3, (500, 3)))
    assert (heard <= one.latents.max(axis=0) + 1e-9).all()
    assert (heard >= one.latents.min(axis=0) - 1e-9).all()


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_neighbours_come_and_go_without_a_step(count):
    one = case("patchwork", 2, 8, 20)
    settings = Settings(algorithm="neighbours", neighbours=count + 1)
    mapping = fit(one.points, one.latents, settings=settings)
    jumps = []
    for fine in (2000, 20000):
        path = np.linspace([0.05, 0.1], [0.95, 0.8], fine)
        jumps.append(np.abs(np.diff(mapping(path), axis=0)).max())
    assert jumps[1] < 0.3 * jumps[0]


def test_one_neighbour_is_the_nearest_demonstration():
    one = case("patchwork", 2, 4, 12)
    mapping = fit(one.points, one.latents, settings=Settings(algorithm="neighbours", neighbours=1))
    places = np.random.default_rng(1).uniform(0, 1, (100, 2))
    nearest = ((places[:, None] - one.points) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_allclose(mapping(places), one.latents[nearest])


def test_all_neighbours_are_shepards_weights():
    one = case("patchwork", 2, 4, 8)
    mapping = fit(one.points, one.latents, settings=Settings(algorithm="inverse_distance", power=3.0))
    place = np.array([0.4, 0.7])
    pull = np.linalg.norm(one.points - place, axis=1) ** -3.0
    np.testing.assert_allclose(mapping(place), pull @ one.latents / pull.sum())


def test_a_steeper_power_keeps_closer_to_the_nearest():
    one = case("patchwork", 2, 4, 8)
    place = one.points[0] + 0.02
    missed = [
        np.abs(
            fit(one.points, one.latents, settings=Settings(algorithm="inverse_distance", power=p))(place)
            - one.latents[0]
        ).max()
        for p in (1.0, 2.0, 8.0)
    ]
    assert missed == sorted(missed, reverse=True)


def test_demonstrations_at_the_same_distance_are_heard_alike():
    corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    mapping = fit(corners, np.eye(4), settings=Settings(algorithm="neighbours", neighbours=2))
    np.testing.assert_allclose(mapping([0.5, 0.5]), 0.25)
