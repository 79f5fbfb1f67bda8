"""Lines of equal height through a grid, as on a chart of the sea."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_Edge = tuple[int, int, int]
"""A side of a cell: row, column, and 0 along the row, 1 down the column."""

# Of a cell's corners (north-west, north-east, south-east, south-west) those above the line: which of its
# sides (north, east, south, west) the line joins. A saddle is cut at its lower corners.
_JOINED = {
    1: ((3, 0),),
    2: ((0, 1),),
    3: ((3, 1),),
    4: ((1, 2),),
    5: ((0, 1), (2, 3)),
    6: ((0, 2),),
    7: ((3, 2),),
    8: ((2, 3),),
    9: ((0, 2),),
    10: ((3, 0), (1, 2)),
    11: ((1, 2),),
    12: ((1, 3),),
    13: ((0, 1),),
    14: ((3, 0),),
}


def isobaths(heights: Floats, level: float) -> list[Floats]:
    """Where `heights` (rows, columns) is `level`: lines (points, 2) of column and row, closed ones joined."""
    above = heights >= level
    code = 1 * above[:-1, :-1] + 2 * above[:-1, 1:] + 4 * above[1:, 1:] + 8 * above[1:, :-1]
    beside: dict[_Edge, list[_Edge]] = {}
    for row, column in np.argwhere((code > 0) & (code < 15)).tolist():
        sides = ((row, column, 0), (row, column + 1, 1), (row + 1, column, 0), (row, column, 1))
        for one, other in _JOINED[int(code[row, column])]:
            beside.setdefault(sides[one], []).append(sides[other])
            beside.setdefault(sides[other], []).append(sides[one])
    # Those that end at the border first, from an end; what is left is closed.
    starts = sorted(beside, key=lambda edge: len(beside[edge]))
    ways = [_followed(beside, start) for start in starts if beside[start]]
    return [np.array([_crossing(heights, level, edge) for edge in way]) for way in ways]


def _followed(beside: dict[_Edge, list[_Edge]], start: _Edge) -> list[_Edge]:
    """From one side to the next, for as long as there is one; each step is taken out."""
    way = [start]
    while beside[way[-1]]:
        here, there = way[-1], beside[way[-1]][0]
        beside[here].remove(there)
        beside[there].remove(here)
        way.append(there)
    return way


def _crossing(heights: Floats, level: float, edge: _Edge) -> tuple[float, float]:
    row, column, down = edge
    one = float(heights[row, column])
    other = float(heights[row + down, column + 1 - down])
    share = (level - one) / (other - one)
    return (column + (1 - down) * share, row + down * share)
