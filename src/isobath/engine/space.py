"""Where voices and sounds stand in a world, and what its places do to them (kernel/space/space.h).

What is told to the kernel is a list of floats and, whenever a voice is due, the pose that the gesture
means; the page tells the same (web/src/audio/space.ts). docs/engine.md, "Space".
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from ctypes import POINTER, c_float, c_int, c_void_p
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from isobath.engine.hills import EYES, Hills
from isobath.errors import KernelError, PieceError
from isobath.models import kernel
from isobath.models.coder import Model
from isobath.protocol.piece import Axis, Piece, SoundId
from isobath.protocol.world import Box, Carried, Landmark, World
from isobath.types import Audio, Gesture
from isobath.units import db_to_gain

VOICES, SOUNDS, BOXES = 8, 16, 16
PLACE_FLOATS, BOX_FLOATS = 8, 14
FLOATS = 10 + (VOICES + SOUNDS) * PLACE_FLOATS + BOXES * BOX_FLOATS
_PLACEMENTS = {"none": 0.0, "turn": 1.0, "head": 2.0}
_FILTERS = {"none": 0.0, "low": 1.0, "high": 2.0, "band": 3.0}
_NOWHERE = (0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0)
_QUICKEST, _SLOWEST = 0.005, 0.04
"""Seconds that the pose is smoothed over: a frame of the first voice, within these."""


def is_placed(world: World | None) -> bool:
    """Whether anything in a world asks for a space: without one, sound is made as if there were no world."""
    return world is not None and (
        world.placement != "none"
        or world.edge is not None
        or bool(world.boxes)
        or any(each.carries is not None for each in world.landmarks)
    )


def sounding(world: World) -> tuple[Landmark, ...]:
    """The landmarks that carry a sound of the library, at most SOUNDS of them, in their order."""
    found = [
        each
        for each in world.landmarks
        if each.carries is not None and each.carries.kind == "sound" and each.carries.sound is not None
    ]
    return tuple(found[:SOUNDS])


def settings_of(piece: Piece, frame_seconds: float) -> NDArray[np.float32]:
    """ib_space_settings of a piece's world, (FLOATS,). frame_seconds: a latent frame of the first voice."""
    world = piece.world or World()
    of_voice: dict[str, Landmark] = {}
    for each in world.landmarks:
        if each.carries is not None and each.carries.kind == "voice" and each.carries.voice is not None:
            of_voice.setdefault(each.carries.voice, each)
    axes = {axis.id for axis in piece.axes}
    sizes = zip(world.size, (world.axes.x, world.axes.y, world.axes.z), strict=True)
    half = [size / 2 if axis in axes else 0.0 for size, axis in sizes]
    edge, hills = world.edge, Hills(world)
    values: list[float] = [
        _PLACEMENTS[world.placement],
        world.spread / 720.0,
        min(_SLOWEST, max(_QUICKEST, frame_seconds)),
        *half,
        0.0 if edge is None else edge.metres,
        0.0 if edge is None else float(edge.known),
        0.0 if edge is None or edge.hum_db <= -100.0 else db_to_gain(edge.hum_db),
        float(len(world.boxes)),
    ]
    for voice in piece.voices[:VOICES]:
        values += _place(of_voice.get(voice.id), hills, False)
    values += _NOWHERE * (VOICES - len(piece.voices[:VOICES]))
    sounds = sounding(world)
    for each in sounds:
        values += _place(each, hills, True)
    values += _NOWHERE * (SOUNDS - len(sounds))
    for box in world.boxes[:BOXES]:
        values += (
            *_on_ground(box, hills),
            *box.size,
            box.fade,
            box.wet,
            box.decay,
            box.brightness,
            box.predelay,
            _FILTERS[box.filter],
            box.frequency,
            box.resonance,
        )
    values += [0.0] * (FLOATS - len(values))
    return np.array(values, dtype=np.float32)


