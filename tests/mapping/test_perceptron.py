"""One shallow perceptron per latent dimension, as in paper 000, and all at once."""

import warnings
from itertools import product

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from isobath.mapping import Settings, fit
from isobath.mapping.learning import Lesson
from isobath.mapping.perceptron import _forward, _slopes, _start, _step
from isobath.mapping.truths import case


def rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))


def lesson(layers: int, n: int = 9, axes: int = 3, outputs: int = 2) -> Lesson:
    rng = np.random.default_rng(0)
    settings = Settings(algorithm="perceptron", hidden=5, layers=layers)
    return Lesson(rng.uniform(-1, 1, (n, axes)), rng.normal(size=(n, outputs)), np.ones(n), settings)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_dual_step_is_the_levenberg_marquardt_step(layers):
    one = lesson(layers)
    u, target = one.u.astype(np.float32), one.y.T.astype(np.float32)
    root = np.ones(len(u), np.float32)
    nets = _start(u, target, root, one)
    signals = _forward(nets, u)
    damping = np.array([0.2, 0.7], np.float32)
    step = _step(nets, signals, target - signals[-1], root, damping)
    for output in range(2):
        weights = np.concatenate(
            [
                np.concatenate([w[output].ravel(), b[output]])
                for w, b in zip(nets.weights, nets.biases, strict=True)
            ]
        ).astype(float)
        jacobian = _jacobian(nets, signals, root, output)
        gradient = jacobian.T @ (target - signals[-1])[output] - 1e-2 * weights
        hessian = jacobian.T @ jacobian + (1e-2 + damping[output]) * np.eye(len(weights))
        expected = np.linalg.solve(hessian, gradient)
        ours = np.concatenate(
            [
                np.concatenate([w[output].ravel(), b[output]])
                for w, b in zip(step.weights, step.biases, strict=True)
            ]
        )
        np.testing.assert_allclose(ours, expected, atol=2e-4 * np.abs(expected).max())


def _jacobian(nets, signals, root, output):
    columns = []
    for layer, slope in enumerate(_slopes(nets, signals, root)):
        source = signals[layer] if layer == 0 else signals[layer][output]
        columns.append(np.einsum("nr,nc->nrc", slope[output], source).reshape(len(source), -1))
        columns.append(slope[output])
    return np.concatenate(columns, axis=1).astype(float)


def test_slopes_are_the_derivative_of_the_forward_pass():
    one = lesson(2)
    u = one.u.astype(np.float32)
    nets = _start(u, one.y.T.astype(np.float32), np.ones(9, np.float32), one)
    slope = _slopes(nets, _forward(nets, u), np.ones(9, np.float32))[0][1, :, 3]
    before = _forward(nets, u)[-1][1]
    nets.biases[0][1, 3] += 1e-2
    numeric = (_forward(nets, u)[-1][1] - before) / 1e-2
    np.testing.assert_allclose(slope, numeric, atol=0.02 * np.abs(numeric).max() + 1e-3)


def test_it_generalises_at_least_as_well_as_scikit_learns():
    ours, theirs = [], []
    for truth, (axes, dims, n) in product(
        ("manifold", "tanh"), ((2, 8, 24), (2, 8, 48), (3, 16, 36), (6, 16, 36))
    ):
        one = case(truth, axes, dims, n, held=400)
        mapping = fit(one.points, one.latents, settings=Settings(algorithm="perceptron"))
        ours.append(rms(mapping(one.held_points) - one.held_latents))
        reference = MLPRegressor(
            hidden_layer_sizes=(16,),
            activation="tanh",
            solver="lbfgs",
            max_iter=150,
            alpha=1e-2,
            random_state=0,
        )
        mean, spread = one.latents.mean(axis=0), one.latents.std(axis=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it would like to go on for longer
            reference.fit(2 * one.points - 1, (one.latents - mean) / spread)
        theirs.append(rms(reference.predict(2 * one.held_points - 1) * spread + mean - one.held_latents))
    assert np.mean(ours) <= np.mean(theirs)


@pytest.mark.parametrize("layers", [1, 2])
def test_more_units_follow_the_demonstrations_more_closely(layers):
    one = case("patchwork", 2, 8, 24)
    missed = [
        rms(
            np.array(
                fit(
                    one.points,
                    one.latents,
                    settings=Settings(algorithm="perceptron", hidden=h, layers=layers),
                ).errors
            )
        )
        for h in (2, 12, 64)
    ]
    assert missed == sorted(missed, reverse=True)
    assert missed[-1] < 0.6 * missed[0]


def test_another_seed_is_another_map_of_the_same_demonstrations():
    one = case("manifold", 2, 8, 24)
    maps = [
        fit(one.points, one.latents, settings=Settings(algorithm="perceptron", seed=s)) for s in (0, 1, 1)
    ]
    assert maps[1].to_json() == maps[2].to_json()
    assert 0 < rms(maps[0](one.held_points) - maps[1](one.held_points)) < 0.3


def test_each_dimension_is_learned_by_its_own_network():
    one = case("manifold", 2, 8, 24)
    settings = Settings(algorithm="perceptron")
    together = fit(one.points, one.latents, settings=settings)
    alone = fit(one.points, one.latents[:, 3:4], settings=settings)
    np.testing.assert_allclose(together(one.held_points)[:, 3], alone(one.held_points)[:, 0], atol=2e-3)
