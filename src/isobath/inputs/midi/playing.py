"""Notes and clock of every MIDI port with the moment they came, for a jam.

What comes is stamped at once and handed on. When a port is lost, whoever listens is told, so that no note
stays down.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from isobath.inputs.midi.reading import ALL_NOTES_OFF, CONTROL, NOTE_OFF, NOTE_ON
from isobath.inputs.midi.watching import LOOK_SECONDS, Api, Heard, MidiWatch

TICK, START, GO_ON, STOP, LOCATE = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2


class MidiSaid(NamedTuple):
    """What came. seconds: of time.monotonic. kind: note (number, velocity 0 to 1, 0 lets go), lost, tick,
    start, go_on, stop, or locate (number: sixteenths)."""

    seconds: float
    kind: str
    number: int = 0
    velocity: float = 0.0


KINDS = {TICK: "tick", START: "start", GO_ON: "go_on", STOP: "stop"}
Say = Callable[[MidiSaid], None]


def read_message(data: bytes, seconds: float) -> MidiSaid | None:
    """One whole message as what it says; None where it says nothing to a jam, or is none."""
    if len(data) == 1:
        return MidiSaid(seconds, KINDS[data[0]]) if data[0] in KINDS else None
    if len(data) != 3 or max(data[1:]) > 127:
        return None
    status, first, second = data
    if status == LOCATE:
        return MidiSaid(seconds, "locate", first | second << 7)
    kind = status & 0xF0
    if kind in (NOTE_ON, NOTE_OFF):
        return MidiSaid(seconds, "note", first, second / 127 if kind == NOTE_ON else 0.0)
    if kind == CONTROL and first >= ALL_NOTES_OFF:
        return MidiSaid(seconds, "lost")
    return None


class MidiPlaying:
    """Listens to all ports, or those with `wanted` in their names, until it is closed."""

    def __init__(self, say: Say, wanted: str = "", api: Api = "auto", seconds: float = LOOK_SECONDS) -> None:
        """say: called with what came, in threads of the ports. seconds: between two looks for ports.

        Raises:
            UsageError: python-rtmidi is missing, or this system has no MIDI.
        """
        self._say = say
        self._watch = MidiWatch(
            self._listen, self._gone, way_out="give --no-midi", api=api, wanted=wanted, seconds=seconds
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Ports that are listened to."""
        return self._watch.names

    def close(self) -> None:
        """Listen no more."""
        self._watch.close()

    def _listen(self, _: str) -> Heard:
        def heard(data: bytes) -> None:
            said = read_message(data, time.monotonic())
            if said is not None:
                self._say(said)

        return heard

    def _gone(self, _: str) -> None:
        self._say(MidiSaid(time.monotonic(), "lost"))
