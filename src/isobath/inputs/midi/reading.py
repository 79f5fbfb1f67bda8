"""Bytes of MIDI 1.0 as values from 0 to 1. No port in sight.

Running status, real-time messages in the midst of others, exclusive messages and plain garbage are what a
cable brings; whatever is no channel message is skipped, and stray bytes are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

NOTE_OFF, NOTE_ON, KEY_PRESSURE, CONTROL, PROGRAM, PRESSURE, BEND = 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0
LENGTHS = {NOTE_OFF: 2, NOTE_ON: 2, KEY_PRESSURE: 2, CONTROL: 2, PROGRAM: 1, PRESSURE: 1, BEND: 2}
FINEST = 16383.0
COARSEST = 127.0

DATA, DATA_FINE, NRPN_FINE, NRPN, RPN_FINE, RPN = 6, 38, 98, 99, 100, 101
ALL_NOTES_OFF = 123
SLIDE = 74
"""The third of MPE's per-note controls."""


class Said(NamedTuple):
    """One value. Channel 1 to 16, or 0 for whichever has the newest note; message as in `MidiMessage`."""

    channel: int
    message: str
    number: int
    value: float
    gone: bool = False
    """Let go: the value says nothing."""


class _Channel:
    """What a channel remembers."""

    def __init__(self) -> None:
        self.coarse: dict[int, int] = {}
        self.control = -1
        """The controller that was moved last."""
        self.fine: set[int] = set()
        """Controllers and parameters that send fine halves."""
        self.parameter: tuple[str, int] | None = None
        self.half: dict[str, int] = {"nrpn": 0, "rpn": 0}
        self.data = 0
        self.notes: dict[int, float] = {}
        """Notes that are down with their velocities, the newest last."""
        self.now: dict[tuple[str, int], float] = {("bend", 0): 0.5, ("pressure", 0): 0.0}
        """Where its per-note controls are."""


