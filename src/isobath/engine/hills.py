"""The ground of a world as heights: where things stand, and how high the ears of a walker are.

What the page draws (web/src/walk/land.ts) is worked out here in the same order and precision, so that a
landmark on a hill is heard from where it is seen, in the page and in a render alike. Only ground that was
measured counts (`World.land`): what a page guesses before that is seen, and not heard.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from isobath.protocol.world import Ground, LandSurvey, World

COLUMNS, ROWS = 113, 85
"""Vertices of the ground along each side."""
EYES = 1.7
"""Metres from the ground to the walker's eyes and ears."""
_LEAST = {"loudness": 6.0, "brightness": 0.5, "novelty": 0.2}
"""The least difference that is drawn in full height."""
_SOFTENED = 4


@lru_cache(maxsize=8)
def heights_of(land: LandSurvey, ground: Ground) -> NDArray[np.float32] | None:
    """Heights (ROWS, COLUMNS) in metres, row 0 in the north; None where nothing is known of them."""
    if ground.height == "flat":
        return None
    values = {"loudness": land.loudness, "brightness": land.brightness, "novelty": land.novelty}[
        ground.height
    ]
    rows, columns = land.rows, land.columns
    if rows < 2 or columns < 2 or len(values) != rows * columns:
        return None
    grid = np.array(values, dtype=np.float64).reshape(rows, columns) / (
        10 if ground.height == "loudness" else 100
    )
    low = float(grid.min())
    span = max(_LEAST[ground.height], float(grid.max()) - low)
    y = np.arange(ROWS) / (ROWS - 1) * (rows - 1)
    x = np.arange(COLUMNS) / (COLUMNS - 1) * (columns - 1)
    r, c = np.minimum(rows - 2, y.astype(int)), np.minimum(columns - 2, x.astype(int))
    v, u = (y - r)[:, None], (x - c)[None, :]
    top = grid[r][:, c] * (1 - u) + grid[r][:, c + 1] * u
    bottom = grid[r + 1][:, c] * (1 - u) + grid[r + 1][:, c + 1] * u
    high: NDArray[np.float32] = ((top * (1 - v) + bottom * v - low) / span * ground.relief).astype(np.float32)
    for _ in range(_SOFTENED):
        for side in (high, high.T):
            line = side.astype(np.float64)
            side[:, 1:-1] = 0.25 * line[:, :-2] + 0.5 * line[:, 1:-1] + 0.25 * line[:, 2:]
    return high


class Hills:
    """Heights of a world's ground, in metres above its lowest place."""

    def __init__(self, world: World) -> None:
        shown = world.ground.shown and world.land is not None
        self._heights = heights_of(world.land, world.ground) if shown and world.land is not None else None
        self._width, _, self._depth = world.size

    def __call__(self, x: float, z: float) -> float:
        """Metres, at x to the east and z to the south; 0 where the ground is flat or not known."""
        if self._heights is None:
            return 0.0
        column = min(COLUMNS - 1.001, max(0.0, (x / self._width + 0.5) * (COLUMNS - 1)))
        row = min(ROWS - 1.001, max(0.0, (z / self._depth + 0.5) * (ROWS - 1)))
        c, r = math.floor(column), math.floor(row)
        u, v = column - c, row - r
        (a, b), (d, e) = self._heights[r : r + 2, c : c + 2].tolist()
        return float((a * (1 - u) + b * u) * (1 - v) + (d * (1 - u) + e * u) * v)
