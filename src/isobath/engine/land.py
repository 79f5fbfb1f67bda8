"""The ground of a world, by playing it: how loud, how bright and how new the sound is at each place.

What is measured at a place is the latent there, shaped and held still (`isobath.engine.surveying`). New is
a place whose sound differs much from its neighbours': walkers of paper 004 (section 3.3) call such places
hinge points, "not visual, but sonorous".
"""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.engine.apart import is_ours
from isobath.engine.controls import VoiceControls
from isobath.engine.surveying import Cancelled, Ground, fingerprint, sounds_held, steady_loudness
from isobath.engine.voices import Played
from isobath.protocol.piece import Voice
from isobath.protocol.world import LandSurvey, World
from isobath.sound.spectrum import third_octaves

Floats = NDArray[np.float64]

COLUMNS = ROWS = 21
LOWEST_HZ = 50.0
_FLOOR_DB = -70.0
"""Below this, in any band, everything sounds the same."""
_VERSION = 1


def land_fingerprint(
    voice: Voice, leader: Voice | None, world: World, ids: tuple[str, ...], rest: tuple[float, ...]
) -> str:
    """Of everything that the ground depends on."""
    said = [_VERSION, fingerprint(voice, leader, len(ids)), world.axes.x, world.axes.z, world.size, ids, rest]
    return hashlib.sha256(msgspec.msgpack.encode(said, order="deterministic")).hexdigest()[:16]


def places(x: int, z: int, rest: tuple[float, ...]) -> Floats:
    """The points (ROWS * COLUMNS, axes) of the ground, row by row from the north (1) to the south (0)."""
    found = np.tile(np.asarray(rest, dtype=np.float64), (ROWS * COLUMNS, 1))
    found[:, x] = np.tile(np.linspace(0.0, 1.0, COLUMNS), ROWS)
    found[:, z] = np.repeat(np.linspace(1.0, 0.0, ROWS), COLUMNS)
    return found


def survey_land(
    voice: Voice,
    played: Played,
    world: World,
    ids: tuple[str, ...],
    rest: tuple[float, ...],
    leader: Voice | None = None,
    cancelled: Cancelled = lambda: False,
) -> LandSurvey | None:
    """Measure the ground; None where walking changes nothing, or the model is not ours to play.

    ids: the axes of the piece; rest: where they lie, one value each. Raises SurveyCancelled.
    """
    axes = world.axes
    if axes.x not in ids or axes.z not in ids or axes.x is None or axes.z is None:
        return None
    if (played.mapping is None and played.leader is None) or not is_ours(played.model):
        return None
    points = places(ids.index(axes.x), ids.index(axes.z), rest)
    ground = Ground(played, VoiceControls(voice.shaping), cancelled)
    latents = ground.shaped(np.array([played.latent(point) for point in points]))
    rate = played.model.sample_rate
    loudness, bands = np.empty(len(points)), []
    for start, sounds in sounds_held(played.model, latents, cancelled):
        loudness[start : start + len(sounds)] = steady_loudness(sounds, rate)
        bands += [third_octaves(sound, rate, sound.shape[-1] / rate)[0] for sound in sounds]
    levels = np.maximum(np.array(bands), _FLOOR_DB)
    return LandSurvey(
        columns=COLUMNS,
        rows=ROWS,
        loudness=_whole(10 * np.maximum(loudness, _FLOOR_DB)),
        brightness=_whole(100 * brightness(levels)),
        novelty=_whole(100 * novelty(levels, world)),
        of=land_fingerprint(voice, leader, world, ids, rest),
    )


def brightness(levels: Floats) -> Floats:
    """Where the energy of third-octave levels (n, bands) lies, in octaves above 50 Hz."""
    power = 10 ** (levels / 10) - 10 ** (_FLOOR_DB / 10)
    octaves = (np.arange(levels.shape[1]) + 0.5) / 3
    # Of amplitudes: of power alone, the loudest partial would be all that counts.
    amplitude = np.sqrt(np.maximum(power, 0.0)) + 1e-9
    return np.asarray((amplitude * octaves).sum(axis=1) / amplitude.sum(axis=1), dtype=np.float64)


def novelty(levels: Floats, world: World) -> Floats:
    """How fast the sound changes at each place, in dB a metre: third-octave levels (n, bands) against the
    four places around, root of the mean over the bands."""
    grid = levels.reshape(ROWS, COLUMNS, -1)
    across, down = world.size[0] / (COLUMNS - 1), world.size[2] / (ROWS - 1)
    found = np.zeros((ROWS, COLUMNS))
    count = np.zeros((ROWS, COLUMNS))
    for axis, metres in ((1, across), (0, down)):
        change = np.sqrt((np.diff(grid, axis=axis) ** 2).mean(axis=2)) / metres
        for side in (slice(None, -1), slice(1, None)):
            at = (slice(None), side) if axis == 1 else (side, slice(None))
            found[at] += change
            count[at] += 1
    return (found / count).ravel()


def _whole(values: Floats) -> tuple[int, ...]:
    return tuple(np.rint(values).astype(int).tolist())