def _on_ground(thing: Landmark | Box, hills: Hills) -> tuple[float, float, float]:
    """Where a thing is: one that stands is as high as it says above the ground there."""
    x, y, z = thing.position
    return (x, y + hills(x, z), z) if thing.stands else (x, y, z)


def _place(landmark: Landmark | None, hills: Hills, with_gain: bool) -> tuple[float, ...]:
    if landmark is None:
        return _NOWHERE
    carries = landmark.carries or Carried()
    radius = (landmark.size[0] + landmark.size[2]) / 4
    gain = db_to_gain(carries.gain_db) if with_gain else 1.0
    return (1.0, *_on_ground(landmark, hills), radius, carries.reference, carries.rolloff, gain)


@dataclass(frozen=True)
class _Part:
    """One part of the pose: which axis it comes from, and how."""

    axis: int | None
    size: float
    offset: float

    def of(self, gesture: Gesture) -> float:
        return 0.0 if self.axis is None else (float(gesture[self.axis]) + self.offset) * self.size


class Posing:
    """The pose that a gesture means: x, y, z in metres, azimuth and elevation in turns. Whom no axis lifts
    stands on the ground, if there is one."""

    def __init__(self, world: World, axes: Sequence[Axis]) -> None:
        index = {axis.id: i for i, axis in enumerate(axes)}
        along = world.axes
        ways = (
            (along.x, world.size[0], -0.5),
            (along.y, world.size[1], -0.5),
            (along.z, -world.size[2], -0.5),
            (along.azimuth, 1.0, 0.0),
            (along.elevation, 0.5, -0.5),
        )
        self._parts = [
            _Part(None if axis is None else index.get(axis), size, offset) for axis, size, offset in ways
        ]
        walks = world.ground.shown and self._parts[1].axis is None
        self._hills = Hills(world) if walks else None

    def __call__(self, gesture: Gesture) -> NDArray[np.float32]:
        pose = [part.of(gesture) for part in self._parts]
        if self._hills is not None:
            pose[1] = self._hills(pose[0], pose[2]) + EYES
        return np.array(pose, dtype=np.float32)


LoadSound = Callable[[SoundId, int], Audio]


@dataclass(frozen=True, eq=False)
class Placing:
    """What a piece asks of a space, with its sounds loaded."""

    piece: Piece
    frame_seconds: float
    sounds: tuple[Audio, ...]
    """(1 or 2, samples) each, at the player's rate."""


def placing_of(piece: Piece, frame_seconds: float, rate: int, load_sound: LoadSound | None) -> Placing | None:
    """None where nothing is placed. Raises PieceError, AudioError where a sound is not here."""
    if piece.world is None or not is_placed(piece.world):
        return None
    sounds = []
    for landmark in sounding(piece.world):
        assert landmark.carries is not None
        assert landmark.carries.sound is not None
        if load_sound is None:
            title = landmark.carries.title or landmark.label or landmark.id
            raise PieceError(f"A landmark of this world carries the sound {title}, which is not here.")
        sounds.append(np.ascontiguousarray(load_sound(landmark.carries.sound, rate)[:2], dtype=np.float32))
    return Placing(piece, frame_seconds, tuple(sounds))


@cache
def _library(level: int | None = None) -> ctypes.CDLL:
    library = kernel.library(level)
    p, i, floats = c_void_p, c_int, POINTER(c_float)
    for name, result, arguments in (
        ("space_bytes", i, [i]),
        ("space_init", i, [p, i, i, i]),
        ("space_set", floats, [p]),
        ("space_changed", None, [p]),
        ("space_pose", floats, [p]),
        ("space_sound", i, [p, i, p, i, i]),
        ("space_known", None, [p, i, p, p, p, i, c_float]),
        ("space_run", None, [p, p, p, i]),
        ("space_meters", floats, [p]),
        ("player_between", None, [p, p, p]),
        ("player_latent", floats, [p, i]),
        ("model_mean", p, [p]),
        ("model_whitening", p, [p]),
        ("model_known_radius", c_float, [p]),
    ):
        function = getattr(library, f"ib_{name}")
        function.restype, function.argtypes = result, arguments
    return library


