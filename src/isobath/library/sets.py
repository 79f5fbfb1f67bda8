"""Sets of recordings, as the *Make* page shows them: what lies ready, and what was prepared."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from isobath.library.runs import number, read_plain, text
from isobath.protocol.making import LeftOut, Recording, SetDetails

COLUMNS = 720
"""Stretches of the picture of a set."""

LOOKED_AT = 4096
"""Samples of each stretch that are looked at, in pieces spread over it; a picture needs no more."""

PIECES = 4

SHOWN = 2000
"""Recordings of a set that are listed."""

SET_BYTES = 16 * 1024 * 1024


def gathered(folder: Path) -> list[str]:
    """Names of the recordings that lie in a folder, those in folders below it included."""
    found: list[str] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        found += [str((Path(place) / name).relative_to(folder)) for name in names if not name.startswith(".")]
        if len(found) > 100_000:
            break
    return sorted(found)


def _index(folder: Path) -> Iterator[dict[str, Any]]:
    """The lines of a prepared set, one for each of its recordings."""
    try:
        with (folder / "index.jsonl").open("rb") as file:
            for line in file:
                try:
                    entry = msgspec.json.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    continue
                if isinstance(entry, dict):
                    yield entry
    except OSError:
        return


def is_prepared(folder: Path) -> bool:
    """Whether a folder holds a whole prepared set."""
    head = read_plain(folder / "set.json", SET_BYTES)
    return head is not None and bool(head.get("finished")) and (folder / "index.jsonl").is_file()


def read_so_far(folder: Path) -> int:
    """Recordings that a preparation under way has done."""
    try:
        with (folder / "journal.jsonl").open("rb") as file:
            return sum(1 for _ in file)
    except OSError:
        return 0


def totals(folder: Path) -> dict[str, Any]:
    """sample_rate, channels, files, seconds and left_out of a prepared set."""
    head = read_plain(folder / "set.json", SET_BYTES) or {}
    entries = list(_index(folder))
    return {
        "sample_rate": int(number(head.get("sample_rate"))),
        "channels": int(number(head.get("channels"))),
        "files": len(entries),
        "seconds": sum(number(each.get("samples")) for each in entries)
        / (number(head.get("sample_rate")) or 1),
        "left_out": len(_left_out(head)),
    }


def _left_out(head: dict[str, Any]) -> list[LeftOut]:
    """Recordings that are not in the set, each with its reason."""
    found = head.get("left_out")
    lines = found if isinstance(found, list) else []
    return [
        LeftOut(name=text(each.get("name")), why=text(each.get("why")))
        for each in lines
        if isinstance(each, dict)
    ]


def details(id: str, folder: Path, sounds: Path) -> SetDetails:
    """Everything about one set, its picture included."""
    head = read_plain(folder / "set.json", SET_BYTES) or {}
    entries = list(_index(folder)) if is_prepared(folder) else []
    return SetDetails(
        id=id,
        recordings=tuple(
            Recording(
                name=text(each.get("name")),
                seconds=number(each.get("samples")) / (number(head.get("sample_rate")) or 1),
                split="train" if text(each.get("split")) not in {"validation", "both"} else each["split"],
            )
            for each in entries[:SHOWN]
        ),
        left_out=tuple(_left_out(head)[:SHOWN]),
        gathered=tuple(gathered(sounds)[:SHOWN]),
        peaks=tuple(peaks(folder, entries, int(number(head.get("channels"))) or 1)),
    )


def peaks(folder: Path, entries: list[dict[str, Any]], channels: int, columns: int = COLUMNS) -> list[float]:
    """The highest magnitude, 0 to 1, in each of `columns` stretches of a set: (columns,). Each stretch is
    looked at in a few places, so that a day of sound costs no more than an hour."""
    lengths = np.array([max(0, int(number(each.get("samples")))) for each in entries], dtype=np.int64)
    whole = int(lengths.sum()) if len(lengths) else 0
    if whole == 0:
        return []
    ends = np.cumsum(lengths)
    shards: dict[str, Any] = {}
    found = np.zeros(columns)
    for column in range(columns):
        begin, end = column * whole // columns, (column + 1) * whole // columns
        count = max(1, min(LOOKED_AT // PIECES, (end - begin) // PIECES))
        for piece in range(PIECES):
            at = begin + piece * (end - begin) // PIECES
            entry = int(np.searchsorted(ends, at, side="right"))
            if entry < len(entries):
                inside = at - int(ends[entry] - lengths[entry])
                sound = _stretch(folder, shards, entries[entry], inside, count, channels)
                if sound.size:
                    found[column] = max(found[column], float(np.abs(sound.astype(np.int32)).max()) / 32768.0)
    return [round(float(each), 4) for each in found]


def _stretch(
    folder: Path, shards: dict[str, Any], entry: dict[str, Any], inside: int, count: int, channels: int
) -> Any:
    """Some int16 samples of a recording, interleaved; none where its file is not as it should be."""
    name = entry.get("shard")
    shard = f"audio-{name:04d}.i16" if isinstance(name, int) else text(name)
    if "/" in shard or "\\" in shard or not shard.endswith(".i16"):
        return np.zeros(0, np.int16)
    if shard not in shards:
        try:
            shards[shard] = np.memmap(folder / shard, dtype="<i2", mode="r")
        except (OSError, ValueError):
            shards[shard] = np.zeros(0, np.int16)
    start = int(number(entry.get("start"))) + inside
    return shards[shard][start * channels : (start + count) * channels]
