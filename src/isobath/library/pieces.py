"""The pieces in the library: listed, opened, changed, undone, put in the trash.

Every method is one transaction: it has happened when it returns, or not at all when it raises.
"""

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Literal, TypeVar

import msgspec

from isobath.errors import SaveError
from isobath.library import history, standing
from isobath.library.database import refusal, transaction
from isobath.library.merging import merged
from isobath.library.standing import Applied
from isobath.library.stored import check
from isobath.protocol.messages import Opened, PieceSummary
from isobath.protocol.piece import Piece

T = TypeVar("T")


def fresh_id() -> str:
    """A short random identifier."""
    return secrets.token_urlsafe(9)


class Pieces:
    """All pieces of one library. Methods may be called from any thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.RLock()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, transaction(self._connection) as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise refusal(error) from error

    # ------------------------------------------------------------------------------- looking

    def list(self, *, trash: bool = False) -> tuple[PieceSummary, ...]:
        """All pieces, the one changed last first; those in the trash only if asked for."""
        with self._reading() as connection:
            rows = connection.execute("SELECT summary, trashed FROM pieces ORDER BY changed DESC").fetchall()
        found = []
        for summary, trashed in rows:
            if trash or trashed is None:
                line = msgspec.msgpack.decode(summary, type=PieceSummary)
                found.append(msgspec.structs.replace(line, trashed=trashed is not None))
        return tuple(found)

    def last_played(self) -> str | None:
        """The id of the piece opened or changed last."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT id FROM pieces WHERE trashed IS NULL ORDER BY max(opened, changed) DESC LIMIT 1"
            ).fetchone()
        return None if row is None else str(row[0])

    def acknowledged(self, page: str) -> int:
        """The highest number this page has had applied; 0 for a page never seen."""
        with self._reading() as connection:
            row = connection.execute("SELECT number FROM pages WHERE page = ?", (page,)).fetchone()
        return 0 if row is None else int(row[0])

    def holds(self, piece: str) -> bool:
        """Whether there is such a piece, trash included."""
        with self._reading() as connection:
            return standing.find(connection, piece) is not None

    def revision(self, piece: str) -> int:
        """How many operations have been saved.

        Raises:
            PieceUnknown: no such piece.
        """
        with self._reading() as connection:
            return standing.known(connection, piece).revision

    def read(self, piece: str) -> Piece:
        """The piece as it stands, without its history.

        Raises:
            PieceUnknown: no such piece.
        """
        with self._reading() as connection:
            return history.read(connection, standing.known(connection, piece).current)

    def look(self, piece: str) -> Opened:
        """The piece as it stands, with its history.

        Raises:
            PieceUnknown: no such piece.
            PieceDamaged: it cannot be read.
        """
        with self._reading() as connection:
            place = standing.known(connection, piece)
            return Opened(
                piece=history.read(connection, place.current),
                revision=place.revision,
                history=history.stacks(connection, place.current),
            )

    def open(self, piece: str) -> Opened:
        """Like `look`; and the piece counts as the one played last.

        Raises:
            PieceUnknown: no such piece.
            PieceDamaged: it cannot be read.
        """
        opened = self.look(piece)
        with suppress(SaveError), self._writing() as connection:  # a full disk keeps nobody from playing
            connection.execute("UPDATE pieces SET opened = ? WHERE id = ?", (time.time(), piece))
        return opened

    # ------------------------------------------------------------------------------ changing

    def change(
        self,
        page: str,
        number: int,
        piece: Piece,
        label: str,
        *,
        joins: bool = False,
        base: Piece | None = None,
        diverged: bool = False,
    ) -> Applied:
        """Write down a changed piece as the newest revision. An unknown piece is taken in as new,
        one in the trash comes back out of it: what a person works on is never refused for that.
        `base`: what the page had changed it from; where another page wrote meanwhile, or the page had
        `diverged` already, both changes are kept.

        Raises:
            PieceDamaged: the piece holds something that could not be opened again.
            SaveError: the disk refuses; nothing has changed.
        """
        check(piece)
        with self._writing() as connection:
            place = standing.find(connection, piece.id)
            if standing.repeats(connection, page, number):
                return Applied(0 if place is None else place.revision, repeated=True)
            both = None
            if place is not None and base is not None:
                both = _both(connection, place, page, base, piece, diverged)
            if both is None:
                return standing.put(connection, place, piece, label, page, joins=joins)
            applied = standing.put(connection, place, both, label, page)
            return replace(applied, merged=both)

    def step(
        self, way: Literal["undo", "redo"], page: str, number: int, id: str, piece: Piece | None
    ) -> Applied:
        """Undo or redo. If the history leads elsewhere than to `piece`, the page is right: what it shows
        becomes a change of its own. Without a piece the history alone decides.

        Raises:
            PieceUnknown: no such piece.
            SaveError: the disk refuses; nothing has changed.
        """
        if piece is not None:
            check(piece)
        with self._writing() as connection:
            place = standing.find(connection, id)
            if standing.repeats(connection, page, number):
                return Applied(0 if place is None else place.revision, repeated=True)
            if place is None and piece is not None:
                return standing.put(connection, None, piece, way.capitalize(), page)
            place = standing.known(connection, id)
            label, target = standing.target(connection, place, way)
            found = None if target is None else history.read(connection, target)
            if piece is not None and found != piece:
                return standing.put(connection, place, piece, label, page)
            if target is not None and found is not None:
                return standing.stand(connection, place, target, found, label)
            return Applied(place.revision, label=label)

    # ------------------------------------------------------------------------- whole pieces

    def add(self, piece: Piece, label: str = "New piece") -> Piece:
        """Take in a piece that is not in the library; it gets a new id if its own is taken.

        Raises:
            PieceDamaged, PieceNewer: it could not be opened again.
            SaveError: the disk refuses.
        """
        check(piece)
        with self._writing() as connection:
            if standing.find(connection, piece.id) is not None:
                piece = msgspec.structs.replace(piece, id=fresh_id())
            standing.put(connection, None, piece, label, "")
        return piece

    def rename(self, page: str, id: str, name: str) -> Applied:
        """Give a piece another name: a change like any other, without a number.

        Raises:
            PieceUnknown: no such piece.
        """
        with self._writing() as connection:
            place = standing.known(connection, id)
            piece = msgspec.structs.replace(history.read(connection, place.current), name=name)
            return standing.put(connection, place, piece, f"Rename to {name}", page)

    def trash(self, id: str) -> None:
        """Put a piece in the trash, history and all.

        Raises:
            PieceUnknown: no such piece.
        """
        with self._writing() as connection:
            standing.known(connection, id)
            connection.execute("UPDATE pieces SET trashed = ? WHERE id = ?", (time.time(), id))

    def restore(self, id: str) -> None:
        """Take a piece out of the trash.

        Raises:
            PieceUnknown: no such piece.
        """
        with self._writing() as connection:
            standing.known(connection, id)
            connection.execute("UPDATE pieces SET trashed = NULL WHERE id = ?", (id,))

    def erase(self, id: str) -> None:
        """Take a piece and its history out of the library for good.

        Raises:
            PieceUnknown: no such piece.
        """
        with self._writing() as connection:
            standing.known(connection, id)
            connection.execute("DELETE FROM pieces WHERE id = ?", (id,))
            history.sweep(connection)

    def empty_trash(self) -> int:
        """Take every piece in the trash out of the library for good, histories and all; how many."""
        with self._writing() as connection:
            count = connection.execute("DELETE FROM pieces WHERE trashed IS NOT NULL").rowcount
            history.sweep(connection)
        return count

    def alone(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with the database while no other method does."""
        with self._lock:
            return act(self._connection)


def _both(
    connection: sqlite3.Connection,
    place: standing.Place,
    page: str,
    base: Piece,
    piece: Piece,
    diverged: bool,
) -> Piece | None:
    """What others did since `base` and what became of it in `piece`; None where `piece` is all of it."""
    here = history.node(connection, place.current)
    if here is None or (here.page == page and not diverged):
        return None
    current = history.read(connection, place.current)
    found = piece if current == base else merged(base, piece, current)
    return None if found == piece else found
