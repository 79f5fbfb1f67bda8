"""Copies of the database, and what is done when the database itself is damaged.

A copy is made at start and every few minutes while something changes, with SQLite's own backup,
so it is whole even while the library is written to. If the database does not pass its check, it
is put aside, never deleted; the newest good copy takes its place, and every piece that can still
be read from the damaged file and is newer is carried over.
"""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from isobath.errors import IsobathError, SaveError
from isobath.library import history
from isobath.library.database import Damaged, connect
from isobath.library.files import sync_folder
from isobath.library.home import Home
from isobath.library.pieces import Pieces
from isobath.protocol.piece import Piece

KEPT = 5
"""Newest copies kept; of older ones, the last of each day."""

DAYS = 14


def copies(home: Home) -> list[Path]:
    """The copies, newest first. Their names sort by time."""
    return sorted(home.backups.glob("library-*.db"), reverse=True)


def back_up(connection: sqlite3.Connection, home: Home, now: float | None = None) -> Path | None:
    """Copy the database, unless the newest copy holds the same.

    Returns:
        The new copy, or None if nothing has changed.

    Raises:
        SaveError: the disk refuses.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(time.time() if now is None else now))
    target = home.backups / f"library-{stamp}.db"
    part = home.backups / f".{target.name}.part"
    newest = next(iter(copies(home)), None)
    if newest is not None and _same(connection, newest):
        return None
    try:
        part.unlink(missing_ok=True)
        with closing(sqlite3.connect(part)) as copy:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
        sync_folder(home.backups)
        _rotate(home)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise SaveError(f"The library could not be backed up to {home.backups} ({error}).") from error
    return target


def _fingerprint(connection: sqlite3.Connection) -> tuple[object, ...]:
    """Differs whenever something was saved."""
    row: tuple[object, ...] = connection.execute(
        "SELECT count(*), total(revision), max(changed), count(trashed) FROM pieces"
    ).fetchone()
    return row


def _same(connection: sqlite3.Connection, copy: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as other:
            return _fingerprint(other) == _fingerprint(connection)
    except sqlite3.Error:
        return False


def _rotate(home: Home) -> None:
    """Delete copies that are neither among the newest nor the last of a recent day."""
    found = copies(home)
    days: dict[str, Path] = {}
    for copy in found:
        days.setdefault(copy.name[8:16], copy)
    keep = {*found[:KEPT], *list(days.values())[:DAYS]}
    for copy in found:
        if copy not in keep:
            copy.unlink(missing_ok=True)


def open_or_recover(home: Home) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """Open the database, or what can be had in its place, with the sentences to tell.

    Raises:
        SaveError: the disk refuses.
        PieceNewer: written by a newer Isobath.
    """
    try:
        return connect(home.database), ()
    except Damaged:
        aside = _put_aside(home)
    used = _newest_good(home)
    connection = connect(home.database)
    saved = _salvage(aside, connection)
    sentence = f"The library file was damaged; it is kept as {aside.name}. "
    if used is not None:
        sentence += f"Isobath opened the backup of {_when(used)}"
        sentence += f" and carried over {saved} newer piece{'s' if saved != 1 else ''}." if saved else "."
    elif saved:
        sentence += f"Isobath read {saved} piece{'s' if saved != 1 else ''} from it into a new library."
    else:
        sentence += "There was no backup, so Isobath started a new library."
    return connection, (sentence,)


def _when(copy: Path) -> str:
    moment = time.strptime(copy.name[8:23], "%Y%m%d-%H%M%S")
    return time.strftime("%Y-%m-%d %H:%M UTC", moment)


def _put_aside(home: Home) -> Path:
    """Move the damaged database and its log to a name of their own."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    aside = home.root / f"damaged-{stamp}.db"
    try:
        for suffix in ("-wal", "-shm", ""):
            part = Path(f"{home.database}{suffix}")
            if part.exists():
                part.replace(f"{aside}{suffix}")
        sync_folder(home.root)
    except OSError as error:
        raise SaveError(f"The damaged library {home.database} cannot be put aside ({error}).") from error
    return aside


def _newest_good(home: Home) -> Path | None:
    """Put the newest copy that passes its check in the database's place."""
    for copy in copies(home):
        try:
            with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as source:
                if source.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                    continue
                with closing(sqlite3.connect(home.database)) as target:
                    source.backup(target)
                return copy
        except sqlite3.Error:
            home.database.unlink(missing_ok=True)
    return None


def _salvage(aside: Path, connection: sqlite3.Connection) -> int:
    """Carry over every piece that can still be read from the damaged file and is newer. Returns how many."""
    saved = 0
    into = Pieces(connection)
    with suppress(sqlite3.Error), closing(sqlite3.connect(aside, isolation_level=None)) as damaged:
        rows: list[tuple[str, int, int]] = []
        with suppress(sqlite3.Error):
            for row in damaged.execute("SELECT id, current, revision FROM pieces WHERE trashed IS NULL"):
                rows.append(row)  # noqa: PERF402  the rows before the damage are wanted
        for id, current, revision in rows:
            piece = _readable(damaged, current)
            with suppress(IsobathError):
                if piece is None or (into.holds(id) and into.revision(id) >= revision):
                    continue
                if into.holds(id):
                    into.change("salvage", into.acknowledged("salvage") + 1, piece, "Recovered")
                else:
                    into.add(piece, "Recovered")
                saved += 1
    return saved


def _readable(damaged: sqlite3.Connection, revision: int) -> Piece | None:
    try:
        return history.read(damaged, revision)
    except (sqlite3.Error, IsobathError, msgspec.MsgspecError):
        return None
