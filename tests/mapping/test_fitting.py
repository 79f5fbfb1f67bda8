"""Whatever the algorithm, a mapping keeps its family's promises."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isobath.errors import MappingError
from isobath.mapping import ALGORITHMS, Mapping, Output, Settings, fit
from isobath.mapping.demonstrations import MOST

EXACT = ("gp", "neighbours", "inverse_distance", "thin_plate", "ridge")
PLACES = st.sampled_from([0.0, 0.25, 0.5, 0.500001, 1.0, 7.0])
SIZES = ((1, 1, 5), (2, 8, 3), (2, 8, 12), (3, 4, 24), (6, 16, 10), (15, 64, 36), (64, 4, 6))


def made(axes: int, dims: int, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([axes, dims, n, seed])
    return rng.uniform(0, 1, (n, axes)), rng.normal(size=(n, dims))


LEARNERS = tuple(each for each in ALGORITHMS if each != "direct")
"""`direct` learns nothing: what it promises is in test_direct."""

everyone = pytest.mark.parametrize("algorithm", LEARNERS)


@everyone
@pytest.mark.parametrize(("axes", "dims", "n"), SIZES)
def test_one_place_is_a_latent_and_many_places_are_rows(algorithm, axes, dims, n):
    mapping = fit(*made(axes, dims, n), settings=Settings(algorithm=algorithm))
    places = np.random.default_rng(1).uniform(0, 1, (7, axes))
    rows = mapping(places)
    assert rows.shape == (7, dims)
    assert mapping(places[0]).shape == (dims,)
    np.testing.assert_allclose(np.stack([mapping(place) for place in places]), rows, rtol=1e-9, atol=1e-9)
    assert mapping(np.zeros((0, axes))).shape == (0, dims)


@everyone
@pytest.mark.parametrize(("axes", "dims", "n"), SIZES)
def test_the_sound_is_finite_wherever_the_gesture_is(algorithm, axes, dims, n):
    mapping = fit(*made(axes, dims, n), settings=Settings(algorithm=algorithm, degree=3))
    rng = np.random.default_rng(2)
    for reach in (1, 3, 1e9, 1e300):
        assert np.isfinite(mapping(reach * rng.normal(size=(50, axes)))).all()
        assert np.isfinite(mapping(reach * rng.normal(size=axes))).all()
    for broken in (np.nan, np.inf, -np.inf):
        assert np.isfinite(mapping(np.full(axes, broken))).all()
        assert np.isfinite(mapping(np.full((2, axes), broken))).all()


@pytest.mark.parametrize("algorithm", EXACT)
@pytest.mark.parametrize(("axes", "dims", "n"), SIZES)
def test_every_demonstration_is_met(algorithm, axes, dims, n):
    points, latents = made(axes, dims, n)
    mapping = fit(points, latents, settings=Settings(algorithm=algorithm))
    assert np.abs(mapping(points) - latents).max() < 1e-3
    assert max(mapping.errors) < 1e-3


@everyone
def test_errors_are_the_misses_at_the_demonstrations(algorithm):
    points, latents = made(2, 5, 20)
    mapping = fit(points, latents, settings=Settings(algorithm=algorithm, trust=0.6))
    missed = np.sqrt(((mapping(points) - latents) ** 2).mean(axis=1))
    np.testing.assert_allclose(mapping.errors, missed, atol=1e-12)


@everyone
def test_the_same_demonstrations_make_the_same_map_to_the_bit(algorithm):
    points, latents = made(3, 8, 20)
    first, again = (fit(points, latents, settings=Settings(algorithm=algorithm)) for _ in range(2))
    assert first.to_json() == again.to_json()


@everyone
def test_saved_and_opened_it_sounds_the_same(algorithm):
    points, latents = made(3, 8, 20)
    mapping = fit(points, latents, settings=Settings(algorithm=algorithm))
    opened = Mapping.from_json(mapping.to_json())
    places = np.random.default_rng(3).uniform(-0.5, 1.5, (50, 3))
    np.testing.assert_allclose(opened(places), mapping(places), rtol=1e-11, atol=1e-11)
    assert opened.errors == mapping.errors
    assert opened.to_json() == mapping.to_json()


@everyone
def test_two_demonstrations_in_a_row_are_enough(algorithm):
    points = [[0.2, 0.5], [0.8, 0.5]]
    latents = [[-1.0, 0.0, 2.0], [1.0, 0.0, 3.0]]
    mapping = fit(points, latents, settings=Settings(algorithm=algorithm))
    middle = mapping([0.5, 0.5])
    assert -1.0 < middle[0] < 1.0
    assert middle[1] == pytest.approx(0.0, abs=1e-6)


@everyone
def test_demonstrations_in_a_row_leave_the_other_axis_calm(algorithm):
    along = np.linspace(0.1, 0.9, 7)
    points = np.column_stack([along, along])
    mapping = fit(points, np.column_stack([3 * along, -along]), settings=Settings(algorithm=algorithm))
    corners = mapping([[0, 1], [1, 0], [0, 0], [1, 1], [0.5, 0.5]])
    assert np.abs(corners).max() < 10


@everyone
def test_one_demonstration_is_heard_everywhere(algorithm):
    mapping = fit([[0.3, 0.4]], [[1.0, -2.0]], settings=Settings(algorithm=algorithm))
    np.testing.assert_allclose(mapping([[0, 0], [0.3, 0.4], [1, 1]]), [[1.0, -2.0]] * 3)


@everyone
def test_values_in_the_millions_are_scaled(algorithm):
    points, latents = made(2, 3, 12)
    there = points * [3e6, 1e-5] + [5e6, -7.0]
    settings = Settings(algorithm=algorithm)
    mapping = fit(there, latents, settings=settings)
    low, high = points.min(axis=0), points.max(axis=0)
    here = fit((points - low) / (high - low), latents, settings=settings)
    places = np.random.default_rng(4).uniform(0, 1, (20, 2))
    expected = here(places)
    np.testing.assert_allclose(
        mapping((low + places * (high - low)) * [3e6, 1e-5] + [5e6, -7.0]), expected, rtol=1e-3, atol=1e-3
    )


@everyone
def test_latents_in_the_millions_are_learned_like_small_ones(algorithm):
    points, latents = made(2, 3, 12)
    settings = Settings(algorithm=algorithm)
    small, large = fit(points, latents, settings=settings), fit(points, 1e6 * latents, settings=settings)
    places = np.random.default_rng(4).uniform(0, 1, (20, 2))
    np.testing.assert_allclose(large(places) / 1e6, small(places), rtol=1e-3, atol=1e-3)


@everyone
def test_two_different_sounds_at_one_spot_are_averaged_and_named(algorithm):
    points = [[0.2, 0.2], [0.5, 0.5], [0.5, 0.5], [0.8, 0.3]]
    latents = [[0.0], [1.0], [3.0], [-1.0]]
    labels = ["a", "bell", "", "b"]
    settings = Settings(algorithm=algorithm)
    mapping = fit(points, latents, weights=[1, 3, 1, 1], labels=labels, settings=settings)
    (warning,) = mapping.warnings
    assert "Demonstration 2 ('bell') and Demonstration 3" in warning
    assert "same spot" in warning
    if algorithm in EXACT:
        assert mapping([0.5, 0.5])[0] == pytest.approx(1.5, abs=1e-3)
        assert mapping.errors[1] == pytest.approx(0.5, abs=1e-3)


@everyone
def test_the_same_sound_twice_at_one_spot_is_nothing_to_mention(algorithm):
    points = [[0.2, 0.2], [0.5, 0.5], [0.5, 0.5]]
    mapping = fit(points, [[0.0], [1.0], [1.0]], settings=Settings(algorithm=algorithm))
    assert mapping.warnings == ()


@everyone
def test_a_demonstration_that_is_not_a_number_is_left_out_and_named(algorithm):
    points, latents = made(2, 3, 6)
    points[2, 1], latents[4, 0] = np.nan, np.inf
    labels = ["", "", "bright", "", "loud", ""]
    mapping = fit(points, latents, labels=labels, settings=Settings(algorithm=algorithm))
    without = fit(points[[0, 1, 3, 5]], latents[[0, 1, 3, 5]], settings=Settings(algorithm=algorithm))
    np.testing.assert_allclose(mapping([0.4, 0.4]), without([0.4, 0.4]))
    assert "Demonstration 3 ('bright') has nan on axis 2" in mapping.warnings[0]
    assert "Demonstration 5 ('loud') has inf on latent dimension 1" in mapping.warnings[1]
    assert np.isnan(mapping.errors[2])
    assert np.isnan(mapping.errors[4])
    assert np.isfinite([mapping.errors[i] for i in (0, 1, 3, 5)]).all()


@everyone
def test_a_muted_demonstration_is_as_if_it_were_not_there(algorithm):
    points, latents = made(2, 3, 8)
    muted = np.arange(8) == 3
    mapping = fit(points, latents, muted=muted, settings=Settings(algorithm=algorithm))
    without = fit(points[~muted], latents[~muted], settings=Settings(algorithm=algorithm))
    places = np.random.default_rng(5).uniform(0, 1, (9, 2))
    np.testing.assert_allclose(mapping(places), without(places))
    assert len(mapping.errors) == 8


@everyone
def test_dimensions_can_be_locked_off_or_given_their_own_axes(algorithm):
    points, latents = made(3, 4, 14)
    outputs = (Output(), Output(mode="locked", value=0.25), Output(mode="off"), Output(axes=(2,)))
    mapping = fit(points, latents, settings=Settings(algorithm=algorithm, outputs=outputs))
    assert mapping.active == (True, True, False, True)
    place = np.array([0.3, 0.6, 0.9])
    heard = mapping(place, base=[7.0, 7.0, 7.0, 7.0])
    assert heard[1] == 0.25
    assert heard[2] == 7.0
    assert mapping(place)[2] == 0.0
    moved = mapping(place + np.array([0.2, -0.3, 0.0]))
    assert moved[3] == mapping(place)[3]
    assert moved[0] != mapping(place)[0]
    alone = fit(points[:, 2:], latents[:, 3:], settings=Settings(algorithm=algorithm))
    assert mapping(place)[3] == pytest.approx(alone(place[2:])[0], abs=1e-5)


@everyone
def test_a_clamped_map_stays_within_what_was_demonstrated(algorithm):
    points, latents = made(2, 5, 9)
    mapping = fit(points, latents, settings=Settings(algorithm=algorithm, clamp=True, degree=4))
    heard = mapping(np.random.default_rng(6).uniform(-3, 4, (500, 2)))
    margin = 0.1 * np.ptp(latents, axis=0) + 1e-9
    assert (heard <= latents.max(axis=0) + margin).all()
    assert (heard >= latents.min(axis=0) - margin).all()


@pytest.mark.parametrize("algorithm", ["gp", "perceptron", "thin_plate", "linear", "polynomial", "ridge"])
def test_a_heavier_demonstration_is_met_more_closely(algorithm):
    rng = np.random.default_rng(8)
    points = rng.uniform(0, 1, (40, 2))
    latents = points[:, :1] + 0.3 * rng.normal(size=(40, 1))
    odd = int(np.argmax(np.abs(latents[:, 0] - points[:, 0])))
    weights = np.ones(40)
    weights[odd] = 50
    settings = Settings(algorithm=algorithm, trust=0.3, hidden=4)
    light = fit(points, latents, settings=settings)
    heavy = fit(points, latents, weights=weights, settings=settings)
    assert heavy.errors[odd] < light.errors[odd]


@everyone
def test_a_dimension_that_never_changes_stays_where_it_is(algorithm):
    points, latents = made(2, 3, 10)
    latents[:, 1] = 0.7
    mapping = fit(points, latents, settings=Settings(algorithm=algorithm))
    places = np.random.default_rng(7).uniform(0, 1, (30, 2))
    np.testing.assert_allclose(mapping(places)[:, 1], 0.7, atol=1e-4)


@everyone
def test_a_two_thousand_row_recording_is_learned_without_a_wait(algorithm):
    rng = np.random.default_rng(9)
    walk = np.clip(0.5 + np.cumsum(0.01 * rng.normal(size=(2000, 2)), axis=0), 0, 1)
    latents = np.column_stack([np.sin(3 * walk[:, 0]), walk[:, 1], walk.sum(axis=1)])
    unsteady = latents + 0.02 * rng.normal(size=latents.shape)
    start = time.process_time()
    mapping = fit(walk, unsteady, settings=Settings(algorithm=algorithm))
    assert time.process_time() - start < 2.0
    assert max(len(getattr(term, "centres", ())) for part in mapping.parts for term in part.terms) <= MOST
    tolerance = 0.5 if algorithm == "linear" else 0.12
    assert np.abs(mapping(walk) - latents).mean() < tolerance


@settings(max_examples=60, deadline=None)
@given(
    algorithm=st.sampled_from(LEARNERS),
    points=st.lists(st.tuples(PLACES, PLACES), min_size=1, max_size=9),
    seed=st.integers(0, 99),
    trust=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_no_arrangement_of_demonstrations_breaks_a_map(algorithm, points, seed, trust):
    latents = np.random.default_rng(seed).normal(size=(len(points), 3))
    mapping = fit(points, latents, settings=Settings(algorithm=algorithm, trust=trust))
    places = np.random.default_rng(seed).uniform(-1, 2, (20, 2))
    assert np.isfinite(mapping(places)).all()
    assert np.abs(mapping(np.clip(places, 0, 1))).max() < 1e4


@pytest.mark.parametrize(
    ("points", "latents", "sentence"),
    [
        ([], [], "nothing to learn from yet"),
        ([[0.1]], [[1.0], [2.0]], "1 points but 2 latents"),
        ([0.1, 0.2], [[1.0], [2.0]], "one row per demonstration"),
        ([["a"]], [[1.0]], "not a table of numbers"),
        ([[0.1, 0.2], [0.3]], [[1.0], [2.0]], "not a table of numbers"),
        ([[np.nan]], [[1.0]], "Demonstration 1 has nan on axis 1"),
    ],
)
def test_what_cannot_be_learned_from_is_a_sentence(points, latents, sentence):
    with pytest.raises(MappingError, match=sentence):
        fit(points, latents)


def test_all_muted_is_a_sentence():
    with pytest.raises(MappingError, match="muted"):
        fit([[0.1], [0.2]], [[1.0], [2.0]], muted=[True, True])


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_an_impossible_weight_is_a_sentence(weight):
    with pytest.raises(MappingError, match="Demonstration 2 has the weight"):
        fit([[0.1], [0.2]], [[1.0], [2.0]], weights=[1.0, weight])


def test_lists_of_the_wrong_length_are_a_sentence():
    with pytest.raises(MappingError, match="one weight, one mute and one label"):
        fit([[0.1], [0.2]], [[1.0], [2.0]], weights=[1.0])


def test_a_place_of_the_wrong_size_is_a_sentence():
    mapping = fit([[0.1, 0.2], [0.3, 0.4]], [[1.0], [2.0]])
    with pytest.raises(MappingError, match="listens to 2 axes"):
        mapping([0.1])


def test_a_base_of_the_wrong_size_is_a_sentence():
    outputs = (Output(mode="off"),)
    mapping = fit([[0.1], [0.3]], [[1.0, 2.0], [2.0, 3.0]], settings=Settings(outputs=outputs))
    with pytest.raises(MappingError, match="gives 2 latent dimensions, but the base"):
        mapping([0.1], base=[1.0])


def test_a_dimension_that_listens_to_nothing_stays_at_its_mean():
    mapping = fit([[0.1], [0.9]], [[1.0], [3.0]], settings=Settings(outputs=(Output(axes=()),)))
    np.testing.assert_allclose(mapping([[0.0], [0.5]]), [[2.0], [2.0]])


def test_everything_locked_or_off_is_still_a_map():
    outputs = (Output(mode="locked", value=1.0), Output(mode="off"))
    mapping = fit([[0.1], [0.9]], [[1.0, 2.0], [3.0, 4.0]], settings=Settings(outputs=outputs))
    np.testing.assert_allclose(mapping([0.5], base=[5.0, 6.0]), [1.0, 6.0])
    assert mapping.errors == (0.0, 0.0)
