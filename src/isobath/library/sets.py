"""Sets of recordings, as the *Make* page shows them: what lies ready, and what was prepared."""

import os
from pathlib import Path
from typing import Literal

import numpy as np

from isobath.corpora.index import JOURNAL, About, read_about
from isobath.corpora.reading import Entry, Set, open_set
from isobath.errors import SetError
from isobath.protocol.making import LeftOut, Recording, SetDetails

COLUMNS = 720
"""Stretches of the picture of a set."""

LOOKED_AT = 4096
"""Samples of each stretch that are looked at, in pieces spread over it; a picture needs no more."""

PIECES = 4

SHOWN = 2000
"""Recordings of a set that are listed."""


def gathered(folder: Path) -> list[str]:
    """Names of the recordings that lie in a folder, those in folders below it included."""
    found: list[str] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        found += [str((Path(place) / name).relative_to(folder)) for name in names if not name.startswith(".")]
        if len(found) > 100_000:
            break
    return sorted(found)


def prepared(folder: Path) -> About | None:
    """What a whole prepared set says of itself; None where there is none, or only a part of one."""
    try:
        about = read_about(folder)
    except SetError:
        return None
    return about if about.finished else None


def read_so_far(folder: Path) -> int:
    """Recordings that a preparation under way has done."""
    try:
        with (folder / JOURNAL).open("rb") as file:
            return sum(1 for _ in file)
    except OSError:
        return 0


def details(id: str, folder: Path, sounds: Path) -> SetDetails:
    """Everything about one set, its picture included. What cannot be read is left out of it."""
    found = SetDetails(id=id, gathered=tuple(gathered(sounds)[:SHOWN]))
    try:
        opened = open_set(folder)
    except SetError:
        return found
    rate = float(opened.sample_rate)
    stretches = _in_order(opened)
    ends = np.cumsum([each.samples for each in stretches]) / rate
    return SetDetails(
        id=id,
        recordings=tuple(
            Recording(name=each.name, seconds=each.samples / rate, split=_side(each.split))
            for each in opened.files[:SHOWN]
        ),
        left_out=tuple(LeftOut(name=each.name, why=each.why) for each in opened.about.left_out[:SHOWN]),
        gathered=found.gathered,
        peaks=tuple(peaks(opened, stretches)),
        held_out=tuple(
            (float(end) - each.samples / rate, float(end))
            for each, end in zip(stretches, ends, strict=True)
            if each.split == "validation"
        ),
    )


def _side(split: str) -> Literal["train", "validation", "both"]:
    return "validation" if split == "validation" else "both" if split == "both" else "train"


def _in_order(opened: Set) -> list[Entry]:
    """Every stretch of a set, file after file."""
    place = {file.name: at for at, file in enumerate(opened.files)}
    both = [*opened.entries("train"), *opened.entries("validation")]
    return sorted(both, key=lambda each: (place[each.name], each.begins))


def peaks(opened: Set, stretches: list[Entry], columns: int = COLUMNS) -> list[float]:
    """The highest magnitude, 0 to 1, in each of `columns` parts of a set: (columns,). Each part is looked
    at in a few places, so that a day of sound costs no more than an hour."""
    ends = np.cumsum([each.samples for each in stretches])
    whole = int(ends[-1]) if len(ends) else 0
    found = np.zeros(columns)
    for column in range(columns if whole else 0):
        begin, end = column * whole // columns, (column + 1) * whole // columns
        count = max(1, min(LOOKED_AT // PIECES, (end - begin) // PIECES))
        for piece in range(PIECES):
            at = begin + piece * (end - begin) // PIECES
            number = int(np.searchsorted(ends, at, side="right"))
            if number < len(stretches):
                stretch = stretches[number]
                inside = at - int(ends[number] - stretch.samples)
                sound = opened.audio(stretch, inside, count)
                found[column] = max(found[column], float(np.abs(sound).max()))
    return [round(float(each), 4) for each in found] if whole else []
