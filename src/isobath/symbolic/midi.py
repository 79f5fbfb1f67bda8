"""Standard MIDI files in and out, read as data of strangers.

A file is notes in ticks, tempi and metres; everything else in it is passed by. What is damaged,
too large or no MIDI file becomes a sentence. Source: MIDI 1.0, Standard MIDI Files 1.0 (RP-001).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from isobath.errors import ScoreError
from isobath.models.description import write_whole

LARGEST_FILE = 16 << 20
MOST_NOTES = 1_000_000
LONGEST_TICKS = 1 << 31
TICKS_PER_QUARTER = 480
"""Ticks of the files that are written: 120 to a sixteenth, as in the Groove MIDI Dataset."""
DRUM_CHANNEL = 9
_SHORTEST_TICKS = 1


@dataclass(frozen=True, slots=True)
class Note:
    """A note: start and length in ticks, pitch 0..127, velocity 1..127, channel 0..15."""

    start: int
    length: int
    pitch: int
    velocity: int
    channel: int = 0


@dataclass(frozen=True)
class Score:
    """What a MIDI file plays.

    ticks: to a quarter note. tempi: (tick, microseconds a quarter). metres: (tick, beats, beat's
    share of a whole note), in order. notes: by start, then pitch.
    """

    ticks: int
    notes: tuple[Note, ...]
    tempi: tuple[tuple[int, int], ...] = ()
    metres: tuple[tuple[int, int, int], ...] = ()

    @property
    def bpm(self) -> float:
        """Quarters a minute at the beginning; 120 where nothing is said."""
        return 60e6 / self.tempi[0][1] if self.tempi else 120.0

    def in_metre(self, beats: int, unit: int) -> bool:
        """Whether the whole file is in this metre (4/4 where nothing is said)."""
        said = self.metres or ((0, 4, 4),)
        return all((b, u) == (beats, unit) for _, b, u in said)


class _Bytes:
    """A cursor over bytes that says when they end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise _Short
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def peek(self) -> int:
        if self.at >= len(self.data):
            raise _Short
        return self.data[self.at]

    def number(self) -> int:
        """A variable-length quantity, four bytes at most."""
        value = 0
        for _ in range(4):
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise _Short

    @property
    def done(self) -> bool:
        return self.at >= len(self.data)


class _Short(Exception):
    """The bytes end, or make no sense."""


def read_midi(source: Path | bytes, name: str = "") -> Score:
    """The notes of a MIDI file of format 0 or 1.

    Raises:
        ScoreError: no MIDI file, damaged, or larger than any score.
    """
    name = name or (source.name if isinstance(source, Path) else "This MIDI file")
    try:
        if isinstance(source, Path):
            size = source.stat().st_size
            if size > LARGEST_FILE:
                raise ScoreError(f"{name} has {size} bytes; a score has {LARGEST_FILE} at most.")
            source = source.read_bytes()
        return _parsed(source, name)
    except OSError as error:
        raise ScoreError(f"{name} cannot be read ({error.strerror}).") from error


def _parsed(data: bytes, name: str) -> Score:
    if data[:4] == b"RIFF" and b"MThd" in data[:64]:  # a MIDI file in a RIFF wrapper
        data = data[data.index(b"MThd") :]
    if data[:4] != b"MThd":
        raise ScoreError(f"{name} is not a MIDI file. Give a .mid file.")
    whole = _Bytes(data)
    try:
        whole.take(4)
        head = _Bytes(whole.take(int.from_bytes(whole.take(4), "big")))
        kind, _, division = (int.from_bytes(head.take(2), "big") for _ in range(3))
    except _Short as error:
        raise ScoreError(f"{name} is damaged: its head is not whole.") from error
    if kind > 1:
        raise ScoreError(f"{name} is a MIDI file of format {kind}. Save it again as format 0 or 1.")
    if division & 0x8000 or division == 0:
        raise ScoreError(f"{name} counts time in film frames, not in beats. Save it with ticks per quarter.")
    notes: list[Note] = []
    tempi: list[tuple[int, int]] = []
    metres: list[tuple[int, int, int]] = []
    for track in _tracks(whole, name):
        _read_track(_Bytes(track), name, notes, tempi, metres)
    notes.sort(key=lambda n: (n.start, n.channel, n.pitch, n.length, n.velocity))
    return Score(division, tuple(notes), tuple(sorted(tempi)), tuple(sorted(metres)))


