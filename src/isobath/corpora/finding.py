"""Which files of a folder are sounds, by their names."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from isobath.errors import SetError

_PLAIN = "wav wave flac ogg oga mp3 aif aiff aifc au snd caf w64 rf64 sd2 voc"
PLAIN = frozenset(f".{ending}" for ending in _PLAIN.split())
"""Endings of what libsndfile reads."""

_MEDIA = "opus m4a m4b aac mp4 mov mkv mka webm wma wv ape amr ac3 dts 3gp avi mpg mpeg tta mpc mp2"
SOUNDS = PLAIN | {f".{ending}" for ending in _MEDIA.split()}
"""Endings of files that may hold sound, films included."""


@dataclass(frozen=True)
class Listing:
    """The sounds below a folder, by name: their path from it, with / between folders.

    tables: the CSV files, which may hold labels. others: how many files are neither.
    """

    root: Path
    sounds: dict[str, Path] = field(default_factory=dict)
    tables: list[Path] = field(default_factory=list)
    others: int = 0


def find_sounds(source: Path, apart_from: Path | None = None) -> Listing:
    """Every sound below `source`, which may be one file, too; hidden files are not looked at.

    apart_from: a folder that is passed by, such as the set itself.

    Raises:
        SetError: it is not there, or there is no sound in it.
    """
    if source.is_file():
        return Listing(source.parent, {source.name: source}, sorted(source.parent.glob("*.csv")))
    if not source.is_dir():
        raise SetError(f"{source} is not there. Give a folder of sounds, or one sound file.")
    sounds: dict[str, Path] = {}
    tables: list[Path] = []
    others = 0
    seen: set[Path] = set()
    for where, folders, files in os.walk(source, followlinks=True):
        here = Path(where)
        if here.resolve() in seen or (apart_from and here.resolve() == apart_from.resolve()):
            folders.clear()
            continue
        seen.add(here.resolve())
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(files):
            path = here / name
            if name.startswith(".") or not path.is_file():
                continue
            if path.suffix.lower() in SOUNDS:
                sounds[path.relative_to(source).as_posix()] = path
            elif path.suffix.lower() == ".csv":
                tables.append(path)
            else:
                others += 1
    if not sounds:
        raise SetError(
            f"There is no sound in {source} ({others + len(tables)} other files). "
            "Give a folder of WAV, FLAC, OGG, MP3, M4A or other sound files."
        )
    return Listing(source, dict(sorted(sounds.items())), tables, others)
