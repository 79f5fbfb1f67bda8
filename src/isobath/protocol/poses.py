"""Poses as bytes; `isobath.protocol.room` says what the bits mean."""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from isobath.protocol.room import POSE_BYTES

Floats = NDArray[np.float64]

_UP = struct.Struct("<BIIH")
_DOWN = struct.Struct("<IIHH")
_HEAD = struct.Struct("<BBH")
_MINE, _THEIRS = 1, 2
_X, _Z, _Y, _AZIMUTH, _ELEVATION = (1 << 20) - 1, (1 << 20) - 1, (1 << 16) - 1, 1 << 12, (1 << 10) - 1

HEAD_BYTES = _HEAD.size
MOST_IN_FRAME = 255


def write_pose(shares: Sequence[float], state: int = 0) -> bytes:
    """A page's frame. shares: x, y, z as shares 0..1 of the world, azimuth in turns, elevation
    -0.25..0.25 turns."""
    return _UP.pack(_MINE, *_words(shares, state))


def read_pose(data: bytes) -> tuple[tuple[float, float, float, float, float], int]:
    """Shares and state of a page's frame.

    Raises:
        ValueError: the bytes are none.
    """
    if len(data) != _UP.size or data[0] != _MINE:
        raise ValueError(f"{len(data)} bytes are no pose")
    _, a, b, y = _UP.unpack(data)
    return _shares(a, b, y), b & 3


def write_poses(shares: Floats, states: NDArray[np.integer], ids: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Poses (n, 5) as bytes (n, POSE_BYTES), to be put into frames."""
    kept = np.clip(shares, 0.0, 1.0)
    turn = np.rint(np.mod(shares[:, 3], 1.0) * _AZIMUTH).astype(np.uint32) & (_AZIMUTH - 1)
    tilt = np.rint(np.clip(2.0 * shares[:, 4] + 0.5, 0.0, 1.0) * _ELEVATION).astype(np.uint32)
    found = np.empty(len(shares), dtype=[("a", "<u4"), ("b", "<u4"), ("y", "<u2"), ("id", "<u2")])
    found["a"] = np.rint(kept[:, 0] * _X).astype(np.uint32) << 12 | turn
    found["b"] = np.rint(kept[:, 2] * _Z).astype(np.uint32) << 12 | tilt << 2 | states.astype(np.uint32) & 3
    found["y"] = np.rint(kept[:, 1] * _Y).astype(np.uint16)
    found["id"] = ids
    return found.view(np.uint8).reshape(len(shares), POSE_BYTES)


def write_frame(tick: int, poses: bytes, crowd: bytes = b"") -> bytes:
    """A frame of the server: poses (POSE_BYTES each) and what `write_crowd` made."""
    return _HEAD.pack(_THEIRS, len(poses) // POSE_BYTES, tick & 0xFFFF) + poses + crowd


def write_crowd(latents: Sequence[NDArray[np.floating]]) -> bytes:
    """The latent of each voice, for `write_frame`."""
    if not latents:
        return b""
    head = bytes((len(latents), *(len(each) for each in latents)))
    return head + np.concatenate([np.asarray(each, "<f2") for each in latents]).tobytes()


def read_frame(data: bytes) -> tuple[int, dict[int, tuple[float, ...]], list[NDArray[np.float16]]]:
    """Tick, (x, y, z, azimuth, elevation, state) of each id, and the crowd's latents; for clients in Python.

    Raises:
        ValueError: the bytes are no frame.
    """
    kind, count, tick = _HEAD.unpack_from(data)
    end = _HEAD.size + count * POSE_BYTES
    if kind != _THEIRS or len(data) < end:
        raise ValueError(f"{len(data)} bytes are no frame of {count} walkers")
    poses: dict[int, tuple[float, ...]] = {
        number: (*_shares(a, b, y), float(b & 3))
        for a, b, y, number in _DOWN.iter_unpack(data[_HEAD.size : end])
    }
    crowd: list[NDArray[np.float16]] = []
    if len(data) > end:
        dims = data[end + 1 : end + 1 + data[end]]
        floats = np.frombuffer(data, "<f2", offset=end + 1 + data[end])
        for each in dims:
            crowd.append(floats[:each])
            floats = floats[each:]
    return tick, poses, crowd


def _words(shares: Sequence[float], state: int) -> tuple[int, int, int]:
    x, y, z, azimuth, elevation = shares
    turn = round(azimuth % 1.0 * _AZIMUTH) & (_AZIMUTH - 1)
    tilt = round(_within(2.0 * elevation + 0.5) * _ELEVATION)
    a = round(_within(x) * _X) << 12 | turn
    return a, round(_within(z) * _Z) << 12 | tilt << 2 | state & 3, round(_within(y) * _Y)


def _shares(a: int, b: int, y: int) -> tuple[float, float, float, float, float]:
    tilt = (b >> 2 & _ELEVATION) / _ELEVATION
    return (a >> 12) / _X, y / _Y, (b >> 12) / _Z, (a & (_AZIMUTH - 1)) / _AZIMUTH, 0.5 * tilt - 0.25


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)
