"""Demonstrations from play-along: a sound plays, the performer mimes it, and every moment shows which gesture
goes with which latent. What is kept of them are a few places that stand for all.

Hands are late. How much is measured: at the right shift, moments with like gestures have like sounds.
Then moments are gathered around the places that lie furthest apart, in gesture and sound together, and
each place becomes the mean of its moments. Where one gesture met different sounds there is one place with
their mean, because no mapping could reach both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LatentAt = Callable[[Floats], Floats]
"""Seconds (n,) since the sound began -> latents (n, dims)."""

MOMENTS_A_SECOND = 20.0
MOST_MOMENTS = 1200

LAGS = np.arange(-5, 31) * 0.02
"""Seconds by which hands may be behind, or ahead of, a sound they know."""

APART_SECONDS = 0.6
"""Moments nearer to each other in time are alike whatever the shift."""

BETTER = 0.9
"""A shift is believed in if it leaves less than this share of the misfit."""

NEAR_GESTURE = 0.08
"""Axes' lengths, over all axes together, within which gestures are one place ..."""

NEAR_SOUND = 1.0
"""... if the sounds are, too: deviations of the model, root mean square over its dimensions."""

SAME_GESTURE = 0.03
"""Gestures so near that a mapping cannot tell them apart."""


@dataclass(frozen=True, eq=False)
class Mimed:
    """Places of a mimed sound, in the order in which they came."""

    points: Floats
    """(n, axes)"""
    latents: Floats
    """(n, dims)"""
    seconds: Floats
    """(n,) when, in the sound."""
    moments: NDArray[np.int64]
    """(n,) how many moments each stands for."""
    lag: float
    """Seconds by which the hands were behind."""
    conflicts: int
    """Places where like gestures met different sounds."""


def mimed(
    seconds: Floats,
    points: Floats,
    duration: float,
    latent_at: LatentAt,
    spread: Floats,
    most: int = 24,
) -> Mimed:
    """The places of a gesture that was at points[i] (axes,) from seconds[i] on while a sound of `duration`
    seconds played.

    spread: (dims,) deviations of the model's latents. most: places at most.
    """
    if len(seconds) == 0 or duration <= 0.0:
        return _none(points.shape[-1], len(spread))
    moments = min(MOST_MOMENTS, max(2, int(duration * MOMENTS_A_SECOND)))
    when = np.linspace(max(0.0, float(seconds[0])), duration, moments, endpoint=False)
    gestures = np.clip(points[np.maximum(0, np.searchsorted(seconds, when, side="right") - 1)], 0.0, 1.0)
    scale = np.maximum(spread, 1e-9)
    lag = _lag(when, gestures, duration, lambda t: latent_at(t) / scale)
    heard = when - lag
    inside = (heard >= 0.0) & (heard < duration)
    gestures, heard = gestures[inside], heard[inside]
    if len(heard) == 0:
        return _none(points.shape[-1], len(spread))
    latents = latent_at(heard)
    return _places(gestures, latents, latents / scale, heard, lag, most)


def _none(axes: int, dims: int) -> Mimed:
    return Mimed(np.zeros((0, axes)), np.zeros((0, dims)), np.zeros(0), np.zeros(0, dtype=np.int64), 0.0, 0)


def _lag(when: Floats, gestures: Floats, duration: float, sound_at: LatentAt) -> float:
    """Seconds by which the gestures are behind the sound; 0 where no shift explains them clearly better."""
    step = max(1, len(when) // 400)
    when, gestures = when[::step], gestures[::step]
    use = (when - LAGS[-1] >= 0.0) & (when - LAGS[0] < duration)
    when, gestures = when[use], gestures[use]
    if len(when) < 40:
        return 0.0
    apart = np.sqrt(((gestures[:, None] - gestures[None]) ** 2).sum(-1))
    apart[np.abs(when[:, None] - when[None]) < APART_SECONDS] = np.inf
    nearest = np.argsort(apart, axis=1)[:, :3]
    usable = np.isfinite(np.take_along_axis(apart, nearest, axis=1)).all(axis=1)
    if usable.sum() < 20:
        return 0.0
    misfits = np.empty(len(LAGS))
    for i, lag in enumerate(LAGS):
        sounds = sound_at(when - lag)
        told = sounds[nearest].mean(axis=1)
        misfits[i] = ((sounds - told)[usable] ** 2).mean() / max(1e-12, float(sounds.var(axis=0).mean()))
    best = int(np.argmin(misfits))
    none = int(np.argmin(np.abs(LAGS)))
    return float(LAGS[best]) if misfits[best] < BETTER * misfits[none] else 0.0


def _places(gestures: Floats, latents: Floats, sounds: Floats, heard: Floats, lag: float, most: int) -> Mimed:
    """Gather moments around the places that lie furthest apart."""
    both = np.hstack((gestures / NEAR_GESTURE, sounds / (NEAR_SOUND * np.sqrt(sounds.shape[1]))))
    centres = [int(np.argmin(((both - both.mean(0)) ** 2).sum(1)))]
    nearest = np.sqrt(((both - both[centres[0]]) ** 2).sum(1))
    owner = np.zeros(len(both), dtype=np.int64)
    while len(centres) < most and nearest.max() > 1.0:
        centre = int(np.argmax(nearest))
        distance = np.sqrt(((both - both[centre]) ** 2).sum(1))
        owner = np.where(distance < nearest, len(centres), owner)
        nearest = np.minimum(nearest, distance)
        centres.append(centre)
    members = [np.flatnonzero(owner == k) for k in range(len(centres))]
    members = [each for each in members if len(each)]
    members, conflicts = _merged(gestures, sounds, members)
    members.sort(key=lambda each: float(heard[each].min()))
    return Mimed(
        np.array([gestures[each].mean(0) for each in members]),
        np.array([latents[each].mean(0) for each in members]),
        np.array([heard[each].min() for each in members]),
        np.array([len(each) for each in members], dtype=np.int64),
        lag,
        conflicts,
    )


def _merged(
    gestures: Floats, sounds: Floats, members: list[NDArray[np.int64]]
) -> tuple[list[NDArray[np.int64]], int]:
    """Places whose gestures cannot be told apart become one; how often their sounds were different."""
    conflicts = 0
    merged: list[NDArray[np.int64]] = []
    for each in sorted(members, key=len, reverse=True):
        at = gestures[each].mean(0)
        for k, other in enumerate(merged):
            if np.sqrt(((gestures[other].mean(0) - at) ** 2).sum()) < SAME_GESTURE:
                difference = sounds[other].mean(0) - sounds[each].mean(0)
                conflicts += bool(np.sqrt((difference**2).mean()) > NEAR_SOUND)
                merged[k] = np.concatenate((other, each))
                break
        else:
            merged.append(each)
    return merged, conflicts