class Reader:
    """One cable."""

    def __init__(self) -> None:
        self.garbage = 0
        """Bytes that belonged to nothing."""
        self._status = 0
        self._data: list[int] = []
        self._exclusive = False
        self._channels = [_Channel() for _ in range(16)]
        self._newest: list[int] = []
        """Channels with notes down, that of the newest last."""

    def feed(self, data: bytes) -> Iterator[Said]:
        """The values in these bytes, which may end anywhere in a message."""
        for byte in data:
            if byte >= 0xF8:
                continue  # real time: it may come anywhere and changes nothing
            if byte >= 0x80:
                self._begin(byte)
            elif self._exclusive:
                continue
            elif self._status == 0:
                self.garbage += 1
            else:
                self._data.append(byte)
                if len(self._data) == LENGTHS[self._status & 0xF0]:
                    values, self._data = self._data, []
                    yield from self._message(self._status & 0xF0, self._status & 0x0F, values)

    def _begin(self, status: int) -> None:
        self.garbage += len(self._data)
        self._data = []
        self._exclusive = status == 0xF0
        self._status = status if status < 0xF0 else 0

    def _message(self, kind: int, at: int, values: list[int]) -> Iterator[Said]:
        channel = self._channels[at]
        first, last = values[0], values[-1]
        if kind == NOTE_ON and last > 0:
            yield from self._note_on(at, first, last / COARSEST)
        elif kind in {NOTE_ON, NOTE_OFF}:
            yield from self._note_off(at, first)
        elif kind == CONTROL:
            yield from self._control(at, channel, first, last)
        elif kind == PROGRAM:
            yield Said(at + 1, "program", first, 1.0)
            yield Said(at + 1, "program", first, 0.0)
        elif kind == KEY_PRESSURE:
            yield Said(at + 1, "key_pressure", first, last / COARSEST)
        elif kind == PRESSURE:
            yield from self._of_note(at, "pressure", 0, last / COARSEST)
        elif kind == BEND:
            # Both halves of a wheel are used whole: its middle, 8192, is exactly 0.5.
            bend = first | last << 7
            value = bend / 16384.0 if bend <= 8192 else 0.5 + (bend - 8192) / 16382.0
            yield from self._of_note(at, "bend", 0, value)

    # ------------------------------------------------------------------------------ notes

    def _note_on(self, at: int, note: int, velocity: float) -> Iterator[Said]:
        channel = self._channels[at]
        channel.notes.pop(note, None)
        channel.notes[note] = velocity
        if at in self._newest:
            self._newest.remove(at)
        self._newest.append(at)
        yield Said(at + 1, "note", note, 1.0)
        yield from self._newest_note(at, note, velocity)
        for (message, number), value in channel.now.items():
            yield Said(0, message, number, value)

    def _newest_note(self, at: int, note: int, velocity: float) -> Iterator[Said]:
        for where in (at + 1, 0):
            yield Said(where, "velocity", note, velocity)
            yield Said(where, "key", note, note / COARSEST)

    def _note_off(self, at: int, note: int) -> Iterator[Said]:
        channel = self._channels[at]
        channel.notes.pop(note, None)
        yield Said(at + 1, "note", note, 0.0)
        yield Said(at + 1, "velocity", note, 0.0, gone=True)
        yield Said(at + 1, "key", note, 0.0, gone=True)
        if channel.notes:
            before, velocity = next(reversed(channel.notes.items()))
            yield from self._newest_note(at, before, velocity)
            return
        newest = bool(self._newest) and self._newest[-1] == at
        if at in self._newest:
            self._newest.remove(at)
        if not newest:
            return
        if self._newest:
            other = self._newest[-1]
            before, velocity = next(reversed(self._channels[other].notes.items()))
            yield from self._newest_note(other, before, velocity)
            for (message, number), value in self._channels[other].now.items():
                yield Said(0, message, number, value)
        else:
            yield Said(0, "velocity", note, 0.0, gone=True)
            yield Said(0, "key", note, 0.0, gone=True)
            for message, number in channel.now:
                yield Said(0, message, number, 0.0, gone=True)

    def _of_note(self, at: int, message: str, number: int, value: float) -> Iterator[Said]:
        """A control that MPE has for each note."""
        self._channels[at].now[message, number] = value
        yield Said(at + 1, message, number, value)
        if self._newest and self._newest[-1] == at:
            yield Said(0, message, number, value)

    # --------------------------------------------------------------------------- controllers

    def _control(self, at: int, channel: _Channel, number: int, value: int) -> Iterator[Said]:
        if number in {NRPN, NRPN_FINE, RPN, RPN_FINE}:
            self._select(channel, number, value)
        elif number in {DATA, DATA_FINE} and channel.parameter is not None:
            yield from self._data_entry(at, channel, number, value)
        elif number >= 120:
            if number >= ALL_NOTES_OFF:
                for note in list(channel.notes):
                    yield from self._note_off(at, note)
        elif number == SLIDE:
            yield from self._of_note(at, "control", number, value / COARSEST)
        else:
            # A fine half comes right behind its coarse one; otherwise it is a controller of its own.
            fine = 32 <= number < 64 and channel.control == number - 32
            channel.control = number
            if not fine:
                yield Said(at + 1, "control", number, value / COARSEST)
            yield from self._fine(at, channel, number, value)

    def _fine(self, at: int, channel: _Channel, number: int, value: int) -> Iterator[Said]:
        """Controllers 0 to 31 may have their fine half 32 above; it follows the coarse one."""
        if number < 32:
            channel.coarse[number] = value
            if number not in channel.fine:
                yield Said(at + 1, "control14", number, value / COARSEST)
        elif number < 64:
            channel.fine.add(number - 32)
            whole = channel.coarse.get(number - 32, 0) << 7 | value
            yield Said(at + 1, "control14", number - 32, whole / FINEST)

    def _select(self, channel: _Channel, number: int, value: int) -> None:
        """Which parameter the next data are for."""
        kind = "nrpn" if number in {NRPN, NRPN_FINE} else "rpn"
        coarse = number in {NRPN, RPN}
        half = channel.half[kind]
        channel.half[kind] = (value << 7 | half & 0x7F) if coarse else (half & ~0x7F | value)
        chosen = channel.half[kind]
        channel.parameter = None if chosen == 0x3FFF else (kind, chosen)

    def _data_entry(self, at: int, channel: _Channel, number: int, value: int) -> Iterator[Said]:
        assert channel.parameter is not None
        kind, parameter = channel.parameter
        marked = parameter + (1 << 14 if kind == "nrpn" else 2 << 14)
        if number == DATA:
            channel.data = value
            if marked not in channel.fine:
                yield Said(at + 1, kind, parameter, value / COARSEST)
        else:
            channel.fine.add(marked)
            yield Said(at + 1, kind, parameter, (channel.data << 7 | value) / FINEST)
