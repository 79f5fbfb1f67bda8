"""What was asked for through the *Make* page, kept beside the folders it is about.

`sets/NAME.json` and `runs/NAME.json` remember names, settings and the process that works on it, so
that a server which is started again finds everything as it was. A folder made on the command line has
no such file and is shown all the same.
"""

import re
import secrets
import unicodedata
from pathlib import Path
from typing import TypeVar

import msgspec

from isobath.errors import UsageError
from isobath.library.files import write_whole

FOLDER = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
"""Names of folders that are shown: nothing hidden, nothing that leads elsewhere."""


class SetOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A set that was asked for."""

    name: str = ""
    folder: str = ""
    """Where the recordings lie; empty: among those brought through the page."""
    pid: int = 0
    """The process that prepares it."""
    failure: str = ""


class RunOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A training that was asked for."""

    name: str = ""
    set: str = ""
    config: str = ""
    base: str = ""
    """Name of the model it starts from."""
    base_file: str = ""
    """Where that model lies."""
    phase1_steps: int = 0
    """0: as the configuration has it."""
    phase2_steps: int = 0
    asked: float = 0.0
    """When, as seconds since 1970: who asked first goes first."""
    wanted: bool = False
    """It shall be under way."""
    pid: int = 0
    """The process that trains."""
    stopping: bool = False
    halted: bool = False
    """It was stopped by hand, whatever it said then."""
    failure: str = ""
    model: str = ""
    """Name in the library of the model that was made of it last."""


Order = TypeVar("Order", SetOrder, RunOrder)


def read_order(path: Path, kind: type[Order]) -> Order:
    """What was asked for; an empty order where nothing was, or where it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return kind()


def write_order(path: Path, order: SetOrder | RunOrder) -> None:
    """Keep it. Raises SaveError."""
    write_whole(path, [msgspec.json.encode(order)])


def names_in(folder: Path) -> list[str]:
    """Everything that lies or was ordered in a folder, the newest last."""
    found: dict[str, float] = {}
    try:
        for each in folder.iterdir():
            name = each.name.removesuffix(".json") if each.is_file() else each.name
            fits = each.is_dir() or each.suffix == ".json"
            if fits and not each.is_symlink() and FOLDER.fullmatch(name):
                found[name] = max(found.get(name, 0.0), each.stat().st_mtime)
    except OSError:
        pass
    return sorted(found, key=lambda name: (found[name], name))


def new_id(name: str, taken: Path) -> str:
    """A fresh folder name that begins like `name`. Raises UsageError for a name of nothing."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    short = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:32].strip("-")
    if not name.strip():
        raise UsageError("It needs a name. Type one, such as what is heard in it.")
    while True:
        id = f"{short or 'set'}-{secrets.token_hex(2)}"
        if not (taken / id).exists() and not (taken / f"{id}.json").exists():
            return id


def name_of_file(given: str) -> str:
    """The name under which a recording that was brought is kept: of the name given, only the last part,
    without anything that means something to a file system.

    Raises:
        UsageError: nothing is left of it.
    """
    last = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    clean = re.sub(r"[^\w .,+()\[\]'&=#@~-]+", "_", last).strip(" .")
    stem, dot, ending = clean.rpartition(".")
    if not dot:
        stem, ending = clean, ""
    while len(stem.encode()) > 160:
        stem = stem[:-1]
    if not stem.strip(" ._-"):
        raise UsageError(f"{given[:60]!r} is no name for a recording. Rename the file, and bring it again.")
    return f"{stem}.{ending[:8]}" if ending else stem
