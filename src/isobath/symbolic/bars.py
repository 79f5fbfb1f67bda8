"""Bars of music as the models see them: drums and melodies on a grid of sixteenths.

Drums are nine classes, each step a hit or none, with velocity and micro-timing (Gillick et al. 2019;
paper 003, table 4); melodies are one voice of held notes, note-offs and onsets (Roberts et al. 2018).
A tensor is (steps, 27) or (steps, 90); both become MIDI notes and come back exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isobath.errors import ScoreError
from isobath.symbolic.midi import DRUM_CHANNEL, TICKS_PER_QUARTER, Note, Score, midi_bytes

STEPS_PER_BAR = 16
STEPS_PER_QUARTER = 4
MOST_STEPS = 1 << 20
"""Some 18 hours at 60 beats a minute."""
Floats = NDArray[np.floating[Any]]

CLASSES = (
    "kick", "snare", "closed hi-hat", "open hi-hat", "low tom", "mid tom", "high tom", "crash", "ride",
)  # fmt: skip
PITCHES = (
    (36, 35), (38, 37, 40, 39), (42, 22, 44), (46, 26), (43, 58, 41), (47, 45), (50, 48),
    (49, 52, 55, 57), (51, 53, 59),
)  # fmt: skip
"""Pitches of each class; the first is the one that is played. All 22 of the TD-11 are here, and
what General MIDI has beside them (35 kick, 39 clap, 41 tom)."""
CLASS_OF = {pitch: index for index, pitches in enumerate(PITCHES) for pitch in pitches}
DRUM_VALUES = 3 * len(CLASSES)

HOLD, OFF = 0, 1
LOWEST_PITCH, HIGHEST_PITCH = 21, 108
TOKENS = 2 + HIGHEST_PITCH - LOWEST_PITCH + 1


@dataclass(frozen=True)
class Drums:
    """Drum bars.

    hits: (steps, 9) booleans. velocity: (steps, 9), 0..1, v / 127, 0 where there is no hit.
    offset: (steps, 9), -1..1, half steps *early*: the hit sounds at step - offset / 2.
    """

    kind: ClassVar[str] = "drums"
    hits: NDArray[np.bool_]
    velocity: NDArray[np.float32]
    offset: NDArray[np.float32]

    @property
    def steps(self) -> int:
        """Sixteenths."""
        return len(self.hits)

    @property
    def tensor(self) -> NDArray[np.float32]:
        """(steps, 27): hits, velocities, offsets."""
        return np.concatenate([self.hits, self.velocity, self.offset], axis=1).astype(np.float32)

    @staticmethod
    def of(tensor: Floats) -> Drums:
        """From (steps, 27), where a hit is more than 0.5."""
        hits = np.asarray(tensor[:, :9] > 0.5)
        velocity = np.where(hits, np.clip(tensor[:, 9:18], 1 / 127, 1), 0).astype(np.float32)
        offset = np.where(hits, np.clip(tensor[:, 18:], -1, 1), 0).astype(np.float32)
        return Drums(hits, velocity, offset)

    @staticmethod
    def silence(steps: int) -> Drums:
        """No hits."""
        shape = (steps, len(CLASSES))
        return Drums(np.zeros(shape, bool), np.zeros(shape, np.float32), np.zeros(shape, np.float32))

    def changed(self, other: Drums) -> int:
        """Hits that one has and the other has not (Hamming)."""
        return int(np.count_nonzero(self.hits != other.hits))

    def notes(self, ticks: int = TICKS_PER_QUARTER, start: int = 0) -> list[Note]:
        """MIDI notes; bar line of the first bar at tick `start`, hits before tick 0 at 0."""
        step = ticks // STEPS_PER_QUARTER
        found = []
        for s, c in np.argwhere(self.hits):
            at = start + round(float(step * (s - self.offset[s, c] / 2)))
            loud = max(1, min(127, round(float(self.velocity[s, c]) * 127)))
            found.append(Note(max(0, at), step // 2, PITCHES[c][0], loud, DRUM_CHANNEL))
        return found


@dataclass(frozen=True)
class Melody:
    """Bars of one voice. tokens: (steps,), 0 goes on, 1 note-off, 2..89 onset of pitch 21..108."""

    kind: ClassVar[str] = "melody"
    tokens: NDArray[np.uint8]

    @property
    def steps(self) -> int:
        """Sixteenths."""
        return len(self.tokens)

    @property
    def tensor(self) -> NDArray[np.float32]:
        """(steps, 90), one of them 1."""
        return np.eye(TOKENS, dtype=np.float32)[self.tokens]

    @staticmethod
    def of(tensor: Floats) -> Melody:
        """From (steps, 90): the likeliest of each step."""
        return Melody(np.argmax(tensor, axis=1).astype(np.uint8))

    @staticmethod
    def silence(steps: int) -> Melody:
        """No notes."""
        return Melody(np.zeros(steps, np.uint8))

    def changed(self, other: Melody) -> int:
        """Steps that differ."""
        return int(np.count_nonzero(self.tokens != other.tokens))

    def transposed(self, semitones: int) -> Melody:
        """Higher or lower. Raises ScoreError where a note would leave 21..108."""
        moved = np.where(self.tokens >= 2, self.tokens.astype(int) + semitones, self.tokens)
        if np.any((self.tokens >= 2) & ((moved < 2) | (moved >= TOKENS))):
            raise ScoreError(f"Moved by {semitones} semitones, this melody leaves the piano. Move it less.")
        return Melody(moved.astype(np.uint8))

    def notes(self, ticks: int = TICKS_PER_QUARTER, start: int = 0, velocity: int = 90) -> list[Note]:
        """MIDI notes; bar line of the first bar at tick `start`. The last one sounds to the end."""
        step = ticks // STEPS_PER_QUARTER
        found: list[Note] = []
        began, pitch = 0, -1
        for s, token in enumerate([*self.tokens.tolist(), OFF]):
            if token == HOLD:
                continue
            if pitch >= 0:
                found.append(Note(start + began * step, (s - began) * step, pitch, velocity))
            began, pitch = s, token - 2 + LOWEST_PITCH if token >= 2 else -1
        return found


Bars = Drums | Melody


def to_midi(bars: Bars, *, bpm: float = 120.0, lead_in_bars: int = 0, title: str = "") -> bytes:
    """A MIDI file of these bars.

    lead_in_bars: empty bars before them; with one, a first hit that is early keeps its timing
    (without, it is moved to the beginning of the file).
    """
    bar = TICKS_PER_QUARTER * STEPS_PER_BAR // STEPS_PER_QUARTER
    end = lead_in_bars * bar + bars.steps * TICKS_PER_QUARTER // STEPS_PER_QUARTER
    return midi_bytes(bars.notes(start=lead_in_bars * bar), bpm=bpm, end=end, title=title)


def drums_of(score: Score, steps: int | None = None, first: int = 0) -> Drums:
    """Drum bars of a file: whole bars from step `first`, as many as there are hits in, or `steps`.

    A hit belongs to the nearest sixteenth; of two of a class on one step the louder stays. Pitches
    outside the map are passed by, as are other channels where channel 10 is used.
    """
    notes = _drum_notes(score.notes)
    grid = [n.start * STEPS_PER_QUARTER / score.ticks for n in notes]
    return drums_of_hits(
        ((g, CLASS_OF[n.pitch], n.velocity / 127) for g, n in zip(grid, notes, strict=True)), steps, first
    )


def drums_of_hits(
    hits: Iterable[tuple[float, int, float]], steps: int | None = None, first: int = 0
) -> Drums:
    """Drum bars of hits as they were played: (onset in sixteenths, class 0..8, velocity 0..1)."""
    placed = [(int(np.floor(g + 0.5)) - first, g - first, c, v) for g, c, v in hits]
    if steps is None:
        steps = _whole_bars(max((s for s, *_ in placed), default=-1) + 1)
    bars = Drums.silence(steps)
    for s, g, c, v in placed:
        if 0 <= s < steps and v > bars.velocity[s, c]:
            bars.hits[s, c] = True
            bars.velocity[s, c] = v
            bars.offset[s, c] = 2 * (s - g)
    return bars


def _drum_notes(notes: Iterable[Note]) -> list[Note]:
    known = [n for n in notes if n.pitch in CLASS_OF]
    return [n for n in known if n.channel == DRUM_CHANNEL] or known


def melody_of(score: Score, steps: int | None = None, first: int = 0) -> Melody:
    """The melody of a file: the highest of the notes that begin on a step; drums are passed by."""
    share = STEPS_PER_QUARTER / score.ticks
    return melody_of_notes(
        ((n.start * share, n.length * share, n.pitch) for n in score.notes if n.channel != DRUM_CHANNEL),
        steps,
        first,
    )


def melody_of_notes(
    notes: Iterable[tuple[float, float, int]], steps: int | None = None, first: int = 0
) -> Melody:
    """A melody of notes: (onset and length in sixteenths, pitch). Onsets go to the nearest step."""
    placed: dict[int, tuple[int, int]] = {}
    for onset, length, pitch in notes:
        s, e = int(np.floor(onset + 0.5)), int(np.floor(onset + length + 0.5))
        if LOWEST_PITCH <= pitch <= HIGHEST_PITCH and (s not in placed or pitch > placed[s][0]):
            placed[s] = (pitch, max(e, s + 1))
    if steps is None:
        steps = _whole_bars(max((e for _, e in placed.values()), default=first) - first)
    tokens = np.zeros(steps, np.uint8)
    order = sorted(placed.items())
    for i, (s, (pitch, end)) in enumerate(order):
        if 0 <= s - first < steps:
            tokens[s - first] = pitch - LOWEST_PITCH + 2
        following = order[i + 1][0] if i + 1 < len(order) else 1 << 60
        if end < following and 0 <= end - first < steps:
            tokens[end - first] = OFF
    return Melody(tokens)


def _whole_bars(steps: int) -> int:
    if steps > MOST_STEPS:
        raise ScoreError(f"This score has {steps} sixteenths; {MOST_STEPS} can be read. Cut it into parts.")
    return -(-max(steps, 0) // STEPS_PER_BAR) * STEPS_PER_BAR
