"""Sounds put on a line of time to the sample: what a jam plays, on a device or into a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isobath.sound.kit import Samples

MOST_SOUNDING = 96
"""Sounds at once; the oldest gives way."""
CHOKE_SECONDS = 0.012
LOUDEST = 0.95


@dataclass(eq=False)
class Sounding:
    """A sound on its way. at: sample of its beginning; left, right: gains; group: what chokes it."""

    sound: Samples
    at: int
    left: float
    right: float
    group: str = ""
    ends: int = 1 << 62
    """Sample at which it is choked."""


class Mixer:
    """One clock of samples; whoever adds to it must not be another thread than the one that mixes, or hold
    a lock of its own."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.sample = 0
        """Of the next block's beginning."""
        self.late = 0
        """Sounds that were added after they should have begun."""
        self._sounding: list[Sounding] = []

    def add(
        self, sound: Samples, at: int, *, gain: float = 1.0, pan: float = 0.0, group: str = "",
        chokes: str = "",
    ) -> None:  # fmt: skip
        """A sound that begins at a sample; one in the past begins now.

        pan: -1 to 1. group: by which it may be choked; chokes: the group that ends when this begins.
        """
        if at < self.sample:
            self.late += 1
            at = self.sample
        for each in self._sounding if chokes else ():
            if each.group == chokes and each.at < at:
                each.ends = min(each.ends, at)
        angle = (min(1.0, max(-1.0, pan)) + 1.0) * np.pi / 4.0
        left, right = float(gain * np.cos(angle)), float(gain * np.sin(angle))
        if len(self._sounding) >= MOST_SOUNDING:
            self._sounding.sort(key=lambda each: each.at)
            del self._sounding[0]
        self._sounding.append(Sounding(sound, at, left, right, group))

    def skip(self, sample: int) -> None:
        """Nobody listened for a while: the next block begins there, and what was to sound before does not."""
        self.sample = max(self.sample, sample)
        self._sounding = [each for each in self._sounding if each.at + len(each.sound) > self.sample]

    def hush(self) -> None:
        """Everything that sounds fades, and what is to come is forgotten."""
        self._sounding = [each for each in self._sounding if each.at < self.sample]
        for each in self._sounding:
            each.ends = min(each.ends, self.sample)

    def mix(self, samples: int) -> NDArray[np.float32]:
        """The next samples, (2, samples)."""
        out = np.zeros((2, samples), np.float32)
        end = self.sample + samples
        for each in self._sounding:
            begin = max(each.at, self.sample)
            stop = min(each.at + len(each.sound), end)
            if begin >= stop:
                continue
            part = each.sound[begin - each.at : stop - each.at]
            if each.ends < stop:
                part = part * self._choke(each, begin, stop)
            out[0, begin - self.sample : stop - self.sample] += each.left * part
            out[1, begin - self.sample : stop - self.sample] += each.right * part
        self.sample = end
        fade = round(CHOKE_SECONDS * self.rate)
        self._sounding = [
            each for each in self._sounding if each.at + len(each.sound) > end and each.ends + fade > end
        ]
        return np.asarray(LOUDEST * np.tanh(out / LOUDEST), dtype=np.float32)

    def _choke(self, each: Sounding, begin: int, stop: int) -> NDArray[np.float32]:
        past = np.arange(begin, stop) - each.ends
        return np.clip(1.0 - past / (CHOKE_SECONDS * self.rate), 0.0, 1.0).astype(np.float32)
