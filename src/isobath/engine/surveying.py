"""The safety map of a voice: how loud and how rough it is over the performance space, by playing it.

    found = survey(voices, slot, controls, demonstrations)     # a SafetyMap, or None

Up to four axes: a grid, coarse at first and finer where neighbours differ; what lies between alike
nodes is not played but drawn between them. More axes: the demonstrations and points scattered evenly, with a
smooth regression over them. Each place is shaped as the kernel shapes it (sliders, scale, bias and clamp;
noise and drift are left out), held still for two thirds of a second, and measured over the last 400 ms.

What a place may be is said by the demonstrations around it: as loud as they are, and HEADROOM_LU more. What
is louder is taken off, in full where foresight is 1. So a demonstrated sound is never touched, and a
performer who wants a loud place demonstrates it.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.engine.apart import InTime, is_ours, stand_in
from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.player import Player
from isobath.engine.voices import Played
from isobath.models.coder import USUAL_LUFS, Model
from isobath.protocol.piece import SafetyMap, Voice
from isobath.sound.loudness import biquads, loudness_of_energy
from isobath.sound.roughness import roughness

Floats = NDArray[np.float64]
Cancelled = Callable[[], bool]

HEADROOM_LU = 3.0
"""As much louder than the demonstrations around it a place may be."""
QUIETEST_LUFS = -26.0
"""No place has to be quieter than this, however quiet the demonstrations."""
MOST_DB = 48.0
ROUGHER_ASPER = 0.3
"""So much rougher than the roughest demonstration is told as rough."""

GRIDS = {1: (17, 2), 2: (9, 2), 3: (5, 1), 4: (3, 1)}
"""Nodes along each axis at first, and how often they may be doubled."""
SCATTERED = 480
GRIDS_APART = {1: (17, 0), 2: (7, 0), 3: (4, 0), 4: (3, 0)}
SCATTERED_APART = 96
"""Of a model of another program, which plays place after place in a process of its own: fewer."""
_ALIKE_LU, _ALIKE_ASPER = 2.0, 0.2
"""Between nodes that differ by less nothing is played."""
_FAINT_LUFS = -45.0
"""What is fainter is alike."""
_WARM_SECONDS, _HEARD_SECONDS = 0.25, 0.4
_BATCH = 16
_VERSION = 2


class SurveyCancelled(Exception):
    """Something newer is to be measured."""


@dataclass(frozen=True)
class Measured:
    """Of several latents held still: LUFS as heard on both sides, and asper (n each)."""

    loudness: Floats
    roughness: Floats


def fingerprint(voice: Voice, leader: Voice | None, axes: int) -> str:
    """Of everything that a voice's map depends on."""
    shaping = voice.shaping
    said = [
        _VERSION,
        axes,
        voice.model,
        [shaping.hold, shaping.held, shaping.scale, shaping.bias, shaping.clamp],
        [[each.point, each.muted] for each in voice.demonstrations],
        *[
            [each.model, each.side, each.fitted if each.side == "a" else each.fitted_other]
            for each in (voice, leader)
            if each is not None
        ],
    ]
    return hashlib.sha256(msgspec.msgpack.encode(said, order="deterministic")).hexdigest()[:16]


class Ground:
    """Places of the performance space -> how loud and rough the voice is there."""

    def __init__(self, played: Played, controls: VoiceControls, cancelled: Cancelled = lambda: False) -> None:
        self.played, self._cancelled = played, cancelled
        still = msgspec.structs.replace(controls.shaping, noise=(), drift=0.0, smoothing_seconds=0.0)
        self._shaper = Player(played.model.sample_rate, 2)
        self._shaper.put(0, played.model if is_ours(played.model) else stand_in(played.model))
        self._shaper.set(Controls((VoiceControls(still),)))
        self._shaper.reset(1)

    def shaped(self, latents: NDArray[np.floating]) -> NDArray[np.float32]:
        """What the decoder is given of latents (n, dims)."""
        found = np.empty((len(latents), self.played.model.dims), dtype=np.float32)
        for i, latent in enumerate(latents):
            self._shaper.incoming(0, latent)
            self._shaper.make(0)
            found[i] = self._shaper.latent(0)
        return found

    def at(self, points: NDArray[np.floating]) -> Measured:
        """Places (n, axes)."""
        latents = np.array([self.played.latent(point) for point in points])
        return held(self.played.model, self.shaped(latents), self._cancelled)


