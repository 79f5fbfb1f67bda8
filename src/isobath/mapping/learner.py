"""Demonstrations that come and go while the map keeps up.

Placing, moving or taking away one demonstration changes the Gaussian process' matrices in one row,
so their inverses are updated instead of computed again (bordering and its reverse: Golub & Van Loan,
Matrix Computations, 2.1.4), in a fraction of a millisecond. Length, noise and pin stay meanwhile,
unless they no longer suit; `settle` chooses them again, which is for a pause. Any other algorithm,
and whatever the short way does not cover, is fitted from scratch: the answer is the same, only later.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isobath.mapping.demonstrations import MOST, SAME_SPOT
from isobath.mapping.fitting import fit
from isobath.mapping.gaussian import JITTER, pin_strength
from isobath.mapping.mapping import Confidence, Mapping, Part
from isobath.mapping.settings import Settings
from isobath.mapping.terms import Floats, Layer, Radial, exponential, matern52, squared_distances

REFRESH = 64
"""Updates after which the inverses are computed anew, before rounding can gather."""
STRAIN = 1.25
"""How much more bent the map may become before length and noise are chosen again at once: a
demonstration dragged to where it contradicts its neighbours would otherwise throw the map about."""


class Learner:
    """A growing, shrinking set of demonstrations and the mapping they make.

    `mapping` is None while there is nothing to learn from.
    """

    def __init__(
        self,
        points: ArrayLike = (),
        latents: ArrayLike = (),
        *,
        settings: Settings | None = None,
        previous: Mapping | None = None,
    ) -> None:
        self.settings = settings or Settings()
        x, y = np.asarray(points, dtype=np.float64), np.asarray(latents, dtype=np.float64)
        self.points: Floats = x if x.ndim == 2 else np.zeros((0, 0))
        self.latents: Floats = y if y.ndim == 2 else np.zeros((0, 0))
        self.mapping: Mapping | None = previous
        self._inverses: _Inverses | None = None
        self.settle()

    def settle(self) -> Mapping | None:
        """Fit everything, choosing length and noise again if others are clearly better."""
        self._inverses = None
        if not len(self.points):
            self.mapping = None
            return None
        self.mapping = fit(self.points, self.latents, settings=self.settings, previous=self.mapping)
        self._inverses = _Inverses.of(self.mapping, self.latents, self.settings)
        return self.mapping

    def add(self, point: ArrayLike, latent: ArrayLike) -> Mapping:
        """One more demonstration, at the end."""
        x, y = np.asarray(point, dtype=np.float64), np.asarray(latent, dtype=np.float64)
        if not len(self.points):
            self.points, self.latents = np.zeros((0, x.size)), np.zeros((0, y.size))
        points, latents = np.vstack([self.points, x]), np.vstack([self.latents, y])
        short = self._inverses is not None and bool(np.isfinite(y).all()) and self._inverses.add(x)
        return self._now(points, latents, short)

    def remove(self, index: int) -> Mapping | None:
        """Without the demonstration at `index`; also undoes `add`."""
        points, latents = np.delete(self.points, index, axis=0), np.delete(self.latents, index, axis=0)
        short = self._inverses is not None and self._inverses.remove(index % len(self.points))
        if not len(points):
            self.points, self.latents = points, latents
            return self.settle()
        return self._now(points, latents, short)

    def move(self, index: int, point: ArrayLike) -> Mapping:
        """The demonstration at `index` goes to `point`."""
        x = np.asarray(point, dtype=np.float64)
        points = self.points.copy()
        points[index] = x
        index %= len(points)
        inverses = self._inverses
        short = inverses is not None and inverses.remove(index) and inverses.add(x)
        if short and inverses is not None:
            inverses.last_to(index)
        return self._now(points, self.latents, short)

    def _now(self, points: Floats, latents: Floats, short: bool) -> Mapping:
        self.points, self.latents = points, latents
        if short and self._inverses is not None and self.mapping is not None:
            self.mapping = self._inverses.mapping(self.mapping, latents)
            if self._inverses.strain <= STRAIN * self._inverses.strain_at_first:
                return self.mapping
        self.settle()
        assert self.mapping is not None
        return self.mapping


@dataclass(eq=False)
class _Inverses:
    """Places, their kernels, and the inverses of body and pin; each change edits one row."""

    part: Part
    confidence: Confidence
    strength: float
    noise: float
    u: Floats  # (n, axes)
    body: "_Grown"
    pin: "_Grown"
    strain_at_first: float
    strain: float = 0.0
    changes: int = 0

    @staticmethod
    def of(mapping: Mapping, latents: Floats, settings: Settings) -> "_Inverses | None":
        """None where a full fit is needed each time."""
        part = mapping.parts[0] if len(mapping.parts) == 1 else None
        if part is None or part.confidence is None or mapping.low is not None or mapping.warnings:
            return None
        term = part.terms[0]
        if (
            not isinstance(term, Radial)
            or len(term.centres) != len(latents)
            or part.inputs != tuple(range(mapping.axes))
        ):
            return None
        if not (np.allclose(part.centre, 0.5) and np.allclose(part.scale, 2.0)):
            return None
        sure = part.confidence
        noise = float(sure.noise[0])
        squared = squared_distances(term.centres, term.centres)
        return _Inverses(
            part,
            sure,
            pin_strength(settings.trust),
            noise,
            term.centres,
            _Grown.of(matern52(squared / sure.length**2), noise),
            _Grown.of(exponential(squared / sure.pin**2), JITTER),
            _strain(latents[:, part.outputs] - part.bias, term.layers[0].weights),
        )

    def add(self, point: Floats) -> bool:
        """True if the short way covers it."""
        if point.shape != (self.u.shape[1],) or not ((point >= 0) & (point <= 1)).all():
            return False
        u = (point - 0.5) * 2.0
        squared = ((self.u - u) ** 2).sum(axis=1)
        if len(self.u) >= MOST or self.changes >= REFRESH or squared.min() < 4 * SAME_SPOT**2:
            return False
        self.changes += 1
        self.u = np.vstack([self.u, u])
        self.body.add(matern52(squared / self.confidence.length**2))
        self.pin.add(exponential(squared / self.confidence.pin**2))
        return True

    def remove(self, index: int) -> bool:
        """True if the short way covers it."""
        if len(self.u) <= 3 or self.changes >= REFRESH:
            return False
        self.changes += 1
        self.u = np.delete(self.u, index, axis=0)
        self.body.remove(index)
        self.pin.remove(index)
        return True

    def last_to(self, index: int) -> None:
        """Put the last demonstration at `index`, as the caller counts them."""
        n = len(self.u)
        order = np.concatenate([np.arange(index), [n - 1], np.arange(index, n - 1)])
        self.u = self.u[order]
        self.body.reorder(order)
        self.pin.reorder(order)

    def mapping(self, before: Mapping, latents: Floats) -> Mapping:
        """The map of these places and `latents` (n, dims)."""
        y = latents[:, self.part.outputs] if len(self.part.outputs) != latents.shape[1] else latents
        mean = y.mean(axis=0)
        centred = y - mean
        body = self.body.inverse @ centred
        self.strain = _strain(centred, body)
        layers = [Layer("matern52", self.confidence.length, body)]
        missed = centred - self.body.kernel @ body
        if self.strength > 0:
            missed *= self.strength
            weights = self.pin.inverse @ missed
            rest = missed - self.pin.kernel @ weights
            correction = self.pin.inverse @ rest
            weights += correction
            rest -= self.pin.kernel @ correction
            layers.append(Layer("exponential", self.confidence.pin, weights))
            missed = missed * (1.0 / self.strength - 1.0) + rest
        confidence = replace(self.confidence, noise=np.full(len(self.u), self.noise))
        part = replace(self.part, bias=mean, terms=(Radial(self.u, tuple(layers)),), confidence=confidence)
        errors = np.sqrt(np.einsum("ij,ij->i", missed, missed) / missed.shape[1])
        return replace(before, parts=(part,), errors=tuple(errors.tolist()))


def _strain(centred: Floats, body: Floats) -> float:
    """How hard the map has to bend for its demonstrations, next to how much they vary (yᵀK⁻¹y / yᵀy)."""
    return float(np.vdot(centred, body)) / max(float(np.vdot(centred, centred)), 1e-300)


@dataclass(eq=False)
class _Grown:
    """A kernel matrix (unit diagonal), what is added to its diagonal, and the inverse of the sum."""

    kernel: Floats
    inverse: Floats
    diagonal: float

    @staticmethod
    def of(kernel: Floats, diagonal: float) -> "_Grown":
        return _Grown(kernel, np.linalg.inv(kernel + diagonal * np.eye(len(kernel))), diagonal)

    def add(self, row: Floats) -> None:
        n = len(row)
        step = self.inverse @ row
        pivot = 1.0 + self.diagonal - float(row @ step)
        inverse = np.empty((n + 1, n + 1))
        inverse[:n, :n] = self.inverse + np.outer(step, step / pivot)
        inverse[:n, n] = inverse[n, :n] = -step / pivot
        inverse[n, n] = 1.0 / pivot
        kernel = np.empty((n + 1, n + 1))
        kernel[:n, :n] = self.kernel
        kernel[:n, n] = kernel[n, :n] = row
        kernel[n, n] = 1.0
        self.kernel, self.inverse = kernel, inverse

    def remove(self, index: int) -> None:
        keep = np.delete(np.arange(len(self.kernel)), index)
        column = self.inverse[keep, index]
        self.inverse = self.inverse[np.ix_(keep, keep)] - np.outer(
            column, column / self.inverse[index, index]
        )
        self.kernel = self.kernel[np.ix_(keep, keep)]

    def reorder(self, order: NDArray[np.intp]) -> None:
        self.kernel = self.kernel[np.ix_(order, order)]
        self.inverse = self.inverse[np.ix_(order, order)]
