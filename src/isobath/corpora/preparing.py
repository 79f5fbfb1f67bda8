"""A folder of sounds becomes a set, file by file, and may be stopped at any time.

What was done before and has not changed is not done again: neither after a kill, nor when files
were added, changed or removed since.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from msgspec import json, structs

from isobath.corpora import index, labels
from isobath.corpora.decoding import Probe, probe
from isobath.corpora.finding import Listing, find_sounds
from isobath.corpora.index import About, File, Journal, LeftOut, Totals
from isobath.corpora.locking import locked
from isobath.corpora.options import Options, Wishes, check
from isobath.corpora.shards import Place, Writer
from isobath.corpora.splitting import split
from isobath.corpora.treatment import treat
from isobath.errors import AudioError, SetError
from isobath.sound.loudness import loudness_of_energy

Told = Callable[[float, float, str], None]
"""Hears seconds of sound done, seconds in all, and the name of the file in hand."""


@dataclass
class Report:
    """What a preparation did. The names of files are paths from the source folder.

    notes: a sentence each for what is in the set, but worth a look.
    """

    about: About
    done: list[str] = field(default_factory=list)
    unchanged: int = 0
    gone: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _untold(done: float, whole: float, name: str) -> None:
    """Nobody wants to know."""


def prepare(source: Path, folder: Path, wishes: Wishes | None = None, told: Told = _untold) -> Report:
    """Make a set in `folder` of the sounds in `source`, or bring it up to date.

    Raises:
        SetError: there is no sound, an option is out of range, or the set was made another way.
        SaveError: the disk refuses; what was done is kept, and the same call goes on from there.
    """
    listing = find_sounds(source, apart_from=folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise index.refused(folder, error) from error
    with locked(folder):
        return _Preparation(listing, source, folder, wishes or Wishes(), told).run()


class _Preparation:
    """One run over a folder."""

    def __init__(self, listing: Listing, source: Path, folder: Path, wishes: Wishes, told: Told) -> None:
        self.listing, self.folder, self.told = listing, folder, told
        self.left_out: list[LeftOut] = []
        self.notes: list[str] = []
        self.done: list[str] = []
        self.heads: dict[str, Probe] = {}
        self.source = str(source.resolve())
        known = self._known()
        self.files = {f.name: f for f in known if self._same(f)}
        self.gone = sorted({f.name for f in known} - listing.sounds.keys())
        self.options = self._choose(wishes)
        self.place = Place(self.options.channels)
        end = max((self.place.position(f.shard, f.start) + f.samples for f in known), default=0)
        self.before = len(self.files)
        self._begin()
        self.writer = Writer(folder, self.place, end)
        self.journal = Journal(folder, self.files.values())

    def _known(self) -> list[File]:
        """Files in the finished set or the journal; of two of one name, the later."""
        if not (self.folder / index.ABOUT).exists():
            return []
        about = index.read_about(self.folder)
        finished = index.read_index(self.folder) if (self.folder / index.INDEX).exists() else []
        known = {f.name: f for f in (*finished, *index.read_journal(self.folder))}
        if about.source != self.source and known and not known.keys() & self.listing.sounds.keys():
            raise SetError(
                f"{self.folder.name} was made from {about.source}, and nothing of it is in {self.source}. "
                "Put new sounds into that folder, or prepare into another set."
            )
        return list(known.values())

    def _same(self, file: File) -> bool:
        """Whether a file is as it was: its size and time, or else its content."""
        path = self.listing.sounds.get(file.name)
        if path is None:
            return False
        state = path.stat()
        if state.st_size != file.bytes:
            return False
        return state.st_mtime_ns == file.modified_ns or _sha(path) == file.sha

    def _choose(self, wishes: Wishes) -> Options:
        """The options: the set's own, or for a new one what most of the sound has."""
        for name, path in self.listing.sounds.items():
            if name not in self.files:
                try:
                    self.heads[name] = probe(path)
                except AudioError as error:
                    self._leave_out(name, str(error))
        if (self.folder / index.ABOUT).exists():
            return wishes.fitting(index.read_about(self.folder).options, self.folder.name)
        seconds: Counter[int] = Counter()
        for head in self.heads.values():
            seconds[min(head.channels, 2)] += round(head.seconds * 1000) + 1
        return check(wishes.chosen(seconds.most_common(1)[0][0] if seconds else 1))

    def _leave_out(self, name: str, why: str) -> None:
        first, _, _ = why.removeprefix(f"{Path(name).name} ").removesuffix(".").partition(". ")
        self.left_out.append(LeftOut(name, first))

    def _begin(self) -> None:
        if not (self.folder / index.ABOUT).exists():
            about = About(
                index.VERSION, self.options.sample_rate, self.options.channels, self.source, self.options
            )
            index.write_whole(self.folder / index.ABOUT, [json.format(json.encode(about))])

    def run(self) -> Report:
        """All files, then the index."""
        whole = sum(head.seconds for head in self.heads.values())
        at = 0.0
        copies = {f.sha: f.name for f in self.files.values()}
        for name, head in self.heads.items():
            self.told(at, whole, name)
            self._one(name, head, copies, lambda s, at=at, name=name: self.told(at + s, whole, name))  # type: ignore[misc]
            at += head.seconds
        return self._finish()

    def _one(self, name: str, head: Probe, copies: dict[str, str], told: Callable[[float], None]) -> None:
        path = self.listing.sounds[name]
        began = self.writer.end
        try:
            state, sha = path.stat(), _sha(path)
            if sha in copies:
                raise AudioError(f"it is a copy of {copies[sha]}")
            treated = treat(path, head, self.options, self.writer.append, told)
        except (AudioError, OSError) as error:
            self.writer = Writer(self.folder, self.place, began)
            self._leave_out(name, str(error))
            return
        self.writer.settle(began)
        shard, start = divmod(began, self.place.shard_samples)
        file = File(
            name=name,
            sha=sha,
            bytes=state.st_size,
            modified_ns=state.st_mtime_ns,
            source_rate=head.sample_rate,
            source_channels=head.channels,
            seconds=treated.faults.samples / head.sample_rate,
            samples=treated.samples,
            shard=shard,
            start=start,
            kept=treated.kept,
            gain_db=round(treated.gain_db, 3),
            peak_db=round(treated.level.peak_db, 2),
            loudness_lufs=round(treated.level.loudness(), 2),
            notes=treated.faults.notes(treated.gain_db, head),
        )
        self.journal.add(file)
        self.files[name] = file
        copies[sha] = name
        self.done.append(name)

    def _finish(self) -> Report:
        spoken, notes = labels.read_tables(self.listing.tables, self.listing.root, list(self.listing.sounds))
        rate = self.options.sample_rate
        files = split([self.files[name] for name in sorted(self.files)], self.options.validation, rate)
        if any(f.split == "both" for f in files):
            self.notes.append("With one or two files, each is split by time: its last part is for validation")
        files = [
            structs.replace(f, labels=labels.placed(spoken[f.name], f, rate), facts=spoken[f.name].facts)
            if f.name in spoken
            else structs.replace(f, labels=[], facts={})
            for f in files
        ]
        about = About(
            index.VERSION,
            rate,
            self.options.channels,
            self.source,
            self.options,
            finished=True,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            totals=_totals(files, rate, self.writer.end),
            left_out=sorted(self.left_out, key=lambda each: each.name),
        )
        index.write_whole(self.folder / index.INDEX, (index.line(f) for f in files))
        index.write_whole(self.folder / index.ABOUT, [json.format(json.encode(about))])
        (self.folder / index.JOURNAL).unlink(missing_ok=True)
        noted = [f"{f.name}: {note}" for f in files for note in f.notes]
        return Report(about, self.done, self.before, self.gone, about.left_out, [*self.notes, *noted, *notes])


def _sha(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _held_out(file: File) -> int:
    if file.split == "validation":
        return file.samples
    return file.held_out[1] - file.held_out[0] if file.held_out else 0


def _totals(files: list[File], sample_rate: int, end: int) -> Totals:
    samples = sum(f.samples for f in files)
    validation = sum(_held_out(f) for f in files)
    powers = [(10 ** (f.loudness_lufs / 10), f.samples) for f in files]
    mean = np.array([sum(p * n for p, n in powers) / max(samples, 1) * 10**0.0691])
    return Totals(
        files=len(files),
        seconds=samples / sample_rate,
        train_seconds=(samples - validation) / sample_rate,
        validation_seconds=validation / sample_rate,
        unused_seconds=(end - samples) / sample_rate,
        labels=sum(len(f.labels) for f in files),
        loudness_lufs=round(float(loudness_of_energy(mean)[0]), 2),
        peak_db=max((f.peak_db for f in files), default=-120.0),
    )
