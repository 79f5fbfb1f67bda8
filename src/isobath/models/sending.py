"""A blob as it travels to a page: the same bytes, in an order that deflates well.

Weights are numbers whose first byte (sign, exponent, the highest bits) has few values and whose last is
nearly noise. Mixed, nothing can be made of it; apart, the first bytes deflate to about two thirds. So each
tensor goes as its highest bytes, then the next, and everything behind one deflate stream. Weights on a grid
(`isobath.models.grid`) go as whole numbers of steps, which have fewer bits yet. Nothing is rounded here: what
comes out in the page (web/src/net/unpack.ts) is what `pack` made, so a take sounds there as it does here.

    8 bytes          MAGIC, length of the blob (little-endian words)
    the rest         a raw deflate stream of the blob, its tensors in planes
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from isobath.errors import ModelDamaged

from .grid import exponent_of

MAGIC = 0x5A4F5349
"""ISOZ"""
_TENSORS, _TABLE = 9, 10
_HALF = 1


_GRID = 64
"""The fourth word in the table: 0, or, on the way, this and the exponent of a grid's step."""


def _table(blob: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The table of a blob's tensors, to be read and written."""
    words = blob[: len(blob) // 4 * 4].view("<u4")
    count, table = int(words[_TENSORS]), int(words[_TABLE]) // 4
    if table + 4 * count > len(words):
        raise ModelDamaged("A model's bytes end too soon. Get the file again, or export it anew.")
    return words[table : table + 4 * count].reshape(-1, 4)


def _part(blob: NDArray[np.uint8], kind: int, size: int, at: int) -> tuple[NDArray[np.uint8], int]:
    """A tensor's bytes, and how wide each number is."""
    width = 2 if kind == _HALF else 4
    part = blob[at : at + width * size]
    if len(part) != width * size:
        raise ModelDamaged("A model's bytes end too soon. Get the file again, or export it anew.")
    return part, width


def _apart(blob: bytes) -> bytes:
    """Each tensor's bytes put apart: those of whole steps where it lies on a grid, its own otherwise."""
    out = np.frombuffer(blob, dtype=np.uint8).copy()
    for row in _table(out):
        kind, size, at, _ = row.tolist()
        part, width = _part(out, kind, size, at)
        halves = part.copy().view("<f2") if kind == _HALF else None
        exponent = None if halves is None else exponent_of(halves)
        if halves is not None and exponent is not None:
            steps = np.ldexp(halves.astype(np.float64), -exponent).astype("<i2")
            part[:] = steps.view(np.uint8)
            # Zero has a sign, and the steps have none: such a tensor goes as it is.
            if np.array_equal(_halves(part, exponent), halves.view(np.uint16)):
                row[3] = _GRID + exponent
            else:
                part[:] = np.frombuffer(blob, dtype=np.uint8, count=len(part), offset=at)
        part[:] = part.reshape(size, width)[:, ::-1].T.ravel()
    return out.tobytes()


def _halves(steps: NDArray[np.uint8], exponent: int) -> NDArray[np.uint16]:
    """Whole steps as the bits of float16."""
    values = np.ldexp(steps.view("<i2").astype(np.float64), exponent)
    return np.asarray(values.astype("<f2").view(np.uint16))


def _together(sent: bytes) -> bytes:
    """And back."""
    out = np.frombuffer(sent, dtype=np.uint8).copy()
    for row in _table(out):
        kind, size, at, grid = row.tolist()
        part, width = _part(out, kind, size, at)
        part[:] = part.reshape(width, size).T[:, ::-1].ravel()
        if grid != 0:
            part[:] = _halves(part, grid - _GRID).view(np.uint8)
            row[3] = 0
    return out.tobytes()


def sent(blob: bytes) -> bytes:
    """What a page is sent of a blob (`isobath.models.pack.pack`)."""
    press = zlib.compressobj(6, zlib.DEFLATED, -15, 9)
    return b"".join((struct.pack("<2I", MAGIC, len(blob)), press.compress(_apart(blob)), press.flush()))


def received(data: bytes) -> bytes:
    """The blob again.

    Raises:
        ModelDamaged: it is none, or not whole.
    """
    if len(data) < 8 or struct.unpack_from("<I", data)[0] != MAGIC:
        raise ModelDamaged("These are not the bytes of a model as they are sent. Get them again.")
    (size,) = struct.unpack_from("<I", data, 4)
    try:
        blob = zlib.decompressobj(-15).decompress(data[8:], size)
    except zlib.error as error:
        raise ModelDamaged(f"A model did not arrive whole ({error}). Get it again.") from error
    if len(blob) != size:
        raise ModelDamaged(f"A model did not arrive whole ({len(blob)} of {size} bytes). Get it again.")
    return _together(blob)
