"""The default: exact, calm, honest about what it does not know."""

from itertools import pairwise, product

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from isobath.mapping import Output, Settings, fit
from isobath.mapping.gaussian import STEP, Choice, choose
from isobath.mapping.gaussian import fit as fit_choice
from isobath.mapping.learning import Lesson
from isobath.mapping.terms import squared_distances
from isobath.mapping.truths import SIZES, case


def rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))


def test_the_smooth_map_is_the_textbooks():
    rng = np.random.default_rng(0)
    u, y = rng.uniform(-1, 1, (15, 3)), rng.normal(size=(15, 4))
    lesson = Lesson(u, y, np.ones(15), Settings(trust=0.5))
    learned = fit_choice(lesson, squared_distances(u, u), Choice(0.8, 0.01))
    reference = GaussianProcessRegressor(Matern(0.8, nu=2.5), alpha=0.01 + 0.25, optimizer=None)
    reference.fit(u, y - y.mean(axis=0))
    places = rng.uniform(-1, 1, (30, 3))
    ours = learned.bias + learned.terms[0].many(places)
    np.testing.assert_allclose(ours, reference.predict(places) + y.mean(axis=0), atol=1e-9)


def test_uncertainty_is_the_textbooks():
    points, latents = case("manifold", 3, 8, 20).points, case("manifold", 3, 8, 20).latents
    mapping = fit(points, latents)
    sure = mapping.parts[0].confidence
    reference = GaussianProcessRegressor(Matern(sure.length, nu=2.5), alpha=sure.level, optimizer=None)
    reference.fit(2 * points - 1, latents)
    places = np.random.default_rng(1).uniform(0, 1, (30, 3))
    expected = reference.predict(2 * places - 1, return_std=True)[1]
    expected = expected if expected.ndim == 1 else expected[:, 0] / latents.std(axis=0)[0] * 1.0
    ours = mapping.uncertainty(places)
    np.testing.assert_allclose(spearmanr(ours, expected)[0], 1.0, atol=1e-6)


def test_the_chosen_length_follows_the_truth():
    rng = np.random.default_rng(2)
    u = rng.uniform(-1, 1, (60, 2))
    y = {rate: np.sin(rate * u @ rng.normal(size=(2, 8))) for rate in (1.0, 6.0)}
    lengths = {
        rate: choose(Lesson(u, y[rate], np.ones(60), Settings()), squared_distances(u, u)).length
        for rate in y
    }
    assert lengths[6.0] < lengths[1.0] / 2


def test_unsteady_demonstrations_are_taken_for_noise():
    rng = np.random.default_rng(3)
    u = rng.uniform(-1, 1, (60, 2))
    clean = np.column_stack([u[:, 0], np.sin(2 * u[:, 1])])
    noise = {
        level: choose(
            Lesson(u, clean + level * rng.normal(size=clean.shape), np.ones(60), Settings()),
            squared_distances(u, u),
        ).noise
        for level in (0.0, 0.2)
    }
    assert noise[0.2] > 20 * noise[0.0]


def test_less_trust_is_smoother_all_the_way():
    one = case("patchwork", 2, 8, 12)
    places = np.random.default_rng(4).uniform(0, 1, (400, 2))
    missed, moved = [], []
    for trust in (1.0, 0.9, 0.75, 0.5, 0.25, 0.0):
        mapping = fit(one.points, one.latents, settings=Settings(trust=trust))
        missed.append(rms(np.array(mapping.errors)))
        moved.append(float(mapping(places).std(axis=0).mean()))
    assert missed[0] < 1e-6
    assert missed == sorted(missed)
    assert moved[-1] < moved[0]


def test_trust_turns_without_a_jump():
    one = case("patchwork", 2, 8, 12)
    places = np.random.default_rng(5).uniform(0, 1, (100, 2))
    maps = [fit(one.points, one.latents, settings=Settings(trust=t))(places) for t in np.linspace(0, 1, 51)]
    steps = [rms(b - a) for a, b in pairwise(maps)]
    assert max(steps) < 0.1


def test_far_away_it_returns_to_the_mean_of_the_demonstrations():
    one = case("manifold", 2, 8, 20)
    mapping = fit(one.points, one.latents)
    np.testing.assert_allclose(mapping([60.0, -60.0]), one.latents.mean(axis=0), atol=1e-3)


def test_two_different_sounds_almost_at_one_spot_make_no_third_one_beside_them():
    rng = np.random.default_rng(6)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        points = rng.uniform(0.1, 0.9, (8, 2))
        latents = rng.normal(size=(8, 8))
        points = np.vstack([points, points[0] + 0.004])
        latents = np.vstack([latents, -latents[0]])
        mapping = fit(points, latents)
        heard = mapping(np.stack(np.meshgrid(*[np.linspace(0, 1, 41)] * 2), axis=-1).reshape(-1, 2))
        over = np.maximum(heard - latents.max(axis=0), latents.min(axis=0) - heard).max(axis=0)
        assert (over / np.ptp(latents, axis=0)).max() < 0.35


