"""The example pieces that come with Isobath: read-only, opened as copies."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

import msgspec

from isobath.errors import PieceDamaged, PieceUnknown
from isobath.library.pieces import fresh_id
from isobath.library.stored import summarise
from isobath.protocol.messages import PieceSummary
from isobath.protocol.piece import Piece


@cache
def _all() -> Mapping[str, Piece]:
    """Every example by its id, in the order of their file names."""
    found: dict[str, Piece] = {}
    folder = resources.files("isobath.library") / "examples"
    if not folder.is_dir():
        return found
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".json"):
            try:
                piece = msgspec.json.decode(file.read_bytes(), type=Piece)
            except msgspec.DecodeError as error:
                raise PieceDamaged(
                    f"The example {file.name} cannot be read ({error}). Install Isobath again."
                ) from error
            found[piece.id] = piece
    return MappingProxyType(found)


def examples() -> tuple[PieceSummary, ...]:
    """One line for each example."""
    lines = (summarise(piece, created=0.0, changed=0.0) for piece in _all().values())
    return tuple(msgspec.structs.replace(line, example=True) for line in lines)


def is_example(id: str) -> bool:
    """Whether an id belongs to an example."""
    return id in _all()


def read_example(id: str) -> Piece:
    """An example as it came.

    Raises:
        PieceUnknown: no such example.
    """
    try:
        return _all()[id]
    except KeyError:
        raise PieceUnknown(f"There is no example {id!r}. `isobath pieces list` names them.") from None


def copy_of(id: str) -> Piece:
    """An example as a fresh piece of the person's own."""
    return msgspec.structs.replace(read_example(id), id=fresh_id())
