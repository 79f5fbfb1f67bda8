"""The history of a piece: a tree of revisions and the place where the piece stands in it.

Each revision knows its parent, where undo goes, and the child that was left last, where redo
goes. A change after an undo starts a new branch; the old one stays until it is pruned. All
functions run inside a transaction of the caller.
"""

import re
import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from isobath.errors import PieceDamaged
from isobath.library.stored import Body, Hash, Parts, assemble, pack, unpack_body
from isobath.protocol.messages import HISTORY_BYTES, HISTORY_STEPS, History, Step
from isobath.protocol.piece import Piece

KEPT = 1000
"""Revisions kept per piece; beyond it the oldest go."""

SOUND_NAME = re.compile(rb"[0-9a-f]{64}")
"""What may be a sound's id, wherever it stands in a row."""

Revision = int
"""A row of `revisions`."""


@dataclass(frozen=True)
class Node:
    """A revision's place in the tree."""

    id: Revision
    parent: Revision | None
    forward: Revision | None
    label: str
    page: str
    at: float


def node(connection: sqlite3.Connection, revision: Revision) -> Node | None:
    """One revision's place, or None if it was pruned."""
    row = connection.execute(
        "SELECT id, parent, forward, label, page, at FROM revisions WHERE id = ?", (revision,)
    ).fetchone()
    return None if row is None else Node(*row)


def parts_in(connection: sqlite3.Connection) -> Parts:
    """The parts in a database."""

    def fetch(name: Hash) -> bytes | None:
        row = connection.execute("SELECT body FROM parts WHERE sha256 = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    return Parts(fetch)


def _body(connection: sqlite3.Connection, revision: Revision) -> tuple[Body, int]:
    """A revision's body and its size in bytes."""
    row = connection.execute("SELECT body FROM revisions WHERE id = ?", (revision,)).fetchone()
    if row is None:
        raise PieceDamaged(f"Revision {revision} of this piece is missing from the library.")
    return unpack_body(row[0])


def read(connection: sqlite3.Connection, revision: Revision, parts: Parts | None = None) -> Piece:
    """The piece as it was at a revision.

    Raises:
        PieceDamaged: it cannot be read.
    """
    return assemble(_body(connection, revision)[0], parts or parts_in(connection))


def _keep_parts(connection: sqlite3.Connection, revision: Revision, parts: Mapping[Hash, bytes]) -> None:
    for name, raw in parts.items():
        if connection.execute("SELECT 1 FROM parts WHERE sha256 = ?", (name,)).fetchone() is None:
            connection.execute(
                "INSERT INTO parts (sha256, body) VALUES (?, ?)", (name, zlib.compress(raw, 1))
            )
    connection.executemany(
        "INSERT OR IGNORE INTO uses (revision, part) VALUES (?, ?)", [(revision, name) for name in parts]
    )


def append(
    connection: sqlite3.Connection, piece: Piece, *, parent: Revision | None, label: str, page: str, at: float
) -> Revision:
    """Write a new revision below `parent`, which from now on redoes to it."""
    packed = pack(piece)
    cursor = connection.execute(
        "INSERT INTO revisions (piece, parent, label, page, at, body) VALUES (?, ?, ?, ?, ?, ?)",
        (piece.id, parent, label, page, at, packed.body),
    )
    revision = cursor.lastrowid
    assert revision is not None
    _keep_parts(connection, revision, packed.parts)
    if parent is not None:
        connection.execute("UPDATE revisions SET forward = ? WHERE id = ?", (revision, parent))
    return revision


def amend(connection: sqlite3.Connection, piece: Piece, revision: Revision, at: float) -> None:
    """Let a revision end elsewhere: the next piece of the same drag."""
    packed = pack(piece)
    connection.execute("UPDATE revisions SET body = ?, at = ? WHERE id = ?", (packed.body, at, revision))
    connection.execute("DELETE FROM uses WHERE revision = ?", (revision,))
    _keep_parts(connection, revision, packed.parts)


def leave(connection: sqlite3.Connection, here: Node) -> Revision | None:
    """Undo: the revision before this one, which remembers the way back. None at the beginning."""
    if here.parent is None or node(connection, here.parent) is None:
        return None
    connection.execute("UPDATE revisions SET forward = ? WHERE id = ?", (here.id, here.parent))
    return here.parent


def _chain(connection: sqlite3.Connection, start: Revision, way: str) -> list[Node]:
    """The nodes from `start` (excluded) along `parent` or `forward`."""
    found: list[Node] = []
    here = node(connection, start)
    while here is not None and len(found) < KEPT:
        onward = here.parent if way == "parent" else here.forward
        here = None if onward is None else node(connection, onward)
        if here is not None:
            found.append(here)
    return found


def stacks(connection: sqlite3.Connection, current: Revision) -> History:
    """The undo and redo stacks, as deep as they may travel."""
    here = node(connection, current)
    if here is None:
        return History()
    budget = HISTORY_BYTES
    parts = parts_in(connection)

    def steps(nodes: list[Node], labelled: list[Node]) -> tuple[Step, ...]:
        nonlocal budget
        taken: list[Step] = []
        for place, named in zip(nodes[:HISTORY_STEPS], labelled, strict=False):
            body, size = _body(connection, place.id)
            piece = assemble(body, parts)
            budget -= size + parts.size(body)
            if budget < 0:
                break
            taken.append(Step(label=named.label, piece=piece, at=named.at))
        return tuple(reversed(taken))

    back = _chain(connection, current, "parent")
    ahead = _chain(connection, current, "forward")
    undo = steps(back, [here, *back])
    redo = steps(ahead, ahead)
    return History(undo=undo, redo=redo, earlier=len(back) - len(undo))


def prune(connection: sqlite3.Connection, piece: str, current: Revision) -> None:
    """Forget the oldest revisions beyond KEPT, never the current one nor what can be redone."""
    count = connection.execute("SELECT count(*) FROM revisions WHERE piece = ?", (piece,)).fetchone()[0]
    if count <= KEPT:
        return
    precious = {current, *(each.id for each in _chain(connection, current, "forward"))}
    oldest = connection.execute(
        "SELECT id FROM revisions WHERE piece = ? ORDER BY id LIMIT ?", (piece, count - KEPT * 9 // 10)
    ).fetchall()
    connection.executemany(
        "DELETE FROM revisions WHERE id = ?", [row for row in oldest if row[0] not in precious]
    )
    sweep(connection)


def sweep(connection: sqlite3.Connection) -> None:
    """Forget parts that no revision uses any more."""
    connection.execute("DELETE FROM parts WHERE sha256 NOT IN (SELECT part FROM uses)")


def sounds_named(connection: sqlite3.Connection) -> set[str]:
    """Every sound that some revision of some piece may name, histories and trash included.

    Raises:
        PieceDamaged: a row cannot be read, so nobody knows what it names.
    """
    found: set[str] = set()
    for table in ("revisions", "parts"):
        for (body,) in connection.execute(f"SELECT body FROM {table}"):
            try:
                found.update(each.decode() for each in SOUND_NAME.findall(zlib.decompress(body)))
            except zlib.error as error:
                raise PieceDamaged(f"A row of the library cannot be read ({error}).") from error
    return found
