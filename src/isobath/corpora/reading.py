"""A prepared set, read at any place.

Training hears a set as one long ring: its entries one after another, in the order of their names,
so that a file of a second is heard as well as one of an hour, and a crop may span a join. At a join
both sides fade over 5 ms, so that it does not click. A crop longer than the set comes round again.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from isobath.corpora import index
from isobath.corpora.index import About, File, Label
from isobath.corpora.shards import Place, Reader
from isobath.errors import SetError
from isobath.types import Audio

Split = Literal["train", "validation"]
JOIN_SECONDS = 0.005


@dataclass(frozen=True)
class Entry:
    """A stretch of one file that is on one side of the split; mostly the whole file.

    samples: how long it is. position: where it begins in the store. begins: where it begins in
    the file's part of the set, 0 unless the file is split by time.
    """

    name: str
    split: Split
    samples: int
    position: int
    begins: int
    file: File = field(repr=False)


@dataclass(frozen=True)
class Set:
    """A prepared set. sample_rate in Hz; sounds are float32 (channels, samples), -1..1."""

    folder: Path
    about: About
    files: list[File] = field(repr=False)

    @property
    def sample_rate(self) -> int:
        """Hz, of every sound in it."""
        return self.about.sample_rate

    @property
    def channels(self) -> int:
        """Of every sound in it."""
        return self.about.channels

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name

    @cached_property
    def _place(self) -> Place:
        return Place(self.channels)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.folder, self._place)

    @cached_property
    def _entries(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {side: [] for side in get_args(Split)}
        for file in self.files:
            for side, begins, ends in _sides(file):
                position = self._place.position(file.shard, file.start) + begins
                found[side].append(Entry(file.name, side, ends - begins, position, begins, file))
        return found

    @cached_property
    def _ends(self) -> dict[str, list[int]]:
        return {
            side: np.cumsum([e.samples for e in entries], dtype=np.int64).tolist()
            for side, entries in self._entries.items()
        }

    def entries(self, split: Split) -> list[Entry]:
        """The entries of one side, in the order of their names."""
        if split not in self._entries:
            raise SetError(f"A set has the sides train and validation, not {split}.")
        return self._entries[split]

    def samples(self, split: Split) -> int:
        """How long the ring of one side is."""
        self.entries(split)
        return int(self._ends[split][-1]) if self._ends[split] else 0

    def audio(self, entry: Entry, start: int = 0, samples: int | None = None) -> Audio:
        """(channels, samples) of an entry; before its beginning and after its end there is silence."""
        wanted = entry.samples - start if samples is None else samples
        out = np.zeros((self.channels, max(0, wanted)), np.float32)
        first, last = max(0, start), min(entry.samples, start + wanted)
        if last > first:
            read = self._reader.read(entry.position + first, last - first)
            out[:, first - start : last - start] = read
        return out

    def labels(self, entry: Entry) -> list[Label]:
        """What is known of an entry, in samples from its beginning, by start."""
        if entry.begins == 0 and entry.samples == entry.file.samples:
            return entry.file.labels
        return [
            Label(
                max(0, each.start - entry.begins),
                None if each.end is None else min(each.end - entry.begins, entry.samples),
                each.midi,
                each.text,
                each.more,
            )
            for each in entry.file.labels
            if each.start < entry.begins + entry.samples
            and (each.start >= entry.begins if each.end is None else each.end > entry.begins)
        ]

    def crop(self, split: Split, start: int, samples: int) -> Audio:
        """(channels, samples) of the ring from there, across joins.

        Raises:
            SetError: this side of the set is empty.
        """
        whole = self.samples(split)
        if whole == 0:
            raise SetError(f"The set {self.name} has no sound for {split}. Prepare more files.")
        out = np.empty((self.channels, samples), np.float32)
        done = 0
        while done < samples:
            at = (start + done) % whole
            number = bisect_right(self._ends[split], at)
            entry = self._entries[split][number]
            inside = at - (self._ends[split][number] - entry.samples)
            here = min(samples - done, entry.samples - inside)
            part = out[:, done : done + here]
            part[:] = self._reader.read(entry.position + inside, here)
            self._fade(part, inside, entry.samples)
            done += here
        return out

    def _fade(self, part: Audio, inside: int, whole: int) -> None:
        """Fade where a stretch that begins `inside` an entry of this length meets a join."""
        n = min(int(JOIN_SECONDS * self.sample_rate), whole // 2)
        if n == 0:
            return
        ahead, behind = inside, whole - inside - part.shape[1]
        if ahead < n:
            ramp = _rise(np.arange(ahead, min(n, ahead + part.shape[1])), n)
            part[:, : len(ramp)] *= ramp
        if behind < n:
            ramp = _rise(np.arange(behind, min(n, behind + part.shape[1])), n)
            part[:, part.shape[1] - len(ramp) :] *= ramp[::-1]


def _rise(steps: NDArray[np.int64], n: int) -> NDArray[np.float32]:
    return np.asarray(np.sin(np.pi / 2 * (steps + 0.5) / n) ** 2, dtype=np.float32)


def _sides(file: File) -> list[tuple[Split, int, int]]:
    if file.split == "validation":
        return [("validation", 0, file.samples)]
    if not file.held_out:
        return [("train", 0, file.samples)]
    begins, ends = file.held_out
    sides: list[tuple[Split, int, int]] = [
        ("train", 0, begins),
        ("validation", begins, ends),
        ("train", ends, file.samples),
    ]
    return [side for side in sides if side[2] > side[1]]


def is_set(path: Path) -> bool:
    """Whether there is a prepared set, finished or not."""
    return (path / index.ABOUT).is_file()


def open_set(path: str | Path) -> Set:
    """Open a set to read it.

    Raises:
        SetError: there is none, it is not finished, damaged, or a newer Isobath made it.
    """
    folder = Path(path)
    about = index.read_about(folder)
    if not about.finished:
        raise SetError(
            f"The set {folder} is not finished. Go on with: isobath prepare {about.source} -o {folder}"
        )
    files = index.read_index(folder)
    place = Place(about.channels)
    for file in files:
        _check(file, place, folder)
    return Set(folder, about, files)


def _check(file: File, place: Place, folder: Path) -> None:
    """An index is a stranger's, too: no stretch may begin before the store or hold nothing."""
    begins, ends = file.held_out or (0, file.samples)
    if (
        min(file.shard, file.start) < 0
        or file.samples <= 0
        or file.start >= place.shard_samples
        or not 0 <= begins <= ends <= file.samples
    ):
        raise SetError(
            f"The set {folder.name} is damaged ({file.name} lies outside it). "
            "Prepare the sounds again into another folder."
        )
