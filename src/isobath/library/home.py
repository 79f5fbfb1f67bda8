"""Where things are kept on this machine."""

import os
from dataclasses import dataclass
from pathlib import Path

from isobath.errors import SaveError

VARIABLE = "ISOBATH_HOME"
"""Environment variable that names another folder to keep everything in."""


@dataclass(frozen=True)
class Home:
    """The folder that holds the library, and the places inside it."""

    root: Path

    @property
    def database(self) -> Path:
        """Pieces and their history."""
        return self.root / "library.db"

    @property
    def models(self) -> Path:
        """The person's own models; a `.safetensors` file put here is listed."""
        return self.root / "models"

    @property
    def backups(self) -> Path:
        """Copies of the database, the newest a few minutes old at most."""
        return self.root / "backups"

    @property
    def incoming(self) -> Path:
        """Uploads on their way in; emptied at start."""
        return self.root / "incoming"

    @property
    def sounds(self) -> Path:
        """Recordings brought through the page to make a model of, a folder for each set."""
        return self.root / "sounds"

    @property
    def heard(self) -> Path:
        """Sounds that voices and takes of pieces play with, each under the hash of its content."""
        return self.root / "heard"

    @property
    def sets(self) -> Path:
        """Prepared sets, a folder for each."""
        return self.root / "sets"

    @property
    def runs(self) -> Path:
        """Trainings, a folder for each."""
        return self.root / "runs"

    @property
    def scores(self) -> Path:
        """Collections of scores as they were fetched, or read from other programs, to prepare sets of."""
        return self.root / "scores"

    @property
    def jams(self) -> Path:
        """Sessions of the jam, a folder for each."""
        return self.root / "jams"

    @property
    def set_list(self) -> Path:
        """Pieces in the order of the evening."""
        return self.root / "set-list.json"

    @property
    def secret(self) -> Path:
        """The key that signs the page's cookie, so that a page outlives a restart of the server."""
        return self.root / "secret"

    @property
    def phone(self) -> Path:
        """The certificate with which phones are let in, and the keys it stands on."""
        return self.root / "phone"

    @property
    def _folders(self) -> tuple[Path, ...]:
        return (self.models, self.backups, self.incoming, self.sounds, self.heard, self.sets, self.runs)

    def make(self) -> None:
        """Make the folders, readable by their owner alone.

        Raises:
            SaveError: the disk refuses, or what is there may only be read.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in self._folders:
                folder.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise SaveError(
                f"Isobath cannot make its folder {self.root} ({error.strerror}). "
                f"Set {VARIABLE} to a folder that can be written to."
            ) from error
        for place in (self.root, *self._folders, self.database):
            if place.exists() and not os.access(place, os.W_OK):
                raise SaveError(
                    f"{place} may only be read, so nothing could be saved. Make it writable, or set "
                    f"{VARIABLE} to a folder that can be written to."
                )


def find_home() -> Home:
    """The folder named by ISOBATH_HOME, or the usual place for this system's user data."""
    named = os.environ.get(VARIABLE)
    if named:
        return Home(Path(named).expanduser().absolute())
    import platformdirs

    return Home(Path(platformdirs.user_data_dir("isobath", appauthor=False)))
