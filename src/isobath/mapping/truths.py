# mypy: disable-error-code="no-any-return"
"""Made-up gestures and sounds with a known answer, to measure mappings against.

Two truths: `manifold`, a draw from a smooth random process, and `tanh`, a random network of two
layers; and `patchwork`, random latents pinned to places, which is what improvisers do and has no
truth but its demonstrations. Gestures of more than three axes lie on a pose of 3 or 4 dimensions
with a little sensor noise, as a body's do. Latents have unit variance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from isobath.mapping.terms import Floats

Truth = Literal["manifold", "tanh", "patchwork"]
SIZES = ((2, 8), (3, 16), (6, 32), (15, 64))
LABEL_NOISE = 0.05
SENSOR_NOISE = 0.005


@dataclass(frozen=True, eq=False)
class Case:
    """Demonstrations, and held-out places with what they should sound like."""

    points: Floats  # (n, axes), 0..1
    latents: Floats  # (n, dims)
    held_points: Floats
    held_latents: Floats


def case(truth: Truth, axes: int, dims: int, n: int, seed: int = 0, held: int = 1500) -> Case:
    """One reproducible case."""
    rng = np.random.default_rng([seed, axes, dims, n, ("manifold", "tanh", "patchwork").index(truth)])
    pose_axes = axes if axes <= 3 else (3 if axes <= 6 else 4)
    poses = rng.uniform(-1, 1, (n + held, pose_axes))
    points = _body(rng, poses, axes)
    latents = _sound(rng, truth, pose_axes, dims)(poses)
    latents = latents + LABEL_NOISE * rng.normal(size=latents.shape) * (np.arange(n + held) < n)[:, None]
    return Case(points[:n], latents[:n], points[n:], latents[n:])


def _body(rng: np.random.Generator, poses: Floats, axes: int) -> Floats:
    """Sensor values 0..1 of poses: the pose itself, or a bent sheet in more axes."""
    if poses.shape[1] == axes:
        return (poses + 1) / 2
    mix = rng.normal(size=(poses.shape[1], axes)) / np.sqrt(poses.shape[1])
    bent = np.tanh(poses @ mix + 0.3 * rng.normal(size=axes))
    return np.clip((bent + 1) / 2 + SENSOR_NOISE * rng.normal(size=bent.shape), 0, 1)


def _sound(rng: np.random.Generator, truth: Truth, axes: int, dims: int) -> Callable[[Floats], Floats]:
    """A function (n, axes) -> (n, dims) of unit variance over the cube -1..1."""
    if truth == "manifold":
        frequencies = rng.normal(size=(axes, 256)) * 0.75 / np.sqrt(axes)
        phases = rng.uniform(0, 2 * np.pi, 256)
        amplitudes = rng.normal(size=(256, dims))

        def raw(x: Floats) -> Floats:
            return np.cos(x @ frequencies + phases) @ amplitudes

    elif truth == "tanh":
        first, second = rng.normal(size=(axes, 24)) * 0.8, rng.normal(size=(24, 24)) / np.sqrt(24) * 1.5
        bias, last = rng.normal(size=24), rng.normal(size=(24, dims))

        def raw(x: Floats) -> Floats:
            return np.tanh(np.tanh(x @ first + bias) @ second) @ last

    else:

        def raw(x: Floats) -> Floats:
            return rng.normal(size=(len(x), dims))

    probe = raw(rng.uniform(-1, 1, (2000, axes)))
    mean, spread = probe.mean(axis=0), probe.std(axis=0)
    return lambda x: (raw(x) - mean) / spread
