# mypy: disable-error-code="no-any-return"
"""Any regressor with `fit` and `predict` as the mapping, such as those of scikit-learn.

It learns from places brought to -1..1, as our own algorithms do, and predicts one place at a time
while playing. It lives in this Python process: what it is made of cannot travel, and nothing here is
ever pickled. `distilled` asks it at many places and learns a mapping from the answers, which can.
"""

import copy
import inspect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from isobath.errors import MappingError
from isobath.mapping import gaussian, ridge
from isobath.mapping.learning import Algorithm, Learned, Lesson
from isobath.mapping.mapping import Mapping, Part
from isobath.mapping.settings import Settings
from isobath.mapping.terms import Floats

FEW, MANY = 300, 1500
"""Places asked for by the two ways of distilling."""


@runtime_checkable
class Regressor(Protocol):
    """What is asked of one."""

    def fit(self, X: Any, y: Any) -> Any:
        """Learn y (n,) or (n, outputs) from X (n, inputs)."""

    def predict(self, X: Any) -> Any:
        """y of X."""


@dataclass(frozen=True, eq=False)
class Borrowed:
    """A term that asks regressors: one for all outputs, or one for each."""

    regressors: tuple[Regressor, ...]
    outputs: int
    places: Floats  # (n, inputs): what it learned from

    def one(self, u: Floats) -> Floats:
        return self.many(u[None])[0]

    def many(self, u: Floats) -> Floats:
        if not len(u):
            return np.zeros((0, self.outputs))
        columns = [np.asarray(each.predict(u), dtype=np.float64) for each in self.regressors]
        answer = columns[0] if len(columns) == 1 else np.column_stack(columns)
        return np.nan_to_num(answer.reshape(len(u), self.outputs), nan=0.0, posinf=1e9, neginf=-1e9)

    def plain(self) -> dict[str, Any]:
        raise MappingError(
            f"What {_name(self.regressors[0])} learned lives in Python only. mapping.distilled() gives a "
            "mapping that is near it and that the page can play."
        )


def _name(regressor: object) -> str:
    return type(regressor).__name__


def learner_of(regressor: Regressor) -> Algorithm:
    """The algorithm that fits copies of a regressor; the one given stays as it is."""

    def learn(lesson: Lesson) -> Learned:
        outputs = lesson.y.shape[1]
        mean = np.average(lesson.y, axis=0, weights=lesson.weights)
        target = lesson.y - mean
        try:
            fitted = _together(regressor, lesson, target)
            Borrowed(fitted, outputs, lesson.u).one(lesson.u[0])
        except MappingError:
            raise
        except Exception as problem:
            raise MappingError(f"{_name(regressor)} could not learn this ({problem}).") from problem
        return Learned(mean, (Borrowed(fitted, outputs, lesson.u),))

    return learn


def _together(regressor: Regressor, lesson: Lesson, target: Floats) -> tuple[Regressor, ...]:
    """One for all outputs if it can, otherwise one for each."""
    if target.shape[1] > 1:
        try:
            whole = _fitted(regressor, lesson, target)
            if np.asarray(whole.predict(lesson.u[:1])).reshape(1, -1).shape == (1, target.shape[1]):
                return (whole,)
        except (ValueError, TypeError, IndexError):
            pass
    return tuple(_fitted(regressor, lesson, column) for column in target.T)


def _fitted(regressor: Regressor, lesson: Lesson, target: Floats) -> Regressor:
    own = copy.deepcopy(regressor)
    if np.ptp(lesson.weights) > 0 and "sample_weight" in inspect.signature(own.fit).parameters:
        own.fit(lesson.u, target, sample_weight=lesson.weights)  # type: ignore[call-arg]
    else:
        own.fit(lesson.u, target)
    return own


def distilled(mapping: Mapping, settings: Settings | None = None) -> Mapping:
    """A mapping of Isobath's own that is near one with borrowed regressors.

    Those are asked at up to 1,500 places, evenly spread over the axes, and at the demonstrations; a
    Gaussian process and a random layer learn the answers, and the one that is nearer at other places
    is taken. A warning says how near. A mapping with nothing borrowed is given back as it is.
    """
    settings = settings or Settings()
    parts, said = [], []
    for part in mapping.parts:
        if not any(isinstance(term, Borrowed) for term in part.terms):
            parts.append(part)
            continue
        near, apart = _near(part, settings)
        parts.append(near)
        said.append(f"Distilled: {apart:.3g} away on average, in latent units.")
    return replace(mapping, parts=tuple(parts), warnings=mapping.warnings + tuple(said))


def _near(part: Part, settings: Settings) -> tuple[Part, float]:
    """Our own part in a borrowed one's place, and their RMS difference at places not learned from."""
    inputs = len(part.inputs)
    shown = next(term.places for term in part.terms if isinstance(term, Borrowed))
    spread = 2.0 * even(MANY + FEW, inputs) - 1.0
    held, rest = spread[:FEW], spread[FEW:]

    def answers(u: Floats) -> Floats:
        return sum((term.many(u) for term in part.terms), np.tile(part.bias, (len(u), 1)))

    aim = answers(held)
    few = np.concatenate([shown[:FEW], rest[: max(FEW - len(shown), 0)]])
    tried: list[tuple[float, Learned]] = []
    ways: Sequence[tuple[Algorithm, Floats]] = (
        (gaussian.learn, few),
        (ridge.learn, np.concatenate([shown, rest])),
    )
    for learn, u in ways:
        learned = learn(Lesson(u, answers(u), np.ones(len(u)), settings))
        heard = sum((term.many(held) for term in learned.terms), np.tile(learned.bias, (FEW, 1)))
        tried.append((float(np.sqrt(((heard - aim) ** 2).mean())), learned))
    apart, best = min(tried, key=lambda one: one[0])
    return replace(part, bias=best.bias, terms=best.terms, confidence=None), apart


def even(count: int, inputs: int) -> Floats:
    """(count, inputs) places 0..1, without gaps or chance: additive recurrence by the generalised golden
    ratio (Roberts 2018)."""
    root = 2.0
    for _ in range(60):
        root = (1.0 + root) ** (1.0 / (inputs + 1))
    steps = np.power(1.0 / root, np.arange(1, inputs + 1))
    return (0.5 + np.arange(1, count + 1)[:, None] * steps) % 1.0
