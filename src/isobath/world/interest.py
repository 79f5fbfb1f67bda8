"""Of whom each walker is told, so that everybody gets the few poses that matter and no more bytes than
agreed.

With every tick each walker has room for a few poses. Others wait in line, and the line is ordered by how
much there is to tell: how long ago this walker was last told of them, times how near they are. Who has not
moved since is not in line at all. So the nearest are told with every tick, those in the fog every
second or two, and nobody is forgotten.
"""

import numpy as np
from numpy.typing import NDArray

NEAR = 8.0
"""Metres within which others are told first."""

FIRST = 8
"""So many nearest are told of with every tick on which they move: they are heard."""


class Interest:
    """What each walker has been told so far. Walkers stand on places 0..most-1, which the caller gives."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._told = np.full((most, most), -1, dtype=np.int64)
        """[who is told, of whom]: tick, -1 never."""
        self._changed = np.zeros(most, dtype=np.int64)
        """Tick of the last move."""
        self._last = np.full((most, 5), np.nan, dtype=np.float64)

    def forget(self, place: int) -> None:
        """Somebody else will stand here."""
        self._told[place, :] = -1
        self._told[:, place] = -1
        self._last[place] = np.nan

    def forget_told(self, place: int) -> None:
        """Whoever stands here came back and knows nothing any more."""
        self._told[place, :] = -1

    def choose(
        self,
        tick: int,
        places: NDArray[np.intp],
        shares: NDArray[np.float64],
        metres: NDArray[np.float32],
        room: int,
        shown: NDArray[np.bool_] | None = None,
    ) -> list[NDArray[np.intp]]:
        """For each of `places` (n,), whom to tell of: indices into `places`, `room` of them at most.

        shares: (n, 5) as they will be sent. metres: (n, 3). shown: who is seen
        at all.
        """
        count = len(places)
        if count == 0:
            return []
        moved = ~np.all(self._last[places] == shares, axis=1)
        self._changed[places[moved]] = tick
        self._last[places] = shares
        told = self._told[np.ix_(places, places)]
        news = self._changed[places][None, :] > told
        np.fill_diagonal(news, False)
        if shown is not None:
            news &= shown[None, :]
        apart = metres[:, None, :] - metres[None, :, :]
        squared = np.einsum("ijk,ijk->ij", apart, apart)
        rank = (tick - told) / (1.0 + np.sqrt(squared) / NEAR)
        if count > FIRST + 1:
            nearest = np.argpartition(squared, FIRST, axis=1)[:, : FIRST + 1]
            np.put_along_axis(rank, nearest, np.take_along_axis(rank, nearest, 1) + 1e9, 1)
        rank[~news] = -1.0
        if count > room:
            best = np.argpartition(-rank, room - 1, axis=1)[:, :room]
        else:
            best = np.broadcast_to(np.arange(count), (count, count))
        chosen = [row[rank[i, row] >= 0.0] for i, row in enumerate(best)]
        for i, row in enumerate(chosen):
            self._told[places[i], places[row]] = tick
        return chosen
