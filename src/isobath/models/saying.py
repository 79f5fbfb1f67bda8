"""What a prior says at each step (models/prior.py): a mixture over numbers, or a class for every code.

*Numbers*: a mixture of Gaussians over the next patch in the patch's own principal axes; what is drawn
is rounded to a grid, so that rounding differences between this and the page's copy
(web/src/audio/prior.ts) vanish at every step. *Codes*, the latents of a discrete model, are drawn one
after the other by their chances; within a step, each is told to those after it, because what a
residual quantiser's later books hold depends on the earlier ones.

Sources: Bishop 1994 (mixture density networks); Zeghidour et al. 2021 (residual quantisers); van den
Oord et al. 2016 (a softmax over classes, drawn in turn).
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

GRID = 4096.0
"""Steps to a deviation that latents are rounded to before they go in again."""
WIDEST = 5.0
"""Deviations beyond which a dream does not go."""
_WORD = 0xFFFFFFFF

Floats = NDArray[np.float64]
Tensors = dict[str, NDArray[Any]]


class Speech(Protocol):
    """One kind of saying; a patch is (values,), frame after frame."""

    def patches(self, latent: NDArray[np.floating]) -> Floats:
        """Latents (dims, frames) -> whole patches (steps, values)."""

    def enter(self, patch: Floats | None) -> Floats:
        """What goes into the network after a patch, (width,); None: at the beginning."""

    def draw(self, x: Floats, seed: int, step: int, temperature: float) -> Floats:
        """The next patch, from what comes out of the network (width,)."""

    def latents(self, patch: Floats) -> Floats:
        """A patch as latents (frames, dims)."""


def uniform(seed: int, step: int, count: int) -> Floats:
    """`count` numbers in (0, 1) that belong to a step: the noise of docs/model-format.md."""
    c = np.arange(count, dtype=np.uint64)
    x = (step * 0x9E3779B1 + c * 0x85EBCA77 + (seed & _WORD)) & _WORD
    x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x7FEB352D)) & _WORD
    x = ((x ^ (x >> np.uint64(15))) * np.uint64(0x846CA68B)) & _WORD
    x = x ^ (x >> np.uint64(16))
    return (x.astype(np.float64) + 0.5) / 2.0**32


def normal(uniforms: Floats) -> Floats:
    """Half as many Gaussian numbers as uniform ones (Box & Muller 1958)."""
    half = len(uniforms) // 2
    radius = np.sqrt(-2.0 * np.log(uniforms[:half]))
    return np.asarray(radius * np.cos(2.0 * np.pi * uniforms[half:]))


def normed(x: Floats, gain: Floats) -> Floats:
    """RMSNorm (Zhang & Sennrich 2019)."""
    return np.asarray(x / np.sqrt(np.mean(x * x) + 1e-6) * gain)


def _choose(logits: Floats, chance: float, temperature: float) -> int:
    """Which of several, at `chance` (0..1) of their weights; at 0 degrees the likeliest."""
    if temperature <= 0:
        return int(np.argmax(logits))
    weights = np.cumsum(np.exp((logits - logits.max()) / temperature))
    return min(int(np.searchsorted(weights, chance * weights[-1])), len(logits) - 1)


class Numbers:
    """A mixture of Gaussians: tensors as models/prior.py names them."""

    def __init__(self, tensors: Tensors, dims: int, patch: int, mixtures: int) -> None:
        self._t, self._dims, self._patch, self._mixtures = tensors, dims, patch, mixtures
        self._values = dims * patch

    def patches(self, latent: NDArray[np.floating]) -> Floats:
        z = (np.asarray(latent, dtype=np.float64).T - self._t["mean"]) / self._t["std"]
        whole = len(z) // self._patch * self._patch
        return np.clip(z[:whole], -WIDEST, WIDEST).reshape(-1, self._values)

    def enter(self, patch: Floats | None) -> Floats:
        t = self._t
        turned = np.zeros(self._values) if patch is None else (t["basis"] @ _rounded(patch)) / t["spread"]
        return np.asarray(t["in"] @ turned + t["in_bias"])

    def said(self, x: Floats) -> Floats:
        """The mixture: logits, then means and log deviations of each Gaussian."""
        return np.asarray(self._t["out"] @ normed(x, self._t["norm"]) + self._t["out_bias"])

    def draw(self, x: Floats, seed: int, step: int, temperature: float) -> Floats:
        k, v, said = self._mixtures, self._values, self.said(x)
        means, logs = said[k : k + k * v].reshape(k, v), said[k + k * v :].reshape(k, v)
        chances = uniform(seed, step, 1 + 2 * v)
        chosen = _choose(said[:k], float(chances[0]), temperature)
        drawn = means[chosen]
        if temperature > 0:
            spread = np.exp(np.clip(logs[chosen], -5.0, 2.0))
            drawn = drawn + temperature * spread * normal(chances[1:])
        turned = self._t["basis"].T @ (drawn * self._t["spread"])
        return _rounded(np.clip(turned, -WIDEST, WIDEST))

    def latents(self, patch: Floats) -> Floats:
        return np.asarray(patch.reshape(self._patch, self._dims) * self._t["std"] + self._t["mean"])


class Codes:
    """A class for every code of the patch, each drawn knowing those before it."""

    def __init__(self, tensors: Tensors, dims: int, patch: int, codes: int) -> None:
        self._t, self._dims, self._patch, self._codes = tensors, dims, patch, codes
        self._values = dims * patch
        self._rows = np.arange(self._values) * codes

    def patches(self, latent: NDArray[np.floating]) -> Floats:
        z = np.clip(np.floor(np.asarray(latent, dtype=np.float64).T + 0.5), 0, self._codes - 1)
        return z[: len(z) // self._patch * self._patch].reshape(-1, self._values)

    def enter(self, patch: Floats | None) -> Floats:
        if patch is None:
            return np.array(self._t["in_bias"])
        rows = self._rows + patch.astype(np.int64)
        return np.asarray(self._t["in"][rows].sum(axis=0) + self._t["in_bias"])

    def logits(self, x: Floats, value: int) -> Floats:
        """Of every code of one value of the patch, (codes,)."""
        rows = slice(value * self._codes, (value + 1) * self._codes)
        return np.asarray(self._t["out"][rows] @ normed(x, self._t["norm"]) + self._t["out_bias"][rows])

    def told(self, x: Floats, value: int, code: int) -> Floats:
        """What comes out of the network once a code of the patch is known."""
        return np.asarray(x + self._t["within"] @ self._t["in"][value * self._codes + code])

    def draw(self, x: Floats, seed: int, step: int, temperature: float) -> Floats:
        chances = uniform(seed, step, self._values)
        patch = np.zeros(self._values)
        for i in range(self._values):
            code = _choose(self.logits(x, i), float(chances[i]), temperature)
            patch[i], x = code, self.told(x, i, code)
        return patch

    def latents(self, patch: Floats) -> Floats:
        return patch.reshape(self._patch, self._dims)


def _rounded(patch: Floats) -> Floats:
    return np.asarray(np.floor(patch * GRID + 0.5) / GRID)
