"""Where scores come from: the Groove MIDI Dataset, Ryan's Mammoth, the cello suites, any folder.

Each source yields pieces, whole scores on the grid, and says what it left out and why. Nothing of
Ryan's Mammoth is kept but a cache on the person's own machine: it comes with music21.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from isobath.errors import IsobathError, ScoreError
from isobath.models.description import write_whole
from isobath.symbolic.bars import Bars, drums_of, melody_of, melody_of_notes
from isobath.symbolic.midi import DRUM_CHANNEL, Score, read_midi

Told = Callable[[float, float, str], None]
"""Hears pieces done, pieces in all, and the name of the one in hand."""
LARGEST_CACHE = 256 << 20


@dataclass(frozen=True)
class Piece:
    """A whole score. bar_steps: sixteenths to a bar of it, which windows move by."""

    name: str
    bars: Bars
    bar_steps: int = 16
    bpm: float = 120.0
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Left:
    """A file that was left out, and why."""

    name: str
    why: str


def folder_pieces(folder: Path, kind: str, told: Told = lambda *_: None) -> Iterator[Piece | Left]:
    """The MIDI files of a folder, in all folders below it; `kind` is drums or melody."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mid", ".midi") and p.is_file())
    if not paths:
        raise ScoreError(f"There is no MIDI file in {folder}. Give a folder with .mid files.")
    labels = _labels(folder)
    for i, path in enumerate(paths):
        name = path.relative_to(folder).as_posix()
        told(i, len(paths), name)
        try:
            yield _piece(read_midi(path), name, kind, labels.get(name, {}))
        except IsobathError as error:
            yield Left(name, str(error))


def _piece(score: Score, name: str, kind: str, labels: dict[str, str]) -> Piece | Left:
    if kind == "drums":
        if not score.in_metre(4, 4):
            return Left(name, "not in 4/4")
        bars: Bars = drums_of(score)
        if not bars.steps:
            return Left(name, "no drums")
        return Piece(name, bars, 16, score.bpm, labels)
    if all(n.channel == DRUM_CHANNEL for n in score.notes):
        return Left(name, "no melody")
    return Piece(name, melody_of(score), _bar_steps(score), score.bpm, labels)


def _bar_steps(score: Score) -> int:
    """Sixteenths to a bar in the file's first metre; 16 where that is no whole number."""
    _, beats, unit = (score.metres or ((0, 4, 4),))[0]
    steps = 16 * beats / unit
    return int(steps) if steps == int(steps) and 4 <= steps <= 64 else 16


def _labels(folder: Path) -> dict[str, dict[str, str]]:
    """Style and drummer of each file, from the info.csv that Groove has."""
    table = folder / "info.csv"
    if not table.is_file() or table.stat().st_size > 1 << 24:
        return {}
    with table.open(newline="", encoding="utf-8", errors="replace") as file:
        return {
            row["midi_filename"]: {k: row[k] for k in ("drummer", "style", "beat_type") if row.get(k)}
            for row in csv.DictReader(file)
            if row.get("midi_filename")
        }


class _Tune(msgspec.Struct, frozen=True):
    """A tune as the cache keeps it: (onset, length) in quarters, pitch; (at, beats, unit)."""

    name: str
    notes: list[tuple[float, float, int]]
    meters: list[tuple[float, int, int]]


def ryan_pieces(cache: Path, told: Told = lambda *_: None) -> Iterator[Piece | Left]:
    """The tunes of Ryan's Mammoth Collection, from the installed music21, read once into `cache`.

    Raises:
        ScoreError: music21 is not installed.
    """
    tunes = _cached(cache) or _parsed(cache, told)
    for i, tune in enumerate(tunes):
        told(i, len(tunes), tune.name)
        notes = [(4 * on, 4 * length, pitch) for on, length, pitch in tune.notes if length > 0]
        if not notes:
            yield Left(tune.name, "no melody")
            continue
        beats, unit = tune.meters[0][1:] if tune.meters else (4, 4)
        steps = 16 * beats // unit
        yield Piece(tune.name, melody_of_notes(notes), steps if 4 <= steps <= 64 else 16)


def _cached(cache: Path) -> list[_Tune]:
    try:
        if not cache.is_file() or cache.stat().st_size > LARGEST_CACHE:
            return []
        return msgspec.json.decode(cache.read_bytes(), type=list[_Tune])
    except (OSError, msgspec.MsgspecError):
        return []  # read again from music21


def _parsed(cache: Path, told: Told) -> list[_Tune]:
    try:
        from music21 import converter, corpus, stream
    except ModuleNotFoundError as error:
        raise ScoreError("Ryan's Mammoth comes with music21: pip install music21") from error
    paths = sorted(str(p) for p in corpus.getPaths() if "ryansMammoth" in str(p))
    tunes = []
    for i, path in enumerate(paths):
        told(i, len(paths), Path(path).name)
        parsed = converter.parse(path, forceSource=True)
        scores = list(parsed.scores) if isinstance(parsed, stream.Opus) else [parsed]
        for k, score in enumerate(scores):
            flat = score.flatten()
            notes = [
                (float(n.offset), float(n.quarterLength), int(p.midi)) for n in flat.notes for p in n.pitches
            ]
            metres = [
                (float(m.offset), int(m.numerator), int(m.denominator))
                for m in flat.getElementsByClass("TimeSignature")
            ]
            tunes.append(_Tune(Path(path).name + (f"#{k}" if len(scores) > 1 else ""), notes, metres))
    cache.parent.mkdir(parents=True, exist_ok=True)
    write_whole(cache, msgspec.json.encode(tunes))
    return tunes


CELLO_FREE = ("BWV1007", "BWV1009", "BWV1010", "BWV1011")
"""The suites whose engravings are in the public domain; BWV 1008 and 1012 are CC BY-SA 3.0."""


def cello_pieces(folder: Path, *, free: bool, told: Told = lambda *_: None) -> Iterator[Piece | Left]:
    """The movements of the cello suites; `free` leaves out those that are not in the public domain."""
    for found in folder_pieces(folder, "melody", told):
        if free and not found.name.startswith(CELLO_FREE):
            yield Left(found.name, "its engraving is CC BY-SA 3.0, not in the public domain")
        else:
            yield found