def test_two_or_three_sounds_still_fill_the_pad():
    for n in (2, 3, 4, 6):
        for seed in range(8):
            rng = np.random.default_rng(seed)
            points, latents = rng.uniform(0, 1, (n, 2)), rng.normal(size=(n, 8))
            heard = fit(points, latents)(np.random.default_rng(99).uniform(0, 1, (300, 2)))
            movement = heard.std(axis=0).mean() / latents.std(axis=0).mean()
            assert 0.2 < movement < 1.5


@pytest.mark.parametrize(("truth", "limit"), [("manifold", 0.02), ("tanh", 0.02)])
def test_one_more_demonstration_leaves_the_far_half_alone(truth, limit):
    far_changes = []
    for axes, dims in SIZES:
        for n in (24, 36):
            one = case(truth, axes, dims, n, held=300)
            before = fit(one.points[:-1], one.latents[:-1])
            after = fit(one.points, one.latents, previous=before)
            distance = ((one.held_points - one.points[-1]) ** 2).sum(axis=1)
            far = one.held_points[distance > np.median(distance)]
            far_changes.append(rms(after(far) - before(far)))
    assert np.mean(far_changes) < limit


def test_a_choice_is_kept_until_another_is_clearly_better():
    one = case("manifold", 3, 16, 40)
    mapping = None
    lengths = []
    for n in range(12, 41):
        mapping = fit(one.points[:n], one.latents[:n], previous=mapping)
        lengths.append(mapping.parts[0].confidence.length)
    assert sum(a != b for a, b in pairwise(lengths)) <= 3
    ratios = np.array(lengths[1:]) / np.array(lengths[:-1])
    assert np.all((ratios == 1) | (np.abs(np.log(ratios)) >= 0.99 * np.log(STEP)))


@pytest.mark.parametrize("truth", ["manifold", "tanh"])
def test_it_knows_where_it_is_unsure(truth):
    ranks = []
    for axes, dims in SIZES:
        one = case(truth, axes, dims, 36, held=400)
        mapping = fit(one.points, one.latents)
        missed = np.sqrt(((mapping(one.held_points) - one.held_latents) ** 2).mean(axis=1))
        ranks.append(spearmanr(mapping.uncertainty(one.held_points), missed)[0])
    assert np.mean(ranks) >= 0.55


def test_uncertainty_runs_from_demonstrated_to_unknown():
    one = case("manifold", 2, 8, 30)
    mapping = fit(one.points, one.latents)
    assert (mapping.uncertainty(one.points) < 0.2).all()
    assert mapping.uncertainty([80.0, 80.0])[0] == pytest.approx(1.0, abs=1e-3)
    assert fit(one.points, one.latents, settings=Settings(algorithm="linear")).uncertainty([0.5, 0.5]) is None


def test_uncertainty_counts_every_part():
    one = case("manifold", 2, 2, 12)
    split = Settings(outputs=(Output(axes=(0,)), Output(axes=(1,))))
    places = np.random.default_rng(0).uniform(0, 1, (5, 2))
    both = fit(one.points, one.latents, settings=split).uncertainty(places)
    each = [fit(one.points[:, [a]], one.latents[:, [a]]).uncertainty(places[:, [a]]) for a in (0, 1)]
    np.testing.assert_allclose(both, np.sqrt((each[0] ** 2 + each[1] ** 2) / 2), rtol=1e-9)


@pytest.mark.parametrize("truth", ["manifold", "tanh"])
def test_it_generalises_as_well_as_a_process_with_free_hyper_parameters(truth):
    from sklearn.gaussian_process.kernels import ConstantKernel, WhiteKernel

    ratios = []
    for axes, dims in ((2, 8), (6, 32)):
        one = case(truth, axes, dims, 36, held=500)
        kernel = ConstantKernel() * Matern(1.0, nu=2.5) + WhiteKernel(0.01, (1e-7, 1.0))
        reference = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
        reference.fit(2 * one.points - 1, one.latents)
        theirs = rms(reference.predict(2 * one.held_points - 1) - one.held_latents)
        ratios.append(rms(fit(one.points, one.latents)(one.held_points) - one.held_latents) / theirs)
    assert np.mean(ratios) < 1.1


def test_extrapolation_stays_within_two_half_ranges():
    reaches = []
    for (axes, dims), n in product(SIZES, (24, 36, 60)):
        one = case("manifold", axes, dims, n)
        mapping = fit(one.points, one.latents)
        outside = one.points.mean(axis=0) + 1.6 * (one.points - one.points.mean(axis=0))
        low, high = one.latents.min(axis=0), one.latents.max(axis=0)
        reaches.append(np.percentile(np.abs(2 * (mapping(outside) - low) / (high - low) - 1), 99))
    assert np.mean(reaches) <= 1.9
