"""What a model is measured on: stretches of sound, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from isobath.corpora import Set, is_set, open_set
from isobath.errors import AudioError, UsageError
from isobath.sound.files import open_sound, read_audio
from isobath.types import Audio

LONGEST_SECONDS = 20.0
"""A longer recording is heard as several, so that memory stays small."""


@dataclass(frozen=True)
class Note:
    """A labelled note: seconds from the recording's beginning, MIDI number."""

    start: float
    end: float
    midi: float


@dataclass(frozen=True)
class Recording:
    """A stretch of sound, (channels, samples) at `sample_rate`, with its labels.

    notes: what sounds when. hits: seconds at which something is struck. None where nobody said.
    group: note figures of different groups, such as single notes and phrases, are told apart.
    start: seconds into the file that it was cut from; notes and hits count from here.
    """

    name: str
    audio: Audio = field(repr=False)
    sample_rate: int
    notes: tuple[Note, ...] | None = None
    hits: tuple[float, ...] | None = None
    group: str = ""
    start: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it is."""
        return float(self.audio.shape[1] / self.sample_rate)


def of_set(prepared: Set, seconds: float | None = None) -> Iterator[Recording]:
    """The validation side of a set in stretches of 20 s at most, spread evenly over it.

    seconds: about how much of it, None for all.
    """
    entries = prepared.entries("validation") or prepared.entries("train")
    rate = prepared.sample_rate
    whole = int(LONGEST_SECONDS * rate)
    places = [(e, at) for e in entries for at in range(0, e.samples, whole) if e.samples - at > rate // 4]
    total = sum(min(whole, e.samples - at) for e, at in places) / rate
    if seconds is not None and total > seconds:
        count = max(1, round(len(places) * seconds / total))
        places = [places[i] for i in np.linspace(0, len(places) - 1, count).astype(int)]
    for entry, at in places:
        length = min(whole, entry.samples - at)
        inside = [each for each in prepared.labels(entry) if at <= each.start < at + length]
        pitched = [e for e in inside if e.midi is not None and e.end is not None]
        hits = [e for e in inside if e.end is None]
        yield Recording(
            f"{entry.name} {at / rate:.0f} s" if entry.samples > whole else entry.name,
            prepared.audio(entry, at, length),
            rate,
            tuple(
                Note((e.start - at) / rate, (min(e.end or 0, at + length) - at) / rate, e.midi or 0.0)
                for e in pitched
            )
            if pitched
            else None,
            tuple((e.start - at) / rate for e in hits) if hits else None,
            start=at / rate,
        )


def of_files(paths: list[Path]) -> Iterator[Recording]:
    """Sound files, nothing known of them, in stretches of 20 s at most."""
    for path in paths:
        audio, rate = read_audio(path)
        whole = int(LONGEST_SECONDS * rate)
        for at in range(0, audio.shape[1], whole):
            stretch = audio[:, at : at + whole]
            if stretch.shape[1] > rate // 4:
                name = f"{path.name} {at / rate:.0f} s" if audio.shape[1] > whole else path.name
                yield Recording(name, stretch, rate, start=at / rate)


def found(place: Path, seconds: float | None = None) -> Iterator[Recording]:
    """What is at a place: a prepared set, a folder of sounds, or one file.

    Raises:
        UsageError: there is no sound.
    """
    if is_set(place):
        return of_set(open_set(place), seconds)
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
    sounds = [path for path in files if _is_sound(path)]
    if not sounds:
        raise UsageError(f"There is no sound in {place}. Name a prepared set, a folder or a sound file.")
    return of_files(sounds)


def _is_sound(path: Path) -> bool:
    try:
        with open_sound(path):
            return True
    except AudioError:
        return False
