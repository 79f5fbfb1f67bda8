"""A space by itself, without a player: rows in, what is heard out."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from isobath.engine.space import Space, settings_of
from isobath.protocol.piece import Axis, Piece, Voice
from isobath.protocol.world import Carried, Landmark, WalkAxes, World

RATE = 48000
CELL = 16
AXES = tuple(Axis(id=id, name=id) for id in ("east", "up", "north", "facing", "gaze"))
EVERY = WalkAxes(x="east", y="up", z="north", azimuth="facing", elevation="gaze")
Pose = Sequence[float]
Floats = NDArray[np.float32]
HERE = (0.0, 0.0, 0.0, 0.0, 0.0)


def world(**more) -> World:  # type: ignore[no-untyped-def]
    more.setdefault("axes", EVERY)
    return World(**more)


def settings(of: World, voices: int = 1, frame_seconds: float = 0.005) -> Floats:
    made = tuple(Voice(id=f"v{i}", model="m") for i in range(voices))
    return settings_of(Piece(id="p", name="p", axes=AXES, voices=made, world=of), frame_seconds)


def standing(at: tuple[float, float, float], size: float = 0.0, **more) -> Landmark:  # type: ignore[no-untyped-def]
    """A landmark that carries the first voice."""
    width = max(size, 1e-3)
    carries = Carried(kind="voice", voice="v0", **more)
    return Landmark(id="it", position=at, size=(width, width, width), carries=carries)


def space(of: World | None = None, channels: int = 2, rate: int = RATE, voices: int = 1) -> Space:
    made = Space(channels, rate)
    made.set(settings(of or world(), voices))
    return made


def forget(made: Space) -> None:
    made.library.ib_space_run(made.address, None, None, 0)


def play(
    made: Space,
    voices: Floats,
    pose: Callable[[int], Pose] | Pose = HERE,
    cuts: Sequence[int] = (CELL,),
    channels: int = 2,
) -> Floats:
    """voices (voices, 2, samples) -> (channels, samples); the pose is written before each cut."""
    samples, at, turn = voices.shape[2], 0, 0
    out = np.zeros((channels, samples), np.float32)
    apart, mix = np.zeros((8, 2, CELL), np.float32), np.zeros((2, CELL), np.float32)
    while at < samples:
        n = min(cuts[turn % len(cuts)], CELL - at % CELL, samples - at)
        made.pose(pose(at) if callable(pose) else pose)
        apart[: len(voices), :, :n] = voices[:, :, at : at + n]
        made.library.ib_space_run(made.address, apart.ctypes.data, mix.ctypes.data, n)
        out[:, at : at + n] = mix[:channels, :n]
        at, turn = at + n, turn + 1
    return out


def played(of: World, voices: Floats, pose: Callable[[int], Pose] | Pose = HERE, **more) -> Floats:  # type: ignore[no-untyped-def]
    made = space(of, voices=len(voices))
    forget(made)
    return play(made, voices, pose, **more)


def noise(samples: int, sides: str = "lr", seed: int = 3) -> Floats:
    """(1, 2, samples); sides: which of both sound, the same on both where `mono`."""
    random = np.random.default_rng(seed)
    rows = (random.standard_normal((2, samples)) * 0.1).astype(np.float32)
    if sides == "mono":
        rows[1] = rows[0]
    elif sides in ("l", "r"):
        rows["rl".index(sides)] = 0
    return rows[None]


def sine(hertz: float, samples: int) -> Floats:
    row = (0.3 * np.sin(2 * np.pi * hertz * np.arange(samples) / RATE)).astype(np.float32)
    return np.stack([row, row])[None]


def level_db(x: Floats) -> float:
    return float(10 * np.log10(np.mean(np.square(x, dtype=np.float64)) + 1e-30))
