"""Where each piece stands in its history, and the few ways in which that changes.

All functions run inside a transaction of the caller.
"""

import sqlite3
import time
from dataclasses import dataclass
from typing import Literal

import msgspec

from isobath.errors import PieceUnknown
from isobath.library import history
from isobath.library.stored import summarise
from isobath.protocol.messages import PieceSummary
from isobath.protocol.piece import Piece

PAGES_KEPT = 200
"""Pages whose last number is remembered; the ones unseen for longest are forgotten."""


@dataclass(frozen=True)
class Place:
    """Where a piece stands."""

    current: history.Revision
    revision: int
    created: float
    trashed: bool
    name: str


@dataclass(frozen=True)
class Applied:
    """An operation that is on the disk."""

    revision: int
    repeated: bool = False
    """It had been applied before; nothing happened."""
    label: str = ""
    listed: bool = False
    """The list of pieces reads differently now: a piece is new, back from the trash or renamed."""
    merged: Piece | None = None
    """What is on the disk, where others had changed the piece meanwhile."""


def find(connection: sqlite3.Connection, piece: str) -> Place | None:
    """Where a piece stands; None if there is no such piece."""
    row = connection.execute(
        "SELECT current, revision, created, trashed IS NOT NULL, summary FROM pieces WHERE id = ?",
        (piece,),
    ).fetchone()
    if row is None:
        return None
    name = msgspec.msgpack.decode(row[4], type=PieceSummary).name
    return Place(row[0], row[1], row[2], bool(row[3]), name)


def known(connection: sqlite3.Connection, piece: str) -> Place:
    """Where a piece stands. Raises PieceUnknown."""
    place = find(connection, piece)
    if place is None:
        raise PieceUnknown(f"There is no piece {piece!r} in the library. Open another one from the list.")
    return place


def target(
    connection: sqlite3.Connection, place: Place, way: Literal["undo", "redo"]
) -> tuple[str, history.Revision | None]:
    """Where undo or redo leads, and what to call it."""
    here = history.node(connection, place.current)
    if here is None:
        return way.capitalize(), None
    if way == "undo":
        return f"Undo {here.label}", history.leave(connection, here)
    ahead = None if here.forward is None else history.node(connection, here.forward)
    return ("Redo", None) if ahead is None else (f"Redo {ahead.label}", ahead.id)


def repeats(connection: sqlite3.Connection, page: str, number: int) -> bool:
    """Whether this page's operation was applied before; if not, it is from now on."""
    row = connection.execute("SELECT number FROM pages WHERE page = ?", (page,)).fetchone()
    if row is not None and row[0] >= number:
        return True
    connection.execute(
        "INSERT INTO pages (page, number, seen) VALUES (?, ?, ?) "
        "ON CONFLICT (page) DO UPDATE SET number = excluded.number, seen = excluded.seen",
        (page, number, time.time()),
    )
    if row is None:
        connection.execute(
            "DELETE FROM pages WHERE page NOT IN (SELECT page FROM pages ORDER BY seen DESC LIMIT ?)",
            (PAGES_KEPT,),
        )
    return False


def put(
    connection: sqlite3.Connection,
    place: Place | None,
    piece: Piece,
    label: str,
    page: str,
    *,
    joins: bool = False,
) -> Applied:
    """Make `piece` the newest revision and stand on it."""
    now = time.time()
    here = None if place is None else history.node(connection, place.current)
    if here is not None and joins and here.page == page and here.parent is not None and here.forward is None:
        history.amend(connection, piece, here.id, now)
        current = here.id
    else:
        parent = None if here is None else here.id
        current = history.append(connection, piece, parent=parent, label=label, page=page, at=now)
    if place is None:
        connection.execute(
            "INSERT INTO pieces (id, summary, current, revision, created, changed, opened) "
            "VALUES (?, x'', ?, 0, ?, ?, ?)",
            (piece.id, current, now, now, now),
        )
        place = Place(current, 0, now, False, "")
    applied = stand(connection, place, current, piece, label)
    if applied.revision % 50 == 0:
        history.prune(connection, piece.id, current)
    return applied


def stand(
    connection: sqlite3.Connection,
    place: Place,
    current: history.Revision,
    piece: Piece,
    label: str,
) -> Applied:
    """Let the piece stand on a revision, outside the trash."""
    now = time.time()
    summary = msgspec.msgpack.encode(summarise(piece, created=place.created, changed=now))
    connection.execute(
        "UPDATE pieces SET summary = ?, current = ?, revision = ?, changed = ?, trashed = NULL WHERE id = ?",
        (summary, current, place.revision + 1, now, piece.id),
    )
    listed = place.trashed or piece.name != place.name
    return Applied(place.revision + 1, label=label, listed=listed)
