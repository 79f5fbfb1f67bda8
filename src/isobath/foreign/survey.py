"""What an imported model's latents are like: statistics it does not say, found by listening.

Its training sounds are not there, so latents are taken to be spread as the training asked for:
principal axes normal, codes equally likely, angles those of directions chosen evenly. How loud and
how bright held latents sound is measured by playing some, as for our own models.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isobath.models.coder import Model
from isobath.models.description import LatentStatistics, Percentiles, Tensors
from isobath.sound.loudness import a_weight
from isobath.sound.spectrum import magnitudes
from isobath.types import Audio

from .rave import Imported

Floats = NDArray[np.float64]
LEVELS = [0.0, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 100.0]
POINTS = 96
"""Held latents that are listened to."""

SECONDS = 0.25
"""Of each, once it has settled."""

BATCH = 8
_HANN = 1.5
"""Equivalent noise bandwidth of the window, in bins."""

_TELLING = 0.4
"""Correlation from which on a dimension is named after what it goes with."""


def draw(imported: Imported, count: int, seed: int = 0) -> Floats:
    """Latents as the training wished them, (count, dims)."""
    rng = np.random.default_rng(seed)
    if imported.latent == "codes":
        most = next(o.codes for o in imported.decoder if o.kind == "lookup")
        codes = imported.tensors[most or ""].shape[1]
        return np.asarray(rng.integers(0, codes, (count, imported.dims)), np.float64)
    if imported.latent == "angles":
        return _angles(rng.standard_normal((count, imported.dims + 1)))
    return rng.standard_normal((count, imported.dims))


def _angles(x: Floats) -> Floats:
    """Directions as the model format's `angles` writes them."""
    behind = np.sqrt(np.cumsum(x[:, ::-1] ** 2, axis=1)[:, ::-1])
    phi = 2 * np.arctan2(behind[:, 1:-1], x[:, :-2]) / np.pi
    last = np.mod(np.arctan2(x[:, -1:], x[:, -2:-1]) / np.pi, 2)
    return np.concatenate((phi, last), axis=1) - 1


def _listed(x: Any) -> Any:
    return np.round(np.asarray(x), 6).tolist()


def _radius(dims: int) -> float:
    """99th percentile of the chi distribution (Wilson & Hilferty 1931)."""
    return math.sqrt(dims * (1 - 2 / (9 * dims) + 2.326 * math.sqrt(2 / (9 * dims))) ** 3)


def statistics(imported: Imported, labels: list[str] | None = None) -> LatentStatistics:
    """Of latents drawn like that."""
    d = imported.dims
    z = draw(imported, 20_000)
    spread = z.std(axis=0) if imported.latent != "continuous" else np.ones(d)
    mean = z.mean(axis=0) if imported.latent != "continuous" else np.zeros(d)
    steps = np.diff([0.0, *imported.fidelity]) if imported.fidelity else np.full(d, 1 / d)
    return LatentStatistics(
        mean=_listed(mean),
        std=_listed(spread),
        covariance=_listed(np.diag(np.maximum(spread**2, 1e-12))),
        percentiles=Percentiles(at=LEVELS, values=_listed(np.percentile(z, LEVELS, axis=0).T)),
        explained=_listed(np.maximum(steps, 0)),
        labels=labels or [""] * d,
        known_radius=_radius(d),
    )


def level_and_brightness(audio: Audio, sample_rate: int) -> tuple[float, float]:
    """dBFS RMS after A-weighting, and the spectral centroid in Hz, of a steady sound."""
    size = 1 << max(8, min(11, int(math.log2(max(audio.shape[1], 256)))))
    power = np.mean([magnitudes(c, size) ** 2 for c in audio], axis=(0, 1)) / (2 * _HANN)
    hz = np.fft.rfftfreq(size, 1 / sample_rate).astype(np.float64)
    level = 10 * math.log10(float(power @ a_weight(hz) ** 2) + 1e-12)
    return level, float(power @ hz / (power.sum() + 1e-20))


def listen(
    model: Model, points: Floats, settle: int, progress: Callable[[float], None]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Level (dB) and brightness (Hz) of each point held.

    settle: samples until a held latent is heard alone. progress: told the share that is done.
    """
    frames = math.ceil(settle / model.hop) + 1
    last = math.ceil(SECONDS * model.sample_rate / model.hop)
    found = []
    for start in range(0, len(points), BATCH):
        z = points[start : start + BATCH].astype(np.float32)
        decoder = model.decoder(batch=len(z))
        audio = decoder(np.repeat(z[:, :, None], frames + last, axis=2))[:, :, frames * model.hop :]
        found += [level_and_brightness(each, model.sample_rate) for each in audio]
        progress((start + len(z)) / len(points))
    db, hz = np.asarray(found, np.float32).T
    return db, hz


def named(points: Floats, db: NDArray[Any], hz: NDArray[Any]) -> list[str]:
    """What each dimension goes with most (`loudness +0.72`), "" where with nothing much."""
    labels = []
    for column in points.T:
        found = {"loudness": _correlation(column, db), "brightness": _correlation(column, np.log(hz + 20))}
        best = max(found, key=lambda k: abs(found[k]))
        labels.append(f"{best} {found[best]:+.2f}" if abs(found[best]) >= _TELLING else "")
    return labels


def _correlation(a: Floats, b: NDArray[Any]) -> float:
    if a.std() < 1e-9 or b.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def loudness_tensors(points: Floats, db: NDArray[np.float32], hz: NDArray[np.float32]) -> Tensors:
    """The tensors that a description's `loudness` names."""
    return {
        "loudness_points": points.astype(np.float32),
        "loudness_db": db,
        "loudness_brightness": hz,
    }
