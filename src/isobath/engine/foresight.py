"""What is known to be loud is turned down before it is heard.

A voice's safety map (protocol/piece.py, measured by engine/surveying.py) says what to take off at
each place of the performance space. Here it is asked for one gesture at a time; web/src/steer/foresight.ts
does the same sums in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from isobath.protocol.piece import SafetyMap, Voice
from isobath.types import Gesture

Floats = NDArray[np.float64]
_FAR = 20.0
"""Exponent beyond which a scattered measurement no longer counts."""
_GRID_AXES = 4
Row = Literal["loudness", "roughness", "trim", "loud_from"]
ROWS: tuple[Row, ...] = ("loudness", "roughness", "trim", "loud_from")
"""What is known of each place, in the order of a map's slopes."""


def fits_together(found: SafetyMap) -> bool:
    """Whether the parts of a map belong to one another; one that does not is as good as none."""
    nodes = math.prod(found.shape) if found.shape else len(found.points)
    return (
        nodes > 0
        and (not found.shape or (len(found.shape) == found.axes <= _GRID_AXES and min(found.shape) >= 2))
        and (bool(found.shape) or (math.isfinite(found.nearness) and len(found.slopes) == len(ROWS)))
        and all(len(slope) == found.axes for slope in found.slopes)
        and all(len(point) == found.axes for point in found.points)
        and all(len(row) == nodes for row in (found.loudness, found.roughness, found.trim, found.loud_from))
    )


class Foresight:
    """A safety map, ready to be asked. amount: 0..1, how much of the trim is given."""

    def __init__(self, found: SafetyMap, amount: float = 1.0) -> None:
        self.map, self.amount = found, min(1.0, max(0.0, amount))
        self._points = np.array(found.points, dtype=np.float64) / 1000.0 if not found.shape else None

    @staticmethod
    def of(voice: Voice, axes: int) -> Foresight | None:
        """Of a voice that the performer alone plays; None where there is nothing to foresee."""
        found = voice.safety
        if found is None or found.axes != axes or not fits_together(found):
            return None
        if voice.source.kind != "gesture" or not voice.foresight > 0.0:
            return None
        return Foresight(found, voice.foresight)

    def gain(self, gesture: Gesture) -> float:
        """What the voice is turned down by at a gesture (axes,), linear, 0..1."""
        db = self.at(gesture, "trim") / 10.0 * self.amount
        return 10.0 ** (db / 20.0) if db < 0.0 else 1.0

    def at(self, gesture: Gesture | Sequence[float], row: Row) -> float:
        """One of the map's rows at a place, in the row's own unit."""
        values: tuple[int, ...] = getattr(self.map, row)
        if self._points is None:
            return _between(gesture, self.map.shape, values)
        return self._around(gesture, self._points, values, self.map.slopes[ROWS.index(row)])

    def _around(
        self,
        gesture: Gesture | Sequence[float],
        points: Floats,
        values: Sequence[int],
        slope: Sequence[float],
    ) -> float:
        """Mean of scattered values, the near ones counting most (Nadaraya 1964), moved along the slope from
        where they lie on the mean to here."""
        here = np.array([_inside(float(value)) for value in gesture])
        squares = ((points - here) ** 2).sum(axis=1)
        away = (squares - squares.min()) * self.map.nearness
        weights = np.where(away > _FAR, 0.0, np.exp(-np.minimum(away, _FAR)))
        weights /= weights.sum()
        lean = float((here - weights @ points) @ np.asarray(slope))
        return float(weights @ np.asarray(values, dtype=np.float64)) + lean


def _between(gesture: Gesture | Sequence[float], shape: Sequence[int], values: Sequence[int]) -> float:
    """Straight lines between the nodes of a grid, axis by axis."""
    base, corners = 0, [(0, 1.0)]
    stride = len(values)
    for axis, count in enumerate(shape):
        stride //= count
        place = _inside(float(gesture[axis])) * (count - 1)
        cell = min(count - 2, math.floor(place))
        part = place - cell
        base += cell * stride
        corners = [
            (at + step * stride, weight * share)
            for at, weight in corners
            for step, share in ((0, 1.0 - part), (1, part))
        ]
    return math.fsum(values[base + at] * weight for at, weight in corners)


def _inside(value: float) -> float:
    return min(1.0, max(0.0, value)) if value == value else 0.5
