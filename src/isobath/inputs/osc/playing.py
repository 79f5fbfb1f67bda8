"""Notes by Open Sound Control, for a jam.

    /isobath/note  pitch velocity      a note of MIDI's pitches; velocity 0 lets it go
    /isobath/drum  piece velocity      a hit: kick, snare, closed-hi-hat, ..., or 0 to 8
    /isobath/off                       nothing sounds any more

Velocities are 0 to 1, or whole numbers to 127. A bundle dated ahead waits for its date.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from isobath.inputs.midi.playing import MidiSaid
from isobath.inputs.osc.packets import Message, Value
from isobath.inputs.osc.receiver import OscReceiver
from isobath.symbolic.bars import CLASSES, PITCHES

NOTE, DRUM, OFF = "/isobath/note", "/isobath/drum", "/isobath/off"
NAMES = {name.replace(" ", "-"): piece for piece, name in enumerate(CLASSES)}


def read_notes(message: Message, seconds: float) -> tuple[MidiSaid, ...]:
    """What a message says to a jam; nothing where it is no note."""
    values = message.values
    if message.address == OFF:
        return (MidiSaid(seconds, "lost"),)
    if message.address not in (NOTE, DRUM) or not 1 <= len(values) <= 3:
        return ()
    loud = _velocity(values[1]) if len(values) > 1 else 0.8
    if loud is None:
        return ()
    if message.address == NOTE:
        pitch = _whole(values[0], 127)
        return () if pitch is None else (MidiSaid(seconds, "note", pitch, loud),)
    named = values[0]
    piece = NAMES.get(named.lower()) if isinstance(named, str) else _whole(named, len(PITCHES) - 1)
    if piece is None or loud <= 0.0:
        return ()
    pitch = PITCHES[piece][0]  # a hit is over as it begins
    return MidiSaid(seconds, "note", pitch, loud), MidiSaid(seconds, "note", pitch, 0.0)


def _whole(value: Value, most: int) -> int | None:
    right = isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= most
    return round(value) if right else None  # type: ignore[arg-type]


def _velocity(value: Value) -> float | None:
    if not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= 127:
        return None
    return value / 127 if value > 1 or (isinstance(value, int) and value == 1) else float(value)


class OscPlaying:
    """Listens on a port until it is closed."""

    def __init__(self, say: Callable[[MidiSaid], None], host: str, port: int) -> None:
        """say: called with what came, in the receiver's thread. Raises UsageError: the port is taken."""
        self._say = say
        self._receiver = OscReceiver(host, port, self._take, gone=lambda _: say(_lost()))

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._receiver.address

    def close(self) -> None:
        """Listen no more."""
        self._receiver.close()

    def _take(self, message: Message) -> None:
        for said in read_notes(message, time.monotonic()):
            self._say(said)


def _lost() -> MidiSaid:
    return MidiSaid(time.monotonic(), "lost")
