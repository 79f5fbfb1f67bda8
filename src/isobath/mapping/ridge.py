# mypy: disable-error-code="no-any-return"
"""A random hidden layer that is never trained, and a read-out solved in closed form.

Schmidt, Kraaijveld & Duin 1992; one layer of fixed random tanh units, then ridge regression whose
penalty is chosen by leave-one-out error, which one eigendecomposition gives for every penalty
(Golub, Heath & Wahba 1979). Its size does not grow with the demonstrations, so long recordings stay
cheap to play. `trust` raises the penalty and, at 1, up to `PINNED` demonstrations, adds the pin of
the Gaussian process.
"""

import numpy as np

from isobath.mapping.gaussian import interpolate, pin_length, pin_strength
from isobath.mapping.learning import Learned, Lesson
from isobath.mapping.terms import Floats, Layer, Network, Radial, squared_distances

UNITS = 128
GAIN, OFFSET = 0.5, 0.8
"""Size of the random weights (over the root of the axes) and offsets: gentle slopes generalise best."""
PENALTIES = np.geomspace(1e-6, 1e1, 22)
PINNED = 150


def learn(lesson: Lesson) -> Learned:
    """Random layer, read-out, pin."""
    rng = np.random.default_rng(lesson.settings.seed)
    inputs = lesson.u.shape[1]
    layer = rng.normal(size=(UNITS, inputs)) * GAIN / np.sqrt(inputs)
    offset = rng.uniform(-OFFSET, OFFSET, UNITS)
    hidden = np.tanh(lesson.u @ layer.T + offset)
    hidden_mean = np.average(hidden, axis=0, weights=lesson.weights)
    mean = np.average(lesson.y, axis=0, weights=lesson.weights)
    centred, target = hidden - hidden_mean, lesson.y - mean
    readout = _readout(centred, target, lesson)
    terms: list[Network | Radial] = [
        Network((layer[None], readout.T[None]), (offset[None], -(hidden_mean @ readout)[None]))
    ]
    strength = pin_strength(lesson.settings.trust)
    if strength > 0 and len(lesson.u) <= PINNED:
        squared = squared_distances(lesson.u, lesson.u)
        pin = pin_length(squared, None)
        weights = interpolate(squared, pin, strength * (target - centred @ readout))
        terms.append(Radial(lesson.u, (Layer("exponential", pin, weights),)))
    return Learned(mean, tuple(terms))


def _readout(hidden: Floats, target: Floats, lesson: Lesson) -> Floats:
    """Ridge regression (units, outputs) with the penalty of least leave-one-out error."""
    root = np.sqrt(lesson.weights)[:, None]
    left, values, right = np.linalg.svd(root * hidden, full_matrices=False)
    squares = values**2
    rotated = left.T @ (root * target)
    shrink = squares / (squares + PENALTIES[:, None])  # (penalties, rank)
    fitted = np.matmul(left, shrink[:, :, None] * rotated)
    leverage = np.minimum((left**2) @ shrink.T + lesson.weights[:, None] / len(hidden), 0.9999)
    missed = (root * target - fitted) / (1.0 - leverage.T)[:, :, None]
    scale = np.maximum(target.var(axis=0), 1e-24)
    best = PENALTIES[int((missed**2 / scale).sum(axis=(1, 2)).argmin())]
    penalty = best + len(hidden) * (1.0 - lesson.settings.trust) ** 2
    return right.T @ ((values / (squares + penalty))[:, None] * rotated)
