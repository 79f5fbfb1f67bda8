"""Notes and clock of every MIDI port with the moment they came, for a jam.

python-rtmidi calls in a thread of each port; what comes is stamped at once and handed on. Ports are asked
for once a second; when one is lost, whoever listens is told, so that no note stays down.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from isobath.errors import UsageError
from isobath.inputs.midi.reading import ALL_NOTES_OFF, CONTROL, NOTE_OFF, NOTE_ON

LOOK_SECONDS = 1.0
OWN = "isobath"
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

    def __init__(self, say: Say, wanted: str = "", api: int | None = None) -> None:
        """Raises UsageError: python-rtmidi is missing, or this system has no MIDI."""
        try:
            import rtmidi
        except ImportError as error:
            raise UsageError(
                "MIDI needs python-rtmidi: pip install 'isobath[stage]', or give --no-midi."
            ) from error
        self._rtmidi: Any = rtmidi
        self._say, self._wanted = say, wanted.casefold()
        self._api = rtmidi.API_UNSPECIFIED if api is None else api
        try:
            self._probe: Any = rtmidi.MidiIn(self._api, name=f"{OWN}-look")
            self._probe.get_ports()
        except Exception as error:  # rtmidi has errors of its own for each system
            raise UsageError(f"There is no MIDI here ({error}). Give --no-midi to play without.") from error
        self._ports: dict[str, Any] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="isobath-jam-midi", daemon=True)
        self._thread.start()

    @property
    def names(self) -> tuple[str, ...]:
        """Ports that are listened to."""
        return tuple(self._ports)

    def close(self) -> None:
        """Listen no more."""
        self._stop.set()
        self._thread.join(5.0)
        for name in list(self._ports):
            self._close(name)
        self._probe.delete()

    def _look(self) -> None:
        while True:
            with suppress(Exception):  # a system that has just lost its MIDI; it is asked again
                self._meet(self._probe.get_ports())
            if self._stop.wait(LOOK_SECONDS):
                return

    def _meet(self, there: list[str]) -> None:
        others = [name for name in there if OWN not in name.casefold() and self._wanted in name.casefold()]
        for name in [name for name in self._ports if name not in others]:
            self._close(name)
            self._say(MidiSaid(time.monotonic(), "lost"))
        for name in others:
            if name not in self._ports:
                self._open(name, there.index(name))

    def _open(self, name: str, index: int) -> None:
        port = self._rtmidi.MidiIn(self._api, name=OWN)

        def came(event: tuple[list[int], float], _: object = None) -> None:
            said = read_message(bytes(event[0]), time.monotonic())
            if said is not None:
                self._say(said)

        port.ignore_types(sysex=True, timing=False, active_sense=True)
        port.set_callback(came)
        port.open_port(index, name="in")
        self._ports[name] = port

    def _close(self, name: str) -> None:
        port = self._ports.pop(name)
        port.cancel_callback()
        port.close_port()
        port.delete()
