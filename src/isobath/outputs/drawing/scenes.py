"""Four drawings of a sound, mark by mark as in web/src/look/scenes.ts.

A scene turns what was heard into lines and areas in a square of -1..1 about the middle of the picture;
x reaches further where the picture is wide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from isobath.sound.descriptors import SNAPSHOTS_A_SECOND, Snapshot

Colour = Literal["paper", "ink", "water", "mark", "deep"]
Floats = NDArray[np.float64]
TAU = 2 * math.pi


@dataclass(frozen=True, eq=False)
class Mark:
    """points (n, 2); width in halves of the picture's height (0.001 is a hair); alpha 0..1."""

    points: Floats
    closed: bool
    fill: Colour | None
    line: Colour | None
    width: float
    alpha: float


@dataclass(frozen=True)
class Moment:
    """past: the newest last, 30 a second. count: snapshots since the beginning. aspect: the picture's
    width over its height. gain: exaggeration, 1 as it is."""

    past: Sequence[Snapshot]
    count: int
    aspect: float
    gain: float = 1.0


Scene = Callable[[Moment], list[Mark]]


def _back(moment: Moment, snapshots: int) -> Snapshot | None:
    at = len(moment.past) - 1 - snapshots
    return moment.past[at] if at >= 0 else None


def _circle(r: float, line: Colour, width: float, alpha: float, x: float = 0.0, y: float = 0.0) -> Mark:
    angle = np.arange(72) / 72 * TAU
    points = np.stack((x + r * np.cos(angle), y + r * np.sin(angle)), axis=1)
    return Mark(points, True, None, line, width, alpha)


def isobaths(moment: Moment) -> list[Mark]:
    """Depth lines round a place: what sounds now is innermost, and goes outward as it gets older."""
    marks, lines, count = [], 26, moment.count
    angle = np.arange(144) / 144 * TAU
    b = np.arange(12)
    turns = np.cos(
        (b + 1)[:, None] * angle + (b * 2.4 + count * 0.002 * np.where(b % 2 == 1, 1, -1))[:, None]
    )
    for k in range(lines - 1, -1, -1):
        heard = _back(moment, k * 4)
        if heard is None:
            continue
        level = np.maximum(heard.bands[0:24:2], heard.bands[1:24:2])
        r = (0.1 + (k + count % 4 / 4) * 0.052) * (1 + 0.075 * moment.gain * (level**2 @ turns))
        points = np.stack((r * np.cos(angle) * (0.75 + 0.25 * moment.aspect), r * np.sin(angle)), axis=1)
        fade = 1 - k / lines
        line: Colour = "mark" if heard.onset > 0 else "ink" if k % 5 == 0 else "deep"
        width = (0.004 if k % 5 == 0 else 0.002) + 0.006 * heard.loudness * fade
        alpha = 0.2 + 0.7 * fade * (0.35 + 0.65 * heard.loudness)
        marks.append(Mark(points, True, "water" if k % 5 == 4 else None, line, width, alpha))
    return marks


def sounding(moment: Moment) -> list[Mark]:
    """A sounding line goes round: every direction a moment, its length the spectrum, onsets as rings."""
    marks = [_circle(ring * 0.22, "deep", 0.0015, 0.35) for ring in range(1, 5)]
    for age in range(len(moment.past) - 1, -1, -1):
        heard = moment.past[len(moment.past) - 1 - age]
        fade = 1 - age / 240
        angle = (moment.count - age) / 240 * TAU - TAU / 4
        way = np.array([math.cos(angle), math.sin(angle)])
        for b, level in enumerate(heard.bands * moment.gain):
            if level < 0.12:
                continue
            start = 0.1 + b * 0.026
            points = np.stack((way * start, way * (start + 0.03 * level)))
            alpha = min(1.0, level * level * 1.3) * fade * fade
            line: Colour = "mark" if age == 0 else "ink"
            marks.append(Mark(points, False, None, line, 0.004 + 0.012 * level * level, alpha))
        if heard.onset > 0 and age < 60:
            x, y = way * (0.1 + 0.83 * heard.brightness)
            marks.append(_circle(0.02 + age * 0.012, "mark", 0.004, heard.onset * (1 - age / 60), x, y))
    return marks


def wake(moment: Moment) -> list[Mark]:
    """The way through the latent space, seen from a place that slowly goes round it."""
    marks: list[Mark] = []
    turn = moment.count / SNAPSHOTS_A_SECOND * 0.15
    stretch = np.array([moment.aspect, 1.0])
    seen = [_projected(heard, turn, moment.gain) for heard in moment.past]
    for i in range(1, len(seen)):
        heard, fade = moment.past[i], (i / len(seen)) ** 1.5
        near = 1 + 0.35 * seen[i][2]
        points = np.stack((seen[i - 1][:2], seen[i][:2])) * stretch
        line: Colour = "mark" if i > len(seen) - 12 else "ink"
        width = (0.002 + 0.016 * heard.loudness**2) * near
        marks.append(Mark(points, False, None, line, width, fade * (0.15 + 0.85 * heard.loudness)))
        if heard.onset > 0:
            x, y = seen[i][:2] * stretch
            marks.append(_circle(0.012 + 0.04 * heard.onset, "mark", 0.003, fade, x, y))
    if seen:
        x, y = seen[-1][:2] * stretch
        marks.append(_circle(0.02, "mark", 0.006, 1.0, x, y))
    return marks


def _projected(heard: Snapshot, turn: float, gain: float) -> Floats:
    """Where a latent is drawn: x, y and how near. Without a latent, bands stand for it."""
    z = heard.latent if len(heard.latent) >= 2 else (heard.bands[:30].reshape(6, 5).mean(axis=1) - 0.35) * 5
    at = np.zeros(3)
    for d, value in enumerate(z):
        at[d % 3] += value / math.sqrt(1 + d // 3)
    c, s = math.cos(turn), math.sin(turn)
    x, depth = c * at[0] + s * at[2], c * at[2] - s * at[0]
    return np.tanh(np.array([x, at[1], depth]) * 0.42 * gain) * [0.9, -0.85, 1.0]


def tide(moment: Moment) -> list[Mark]:
    """Waves behind waves: every line is a spectrum, the newest in front."""
    marks: list[Mark] = []
    rows = 34
    along = np.arange(125) / 4
    b = np.minimum(30, along.astype(int))
    mix = (1 - np.cos((along - b) * np.pi)) / 2
    for row in range(rows - 1, -1, -1):
        heard = _back(moment, row * 3 + moment.count % 3)
        if heard is None:
            continue
        far = row / rows
        base, half = 0.86 - 1.45 * far**0.8, moment.aspect * (0.98 - 0.32 * far)
        level = heard.bands[b] * (1 - mix) + heard.bands[b + 1] * mix
        x = half * (2 * np.arange(125) / 124 - 1)
        wave = np.stack((x, base - level**2 * 0.5 * moment.gain * (1 - 0.6 * far)), axis=1)
        shore = np.array([[half, base + 0.06], [-half, base + 0.06]])
        marks.append(Mark(np.concatenate((wave, shore)), True, "paper", None, 0.0, 1.0))
        line: Colour = "mark" if row == 0 or heard.onset > 0 else "ink" if row % 5 == 0 else "deep"
        alpha = (1 - far) ** 0.7 * (0.35 + 0.65 * heard.loudness)
        marks.append(Mark(wave, False, None, line, 0.0022 + 0.004 * (1 - far), alpha))
    return marks


SCENES: dict[str, Scene] = {"isobaths": isobaths, "sounding": sounding, "wake": wake, "tide": tide}
"""By name, as in the page."""