def _tracks(whole: _Bytes, name: str) -> Iterator[bytes]:
    found = False
    while not whole.done:
        try:
            kind, size = whole.take(4), int.from_bytes(whole.take(4), "big")
            body = whole.take(size)
        except _Short as error:
            raise ScoreError(f"{name} is damaged: it ends in the middle of a track.") from error
        if kind == b"MTrk":
            found = True
            yield body
    if not found:
        raise ScoreError(f"{name} holds no track.")


def _read_track(
    track: _Bytes, name: str, notes: list[Note], tempi: list[tuple[int, int]],
    metres: list[tuple[int, int, int]],
) -> None:  # fmt: skip
    tick, status = 0, 0
    sounding: dict[tuple[int, int], list[tuple[int, int]]] = {}
    try:
        while not track.done:
            tick += track.number()
            if tick > LONGEST_TICKS:
                raise ScoreError(f"{name} is longer than any score ({tick} ticks).")
            if track.peek() >= 0x80:
                status = track.byte()
            if status == 0xFF:
                kind, said = track.byte(), track.take(track.number())
                if kind == 0x2F:
                    break
                if kind == 0x51 and len(said) == 3 and any(said):
                    tempi.append((tick, int.from_bytes(said, "big")))
                if kind == 0x58 and len(said) >= 2 and said[0] and said[1] < 8:
                    metres.append((tick, said[0], 1 << said[1]))
            elif status in (0xF0, 0xF7):
                track.take(track.number())
            elif 0x80 <= status < 0xF0:
                _channel_event(track, status, tick, sounding, notes)
            else:
                raise _Short
            if len(notes) > MOST_NOTES:
                raise ScoreError(f"{name} has more than {MOST_NOTES} notes; no score has so many.")
    except _Short as error:
        raise ScoreError(f"{name} is damaged: a track makes no sense at tick {tick}.") from error
    for (channel, pitch), started in sounding.items():  # a note that never ends, ends with the track
        notes += [
            Note(at, max(tick - at, _SHORTEST_TICKS), pitch, velocity, channel) for at, velocity in started
        ]


def _channel_event(
    track: _Bytes, status: int, tick: int, sounding: dict[tuple[int, int], list[tuple[int, int]]],
    notes: list[Note],
) -> None:  # fmt: skip
    kind, channel = status & 0xF0, status & 0x0F
    first = track.byte()
    second = 0 if kind in (0xC0, 0xD0) else track.byte()
    if first > 127 or second > 127:
        raise _Short
    key = (channel, first)
    if kind == 0x90 and second:
        sounding.setdefault(key, []).append((tick, second))
    elif kind in (0x80, 0x90) and sounding.get(key):
        at, velocity = sounding[key].pop(0)
        notes.append(Note(at, max(tick - at, _SHORTEST_TICKS), first, velocity, channel))


def midi_bytes(
    notes: Iterable[Note],
    *,
    ticks: int = TICKS_PER_QUARTER,
    bpm: float = 120.0,
    end: int = 0,
    title: str = "",
    tempi: Iterable[tuple[int, float]] = (),
) -> bytes:
    """A MIDI file (format 0) in 4/4 that plays these notes; it lasts to tick `end` at least.

    tempi: further ones, (tick, beats a minute).
    """
    events = [
        (0, 0, b"\xff\x51\x03" + round(60e6 / bpm).to_bytes(3, "big")),
        (0, 0, b"\xff\x58\x04\x04\x02\x18\x08"),
    ]
    events += [(tick, 0, b"\xff\x51\x03" + round(60e6 / to).to_bytes(3, "big")) for tick, to in tempi]
    if title:
        said = title.encode()[:120]
        events.insert(0, (0, 0, b"\xff\x03" + _quantity(len(said)) + said))
    for n in notes:
        end = max(end, n.start + n.length)
        events.append((n.start, 2, bytes((0x90 | n.channel, n.pitch, n.velocity))))
        events.append((n.start + n.length, 1, bytes((0x80 | n.channel, n.pitch, 0))))
    events.sort(key=lambda event: event[:2])
    body, last = bytearray(), 0
    for tick, _, said in [*events, (end, 3, b"\xff\x2f\x00")]:
        body += _quantity(tick - last) + said
        last = tick
    head = (6).to_bytes(4, "big") + bytes((0, 0, 0, 1)) + ticks.to_bytes(2, "big")
    return b"MThd" + head + b"MTrk" + len(body).to_bytes(4, "big") + bytes(body)


def write_midi(path: Path, data: bytes) -> None:
    """A MIDI file on the disk, whole or not at all. Raises SaveError."""
    write_whole(path, data)


def _quantity(value: int) -> bytes:
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(0x80 | value & 0x7F)
    return bytes(reversed(parts))
