"""A walk from above: the ground as it was measured, what stands on it, and the way so far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from isobath.engine.hills import heights_of
from isobath.errors import UsageError
from isobath.outputs.drawing.isobaths import isobaths
from isobath.outputs.drawing.scenes import TAU, Mark
from isobath.protocol.piece import Piece, Take
from isobath.protocol.world import Ground, LandSurvey, World

Floats = NDArray[np.float64]

MARGIN = 0.92
"""Of the picture's half height, the world's."""


@dataclass(frozen=True, eq=False)
class Walked:
    """A take as a way through a world."""

    world: World
    spots: Floats
    """(rows, 2): x and z in metres."""
    seconds: Floats
    """(rows,): when each was reached."""
    stones: Floats
    """(demonstrations, 2): where the first voice's stand."""

    def now(self, seconds: float) -> int:
        """The row that is being walked."""
        return max(0, int(np.searchsorted(self.seconds, seconds, side="right")) - 1)


def walked(piece: Piece, take: Take) -> Walked:
    """The way of a take.

    Raises:
        UsageError: the piece has no world, or the take does not walk in it.
    """
    world = piece.world
    if world is None:
        raise UsageError(f"{piece.name} has no world to be seen from above. Make one of it: isobath walk.")
    ids = [axis.id for axis in piece.axes]
    if world.axes.x not in take.axes or world.axes.z not in take.axes or not take.frames:
        raise UsageError(f'"{take.name}" does not walk in this world. Choose another take with --take.')
    columns = [take.axes.index(str(each)) for each in (world.axes.x, world.axes.z)]
    points = np.array([[row[i] for i in columns] for row in take.points], dtype=np.float64)
    shown = piece.voices[0].demonstrations if piece.voices else ()
    places = [ids.index(str(each)) for each in (world.axes.x, world.axes.z)]
    stones = np.array([[d.point[i] for i in places] for d in shown], dtype=np.float64).reshape(-1, 2)
    seconds = np.array(take.frames, dtype=np.float64) * take.hop / take.sample_rate
    return Walked(world, _metres(world, points), seconds, _metres(world, stones))


def _metres(world: World, points: Floats) -> Floats:
    """Axis values (n, 2) as x and z; north, which is -z, is 1."""
    metres: Floats = (points - 0.5) * np.array([world.size[0], -world.size[2]])
    return metres


def from_above(way: Walked, seconds: float, aspect: float = 1.0) -> list[Mark]:
    """The marks of one moment, north up. aspect: the picture's width over its height."""
    world = way.world
    scale = 2 * MARGIN * min(aspect / world.size[0], 1 / world.size[2])
    east, south = world.size[0] * scale / 2, world.size[2] * scale / 2
    corners = np.array([[-east, -south], [east, -south], [east, south], [-east, south]])
    marks = [*_ground(world, east, south), Mark(corners, True, None, "deep", 0.004, 0.9)]
    marks += [_oval(each.position, each.size, scale, "deep", 0.25) for each in world.zones if each.shown]
    marks += [_oval(each.position, each.size, scale, "ink", 0.55) for each in world.landmarks]
    marks += [_oval((x, 0, z), (0, 0, 0), scale, "deep", 0.9, least=0.012) for x, z in way.stones]
    now = way.now(seconds)
    spots = way.spots * scale
    if len(spots) > 1:
        marks.append(Mark(spots, False, None, "mark", 0.003, 0.22))
    if now > 0:
        marks.append(Mark(spots[: now + 1], False, None, "mark", 0.009, 0.95))
    x, z = way.spots[now]
    marks.append(_oval((x, 0, z), (0, 0, 0), scale, "mark", 1.0, least=0.024))
    return marks


LINES = 9
"""Isobaths of the ground."""


def _ground(world: World, east: float, south: float) -> list[Mark]:
    """Where it was measured: lines of equal loudness, the louder the clearer."""
    whole = np.array([[-east, -south], [east, -south], [east, south], [-east, south]])
    marks = [Mark(whole, True, "deep", None, 0.0, 0.1)]
    for share, line in _lines(world.land):
        places = line * np.array([2 * east, 2 * south]) - np.array([east, south])
        closed = bool(np.array_equal(line[0], line[-1]))
        marks.append(Mark(places, closed, None, "deep", 0.0035, 0.18 + 0.6 * share))
    return marks


@lru_cache(maxsize=4)
def _lines(land: LandSurvey | None) -> tuple[tuple[float, Floats], ...]:
    """How high each line lies, 0..1, and its points as shares of the width and depth."""
    heights = None if land is None else heights_of(land, Ground(height="loudness", relief=1.0))
    if heights is None:
        return ()
    grid = heights[::2, ::2].astype(np.float64)
    last = np.array([grid.shape[1] - 1, grid.shape[0] - 1], dtype=np.float64)
    levels = np.linspace(float(grid.min()), float(grid.max()), LINES + 2)[1:-1]
    return tuple(
        (i / (LINES - 1), line / last)
        for i, level in enumerate(levels)
        for line in isobaths(grid, float(level))
    )


def _oval(
    position: tuple[float, float, float],
    size: tuple[float, float, float],
    scale: float,
    fill: str,
    alpha: float,
    least: float = 0.008,
) -> Mark:
    angle = np.arange(40) / 40 * TAU
    radii = [max(least, each * scale / 2) for each in (size[0], size[2])]
    x, z = position[0] * scale + radii[0] * np.cos(angle), position[2] * scale + radii[1] * np.sin(angle)
    return Mark(np.stack((x, z), axis=1), True, fill, None, 0.0, alpha)  # type: ignore[arg-type]
