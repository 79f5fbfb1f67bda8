"""One source file on its way into the set: channels, rate, high pass, gain, silence.

Each step keeps its state between blocks, so that a file of hours needs no more memory than one of
seconds. Normalising needs to know the whole file first; it is then decoded twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from isobath.corpora.decoding import Probe, blocks
from isobath.corpora.filtering import Filter, Level, high_pass
from isobath.corpora.options import Options
from isobath.corpora.silence import Gate
from isobath.errors import AudioError
from isobath.types import Audio
from isobath.units import db_to_gain

PEAK_DB, LOUDNESS_LUFS, MOST_GAIN_DB = -1.0, -18.0, 30.0
"""What `normalise` aims at, and how much it raises at most."""

SILENT_DB = -80.0
"""A file that never reaches this is left out."""

SHORTEST_SECONDS = 0.01
CLIPPED_RUN, CLIPPED_LEVEL, CLIPPED_TOLD = 3, 0.9999, 5
"""So many samples in a row at full scale are a clipped peak; so many peaks are worth a word."""

Told = Callable[[float], None]
"""Hears how many seconds of the file are done."""


@dataclass
class Faults:
    """What was noticed while decoding: clipped peaks, and the highest sample over full scale."""

    clipped: int = 0
    highest: float = 0.0
    samples: int = 0

    def notice(self, audio: Audio, sample_rate: int) -> None:
        """Look at a block as it was decoded.

        Raises:
            AudioError: it contains values that are no numbers.
        """
        wrong = ~np.isfinite(audio).all(axis=0)
        if wrong.any():
            at = (self.samples + int(wrong.argmax())) / sample_rate
            raise AudioError(
                f"it contains values that are not numbers (NaN), the first at {at:.2f} s: "
                "write it again from where it was made"
            )
        self.samples += audio.shape[1]
        size = np.abs(audio)
        self.highest = max(self.highest, float(size.max(initial=0)))
        full = size >= CLIPPED_LEVEL
        runs = full[:, : -CLIPPED_RUN + 1].copy()
        for later in range(1, CLIPPED_RUN):
            runs &= full[:, later : full.shape[1] - CLIPPED_RUN + 1 + later]
        self.clipped += int((np.diff(runs.astype(np.int8), axis=1) == 1).sum())

    def notes(self, gain_db: float, head: Probe) -> list[str]:
        """What is worth saying, one sentence each."""
        notes = []
        seconds = self.samples / head.sample_rate
        if seconds < 0.98 * head.seconds and not head.by_media:
            notes.append(f"damaged: its header says {head.seconds:.1f} s, and {seconds:.1f} s could be read")
        if self.clipped >= CLIPPED_TOLD:
            notes.append(f"clipped in {self.clipped} places; a model learns the distortion, too")
        over = 20 * np.log10(max(self.highest, 1e-9)) + gain_db
        if over > 0.01:
            notes.append(f"reaches {over:.1f} dB over full scale, clipped there; --normalise peak helps")
        return notes


def fitted(audio: Audio, channels: int) -> Audio:
    """The sound in so many channels: mono is spread, anything becomes mono by averaging."""
    if audio.shape[0] == channels:
        return audio
    if channels == 1:
        return np.asarray(audio.mean(axis=0, keepdims=True), dtype=np.float32)
    return np.repeat(audio, channels, axis=0)


def check_channels(head: Probe, channels: int) -> None:
    """Whether a file can be brought to so many channels.

    Raises:
        AudioError: it would take inventing or throwing away.
    """
    if head.channels not in {1, channels} and channels != 1:
        raise AudioError(
            f"it has {head.channels} channels and the set {channels}: use --channels 1, or "
            f"--channels {head.channels}"
        )


def level_blocks(
    path: Path, head: Probe, options: Options, faults: Faults, told: Told = lambda _: None
) -> Iterator[Audio]:
    """The file at the set's rate, channels and high pass."""
    rate, channels = options.sample_rate, options.channels
    stream = soxr.ResampleStream(head.sample_rate, rate, channels, "float32", "HQ")
    passing = Filter(high_pass(options.high_pass_hz, rate), channels) if options.high_pass_hz else None
    for block in blocks(path, head):
        faults.notice(block, head.sample_rate)
        check_channels(Probe(head.sample_rate, block.shape[0], 0.0, head.by_media), channels)
        audio = fitted(block, channels)
        if head.sample_rate != rate:
            audio = _resampled(stream, audio, last=False)
        told(faults.samples / head.sample_rate)
        yield _passed(passing, audio)
    if head.sample_rate != rate:
        yield _passed(passing, _resampled(stream, np.zeros((channels, 0), np.float32), last=True))


