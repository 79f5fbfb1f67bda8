# mypy: disable-error-code="no-any-return"
"""Which demonstrations can be learned from, and what to say about the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isobath.errors import MappingError
from isobath.mapping.terms import Floats, squared_distances

SAME_SPOT = 1e-3
"""Demonstrations closer than this (in half-ranges, half a pixel on a large pad) are one place."""
MOST = 300
"""Above so many places, neighbours are gathered into one, so that no fit makes anyone wait."""


@dataclass(frozen=True, eq=False)
class Demonstrations:
    """All of them as given, and which are used."""

    points: Floats  # (n, axes)
    latents: Floats  # (n, dims)
    weights: Floats  # (n,), 0 where muted or unusable
    names: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def used(self) -> NDArray[np.bool_]:
        return self.weights > 0


def check(
    points: ArrayLike,
    latents: ArrayLike,
    weights: ArrayLike | None = None,
    muted: ArrayLike | None = None,
    labels: Sequence[str] | None = None,
) -> Demonstrations:
    """The demonstrations, with the unusable ones set aside and named.

    Raises MappingError where nothing is left to learn from or the numbers do not belong together.
    """
    x, y = _table(points, "points"), _table(latents, "latents")
    if len(x) != len(y):
        raise MappingError(
            f"There are {len(x)} points but {len(y)} latents. Each demonstration needs one of both."
        )
    if not len(x):
        raise MappingError("There is nothing to learn from yet. Place a sound on the surface first.")
    n = len(x)
    w = np.ones(n) if weights is None else np.array(weights, dtype=np.float64)
    off = np.zeros(n, dtype=bool) if muted is None else np.array(muted, dtype=bool)
    if w.shape != (n,) or off.shape != (n,) or (labels is not None and len(labels) != n):
        raise MappingError(f"Give one weight, one mute and one label for each of the {n} demonstrations.")
    names = tuple(
        f"Demonstration {i + 1}" + (f" ('{labels[i]}')" if labels is not None and labels[i] else "")
        for i in range(n)
    )
    for i in np.flatnonzero(~(np.isfinite(w) & (w >= 0))):
        raise MappingError(f"{names[i]} has the weight {w[i]:g}. A weight is 0 or more.")
    w[off] = 0.0
    warnings = []
    for i in np.flatnonzero(~(np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1))):
        w[i] = 0.0
        warnings.append(f"{names[i]} {_flaw(x[i], y[i])}. It is left out; place it again or delete it.")
    if not (w > 0).any():
        raise MappingError(
            " ".join(warnings) or "Every demonstration is muted. Unmute one, or place a sound on the surface."
        )
    warnings += _contradictions(x, y, w, names)
    return Demonstrations(x, y, w, names, tuple(warnings))


def _table(values: ArrayLike, what: str) -> Floats:
    try:
        table = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise MappingError(f"The {what} are not a table of numbers, one row per demonstration.") from None
    if table.size == 0:
        return np.zeros((0, 0))
    if table.ndim != 2:
        raise MappingError(
            f"The {what} have the shape {table.shape}; they should be one row per demonstration."
        )
    return table


def _flaw(point: Floats, latent: Floats) -> str:
    for what, values in (("axis", point), ("latent dimension", latent)):
        for index in np.flatnonzero(~np.isfinite(values)):
            return f"has {values[index]} on {what} {index + 1}, which is not a number to play"
    return "is whole"


def _contradictions(x: Floats, y: Floats, w: Floats, names: tuple[str, ...]) -> list[str]:
    """A sentence for each place where two different sounds were put."""
    used = np.flatnonzero(w > 0)
    group = gather(spread(x[used])[2], np.inf)
    if len(used) == int(group.max()) + 1:
        return []
    sentences = []
    for place in np.flatnonzero(np.bincount(group) > 1):
        members = used[group == place]
        if np.ptp(y[members], axis=0).max() > 1e-6:
            who = _listed([names[i] for i in members[:3]] + ["others"] * (len(members) > 3))
            sentences.append(
                f"{who} put different sounds at the same spot; their average is heard there. "
                "Move or mute one of them."
            )
    return sentences


def _listed(names: list[str]) -> str:
    """`A and B`, `A, B and C`."""
    return " and ".join([", ".join(names[:-1]), names[-1]])


def spread(points: Floats) -> tuple[Floats, Floats, Floats]:
    """centre, scale and u = (points - centre) * scale.

    An axis whose values lie in 0..1, as gestures do, keeps that range, so that the map does not
    shift when a demonstration is added; any other axis is brought to -1..1 by its own range.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    ours = (low >= 0) & (high <= 1)
    half = np.where(ours, 0.5, high / 2 - low / 2)
    still = half <= 1e-12 * np.maximum(1.0, np.abs(high))
    half = np.where(still, 1.0, half)
    centre = np.where(ours, 0.5, low / 2 + high / 2)
    return centre, 1.0 / half, (points - centre) / half


def gather(u: Floats, most: float = MOST) -> NDArray[np.intp]:
    """Which place each point belongs to (n,), places numbered in the order they first appear.

    Points of the same spot share a place. If more than `most` places remain, the rest join the
    nearest of `most` places chosen far from each other (Gonzalez 1985), without chance.
    """
    n = len(u)
    leader = np.arange(n)
    if n <= 500:
        close = np.tril(squared_distances(u, u) < SAME_SPOT**2, -1)
        for i in np.flatnonzero(close.any(axis=1)):
            earlier = np.flatnonzero(close[i] & (leader == np.arange(n)))
            if len(earlier):
                leader[i] = earlier[0]
    else:
        _, first, inverse = np.unique(np.round(u / SAME_SPOT), axis=0, return_index=True, return_inverse=True)
        leader = first[inverse.ravel()]
    leaders, group = np.unique(leader, return_inverse=True)
    if len(leaders) > most:
        group = _scattered(u[leaders], int(most))[group]
    return group.ravel()


def _scattered(u: Floats, most: int) -> NDArray[np.intp]:
    """For each point, which of `most` well spread points is nearest."""
    distance = ((u - u.mean(axis=0)) ** 2).sum(axis=1)
    nearest = np.zeros(len(u), dtype=np.intp)
    chosen = int(distance.argmin())
    distance = np.full(len(u), np.inf)
    for place in range(most):
        to_chosen = ((u - u[chosen]) ** 2).sum(axis=1)
        closer = to_chosen < distance
        nearest[closer] = place
        distance = np.minimum(distance, to_chosen)
        chosen = int(distance.argmax())
    # Numbered by first appearance, and without places that nobody joined.
    _, first, inverse = np.unique(nearest, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse.ravel()]


def average(group: NDArray[np.intp], values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weighted means (places, ...) of the rows of each place, and the places' total weights."""
    places = int(group.max()) + 1
    if places == len(group):
        return values, weights
    totals: Floats = np.bincount(group, weights, places).astype(np.float64)
    sums = np.zeros((places, values.shape[1]))
    np.add.at(sums, group, values * weights[:, None])
    return sums / totals[:, None], totals
