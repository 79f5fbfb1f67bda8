"""Which latent dimension carries what: heard in recordings, and heard when it is moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isobath.types import Audio

from .distances import decibels, log_mel
from .hearing import loudness_and_brightness, pitch
from .player import Player, hold

Floats = NDArray[np.floating[Any]]
QUALITIES = ("loudness", "brightness", "pitch")
_AUDIBLE_DB = -60.0


@dataclass(frozen=True)
class Axis:
    """One latent dimension.

    goes_with: rank correlation with loudness, brightness and pitch over the recordings, -1..1, nan
    where there was too little to compare. moves_db, moves_octaves, moves_mel_db: mean change of
    level, of brightness, and of the log-mel spectrum, when it alone goes from -2 to +2 deviations.
    """

    number: int
    goes_with: dict[str, float]
    moves_db: float
    moves_octaves: float
    moves_mel_db: float


def heard(audio: Audio, sample_rate: int, hop: int, frames: int, delay: int) -> dict[str, Floats]:
    """Loudness (dBFS(A)), log2 brightness and MIDI pitch (nan: none) around each latent frame."""
    size = max(1024, hop)
    padded = np.pad(audio, ((0, 0), (delay + size // 2, size)))
    level, centroid = loudness_and_brightness(padded, sample_rate, size, hop)
    every = max(1, 4096 // hop)
    hz, doubt = pitch(audio.mean(axis=0), sample_rate, hop * every)
    with np.errstate(divide="ignore"):
        midi = np.where((hz > 0) & (doubt < 0.15), 69 + 12 * np.log2(np.maximum(hz, 1e-9) / 440), np.nan)
    midi = np.repeat(midi, every)[:frames]
    return {
        "loudness": level[:frames],
        "brightness": np.log2(np.maximum(centroid[:frames], 1.0)),
        "pitch": np.pad(midi, (0, max(0, frames - len(midi))), constant_values=np.nan),
    }


def rank_correlation(a: Floats, b: Floats) -> float:
    """Spearman's, over places where both are known; nan where fewer than 20 are."""
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < 20:
        return float("nan")
    ranks = [np.argsort(np.argsort(x[known])).astype(np.float64) for x in (a, b)]
    if min(np.ptp(a[known]), np.ptp(b[known])) == 0:
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def correlations(latents: Floats, qualities: dict[str, Floats]) -> list[dict[str, float]]:
    """For each dimension of (frames, dims), how it goes with each quality where sound is audible."""
    audible = qualities["loudness"] > _AUDIBLE_DB
    found = []
    for z in latents.T:
        row = {"loudness": rank_correlation(z, qualities["loudness"])}
        for name in ("brightness", "pitch"):
            row[name] = rank_correlation(z[audible], qualities[name][audible])
        found.append(row)
    return found


def moved(model: Player, bases: Floats, centre: Floats, spread: Floats) -> list[tuple[float, float, float]]:
    """For each dimension: change of level (dB), brightness (octaves), log-mel (dB) from -2 to +2."""
    found = []
    rate = model.sample_rate
    for axis in range(model.dims):
        ends = []
        for side in (-2.0, 2.0):
            z = bases.copy()
            z[:, axis] = centre[axis] + side * spread[axis]
            ends.append(hold(model, z, 0.5)[:, :, rate // 5 :])
        marks = [_marks(end, rate) for end in ends]
        level, light = (float(np.mean(marks[1][i] - marks[0][i])) for i in (0, 1))
        mels = [np.stack([log_mel(x, rate).mean(axis=(0, 2)) for x in end]) for end in ends]
        found.append((level, light, decibels(mels[1] - mels[0])))
    return found


def _marks(sounds: Floats, rate: int) -> tuple[Floats, Floats]:
    pairs = [loudness_and_brightness(sound, rate, 2048, 2048) for sound in sounds]
    level = np.array([max(float(np.mean(a)), -80.0) for a, _ in pairs])
    light = np.array([float(np.log2(max(float(np.mean(b)), 1.0))) for _, b in pairs])
    return level, light


def carries(axes: list[Axis]) -> dict[str, tuple[int, float]]:
    """For each quality, the dimension (from 1) that goes with it most, and how much."""
    best: dict[str, tuple[int, float]] = {}
    for name in QUALITIES:
        known = [(abs(a.goes_with[name]), a) for a in axes if np.isfinite(a.goes_with[name])]
        if known:
            _, axis = max(known, key=lambda pair: pair[0])
            best[name] = (axis.number, axis.goes_with[name])
    return best
