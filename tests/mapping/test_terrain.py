"""Landscapes of waves and hills."""

import time

import numpy as np
import pytest

from isobath.errors import MappingError
from isobath.mapping import Mapping, Settings, fit
from isobath.mapping.truths import case

TERRAIN = Settings(algorithm="terrain")


def test_fifty_demonstrations_are_learned_within_a_second():
    one = case("manifold", 3, 16, 50)
    started = time.process_time()
    mapping = fit(one.points, one.latents, settings=TERRAIN)
    assert time.process_time() - started < 1.0
    assert max(mapping.errors) < 0.2
    missed = np.sqrt(((mapping(one.held_points) - one.held_latents) ** 2).mean())
    assert missed < 0.4 * one.held_latents.std()


def test_it_bends_more_where_more_hills_are_asked_for():
    one = case("manifold", 2, 4, 24)
    along = np.column_stack([np.linspace(0, 1, 400), np.full(400, 0.5)])
    bends = []
    for detail in (0.3, 1.0, 4.0):
        mapping = fit(one.points, one.latents, settings=Settings(algorithm="terrain", detail=detail))
        bends.append(np.abs(np.diff(mapping(along), 2, axis=0)).mean())
    assert bends == sorted(bends)
    assert bends[2] > 3 * bends[0]


def test_there_are_no_steps_in_it():
    one = case("patchwork", 2, 4, 12)
    mapping = fit(one.points, one.latents, settings=TERRAIN)
    coarse, fine = (
        np.abs(np.diff(mapping(np.column_stack([np.linspace(0, 1, n)] * 2)), axis=0)).max()
        for n in (200, 2000)
    )
    assert fine < 0.15 * coarse


def test_another_seed_is_another_landscape_and_the_same_seed_is_the_same():
    one = case("tanh", 2, 4, 12)
    first, again, other = (
        fit(one.points, one.latents, settings=Settings(algorithm="terrain", seed=seed)) for seed in (1, 1, 2)
    )
    assert first.to_json() == again.to_json()
    assert np.abs(first(one.held_points) - other(one.held_points)).max() > 0.01


def test_far_out_it_stays_bounded():
    one = case("tanh", 2, 4, 12)
    mapping = fit(one.points, one.latents, settings=TERRAIN)
    assert np.abs(mapping(np.random.default_rng(0).uniform(-50, 50, (500, 2)))).max() < 50


def test_hills_beyond_reason_are_a_sentence():
    with pytest.raises(MappingError, match=r"detail is 99; it goes from 0\.1 to 16"):
        fit([[0.1], [0.9]], [[1.0], [2.0]], settings=Settings(algorithm="terrain", detail=99.0))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"activations": ["tanh"]}, "1 to 8 layers"),
        ({"activations": ["sine", "step"]}, "activation 'step'"),
        ({"activations": ["sine", 3]}, "activation 3"),
        ({"weights": [[[1.0]], [[1.0]]]}, "does not fit"),
        ({"biases": [[0.0], [float("inf")]]}, "not finite|does not fit"),
        ({"weights": [[], []], "biases": [[], []]}, "empty"),
        ({"weights": "none"}, "missing"),
    ],
)
def test_a_damaged_network_is_a_sentence(change, sentence):
    one = case("tanh", 2, 4, 6)
    plain = fit(one.points, one.latents, settings=TERRAIN).to_plain()
    plain["parts"][0]["terms"][0].update(change)
    with pytest.raises(MappingError, match=sentence):
        Mapping.from_plain(plain)
