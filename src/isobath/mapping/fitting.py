"""Demonstrations in, mapping out (paper 000, Our Approach, step 4)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from isobath.errors import MappingError
from isobath.mapping import gaussian, neighbours, perceptron, polynomial, ridge, terrain, thin_plate
from isobath.mapping.borrowed import Regressor, learner_of
from isobath.mapping.demonstrations import Demonstrations, average, check, gather, spread
from isobath.mapping.direct import direct
from isobath.mapping.learning import Algorithm, Learned, Lesson
from isobath.mapping.mapping import Confidence, Mapping, Part, constant
from isobath.mapping.settings import Output, Settings, check_settings
from isobath.mapping.terms import Floats

REGRESSORS: dict[str, Algorithm] = {
    "gp": gaussian.learn,
    "perceptron": perceptron.learn,
    "neighbours": neighbours.learn_neighbours,
    "inverse_distance": neighbours.learn_inverse_distance,
    "thin_plate": thin_plate.learn,
    "linear": polynomial.learn_linear,
    "polynomial": polynomial.learn_polynomial,
    "ridge": ridge.learn,
    "terrain": terrain.learn,
}


def fit(
    points: ArrayLike,
    latents: ArrayLike,
    *,
    settings: Settings | None = None,
    weights: ArrayLike | None = None,
    muted: ArrayLike | None = None,
    labels: Sequence[str] | None = None,
    previous: Mapping | None = None,
    algorithm: str | Regressor | None = None,
) -> Mapping:
    """Learn which latent belongs to which place.

    `algorithm` takes the place of that in `settings`: the name of one, or any regressor with `fit` and
    `predict`, such as scikit-learn's. A copy of it learns; the mapping then lives in Python only, and
    its `distilled()` is one that the page can play.

    `points` (n, axes), each axis 0..1 (other ranges are scaled); `latents` (n, dims). `weights`,
    `muted` and `labels` have one entry per demonstration. `previous` is the mapping heard until now:
    a Gaussian process keeps its hyper-parameters unless others are clearly better, so that one more
    demonstration changes the map near itself and not elsewhere.

    A demonstration with a value that is not finite is left out and named in `warnings`; its error
    is NaN. Raises MappingError where nothing is left to learn from.
    """
    settings = settings or Settings()
    if isinstance(algorithm, str):
        settings = replace(settings, algorithm=cast(Any, algorithm))
    elif algorithm is not None and not isinstance(algorithm, Regressor):
        raise MappingError(
            f"{type(algorithm).__name__} is no regressor: it needs fit and predict. Give one, or a name."
        )
    borrowed = learner_of(algorithm) if isinstance(algorithm, Regressor) else None
    if settings.algorithm == "direct" and borrowed is None:
        return _direct(points, latents, settings)
    shown = check(points, latents, weights, muted, labels)
    axes, dims = shown.points.shape[1], shown.latents.shape[1]
    check_settings(settings, axes, dims)
    outputs = settings.outputs + (Output(),) * (dims - len(settings.outputs))
    parts, warnings = [], list(shown.warnings)
    for inputs, own in _groups(outputs, axes).items():
        part, said = _learn(shown, inputs, own, settings, previous, borrowed)
        parts.append(part)
        warnings += [sentence for sentence in said if sentence not in warnings]
    values = np.array([one.value if one.mode == "locked" else 0.0 for one in outputs])
    low, high = _limits(shown, outputs) if settings.clamp else (None, None)
    mapping = Mapping(
        algorithm=settings.algorithm if borrowed is None else type(algorithm).__name__,
        axes=axes,
        dims=dims,
        active=tuple(one.mode != "off" for one in outputs),
        values=values,
        parts=tuple(parts),
        low=low,
        high=high,
        warnings=tuple(warnings),
    )
    return replace(mapping, errors=misses(mapping, shown.points, shown.latents))


def _direct(points: ArrayLike, latents: ArrayLike, settings: Settings) -> Mapping:
    """Nothing is learned; how far the demonstrations, if there are any, are missed is told all the same."""
    x, y = np.asarray(points, dtype=np.float64), np.asarray(latents, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise MappingError(f"Points and latents need as many rows; these are {x.shape} and {y.shape}.")
    check_settings(settings, x.shape[1], y.shape[1])
    mapping = direct(x.shape[1], y.shape[1], settings)
    return replace(mapping, errors=misses(mapping, x, y)) if len(x) else mapping


def _groups(outputs: Sequence[Output], axes: int) -> dict[tuple[int, ...], tuple[int, ...]]:
    """Learned outputs that listen to the same axes, in the order they appear."""
    groups: dict[tuple[int, ...], tuple[int, ...]] = {}
    for index, output in enumerate(outputs):
        if output.mode == "learned":
            inputs = tuple(range(axes)) if output.axes is None else tuple(dict.fromkeys(output.axes))
            groups[inputs] = (*groups.get(inputs, ()), index)
    return groups


def _learn(
    shown: Demonstrations,
    inputs: tuple[int, ...],
    outputs: tuple[int, ...],
    settings: Settings,
    previous: Mapping | None,
    borrowed: Algorithm | None,
) -> tuple[Part, tuple[str, ...]]:
    used = shown.used
    x, y, w = shown.points[used][:, inputs], shown.latents[used][:, outputs], shown.weights[used]
    w = w / w.mean()
    if not inputs or len(x) == 1:
        return constant(np.average(y, axis=0, weights=w), outputs), ()
    centre, scale, u = spread(x)
    group = gather(u)
    if group.max() == 0:
        return constant(np.average(y, axis=0, weights=w), outputs), ()
    (u, weights), (y, _) = average(group, u, w), average(group, y, w)
    before = _before(previous, inputs, outputs)
    learn = REGRESSORS[settings.algorithm] if borrowed is None else borrowed
    learned: Learned = learn(Lesson(u, y, weights, settings, before))
    part = Part(inputs, outputs, centre, scale, learned.bias, learned.terms, learned.confidence)
    return part, learned.warnings


def _before(previous: Mapping | None, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> Confidence | None:
    for part in previous.parts if previous is not None else ():
        if part.inputs == inputs and part.outputs == outputs:
            return part.confidence
    return None


def _limits(shown: Demonstrations, outputs: Sequence[Output]) -> tuple[Floats, Floats]:
    """The range of the demonstrated latents and a tenth beyond; locked and free ones unlimited."""
    y = shown.latents[shown.used]
    low, high = y.min(axis=0), y.max(axis=0)
    margin = 0.1 * (high - low)
    free = np.array([one.mode != "learned" for one in outputs])
    return np.where(free, -1e9, low - margin), np.where(free, 1e9, high + margin)


def misses(mapping: Mapping, points: Floats, latents: Floats) -> tuple[float, ...]:
    """RMS distance from each demonstrated latent over the learned dimensions; NaN where unusable."""
    learned = sorted(output for part in mapping.parts for output in part.outputs)
    if not learned:
        return (0.0,) * len(points)
    whole = np.isfinite(points).all(axis=1) & np.isfinite(latents).all(axis=1)
    squares = np.full(len(points), np.nan)
    squares[whole] = ((mapping(points[whole]) - latents[whole])[:, learned] ** 2).mean(axis=1)
    return tuple(np.sqrt(squares).tolist())
