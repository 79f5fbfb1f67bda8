"""A recorded gesture, asked for at any sample: what the performer did at that moment.

Rows exist only where the gesture changed. A take recorded over another holds only the axes
that were moved; the others come from the take below. The page has the same reader
(web/src/audio/take.ts); docs/engine.md is what the two agree on.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from isobath.errors import PieceError
from isobath.protocol.piece import Axis, Id, Take
from isobath.types import Gesture


@dataclass(frozen=True)
class _Layer:
    """One take at the player's rate."""

    take: Take
    sample_rate: int

    def row_at(self, sample: int) -> int | None:
        """Row that holds at this sample; None before the first."""
        if (lasts := round_of(self.take, self.sample_rate)) > 0.0:
            sample = math.floor(sample % lasts)
        frame = sample * self.take.sample_rate // (self.take.hop * self.sample_rate)
        if self.take.loop and self.take.length > 0:
            frame %= self.take.length
        row = bisect_right(self.take.frames, frame) - 1
        return row if row >= 0 else None


def layers(take: Take, takes: Sequence[Take]) -> list[Take]:
    """The take and those it was recorded over, the top one first; a muted one hides what is below."""
    found = [take]
    while (below := found[-1].over) is not None:
        following = next((each for each in takes if each.id == below), None)
        if following is None or following.muted or any(following.id == each.id for each in found):
            break
        found.append(following)
    return found


def samples_of(take: Take, sample_rate: int) -> int:
    """How long a take is at this rate, in whole samples."""
    return -(-take.length * take.hop * sample_rate // take.sample_rate)


def round_of(take: Take, sample_rate: int) -> float:
    """Samples of a round of a loop in time, which are seldom whole; 0 where it is none."""
    lasts = take.seconds * sample_rate
    return lasts if take.loop and lasts >= 1.0 else 0.0


def check(take: Take) -> None:
    """Raises PieceError where rows, frames and axes do not belong together."""
    name = take.name or take.id
    if take.hop < 1 or take.sample_rate < 1 or take.length < 0:
        raise PieceError(
            f'The take "{name}" has a hop of {take.hop} samples at {take.sample_rate} Hz and {take.length} '
            "frames. Record it again."
        )
    if len(take.frames) != len(take.points) or any(len(row) != len(take.axes) for row in take.points):
        raise PieceError(
            f'The take "{name}" has rows that do not fit its {len(take.axes)} axes. Record it again.'
        )
    if any(later <= earlier for earlier, later in zip(take.frames, take.frames[1:], strict=False)):
        raise PieceError(f'The rows of the take "{name}" are not in order. Record it again.')


def finished(take: Take, over: Take | None) -> Take:
    """A take as it is kept, from what was recorded. Rows of one that was recorded over another hold, behind
    the values, 1 for each axis that a hand was on: only those that ever were are kept, the others come from
    the take below.
    """
    if over is None:
        return take
    axes = len(take.axes)
    kept = [i for i in range(axes) if any(row[axes + i] for row in take.points)]
    frames: list[int] = []
    points: list[tuple[float, ...]] = []
    for frame, row in zip(take.frames, take.points, strict=True):
        point = tuple(row[i] for i in kept)
        if not points or point != points[-1]:
            frames.append(frame)
            points.append(point)
    return msgspec.structs.replace(
        take,
        axes=tuple(take.axes[i] for i in kept),
        frames=tuple(frames),
        points=tuple(points),
        seed=over.seed,
        loop=take.loop or over.loop,
        over=over.id,
        scenes=take.scenes or over.scenes,
    )


class TakeReader:
    """The gesture of a take in a piece with these axes.

    sample_rate: of the player, Hz. `loop`: begin again at the end, instead of holding the last row.
    """

    def __init__(
        self,
        take: Take,
        axes: Sequence[Axis],
        sample_rate: int,
        takes: Sequence[Take] = (),
        loop: bool = False,
    ) -> None:
        chain = layers(take, takes)
        for each in chain:
            check(each)
        self.samples = samples_of(take, sample_rate)
        """Length of the take at the player's rate."""
        self.axes = tuple(axes)
        self._looping = loop
        self._round = round_of(take, sample_rate)
        self._layers = [_Layer(each, sample_rate) for each in chain]
        self._sources = [self._source(axis.id) for axis in axes]
        self._rows: tuple[int | None, ...] | None = None
        self._gesture: Gesture = np.zeros(len(axes))

    def _source(self, axis: Id) -> tuple[int, int] | None:
        """Which layer and column an axis comes from."""
        for k, layer in enumerate(self._layers):
            if axis in layer.take.axes:
                return k, layer.take.axes.index(axis)
        return None

    def frame(self, sample: int) -> int:
        """The take's own frame at this sample since the start."""
        take, rate = self._layers[0].take, self._layers[0].sample_rate
        return self._at(sample) * take.sample_rate // (take.hop * rate)

    def _at(self, sample: int) -> int:
        """Where the take is: a loop in time begins again after its round, another one after its frames."""
        if self._round > 0.0:
            return math.floor(sample % self._round)
        return sample % self.samples if self._looping and self.samples else sample

    def __call__(self, sample: int) -> Gesture:
        """What holds at this sample since the start. The same array as long as nothing changes."""
        at = self._at(sample)
        rows = tuple(layer.row_at(at if k == 0 else sample) for k, layer in enumerate(self._layers))
        if rows != self._rows:
            self._rows = rows
            self._gesture = np.array([self._value(i, rows) for i in range(len(self.axes))], dtype=np.float64)
        return self._gesture

    def _value(self, index: int, rows: tuple[int | None, ...]) -> float:
        rest, source = self.axes[index].rest, self._sources[index]
        if source is None or (row := rows[source[0]]) is None:
            return rest
        value = self._layers[source[0]].take.points[row][source[1]]
        return min(1.0, max(0.0, value)) if value == value else rest
