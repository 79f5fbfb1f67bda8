"""One SQLite database: opened for safety, written in whole transactions.

Write-ahead log with synchronous=FULL: a commit is on the disk before it is acknowledged, and a
process killed anywhere leaves the last committed state.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isobath.errors import PieceDamaged, SaveError
from isobath.library.schema import migrate

BUSY_SECONDS = 5.0
"""How long to wait while another Isobath writes to the same library."""


class Damaged(Exception):
    """The file is not a database, or its pages contradict each other. Never leaves this folder."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the database, check it, bring it up to date.

    Raises:
        Damaged: it cannot be trusted.
        SaveError: the disk refuses.
        PieceNewer: written by a newer Isobath.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise SaveError(f"The library {path} cannot be opened ({error}).") from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise Damaged(path)
        migrate(connection)
    except sqlite3.Error as error:
        connection.close()
        if _is_full(error):
            raise refusal(error) from error
        raise Damaged(path) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _is_full(error: sqlite3.Error) -> bool:
    """Whether the disk, not the database, is at fault. Extended codes keep the kind in their low byte."""
    kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return kind in {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    }


def refusal(error: sqlite3.Error) -> SaveError | PieceDamaged:
    """What to tell the musician when a statement failed."""
    kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if kind == sqlite3.SQLITE_FULL:
        return SaveError(
            "The disk is full, so the last change is not saved yet. Everything before it is; "
            "make room, and the page will save again by itself."
        )
    if kind in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return SaveError(
            "Another program holds the library, so the last change is not saved yet. "
            "Close the other Isobath; the page will save again by itself."
        )
    if kind in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return SaveError(
            "The library file is damaged, so the last change is not saved. Export the piece from the page, "
            "then start Isobath again: it opens the last good backup."
        )
    return SaveError(
        f"The disk refused the last change ({error}). Everything before it is saved; "
        "the page keeps the change and will try again."
    )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of it or none of it.

    Raises:
        SaveError: the disk refuses; the state before the transaction stands.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise refusal(error) from error