@dataclass(frozen=True)
class SpaceMeters:
    """What the place does to the sound at this moment."""

    edge: float
    """0 inside, 1 at the very end."""
    wet: float
    filtered: float
    sounds: int
    """How many of the landmarks' sounds are heard."""


class Space:
    """Stands between the voices of a player and its master."""

    def __init__(self, channels: int, sample_rate: int, level: int | None = None) -> None:
        self.library = _library(level)
        size = self.library.ib_space_bytes(sample_rate)
        self._memory = kernel.block(kernel.checked(size))
        self.address = self._memory.ctypes.data
        kernel.checked(self.library.ib_space_init(self.address, size, channels, sample_rate))
        self._sounds: dict[int, Audio] = {}
        self._pose = np.ctypeslib.as_array(self.library.ib_space_pose(self.address), (5,))
        self._posing: Posing | None = None

    def place(self, placing: Placing) -> None:
        """Everything at once: settings, sounds, and which axes are the pose."""
        self.set(settings_of(placing.piece, placing.frame_seconds))
        self.walk(placing.piece.world or World(), placing.piece.axes)
        for number in range(SOUNDS):
            self.sound(number, placing.sounds[number] if number < len(placing.sounds) else None)

    def walk(self, world: World, axes: Sequence[Axis]) -> None:
        """From now on gestures are on these axes."""
        self._posing = Posing(world, axes)

    def set(self, settings: NDArray[np.float32]) -> None:
        """ib_space_settings, (FLOATS,)."""
        if settings.shape != (FLOATS,):
            raise KernelError(f"A space has {FLOATS} settings, not {settings.shape}.")
        into = np.ctypeslib.as_array(self.library.ib_space_set(self.address), (FLOATS,))
        into[:] = settings
        self.library.ib_space_changed(self.address)

    def pose(self, pose: Sequence[float] | NDArray[np.float32]) -> None:
        """x, y, z in metres, azimuth and elevation in turns; holds until the next."""
        self._pose[:] = pose

    def stand(self, gesture: Gesture) -> None:
        """Where a gesture is."""
        if self._posing is not None:
            self._pose[:] = self._posing(gesture)

    def sound(self, number: int, audio: Audio | None) -> None:
        """The sound of a place, (1 or 2, samples), looped from the reset on; None: none."""
        if audio is None or audio.shape[1] < 2:
            kernel.checked(self.library.ib_space_sound(self.address, number, None, 0, 0))
            self._sounds.pop(number, None)
            return
        kept = np.ascontiguousarray(audio, dtype=np.float32)
        channels, frames = kept.shape
        kernel.checked(self.library.ib_space_sound(self.address, number, kept.ctypes.data, channels, frames))
        self._sounds[number] = kept

    def know(self, player: int, slot: int, model: Model | None) -> None:
        """Where the latent of a voice leaves what its model knows, the world ends. player: its address."""
        if model is None:
            self.library.ib_space_known(self.address, slot, None, None, None, 0, 0.0)
            return
        at, library = model.kernel.address, self.library
        radius = library.ib_model_known_radius(at)
        mean, whitening = library.ib_model_mean(at), library.ib_model_whitening(at)
        latent = ctypes.cast(library.ib_player_latent(player, slot), c_void_p)
        usable = radius if math.isfinite(radius) and mean and whitening else 0.0
        library.ib_space_known(self.address, slot, mean, whitening, latent, model.dims, usable)

    @property
    def run(self) -> int:
        """Address of what the player calls."""
        return ctypes.cast(self.library.ib_space_run, c_void_p).value or 0

    def meters(self) -> SpaceMeters:
        m = self.library.ib_space_meters(self.address)
        return SpaceMeters(m[0], m[1], m[2], int(m[3]))