def held(model: Model, latents: NDArray[np.floating], cancelled: Cancelled = lambda: False) -> Measured:
    """How loud and how rough a model is while each latent (n, dims) is held. Raises SurveyCancelled."""
    loud, rough = np.empty(len(latents)), np.empty(len(latents))
    for start, sound in sounds_held(model, latents, cancelled):
        part = slice(start, start + len(sound))
        loud[part] = steady_loudness(sound, model.sample_rate)
        rough[part] = roughness(sound.mean(axis=1), model.sample_rate)
    return Measured(loud, rough)


def sounds_held(
    model: Model, latents: NDArray[np.floating], cancelled: Cancelled = lambda: False
) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """The last 400 ms of each latent (n, dims) held for two thirds of a second, a few at a time: number of
    the first, and sounds (some, channels, samples). Raises SurveyCancelled."""
    if not is_ours(model):
        yield from _held_apart(model, latents, cancelled)
        return
    rate = model.sample_rate
    frames = math.ceil((_WARM_SECONDS + _HEARD_SECONDS) * rate / model.hop)
    size = min(_BATCH, max(1, len(latents)))
    decoder = model.decoder(size)
    heard = round(_HEARD_SECONDS * rate)
    for start in range(0, len(latents), size):
        if cancelled():
            raise SurveyCancelled
        part = np.asarray(latents[start : start + size], dtype=np.float32)
        batch = np.zeros((size, model.dims, frames), dtype=np.float32)
        batch[: len(part)] = part[:, :, None]
        for voice in range(size):
            decoder.reset(voice, 1)
        yield start, np.nan_to_num(decoder(batch)[: len(part), :, -heard:], posinf=0.0, neginf=0.0)


def _held_apart(
    model: Model, latents: NDArray[np.floating], cancelled: Cancelled
) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """The same of a model of another program, one by one; what it answers late is waited for."""
    rate, decoder = model.sample_rate, model.decoder()
    frames = math.ceil(((_WARM_SECONDS + _HEARD_SECONDS) * rate + model.delay) / model.hop)
    heard = round(_HEARD_SECONDS * rate)
    for number, latent in enumerate(latents):
        if cancelled():
            raise SurveyCancelled
        decoder.reset(-1, 1)
        block = np.repeat(np.asarray(latent, dtype=np.float32)[:, None], frames, axis=1)
        sound = np.nan_to_num(decoder(block)[:, -heard:], posinf=0.0, neginf=0.0)
        yield number, sound[None]


def steady_loudness(sound: NDArray[np.floating], sample_rate: int) -> Floats:
    """LUFS of steady sounds (n, channels, samples), one channel heard on both sides."""
    samples = sound.shape[2]
    window, weights = _hearing(samples, sample_rate)
    power = np.abs(np.fft.rfft(sound * window, axis=2)) ** 2
    energy = (power * weights).sum(axis=2)  # not a matrix product: those ask for every core
    sides = energy.sum(axis=1) * (2 if sound.shape[1] == 1 else 1)
    return loudness_of_energy(sides)


