"""A blob as it travels to a page: the same bytes, in an order that deflates well.

Weights are numbers whose first byte (sign, exponent, the highest bits) has few values and whose last is
nearly noise. Mixed, nothing can be made of it; apart, the first bytes deflate to about two thirds. So each
tensor goes as its highest bytes, then the next, and everything behind one deflate stream. Nothing is
rounded: what comes out in the page (web/src/net/unpack.ts) is what `pack` made, so a take sounds there as it
does here.

    8 bytes          MAGIC, length of the blob (little-endian words)
    the rest         a raw deflate stream of the blob, its tensors in planes
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from isobath.errors import ModelDamaged

MAGIC = 0x5A4F5349
"""ISOZ"""
_TENSORS, _TABLE = 9, 10
_HALF = 1


def _planes(blob: bytes, apart: bool) -> bytes:
    """The blob with each tensor's bytes put apart, or back together."""
    out = np.frombuffer(blob, dtype=np.uint8).copy()
    words = np.frombuffer(blob, dtype="<u4", count=len(blob) // 4)
    count, table = int(words[_TENSORS]), int(words[_TABLE]) // 4
    if table + 4 * count > len(words):
        raise ModelDamaged("A model's bytes end too soon. Get the file again, or export it anew.")
    for kind, size, at, _ in words[table : table + 4 * count].reshape(-1, 4).tolist():
        width = 2 if kind == _HALF else 4
        part = out[at : at + width * size]
        if len(part) != width * size:
            raise ModelDamaged("A model's bytes end too soon. Get the file again, or export it anew.")
        if apart:
            part[:] = part.reshape(size, width)[:, ::-1].T.ravel()
        else:
            part[:] = part.reshape(width, size).T[:, ::-1].ravel()
    return out.tobytes()


def sent(blob: bytes) -> bytes:
    """What a page is sent of a blob (`isobath.models.pack.pack`)."""
    press = zlib.compressobj(6, zlib.DEFLATED, -15, 9)
    return b"".join(
        (struct.pack("<2I", MAGIC, len(blob)), press.compress(_planes(blob, True)), press.flush())
    )


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
    return _planes(blob, False)
