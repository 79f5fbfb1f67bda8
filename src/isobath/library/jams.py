"""Sessions of the jam: a folder for each, as `isobath jam -o` writes them, so that either may go on with
what the other kept."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from isobath.errors import SaveError, ScoreError, SessionUnknown
from isobath.library.home import Home
from isobath.symbolic.jam.keeping import FILE, KeptJam, read_session, write_session

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
MOST_LISTED = 500


@dataclass(frozen=True)
class JamKept:
    """A session and when it was kept, in seconds since 1970."""

    id: str
    at: float
    session: KeptJam


class Jams:
    """All sessions of one library."""

    def __init__(self, home: Home) -> None:
        self._root = home.jams

    def folder(self, id: str) -> Path:
        """Where a session is, or would be, kept. Raises SessionUnknown: this is no name of one."""
        if not _ID.fullmatch(id):
            raise SessionUnknown(f"There is no session {id[:64]!r}: letters, digits, - and _ name one.")
        return self._root / id

    def all(self) -> list[JamKept]:
        """The newest first; what cannot be read is left out."""
        if not self._root.is_dir():
            return []
        found = [each for each in self._root.iterdir() if _ID.fullmatch(each.name)]
        dated = sorted(((_kept_at(each), each) for each in found), reverse=True)
        jams = []
        for at, folder in dated[:MOST_LISTED]:
            try:
                jams.append(JamKept(folder.name, at, read_session(folder)))
            except ScoreError:
                continue
        return jams

    def get(self, id: str) -> JamKept:
        """Raises SessionUnknown, or ScoreError where it is damaged."""
        folder = self.folder(id)
        if not (folder / FILE).is_file():
            raise SessionUnknown(f"There is no session {id}. It may have been deleted.")
        return JamKept(id, _kept_at(folder), read_session(folder))

    def find(self, wanted: str) -> JamKept:
        """By id, or the newest of a name. Raises SessionUnknown."""
        if _ID.fullmatch(wanted) and (self.folder(wanted) / FILE).is_file():
            return self.get(wanted)
        named = [each for each in self.all() if each.session.name == wanted]
        if not named:
            raise SessionUnknown(f'There is no session "{wanted}". isobath jam --sessions lists them.')
        return named[0]

    def keep(self, id: str, session: KeptJam) -> JamKept:
        """Write one, or write it anew. Raises SessionUnknown, SaveError."""
        folder = self.folder(id)
        write_session(folder, session)
        return JamKept(id, _kept_at(folder), session)

    def delete(self, id: str) -> None:
        """Raises SessionUnknown, SaveError."""
        folder = self.folder(id)
        if not folder.is_dir():
            raise SessionUnknown(f"There is no session {id}. It may have been deleted.")
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise SaveError(f"{folder} could not be deleted ({error.strerror}).") from error


def _kept_at(folder: Path) -> float:
    try:
        return (folder / FILE).stat().st_mtime
    except OSError:
        return 0.0
