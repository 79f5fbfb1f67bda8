"""What tables beside the sounds say of them: pitches, onsets, words.

A table is a CSV file with a column `file`, in the folder of the sounds or above it. Times are in
seconds of the source file, in a column `start` or `onset`, and `end` or `offset` if it is a stretch;
pitch is in `midi`, `midi_note` or `pitch`, words in `text`, `transcript` or `transcription`. A row
without a time speaks of the whole file.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from isobath.corpora.index import File, Label

STARTS, ENDS = ("start", "onset", "time"), ("end", "offset")
PITCHES, WORDS = ("midi", "midi_note", "pitch"), ("text", "transcript", "transcription")
MOST_ROWS = 5_000_000


@dataclass
class Spoken:
    """What tables say of one file, in seconds. rows: (start, end or None, midi or None, text, more)."""

    rows: list[tuple[float, float | None, float | None, str, dict[str, str]]] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)


def read_tables(tables: list[Path], root: Path, names: list[str]) -> tuple[dict[str, Spoken], list[str]]:
    """What the tables say, by the name of the file; and a sentence for each that could not be used."""
    spoken: dict[str, Spoken] = defaultdict(Spoken)
    notes: list[str] = []
    known = frozenset(names)
    for table in tables:
        folder = PurePosixPath(table.parent.relative_to(root).as_posix())
        try:
            with table.open(newline="", encoding="utf-8-sig") as source:
                said = _read(csv.DictReader(source), folder, known, spoken)
        except (OSError, UnicodeError, csv.Error, ValueError) as error:
            notes.append(f"{table.relative_to(root)}: {error}; its labels are not used")
            continue
        if said:
            notes.append(f"{table.relative_to(root)}: {said}")
    return dict(spoken), notes


def _read(
    rows: csv.DictReader[str], folder: PurePosixPath, known: frozenset[str], spoken: dict[str, Spoken]
) -> str:
    columns = rows.fieldnames or []
    if "file" not in columns:
        return "no column named file; its labels are not used"
    start, end, pitch, words = (
        next((c for c in each if c in columns), "") for each in (STARTS, ENDS, PITCHES, WORDS)
    )
    used = {"file", start, end, pitch, words}
    unknown = 0
    for row in rows:
        if rows.line_num > MOST_ROWS:
            raise ValueError(f"more than {MOST_ROWS} rows")
        name = (folder / (row["file"] or "")).as_posix()
        if name not in known:
            unknown += 1
            continue
        more = {k: v for k, v in row.items() if k not in used and isinstance(v, str) and v}
        if not start:
            spoken[name].facts.update(more)
            continue
        began = _number(row, start, rows.line_num)
        if began is not None:
            ended = _number(row, end, rows.line_num) if end else None
            midi = _number(row, pitch, rows.line_num) if pitch else None
            spoken[name].rows.append((began, ended, midi, (row.get(words) or "") if words else "", more))
    return f"{unknown} rows speak of files that are not here" if unknown else ""


def _number(row: dict[str, str], column: str, line: int) -> float | None:
    text = (row.get(column) or "").strip()
    if not text:
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"line {line}: {column} is {text}")
    return value


def placed(spoken: Spoken, file: File, sample_rate: int) -> list[Label]:
    """The labels of a file where they are in the set; those of removed silence are gone."""
    kept = file.kept or [(0, file.samples)]
    befores = _befores(kept)
    labels = []
    for start, end, midi, text, more in sorted(spoken.rows, key=lambda row: row[0]):
        first = round(start * sample_rate)
        last = first + 1 if end is None else max(first + 1, round(end * sample_rate))
        inside = [
            (before + max(first, a) - a, before + min(last, b) - a)
            for (a, b), before in zip(kept, befores, strict=True)
            if first < b and last > a
        ]
        if inside:
            labels.append(Label(inside[0][0], None if end is None else inside[-1][1], midi, text, more))
    return labels


def _befores(kept: list[tuple[int, int]]) -> list[int]:
    """How much is kept before each stretch."""
    total, found = 0, []
    for a, b in kept:
        found.append(total)
        total += b - a
    return found