def _resampled(stream: soxr.ResampleStream, audio: Audio, last: bool) -> Audio:
    out = np.asarray(stream.resample_chunk(np.ascontiguousarray(audio.T), last=last))
    return np.ascontiguousarray(out.reshape(-1, audio.shape[0]).T)


def _passed(passing: Filter | None, audio: Audio) -> Audio:
    return audio if passing is None else passing.push(audio).astype(np.float32)


@dataclass
class Treated:
    """What became of a file. kept: see index.File. gain_db: of normalisation."""

    samples: int
    kept: list[tuple[int, int]]
    gain_db: float
    level: Level
    faults: Faults


def gain_for(path: Path, head: Probe, options: Options, told: Told) -> float:
    """The gain in dB that normalises this file; 0 where it stays as it is."""
    if options.normalise == "none":
        return 0.0
    level = Level(options.channels, options.sample_rate)
    for block in level_blocks(path, head, options, Faults(), told):
        level.push(block)
    up = PEAK_DB - level.peak_db
    if options.normalise == "loudness":
        up = min(up, LOUDNESS_LUFS - level.loudness())
    return min(up, MOST_GAIN_DB) if level.peak_db > SILENT_DB else 0.0


def treat(
    path: Path, head: Probe, options: Options, write: Callable[[Audio], None], told: Told = lambda _: None
) -> Treated:
    """Send a file's sound to `write`, block by block.

    Raises:
        AudioError: it cannot go into the set; the message says why, without the name.
    """
    check_channels(head, options.channels)
    passes = 1 if options.normalise == "none" else 2
    gain_db = gain_for(path, head, options, lambda at: told(at / passes))
    gain = np.float32(db_to_gain(gain_db))
    gate = _gate(options)
    level, faults, samples = Level(options.channels, options.sample_rate), Faults(), 0

    def send(parts: list[Audio]) -> None:
        nonlocal samples
        for part in parts:
            level.push(part)
            write(part)
            samples += part.shape[1]

    first = 0.0 if passes == 1 else head.seconds / 2
    for block in level_blocks(path, head, options, faults, lambda at: told(first + at / passes)):
        send(_joined(gate.push(block * gain)) if gate else [block * gain])
    if gate:
        send(_joined(gate.finish()))
    _check_worth(faults, level, samples, options, head)
    kept = gate.kept if gate and gate.kept != [(0, samples)] else []
    return Treated(samples, kept, gain_db, level, faults)


def _gate(options: Options) -> Gate | None:
    if not options.remove_silence:
        return None
    return Gate(options.sample_rate, options.silence_db, options.keep_before, options.keep_after)


def _joined(parts: list[Audio]) -> list[Audio]:
    return [np.concatenate(parts, axis=1)] if parts else []


def _check_worth(faults: Faults, level: Level, samples: int, options: Options, head: Probe) -> None:
    if faults.samples < SHORTEST_SECONDS * head.sample_rate:
        raise AudioError(f"it is {1000 * faults.samples / head.sample_rate:.1f} ms long; 10 ms is the least")
    if faults.highest <= db_to_gain(SILENT_DB):
        raise AudioError(f"it is silent (nothing over {SILENT_DB:.0f} dBFS)")
    if samples == 0 or level.peak <= 0:
        raise AudioError(f"nothing in it is louder than {options.silence_db:.0f} dBFS: lower --silence-db")
