"""One latent that follows everybody: the mean of what all places mean, as far from the model's middle as
its members.

A mean of many sounds lies near the middle of a latent space, where everything is dull. So the direction is
the crowd's, and the distance from the middle is that of its members: together in one place they sound as
one walker does there, scattered they still sound of something. Who comes fades in, who goes fades out, and
poses, which come 15 times a second, are smoothed to the frames of a model.
"""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from isobath.types import Gesture

FADE_SECONDS = 1.5
"""In which somebody's weight comes and goes."""

GLIDE_SECONDS = 0.09
"""In which a gesture is gone towards."""

FARTHEST = 3.0
"""The mean is brought out from the middle by this factor at most."""

GONE = 0.004

Floats = NDArray[np.float64]


class Crowd:
    """Everybody's gestures, as they are at this frame."""

    def __init__(self) -> None:
        self._wanted: dict[int, tuple[Gesture, float]] = {}
        self._now: dict[int, tuple[Gesture, float]] = {}

    def follow(self, walkers: Iterable[tuple[int, Gesture, float]]) -> None:
        """Who is there now: number, gesture (axes,), weight; whoever is not told of fades away."""
        self._wanted = {number: (gesture, weight) for number, gesture, weight in walkers}

    def step(self, seconds: float) -> None:
        """Let a frame pass."""
        fade = 1.0 - math.exp(-seconds / FADE_SECONDS)
        glide = 1.0 - math.exp(-seconds / GLIDE_SECONDS)
        now: dict[int, tuple[Gesture, float]] = {}
        for number in self._wanted.keys() | self._now.keys():
            wanted = self._wanted.get(number)
            gesture, weight = self._now.get(number, (None, 0.0))
            target = 0.0 if wanted is None else wanted[1]
            weight += fade * (target - weight)
            if wanted is not None:
                same = gesture is not None and gesture.shape == wanted[0].shape
                gesture = gesture + glide * (wanted[0] - gesture) if same else wanted[0]
            if gesture is not None and (weight > GONE or wanted is not None):
                now[number] = (gesture, weight)
        self._now = now

    def members(self) -> tuple[Floats, Floats]:
        """Gestures (n, axes) and weights (n,)."""
        if not self._now:
            return np.zeros((0, 0)), np.zeros(0)
        axes = max(len(gesture) for gesture, _ in self._now.values())
        same = [(gesture, weight) for gesture, weight in self._now.values() if len(gesture) == axes]
        return np.array([gesture for gesture, _ in same]), np.array([weight for _, weight in same])


def shared(latents: Floats, weights: Floats, mean: Floats, spread: Floats) -> Floats:
    """The crowd's latent (dims,) of its members' (n, dims). mean, spread: of the model's latents, (dims,)."""
    whole = float(weights.sum())
    if len(latents) == 0 or whole <= 1e-9:
        return mean.copy()
    share = weights / whole
    units = (latents - mean) / np.maximum(spread, 1e-9)
    middle = share @ units
    reach = math.sqrt(float(share @ np.einsum("ij,ij->i", units, units)))
    length = math.sqrt(float(middle @ middle))
    out = 1.0 if length <= 1e-9 else min(FARTHEST, max(1.0, reach / length))
    return np.asarray(mean + out * middle * np.maximum(spread, 1e-9))
