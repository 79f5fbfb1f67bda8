"""The Groove MIDI Dataset (Gillick et al. 2019, CC BY 4.0), from its official place.

The archive is checked before a file of it is used: a digest over the names and contents of its
1150 MIDI files, computed from the complete data set.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from isobath.errors import ScoreError

URL = "https://storage.googleapis.com/magentadata/datasets/groove/groove-v1.0.0-midionly.zip"
FILES = 1150
DIGEST = "7f7b97e48136d7fc2241f4bd4860de56422218cb227ade3081984478e528ee14"
CREDIT = "Groove MIDI Dataset, Copyright 2019 Google LLC, CC BY 4.0"
LARGEST_ARCHIVE = 64 << 20
_WAIT_SECONDS = 30


def digest(folder: Path) -> tuple[int, str]:
    """How many MIDI files are below a folder, and SHA-256 over their names and contents."""
    paths = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*.mid")}
    sha = hashlib.sha256()
    for name in sorted(paths):
        content = hashlib.sha256(paths[name].read_bytes()).hexdigest()
        sha.update(f"{name}\0{content}\n".encode())
    return len(paths), sha.hexdigest()


def download(folder: Path, url: str = URL) -> Path:
    """The data set in `folder`, fetched if it is not there; the folder that holds its drummers.

    Raises:
        ScoreError: no network, or what came is not the data set.
    """
    there = folder / "groove"
    if there.is_dir() and digest(there) == (FILES, DIGEST):
        return there
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        archive = Path(scratch) / "groove.zip"
        _fetch(url, archive)
        unpack(archive, Path(scratch) / "out")
        found = Path(scratch) / "out" / "groove"
        if digest(found) != (FILES, DIGEST):
            raise ScoreError(f"What came from {url} is not the Groove MIDI Dataset 1.0.0; nothing was kept.")
        shutil.rmtree(there, ignore_errors=True)
        found.rename(there)
    return there


def _fetch(url: str, to: Path) -> None:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=_WAIT_SECONDS) as answer, to.open("wb") as file:
            while piece := answer.read(1 << 16):
                file.write(piece)
                if file.tell() > LARGEST_ARCHIVE:
                    raise ScoreError(f"{url} sends more than the data set holds; nothing was kept.")
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise ScoreError(
            f"The Groove MIDI Dataset cannot be fetched from {url} ({error}). "
            "Connect to the network, or fetch it elsewhere and give its folder."
        ) from error


def unpack(archive: Path, folder: Path) -> None:
    """The MIDI files and tables of an archive; names that lead elsewhere are refused."""
    try:
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                name = PurePosixPath(info.filename)
                if info.is_dir() or (name.suffix not in (".mid", ".csv") and name.name != "LICENSE"):
                    continue
                if name.is_absolute() or ".." in name.parts or info.file_size > LARGEST_ARCHIVE:
                    raise ScoreError(f"{archive.name} holds a strange name ({info.filename}); not unpacked.")
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(packed.read(info))
    except (zipfile.BadZipFile, OSError) as error:
        raise ScoreError(f"{archive.name} is not a whole archive ({error}).") from error
