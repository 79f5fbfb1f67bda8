"""What the server and the process that sings for a room say to each other.

What goes to the process (`isobath.server.choir`) on stdin and comes from it on stdout are parts: a letter,
four bytes that count, and so many bytes.

    to      P  a piece and where its models lie, as JSON (`Sung`)
            W  everybody: how many, four bytes; then number, weight and one value an axis, 32-bit floats, a
            row each
    from    L  the shared latents, as `isobath.protocol.poses.write_crowd` has them, 15 times a second
            O  Ogg Vorbis
            T  a sentence: it cannot be made
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from isobath.protocol.piece import Piece

HEAD = struct.Struct("<cI")


class Sung(msgspec.Struct, frozen=True):
    """A piece for the choir."""

    piece: Piece
    places: dict[str, str]
    """The file of each model."""


def write_part(to: BinaryIO, letter: bytes, data: bytes) -> None:
    """One part, at once."""
    to.write(HEAD.pack(letter, len(data)) + data)
    to.flush()


def parts_of(come: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """All parts until the other side is gone."""
    while len(head := come.read(HEAD.size)) == HEAD.size:
        letter, length = HEAD.unpack(head)
        data = come.read(length)
        if len(data) < length:
            return
        yield letter, data
