# mypy: disable-error-code="no-any-return"
"""A terrain: one continuous landscape over the axes, hills and all, drawn by a small network.

The place goes through random waves (Fourier features: Tancik et al. 2020), whose lengths `detail`
sets, then through layers of tanh units, to all outputs at once: a pattern-producing network (Stanley
2007) taught by the demonstrations. Latent terrains of this kind were described by Zhang, Benford and
Reeve. Training is Adam (Kingma & Ba 2015) over everything but the waves, with all demonstrations in
every step, then the read-out is solved in closed form, so that the demonstrations are met as closely
as `trust` says. There is no chance but the seed's.
"""

import numpy as np
from numpy.typing import NDArray

from isobath.mapping.learning import Learned, Lesson
from isobath.mapping.terms import Activation, Floats, Layered

WAVES = 96
WAVE_SHARE = 1.0
"""Of the longest waves in the read-out beside the hidden units; short ones have less."""
STEPS = 400
RATE = 1e-2
CALM = 1e-3
"""Penalty on the size of the weights while they are trained, next to a mean squared miss of about 1."""
EXACT = 1e-3
"""Penalty of the read-out at full trust, next to squared activations of at most 1 a unit."""
MOMENTS = (0.9, 0.98)
"""How much of the mean and of the mean square of the slopes is kept from step to step."""
LONGEST_WORK = 3e7
"""Multiplications a step may take before steps are saved, so that no one waits a second."""


def learn(lesson: Lesson) -> Learned:
    """Waves, hidden layers, read-out."""
    settings = lesson.settings
    rng = np.random.default_rng(settings.seed)
    mean = np.average(lesson.y, axis=0, weights=lesson.weights)
    spread = lesson.y.std(axis=0)
    spread = np.where(spread > 1e-12 * np.maximum(1.0, np.abs(mean)), spread, 1.0)
    target = (lesson.y - mean) / spread
    waves, phases = _waves(lesson.u.shape[1], settings.detail, rng)
    heard = np.sin(lesson.u @ waves.T + phases)
    layers = _start(WAVES, settings.hidden, settings.layers, target.shape[1], rng)
    _train(layers, heard, target, lesson.weights)
    signal = heard
    for weights, bias in layers[:-1]:
        signal = np.tanh(signal @ weights.T + bias)
    share = WAVE_SHARE / (1.0 + (waves**2).sum(axis=1))
    readout, bias = _readout(np.column_stack([share * heard, signal]), target, lesson)
    readout = readout * spread[:, None]
    swell = Layered(
        ("sine", "identity"),
        (waves, share * readout[:, :WAVES]),
        (phases, np.zeros(len(spread))),
    )
    hills = Layered(
        ("sine", *_units(len(layers) - 1), "identity"),
        (waves, *(weights for weights, _ in layers[:-1]), readout[:, WAVES:]),
        (phases, *(offset for _, offset in layers[:-1]), np.zeros(len(spread))),
    )
    return Learned(mean + bias * spread, (swell, hills))


def _units(layers: int) -> tuple[Activation, ...]:
    unit: Activation = "tanh"
    return (unit,) * layers


def _waves(inputs: int, detail: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Directions (waves, inputs) in radians per half-range and phases (waves).

    `detail` is the usual number of hills along an axis; with more axes each wave keeps that length.
    """
    directions = rng.normal(size=(WAVES, inputs)) * (np.pi * detail / np.sqrt(inputs))
    return directions * 0.5, rng.uniform(-np.pi, np.pi, WAVES)


Stack = list[tuple[Floats, Floats]]


def _start(columns: int, hidden: int, count: int, outputs: int, rng: np.random.Generator) -> Stack:
    layers: Stack = []
    for _ in range(count):
        layers.append((rng.normal(size=(hidden, columns)) * np.sqrt(1.0 / columns), np.zeros(hidden)))
        columns = hidden
    layers.append((np.zeros((outputs, columns)), np.zeros(outputs)))
    return layers


def _train(layers: Stack, heard: Floats, target: Floats, importance: Floats) -> None:
    """Adam, in place."""
    work = 4.0 * len(heard) * sum(weights.size for weights, _ in layers)
    steps = int(np.clip(STEPS * LONGEST_WORK / work, 20, STEPS)) if work > LONGEST_WORK else STEPS
    numbers = [array for pair in layers for array in pair]
    means = [np.zeros_like(array) for array in numbers]
    squares = [np.zeros_like(array) for array in numbers]
    keep, keep_square = MOMENTS
    share = (2.0 / len(heard) / target.shape[1]) * importance[:, None]
    for step in range(1, steps + 1):
        slopes = _slopes(layers, heard, target, share)
        rate = RATE * (1.0 - 0.9 * step / steps) * np.sqrt(1.0 - keep_square**step) / (1.0 - keep**step)
        for number, slope, mean, square in zip(numbers, slopes, means, squares, strict=True):
            mean *= keep
            mean += (1.0 - keep) * slope
            square *= keep_square
            square += (1.0 - keep_square) * slope * slope
            number -= rate * mean / (np.sqrt(square) + 1e-8)


def _slopes(layers: Stack, heard: Floats, target: Floats, share: Floats) -> list[Floats]:
    """Slope of the miss with respect to each layer's weights and bias, in their order."""
    signals = [heard]
    for weights, bias in layers[:-1]:
        signals.append(np.tanh(signals[-1] @ weights.T + bias))
    weights, bias = layers[-1]
    error = share * (signals[-1] @ weights.T + bias - target)
    slopes: list[Floats] = []
    for index in range(len(layers) - 1, -1, -1):
        weights = layers[index][0]
        slopes = [error.T @ signals[index] + CALM / weights.size * weights, error.sum(axis=0), *slopes]
        if index:
            error = (error @ weights) * (1.0 - signals[index] ** 2)
    return slopes


def _readout(known: Floats, target: Floats, lesson: Lesson) -> tuple[Floats, Floats]:
    """Ridge regression from waves and hidden units: (outputs, waves + units) and (outputs,)."""
    weights = lesson.weights[:, None]
    middle = (known * weights).mean(axis=0)
    aim = (target * weights).mean(axis=0)
    root = np.sqrt(weights)
    a, b = root * (known - middle), root * (target - aim)
    penalty = EXACT + 0.3 * len(known) * (1.0 - lesson.settings.trust) ** 2
    gram: NDArray[np.float64] = a @ a.T
    gram[np.diag_indices(len(gram))] += penalty
    solved = a.T @ np.linalg.solve(gram, b)
    return solved.T, aim - middle @ solved
