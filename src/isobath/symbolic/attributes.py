"""What can be said of bars in a number: density, velocity, offset, pitch (paper 003, section 4.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isobath.symbolic.bars import LOWEST_PITCH

Floats = NDArray[np.floating[Any]]
OF_KIND = {"drums": ("density", "velocity", "offset"), "melody": ("density", "pitch")}
"""Attributes of each kind of bars, in the order of a model's head."""


def attributes(kind: str, tensors: Floats) -> NDArray[np.float64]:
    """(n, attributes) of tensors (n, steps, values).

    density: hits, or onsets, in the whole window. velocity, offset, pitch: means over where there
    are notes; 0 without any (pitch: 60). Offsets in -1..1, positive is early.
    """
    x = np.asarray(tensors, dtype=np.float64)
    if kind == "drums":
        hits = x[..., :9] > 0.5
        count = hits.sum(axis=(1, 2))
        safe = np.maximum(count, 1)
        velocity = (x[..., 9:18] * hits).sum(axis=(1, 2)) / safe
        offset = (x[..., 18:] * hits).sum(axis=(1, 2)) / safe
        return np.stack([count, velocity, offset], axis=1).astype(np.float64)
    tokens = x.argmax(axis=-1)
    onsets = tokens >= 2
    count = onsets.sum(axis=1)
    pitch = ((tokens - 2 + LOWEST_PITCH) * onsets).sum(axis=1) / np.maximum(count, 1)
    return np.stack([count, np.where(count > 0, pitch, 60)], axis=1).astype(np.float64)
