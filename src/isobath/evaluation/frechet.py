"""The Frechet distance between two collections of sound, on an embedding computed right here.

Frechet audio distance (Kilgour et al. 2019) takes the embeddings of a trained network, which
would have to be downloaded and hears as its corpus taught it. Ours is fixed and can be written
down: per second, the mean, the deviation and the mean movement of 20 log-mel cepstra, each
divided by how much it usually varies in recorded sound. Its unit is such deviations squared;
what matters is its ratio to the distance between two halves of the recordings themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isobath.types import Audio

from .distances import log_mel

Floats = NDArray[np.floating]
CEPSTRA = 20
_BANDS = 64
_WINDOW_SECONDS, _STEP_SECONDS = 1.0, 0.5
_SHRINK = 0.05
"""Share of the covariance that is taken as if dimensions were independent: few windows, 60 dims."""
_RATE_OF_SCALE = 1.0 / np.sqrt(1.0 + np.arange(CEPSTRA))
"""Cepstra vary less the higher they are; the first is the level (nepers)."""


def embed(audio: Audio, sample_rate: int) -> Floats:
    """(channels, samples) -> (windows, 60); a sound under a second is one window."""
    mel = log_mel(audio, sample_rate, 2048, _BANDS).mean(axis=0)
    k = np.arange(CEPSTRA)[:, None]
    cosines = np.cos(np.pi * k * (np.arange(_BANDS) + 0.5) / _BANDS) / _BANDS
    cepstra = (cosines @ mel) / _RATE_OF_SCALE[:, None]
    per_second = sample_rate / 512
    size, step = max(2, round(_WINDOW_SECONDS * per_second)), max(1, round(_STEP_SECONDS * per_second))
    starts = range(0, max(1, cepstra.shape[1] - size + 1), step)
    windows = [cepstra[:, s : s + size] for s in starts]
    return np.stack(
        [
            np.concatenate((w.mean(axis=1), w.std(axis=1), np.abs(np.diff(w, axis=1)).mean(axis=1)))
            for w in windows
        ]
    )


def distance(one: Floats, other: Floats) -> float:
    """Frechet distance between Gaussians fitted to two collections, (windows, dims) each."""
    (m1, c1), (m2, c2) = _gaussian(one), _gaussian(other)
    values, vectors = np.linalg.eigh(c1)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ c2 @ root), 0)).sum()
    return float(max(0.0, np.sum((m1 - m2) ** 2) + np.trace(c1) + np.trace(c2) - 2 * cross))


def _gaussian(points: Floats) -> tuple[Floats, Floats]:
    mean = points.mean(axis=0)
    spread = points - mean
    covariance = spread.T @ spread / max(1, len(points) - 1)
    kept = (1 - _SHRINK) * covariance + _SHRINK * np.diag(np.diag(covariance))
    return mean, kept
