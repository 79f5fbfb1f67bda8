# mypy: disable-error-code="no-any-return"
"""A mapping: from where the performer is to where the sound is.

A mapping is plain numbers. Each `Part` serves some outputs from some axes: it brings the axes to
-1..1, then adds a few terms. Fitting happens elsewhere (`fitting`); nothing here learns, and
evaluating one place allocates a handful of small arrays and nothing else.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isobath.errors import MappingError
from isobath.mapping.terms import Floats, Radial, Term, matern52, squared_distances

FAR = 100.0
"""Coordinates are kept within this many half-ranges; a gesture beyond it is a broken sensor."""


@dataclass(frozen=True, eq=False)
class Confidence:
    """What a Gaussian process needs besides its mean to say how sure it is.

    `length` of its kernel, in half-ranges of the axes, and the noise variance of each
    demonstration relative to the variance of the map.
    """

    length: float
    noise: Floats  # (n,)
    level: float
    """Noise variance chosen for a demonstration of weight 1, before trust widens it."""
    pin: float
    """Length of the pin, in half-ranges."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some outputs, learned from the same axes.

    u = (point[inputs] - centre) * scale, and each output is bias + the sum of the terms at u.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    centre: Floats  # (inputs,)
    scale: Floats  # (inputs,)
    bias: Floats  # (outputs,)
    terms: tuple[Term, ...]
    confidence: Confidence | None = None

    @cached_property
    def _inputs(self) -> NDArray[np.intp]:
        return np.asarray(self.inputs, dtype=np.intp)

    @cached_property
    def _outputs(self) -> NDArray[np.intp]:
        return np.asarray(self.outputs, dtype=np.intp)

    @cached_property
    def _in_order(self) -> bool:
        """True where the part listens to the first axes in their order: nothing to gather."""
        return self.inputs == tuple(range(len(self.inputs)))

    def one(self, point: Floats) -> Floats:
        """Outputs (outputs,) at one point (axes,)."""
        u = point[: len(self.centre)] if self._in_order else point[self._inputs]
        u = u - self.centre
        u *= self.scale
        np.minimum(np.maximum(u, -FAR, out=u), FAR, out=u)
        if math.isnan(u.dot(u)):
            u = tame(u)
        if len(self.terms) == 1:
            value = self.terms[0].one(u)
            value += self.bias
            return value
        total = self.bias.copy()
        for term in self.terms:
            total += term.one(u)
        return total

    def places(self, points: Floats) -> Floats:
        """u (n, inputs) of points (n, axes)."""
        return tame((points[:, self._inputs] - self.centre) * self.scale)

    def many(self, points: Floats) -> Floats:
        """Outputs (n, outputs) at points (n, axes)."""
        u = self.places(points)
        total = np.tile(self.bias, (len(u), 1))
        for term in self.terms:
            total += term.many(u)
        return total

    @cached_property
    def _precision(self) -> Floats:
        """Inverse of the kernel between demonstrations, noise included."""
        assert self.confidence is not None
        centres = self._centres / self.confidence.length
        return np.linalg.inv(matern52(squared_distances(centres, centres)) + np.diag(self.confidence.noise))

    @property
    def _centres(self) -> Floats:
        first = self.terms[0]
        assert isinstance(first, Radial)
        return first.centres

    def variance(self, points: Floats) -> Floats:
        """(n,) 0..1: the part of the map's variance the demonstrations leave open."""
        assert self.confidence is not None
        length = self.confidence.length
        k = matern52(squared_distances(self.places(points) / length, self._centres / length))
        return np.clip(1.0 - np.einsum("ij,ij->i", k @ self._precision, k), 0.0, 1.0)


def tame(u: Floats) -> Floats:
    """Coordinates fit to evaluate: what is not a number is the middle, what is absurd is the edge."""
    return np.nan_to_num(np.clip(u, -FAR, FAR), nan=0.0)