@cache
def _hearing(samples: int, sample_rate: int) -> tuple[Floats, Floats]:
    """Window of a sound and K-weighting of the power of its bins."""
    window = np.hanning(samples)
    z = np.exp(-2j * np.pi * np.arange(samples // 2 + 1) / samples)
    response = np.ones(len(z), dtype=np.complex128)
    for numerator, denominator in biquads(sample_rate):
        response *= (numerator @ [z**0, z, z**2]) / (denominator @ [z**0, z, z**2])
    return window, 2 * np.abs(response) ** 2 / (samples * float((window**2).sum()))


def survey(
    voice: Voice,
    played: Played,
    axes: int,
    leader: Voice | None = None,
    cancelled: Cancelled = lambda: False,
) -> SafetyMap | None:
    """Measure a voice; None where a gesture changes nothing, or the model plays in bars.

    leader: the voice it follows in the end, if it follows one.
    Raises SurveyCancelled as soon as `cancelled` says so, some 50 ms at most after.
    """
    ours = is_ours(played.model)
    if played.mapping is None and played.leader is None:
        return None
    if not ours and isinstance(played.model.decoder(), InTime):
        return None
    ground = Ground(played, VoiceControls(voice.shaping), cancelled)
    shown = np.array(
        [each.point for each in voice.demonstrations if not each.muted and len(each.point) == axes]
    ).reshape(-1, axes)
    known = ground.at(shown) if len(shown) else None
    of = fingerprint(voice, leader, axes)
    if axes in GRIDS:
        shape, points, measured = _grid(ground, axes, *(GRIDS if ours else GRIDS_APART)[axes])
        nearness = 0.0
    else:
        points, measured = _scatter(ground, axes, shown, SCATTERED if ours else SCATTERED_APART)
        shape, nearness = (), _nearness(points, measured.loudness)
    loud_from = _allowed(points, shown, known, played.model)
    trim = -_beyond(measured.loudness - loud_from)
    rows = (10 * measured.loudness, 100 * measured.roughness, 10 * trim, 10 * loud_from)
    rough = known.roughness.max() if known is not None else float(np.median(measured.roughness))
    return SafetyMap(
        axes=axes,
        shape=shape,
        points=() if shape else tuple(_whole(1000 * point) for point in points),
        nearness=round(nearness, 6),
        slopes=() if shape else tuple(tuple(np.round(_slope(points, row), 3).tolist()) for row in rows),
        loudness=_whole(rows[0]),
        roughness=_whole(rows[1]),
        trim=_whole(rows[2]),
        loud_from=_whole(rows[3]),
        rough_from=round(100 * (float(rough) + ROUGHER_ASPER)),
        of=of,
    )


def _whole(values: Floats) -> tuple[int, ...]:
    return tuple(np.rint(values).astype(int).tolist())


def _beyond(over: Floats) -> Floats:
    """dB to take off what is `over` LU too loud: nothing below, all of it above, a soft bend between."""
    bent = np.where(over <= -1, 0.0, np.where(over >= 1, over, (over + 1) ** 2 / 4))
    return np.minimum(bent, MOST_DB)


def _allowed(points: Floats, shown: Floats, known: Measured | None, model: Model) -> Floats:
    """LUFS that each place may have: the mean energy of the demonstrations around it, weighed by nearness. In
    decibels, silences would count for more than what is to be heard. Without demonstrations: as loud as what
    the model learned from."""
    if known is None:
        both_sides = 3.0 if model.channels == 1 else 0.0
        usual = np.full(len(points), getattr(model, "match_lufs", USUAL_LUFS) + both_sides)
    else:
        squares = ((points[:, None, :] - shown[None]) ** 2).sum(axis=2) + 1e-4
        weights = 1.0 / squares**1.5
        usual = 10 * np.log10((weights @ 10 ** (known.loudness / 10)) / weights.sum(axis=1))
    return np.asarray(np.maximum(usual, QUIETEST_LUFS - HEADROOM_LU) + HEADROOM_LU, dtype=np.float64)


# ------------------------------------------------------------------ where to measure


def _grid(ground: Ground, axes: int, first: int, doublings: int) -> tuple[tuple[int, ...], Floats, Measured]:
    """A grid, measured coarsely, then between nodes that differ."""
    count = (first - 1) * 2**doublings + 1
    shape = (count,) * axes
    loud, rough = np.full(shape, np.nan), np.full(shape, np.nan)
    step = 2**doublings
    _fill(ground, count, list(itertools.product(range(0, count, step), repeat=axes)), loud, rough)
    while step > 1:
        half = step // 2
        asked = []
        for node in itertools.product(range(0, count, half), repeat=axes):
            if all(place % step == 0 for place in node):
                continue
            ends = [(place,) if place % step == 0 else (place - half, place + half) for place in node]
            corners = tuple(np.array(list(itertools.product(*ends))).T)
            around, rub = loud[corners], rough[corners]
            loud[node], rough[node] = around.mean(), rub.mean()
            if np.ptp(np.maximum(around, _FAINT_LUFS)) > _ALIKE_LU or np.ptp(rub) > _ALIKE_ASPER:
                asked.append(node)
        _fill(ground, count, asked, loud, rough)
        step = half
    nodes = np.linspace(0.0, 1.0, count)
    points = np.array(list(itertools.product(nodes, repeat=axes)))
    return shape, points, Measured(loud.ravel(), rough.ravel())


def _fill(ground: Ground, count: int, nodes: list[tuple[int, ...]], loud: Floats, rough: Floats) -> None:
    if not nodes:
        return
    found = ground.at(np.array(nodes) / (count - 1))
    for node, level, rub in zip(nodes, found.loudness, found.roughness, strict=True):
        loud[node], rough[node] = level, rub


def _scatter(ground: Ground, axes: int, shown: Floats, most: int) -> tuple[Floats, Measured]:
    """The demonstrations, and points spread evenly (generalised golden ratio, Roberts 2018)."""
    golden = 2.0
    for _ in range(60):
        golden = (1.0 + golden) ** (1.0 / (axes + 1))
    steps = golden ** -np.arange(1.0, axes + 1.0)
    count = max(most // 2, most - len(shown))
    spread = (0.5 + np.outer(np.arange(count), steps)) % 1.0
    points = np.round(np.concatenate([shown[:most], spread]), 3)
    return points, ground.at(points)


def _slope(points: Floats, values: Floats) -> Floats:
    """Of the plane through scattered values, by least squares with a trace of ridge."""
    centred = points - points.mean(axis=0)
    gram = centred.T @ centred + 1e-3 * len(points) * np.eye(points.shape[1])
    return np.asarray(np.linalg.solve(gram, centred.T @ (values - values.mean())), dtype=np.float64)


def _nearness(points: Floats, values: Floats) -> float:
    """1 / (2 width²) of the kernel that tells each distance from the plane best from the others."""
    missed = values - points @ _slope(points, values)
    squares = ((points[:, None, :] - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    nearest = squares.min(axis=1, keepdims=True)
    spacing = math.sqrt(float(np.median(nearest)))
    best, least = 1.0, math.inf
    for share in (0.25, 0.4, 0.6, 0.8, 1.0, 1.5):
        nearness = 1 / (2 * max(1e-3, share * spacing) ** 2)
        weights = np.exp(-np.minimum((squares - nearest) * nearness, 700.0))
        error = float((((weights @ missed) / weights.sum(axis=1) - missed) ** 2).sum())
        if error < least:
            best, least = nearness, error
    return best


def surveyed(
    voices: Sequence[Voice],
    played: Sequence[Played],
    slot: int,
    axes: int,
    cancelled: Cancelled = lambda: False,
) -> SafetyMap | None:
    """The map of one voice among those of a piece; see survey."""
    from isobath.engine.voices import leaders

    voice = voices[slot]
    ahead = leaders(voices).get(voice.id)
    leader = next((each for each in voices if each.id == ahead), None)
    return survey(voice, played[slot], axes, leader, cancelled)
