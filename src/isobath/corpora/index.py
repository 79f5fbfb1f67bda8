"""What a set's folder holds, and how it is written so that a kill leaves it whole.

    set.json         what the set is: rate, channels, options, totals, what was left out
    index.jsonl      one line for each file that is in the set
    journal.jsonl    while a set is being prepared: one line for each file done so far
    audio-0000.i16   the sound: little-endian 16-bit integers, channels interleaved

Sound is only ever appended. A file is in the set once its line is in the journal, and the line is
written after its sound is on the disk; so a kill loses the file in hand and no other. The end of a
preparation replaces index and set.json whole, each by a rename.
"""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from isobath.corpora.options import Options
from isobath.errors import SaveError, SetError

VERSION = 1
ABOUT, INDEX, JOURNAL = "set.json", "index.jsonl", "journal.jsonl"
MOST_LINE_BYTES = 64 << 20


class Label(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that is known about a stretch of sound.

    start, end: samples; end is None for a moment such as a drum hit. midi: pitch, or which drum.
    text: what is said. more: whatever else the table says, by column.
    """

    start: int
    end: int | None = None
    midi: float | None = None
    text: str = ""
    more: dict[str, str] = {}


class File(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One source file in the set.

    sha: of its content. bytes, modified_ns: to notice a change without reading it.
    source_rate, source_channels, seconds: as it was. samples: its length in the set; shard, start:
    where that begins, in samples; it may go on in the next shard. kept: what silence removal kept,
    [from, to) in samples of the set's rate, empty where everything was. gain_db: of normalisation.
    peak_db, loudness_lufs: as it is in the set. split: train, validation, or `both` where only the
    stretch `held_out` [from, to) is for validation. facts: what a table says of the whole file.
    """

    name: str
    sha: str
    bytes: int
    modified_ns: int
    source_rate: int
    source_channels: int
    seconds: float
    samples: int
    shard: int
    start: int
    kept: list[tuple[int, int]] = []
    gain_db: float = 0.0
    peak_db: float = -120.0
    loudness_lufs: float = -120.0
    notes: list[str] = []
    split: str = ""
    held_out: tuple[int, int] | None = None
    labels: list[Label] = []
    facts: dict[str, str] = {}


class LeftOut(msgspec.Struct, frozen=True):
    """A file that is not in the set, and why, in one sentence."""

    name: str
    why: str


class Totals(msgspec.Struct, frozen=True):
    """What is in a set. unused_seconds: sound of files that were since removed or changed."""

    files: int = 0
    seconds: float = 0.0
    train_seconds: float = 0.0
    validation_seconds: float = 0.0
    unused_seconds: float = 0.0
    labels: int = 0
    loudness_lufs: float = -120.0
    peak_db: float = -120.0


class About(msgspec.Struct, frozen=True):
    """The whole of set.json."""

    isobath_set: int
    sample_rate: int
    channels: int
    source: str
    options: Options
    finished: bool = False
    made: str = ""
    totals: Totals = Totals()
    left_out: list[LeftOut] = []


def read_about(folder: Path) -> About:
    """What a set says of itself.

    Raises:
        SetError: the folder holds no set, a damaged one, or one of a newer Isobath.
    """
    try:
        data = (folder / ABOUT).read_bytes()
    except FileNotFoundError as error:
        raise SetError(
            f"{folder} is no prepared set (there is no {ABOUT} in it). "
            f"Make one with: isobath prepare DIR -o {folder}"
        ) from error
    except OSError as error:
        raise SetError(f"{folder / ABOUT} cannot be read ({error.strerror}).") from error
    try:
        version = msgspec.json.decode(data, type=dict[str, object]).get("isobath_set")
        if isinstance(version, int) and version > VERSION:
            raise SetError(
                f"{folder.name} was prepared by a newer Isobath (version {version}; this one reads up to "
                f"{VERSION}). Update Isobath: pip install --upgrade isobath"
            )
        return msgspec.json.decode(data, type=About)
    except msgspec.DecodeError as error:
        raise _damaged(folder, f"{ABOUT}: {error}") from error


def _damaged(folder: Path, what: str) -> SetError:
    return SetError(
        f"The set {folder.name} is damaged ({what}). Prepare the sounds again into another folder."
    )


def read_index(folder: Path) -> list[File]:
    """Every file of a finished set, by name.

    Raises:
        SetError: the index is missing or damaged.
    """
    try:
        lines = (folder / INDEX).read_bytes().splitlines()
        return [msgspec.json.decode(line, type=File) for line in lines]
    except OSError as error:
        raise _damaged(folder, f"{INDEX} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise _damaged(folder, f"{INDEX}: {error}") from error


def read_journal(folder: Path) -> list[File]:
    """The files a killed preparation had done; a line it was killed in is left out."""
    done: list[File] = []
    try:
        lines = (folder / JOURNAL).read_bytes().splitlines()
    except OSError:
        return done
    for line in lines:
        try:
            done.append(msgspec.json.decode(line, type=File))
        except msgspec.DecodeError:
            break
    return done


class Journal:
    """Appends a line for each file that is done, and sees it onto the disk."""

    def __init__(self, folder: Path, done: Iterable[File]) -> None:
        self._path = folder / JOURNAL
        write_whole(self._path, (line(each) for each in done))

    def add(self, file: File) -> None:
        """This file's sound is on the disk.

        Raises:
            SaveError: the disk refuses; the file in hand is not in the set.
        """
        try:
            with self._path.open("ab") as out:
                out.write(line(file))
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise refused(self._path.parent, error) from error


def line(file: File) -> bytes:
    """A file as a line of the index."""
    return msgspec.json.encode(file) + b"\n"


def refused(folder: Path, error: OSError) -> SaveError:
    """What to say when the disk does not take any more."""
    return SaveError(
        f"{folder} takes no more ({error.strerror or error}). Every file that was done is kept: "
        "make room and give the same command again."
    )


def write_whole(target: Path, chunks: Iterable[bytes]) -> None:
    """Replace a file by these bytes, or leave it as it was.

    Raises:
        SaveError: the disk refuses.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
            part.chmod(0o644)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise refused(target.parent, error) from error