@dataclass(frozen=True, eq=False)
class Mapping:
    """Fitted regressors, one per latent dimension. Call it with points to get latents.

    `active[d]` is False where dimension d is left to the sliders; there `values[d]` (0) stands in
    unless the caller gives its own base. Locked dimensions stay at `values[d]`.
    `errors` is the RMS miss at each demonstration given to `fit`, in latent units, over the learned
    dimensions. `warnings` are sentences for the musician.
    """

    algorithm: str
    axes: int
    dims: int
    active: tuple[bool, ...]
    values: Floats  # (dims,)
    parts: tuple[Part, ...]
    low: Floats | None = None  # (dims,): outputs are kept between low and high
    high: Floats | None = None
    errors: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()

    def __call__(self, points: ArrayLike, base: ArrayLike | None = None) -> Floats:
        """Latents (dims,) at one point (axes,), or (n, dims) at points (n, axes).

        `base` (dims,) is what the dimensions switched off have. A coordinate that is not a number
        counts as the middle of its axis, so the result is always finite.
        """
        where = np.asarray(points, dtype=np.float64)
        if where.ndim not in (1, 2) or where.shape[-1] != self.axes:
            raise MappingError(
                f"This mapping listens to {self.axes} axes, but was asked at a point of shape "
                f"{tuple(where.shape)}. Give (axes,) or (n, axes)."
            )
        return self._one(where, base) if where.ndim == 1 else self._many(where, base)

    @cached_property
    def _everything(self) -> bool:
        """True where one part gives every dimension in order."""
        return len(self.parts) == 1 and self.parts[0].outputs == tuple(range(self.dims))

    def _one(self, point: Floats, base: ArrayLike | None) -> Floats:
        if self._everything:
            out = self.parts[0].one(point)
        else:
            out = self._start(base)
            for part in self.parts:
                out[part._outputs] = part.one(point)
        if self.low is not None:
            np.clip(out, self.low, self.high, out=out)
        return out

    def _many(self, points: Floats, base: ArrayLike | None) -> Floats:
        out = np.tile(self._start(base), (len(points), 1))
        for part in self.parts:
            out[:, part._outputs] = part.many(points)
        if self.low is not None:
            np.clip(out, self.low, self.high, out=out)
        return out

    def _start(self, base: ArrayLike | None) -> Floats:
        if base is None:
            return self.values.copy()
        given = np.asarray(base, dtype=np.float64)
        if given.shape != (self.dims,):
            raise MappingError(
                f"This mapping gives {self.dims} latent dimensions, but the base has the shape {given.shape}."
            )
        return np.where(np.asarray(self.active), self.values, given)

    @property
    def knows_uncertainty(self) -> bool:
        """Whether `uncertainty` has an answer."""
        return any(part.confidence is not None for part in self.parts)

    def uncertainty(self, points: ArrayLike) -> Floats | None:
        """How unsure the map is at points (n, axes): (n,), 0 = sure, 1 = knows nothing there.

        The standard deviation a Gaussian process predicts, relative to how much the demonstrated
        sounds vary; over parts with different axes, the root of the mean variance. None where the
        algorithm cannot tell.
        """
        where = np.atleast_2d(np.asarray(points, dtype=np.float64))
        sure = [part for part in self.parts if part.confidence is not None]
        if not sure:
            return None
        outputs = sum(len(part.outputs) for part in sure)
        variance = sum((len(part.outputs) / outputs) * part.variance(where) for part in sure)
        return np.sqrt(np.asarray(variance, dtype=np.float64))

    def to_json(self) -> str:
        """The mapping as text (docs/mapping-format.md); the page evaluates it to the same numbers."""
        from isobath.mapping.format import write

        return write(self)

    def over(self, low: ArrayLike, reach: ArrayLike) -> "Mapping":
        """The same map asked in other coordinates: `point` of it is `low + reach · point` of this one."""
        start, length = np.asarray(low, dtype=np.float64), np.asarray(reach, dtype=np.float64)
        parts = tuple(
            replace(
                part,
                centre=(part.centre - start[list(part.inputs)]) / length[list(part.inputs)],
                scale=part.scale * length[list(part.inputs)],
            )
            for part in self.parts
        )
        return replace(self, parts=parts)

    def distilled(self) -> "Mapping":
        """A mapping near this one in which nothing is borrowed (`isobath.fit(..., algorithm=estimator)`),
        so that it can be saved and played on the page; one with nothing borrowed, as it is."""
        from isobath.mapping.borrowed import distilled

        return distilled(self)

    def to_plain(self) -> dict[str, Any]:
        """What `to_json` writes, as plain values."""
        from isobath.mapping.format import plain

        return plain(self)

    @staticmethod
    def from_plain(data: Any) -> "Mapping":
        """The mapping of `to_plain`. Raises MappingError where it is not one."""
        from isobath.mapping.format import from_plain

        return from_plain(data)

    @staticmethod
    def from_json(text: str | bytes) -> "Mapping":
        """The mapping written by `to_json`. Raises MappingError where it is not one."""
        from isobath.mapping.format import read

        return read(text)


def constant(value: Sequence[float] | Floats, outputs: Sequence[int]) -> Part:
    """A part that listens to nothing."""
    nothing: Any = np.zeros(0)
    return Part((), tuple(outputs), nothing, nothing, np.asarray(value, dtype=np.float64), ())
