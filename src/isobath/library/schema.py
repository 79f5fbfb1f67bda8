"""The tables, as the list of steps that lead to them.

A database carries the number of steps it has taken (`PRAGMA user_version`). Steps are only ever
added at the end, each in its own transaction, so any older library can be opened.
"""

import sqlite3

from isobath.errors import PieceNewer

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE pieces (
        id TEXT PRIMARY KEY,
        summary BLOB NOT NULL,          -- PieceSummary, MessagePack
        current INTEGER NOT NULL,       -- where in the history the piece stands
        revision INTEGER NOT NULL,      -- counts saved operations
        created REAL NOT NULL,
        changed REAL NOT NULL,
        opened REAL NOT NULL,
        trashed REAL
    ) STRICT;

    CREATE TABLE revisions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        piece TEXT NOT NULL REFERENCES pieces (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        parent INTEGER,                 -- undo goes there
        forward INTEGER,                -- redo goes there: the child that was left last
        label TEXT NOT NULL,            -- what led from the parent to here
        page TEXT NOT NULL,
        at REAL NOT NULL,
        body BLOB NOT NULL              -- the piece without its heavy parts, compressed
    ) STRICT;
    CREATE INDEX revisions_of_a_piece ON revisions (piece, id);

    CREATE TABLE parts (                -- takes and fitted mappings, each kept once
        sha256 BLOB PRIMARY KEY,
        body BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE uses (
        revision INTEGER NOT NULL REFERENCES revisions (id) ON DELETE CASCADE,
        part BLOB NOT NULL,
        PRIMARY KEY (revision, part)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX uses_of_a_part ON uses (part);

    CREATE TABLE pages (                -- the last operation of each page, so that none is done twice
        page TEXT PRIMARY KEY,
        number INTEGER NOT NULL,
        seen REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Take the steps this database has not taken yet.

    Raises:
        PieceNewer: a newer Isobath has taken steps this one does not know.
    """
    taken = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if taken > len(STEPS):
        raise PieceNewer(
            f"The library was last opened by a newer Isobath (its format is {taken}, this one knows "
            f"{len(STEPS)}). Update Isobath, or set ISOBATH_HOME to another folder."
        )
    for number, step in enumerate(STEPS[taken:], start=taken + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{step}\nPRAGMA user_version = {number};\nCOMMIT;")
