"""Other people's regressors as the mapping, and ours as a regressor of theirs."""

import numpy as np
import pytest

import isobath
from isobath.errors import MappingError
from isobath.mapping import Mapping, Output, Settings, fit
from isobath.mapping.truths import case

sklearn = pytest.importorskip("sklearn")

from sklearn.ensemble import ExtraTreesRegressor  # noqa: E402
from sklearn.gaussian_process import GaussianProcessRegressor  # noqa: E402
from sklearn.gaussian_process.kernels import RBF  # noqa: E402
from sklearn.linear_model import LinearRegression, Ridge  # noqa: E402
from sklearn.model_selection import cross_val_score  # noqa: E402
from sklearn.neighbors import KNeighborsRegressor  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.svm import SVR  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

from isobath.mapping.regressor import MappingRegressor  # noqa: E402


@pytest.mark.parametrize(
    "estimator",
    [
        Ridge(),
        SVR(),  # one output only
        KNeighborsRegressor(2),
        ExtraTreesRegressor(5, random_state=0),
        make_pipeline(StandardScaler(), LinearRegression()),
    ],
    ids=lambda each: type(each).__name__,
)
def test_any_regressor_can_be_the_mapping(estimator):
    one = case("tanh", 3, 4, 20)
    before = estimator.get_params().copy()
    outputs = (Output(), Output(mode="locked", value=0.5), Output(axes=(1,)))
    mapping = isobath.fit(
        one.points, one.latents, algorithm=estimator, settings=Settings(outputs=outputs, clamp=True)
    )
    heard = mapping(one.held_points)
    assert heard.shape == one.held_latents.shape
    assert np.isfinite(heard).all()
    assert (heard[:, 1] == 0.5).all()
    np.testing.assert_allclose(mapping(one.held_points[0]), heard[0])
    assert mapping.algorithm == type(estimator).__name__
    assert not hasattr(estimator, "n_features_in_")  # a copy learned
    assert estimator.get_params().keys() == before.keys()


def test_what_it_predicts_is_what_is_heard():
    one = case("manifold", 2, 3, 24)
    mapping = fit(
        one.points, one.latents, algorithm=GaussianProcessRegressor(RBF(0.7), alpha=1e-4, optimizer=None)
    )
    mean = one.latents.mean(axis=0)
    alone = GaussianProcessRegressor(RBF(0.7), alpha=1e-4, optimizer=None).fit(
        2 * one.points - 1, one.latents - mean
    )
    np.testing.assert_allclose(
        mapping(one.held_points), alone.predict(2 * one.held_points - 1) + mean, atol=1e-9
    )


@pytest.mark.parametrize(
    "estimator", [GaussianProcessRegressor(RBF(0.7), alpha=1e-4, optimizer=None), SVR(C=10)]
)
def test_it_is_never_saved_but_distilled(estimator):
    one = case("manifold", 2, 3, 24)
    mapping = fit(one.points, one.latents, algorithm=estimator)
    with pytest.raises(MappingError, match=r"lives in Python only.*distilled"):
        mapping.to_json()
    near = mapping.distilled()
    assert "Distilled" in near.warnings[-1]
    travelled = Mapping.from_json(near.to_json())
    places = np.random.default_rng(0).uniform(0, 1, (200, 2))
    missed = np.sqrt(((travelled(places) - mapping(places)) ** 2).mean())
    assert missed < 0.02 * np.std(mapping(places))
    ours = fit(one.points, one.latents)
    assert ours.distilled().to_json() == ours.to_json()


def test_what_is_no_regressor_or_fails_is_a_sentence():
    one = case("tanh", 2, 2, 6)
    with pytest.raises(MappingError, match="int is no regressor"):
        fit(one.points, one.latents, algorithm=3)
    with pytest.raises(MappingError, match="KNeighborsRegressor could not learn this"):
        fit(one.points, one.latents, algorithm=KNeighborsRegressor(99))
    with pytest.raises(MappingError, match="no mapping algorithm called 'magic'"):
        fit(one.points, one.latents, algorithm="magic")
    by_name = fit(one.points, one.latents, algorithm="linear")
    assert by_name.to_json() == fit(one.points, one.latents, settings=Settings(algorithm="linear")).to_json()


def test_ours_passes_every_check_that_scikit_learn_has_for_a_regressor():
    check_estimator(MappingRegressor())


def test_ours_stands_in_a_cross_validation():
    one = case("manifold", 3, 4, 40)
    scores = cross_val_score(MappingRegressor(trust=0.95), one.points, one.latents, cv=4)
    assert scores.mean() > 0.5
    assert MappingRegressor().fit(one.points, one.latents[:, 0]).predict(one.points).shape == (40,)
