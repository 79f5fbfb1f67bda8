"""A random layer and a read-out in closed form."""

import numpy as np

from isobath.mapping import Settings, fit
from isobath.mapping.learning import Lesson
from isobath.mapping.ridge import PENALTIES, _readout
from isobath.mapping.truths import case


def rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))


def test_the_penalty_is_the_one_that_leaves_one_out_best():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(14, 6))
    hidden -= hidden.mean(axis=0)
    target = hidden @ rng.normal(size=(6, 1)) + 0.5 * rng.normal(size=(14, 1))
    target -= target.mean(axis=0)
    readout = _readout(hidden, target, Lesson(hidden, target, np.ones(14), Settings()))
    slow = [_left_out(hidden, target, penalty) for penalty in PENALTIES]
    best = PENALTIES[int(np.argmin(slow))]
    expected = np.linalg.solve(hidden.T @ hidden + best * np.eye(6), hidden.T @ target)
    np.testing.assert_allclose(readout, expected, atol=1e-8)


def _left_out(hidden: np.ndarray, target: np.ndarray, penalty: float) -> float:
    """Squared error of predicting each row from the others, by doing it."""
    total = 0.0
    for i in range(len(hidden)):
        a, b = np.delete(hidden, i, axis=0), np.delete(target, i, axis=0)
        middle, level = a.mean(axis=0), b.mean(axis=0)
        a, b = a - middle, b - level
        w = np.linalg.solve(a.T @ a + penalty * np.eye(a.shape[1]), a.T @ b)
        total += float((((hidden[i] - middle) @ w + level - target[i]) ** 2).sum())
    return total


def test_it_generalises_far_better_than_a_line():
    one = case("manifold", 3, 16, 36, held=400)
    missed = {
        name: rms(
            fit(one.points, one.latents, settings=Settings(algorithm=name))(one.held_points)
            - one.held_latents
        )
        for name in ("ridge", "linear")
    }
    assert missed["ridge"] < 0.6 * missed["linear"]


def test_its_size_does_not_grow_with_a_long_recording():
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 1, (280, 2))
    mapping = fit(points, np.sin(3 * points), settings=Settings(algorithm="ridge"))
    assert len(mapping.parts[0].terms) == 1
    assert max(mapping.errors) < 0.05


def test_less_trust_is_smoother():
    one = case("patchwork", 2, 4, 15)
    missed = [
        np.mean(fit(one.points, one.latents, settings=Settings(algorithm="ridge", trust=t)).errors)
        for t in (1.0, 0.7, 0.2)
    ]
    assert missed == sorted(missed)
