"""What is learned from: the windows of a set as batches, drawn by seed and step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isobath.errors import ScoreError
from isobath.symbolic.attributes import attributes
from isobath.symbolic.sets import ScoreSet, Windows

from .objective import Scales

_PIECE = 2048
"""Windows made dense at a time."""


@dataclass(frozen=True)
class Material:
    """One training's windows.

    train is every window that may be drawn, transpositions included; validation and test as they are.
    """

    scores: ScoreSet
    bars: int
    train: Windows
    validation: Windows
    test: Windows

    @staticmethod
    def of(
        scores: ScoreSet, bars: int, by: Literal["file", "window"] = "file", transposed: int = 88
    ) -> Material:
        """The usual sides of a set; melodies are learned up to `transposed` semitones away.

        Raises:
            ScoreError: there are too few windows to learn from.
        """
        train = scores.windows(bars, "train", by)
        if len(train) < 16:
            raise ScoreError(
                f"{scores.about.name} has {len(train)} windows of {bars} bars to learn from. Prepare more."
            )
        if scores.kind == "melody":
            train = scores.transposed(train, transposed)
        return Material(
            scores, bars, train, scores.windows(bars, "validation", by), scores.windows(bars, "test", by)
        )

    def holding(self, attribute: int, share: float) -> Material:
        """Paper 003, section 4.2: the middle of an attribute is the test side, both tails are learned from.

        share: of the windows that is held, 0.1 or 0.5, around the median. A tenth of the tails is the
        validation side.
        """
        scores = self.scores
        every = scores.all_windows(self.bars)
        value = self.attributes_of(every)[:, attribute]
        rank = np.empty(len(every))
        rank[np.lexsort((np.arange(len(every)), value))] = (np.arange(len(every)) + 0.5) / len(every)
        middle = np.abs(rank - 0.5) < share / 2
        order = np.random.default_rng(0).permutation(np.flatnonzero(~middle))
        held = len(order) // 10
        train = every.only(np.sort(order[held:]))
        if scores.kind == "melody":
            train = scores.transposed(train)
        validation = every.only(np.sort(order[:held]))
        return Material(scores, self.bars, train, validation, every.only(middle))

    def batch(self, size: int, seed: int, step: int) -> tuple[Tensor, Tensor]:
        """Windows of the training side (size, steps, values) and their attributes, by seed and step."""
        drawn = np.random.default_rng((seed, step)).integers(0, len(self.train), size)
        x = self.scores.tensors(self.train.only(drawn))
        return torch.from_numpy(x), torch.from_numpy(attributes(self.scores.kind, x).astype(np.float32))

    def sampled(self, side: Windows, most: int, seed: int = 0) -> NDArray[np.float32]:
        """Tensors of a side, `most` of them, drawn evenly."""
        if len(side) > most:
            side = side.only(np.sort(np.random.default_rng(seed).permutation(len(side))[:most]))
        return self.scores.tensors(side)

    def attributes_of(self, side: Windows) -> NDArray[np.float64]:
        """Attributes of every window of a side, (n, attributes)."""
        parts = [
            attributes(
                self.scores.kind, self.scores.tensors(side.only(np.arange(i, min(i + _PIECE, len(side)))))
            )
            for i in range(0, len(side), _PIECE)
        ]
        return np.concatenate(parts)

    def scales(self) -> Scales:
        """Mean and deviation of each attribute over (a part of) the training side."""
        found = attributes(self.scores.kind, self.sampled(self.train, 20000))
        return Scales(
            torch.from_numpy(found.mean(0).astype(np.float32)),
            torch.from_numpy(np.maximum(found.std(0), 1e-3).astype(np.float32)),
        )
