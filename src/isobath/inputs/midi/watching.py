"""MIDI ports as they come and go, whoever listens.

python-rtmidi calls in a thread of its own for each port. Ports are asked for once a second, because no
system tells all of its news. Ports of one name are told apart: the second is called `NAME #2`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from isobath.errors import UsageError
from isobath.inputs.alike import told_apart

LOOK_SECONDS = 1.0

Api = Literal["auto", "alsa", "jack", "core", "windows"]
Heard = Callable[[bytes], None]


@dataclass(frozen=True)
class _Port:
    """One that is listened to."""

    name: str
    """As the system has it; several may have the same."""
    place: int
    """Among those of its name, as the system lists them."""
    line: Any
    heard: Heard


class MidiWatch:
    """Listens to every port of others, or those with `wanted` in their names, until it is closed."""

    def __init__(
        self,
        listen: Callable[[str], Heard],
        gone: Callable[[str], None],
        *,
        way_out: str,
        api: Api = "auto",
        name: str = "isobath",
        wanted: str = "",
        seconds: float = LOOK_SECONDS,
    ) -> None:
        """listen: what hears a port of this name, which has just come, one whole message a call in a thread
        of the port; gone: called with the name of a port that went, or was let go when all is closed.
        way_out: for the musician who has no MIDI, as "leave --midi away". name: ours; ports with it in their
        names are not listened to. seconds: between two looks.

        Raises:
            UsageError: python-rtmidi is missing, or this system has no such MIDI.
        """
        try:
            import rtmidi
        except ImportError as error:
            raise UsageError(
                f"MIDI needs python-rtmidi: pip install 'isobath[stage]', or {way_out}."
            ) from error
        self._rtmidi: Any = rtmidi
        self._api = {
            "auto": rtmidi.API_UNSPECIFIED,
            "alsa": rtmidi.API_LINUX_ALSA,
            "jack": rtmidi.API_UNIX_JACK,
            "core": rtmidi.API_MACOSX_CORE,
            "windows": rtmidi.API_WINDOWS_MM,
        }[api]
        self._listen, self._gone, self._seconds = listen, gone, seconds
        self._name, self._wanted = name, wanted.casefold()
        try:
            self._probe: Any = rtmidi.MidiIn(self._api, name=f"{name}-look")
            self._probe.get_ports()
        except Exception as error:  # rtmidi has errors of its own for each system
            raise UsageError(f"There is no MIDI here ({error}); {way_out} to play without.") from error
        self._ports: dict[str, _Port] = {}
        self._alike: dict[str, int] = {}
        """How many ports there are of a name."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="isobath-midi", daemon=True)
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
            if self._stop.wait(self._seconds):
                return

    def _meet(self, there: list[str]) -> None:
        ours = self._name.casefold()
        others: dict[str, list[int]] = {}
        for index, name in enumerate(there):
            if ours not in name.casefold() and self._wanted in name.casefold():
                others.setdefault(name, []).append(index)
        for label in [label for label, port in self._ports.items() if port.name not in others]:
            self._close(label)
        for name, indices in others.items():
            self._meet_alike(name, indices)
        self._alike = {name: len(indices) for name, indices in others.items()}

    def _meet_alike(self, name: str, indices: list[int]) -> None:
        """Listen to the ports that the system has under one name."""
        before = {label: port for label, port in self._ports.items() if port.name == name}
        if before and self._alike.get(name) != len(indices):
            # Which of them came or went cannot be told, so all are opened anew.
            for label in before:
                self._shut(label)
        heard = {port.place for port in self._ports.values() if port.name == name}
        for place, index in enumerate(indices):
            if place not in heard:
                with suppress(Exception):  # another program may have it for itself; the others are heard
                    self._open(name, place, index, before)
        for label in [label for label in before if label not in self._ports]:
            self._gone(label)

    def _open(self, name: str, place: int, index: int, before: dict[str, _Port]) -> None:
        line = self._rtmidi.MidiIn(self._api, name=self._name)
        label = told_apart(name, self._ports)
        heard = before[label].heard if label in before else self._listen(label)

        def came(event: tuple[list[int], float], _: object = None) -> None:
            heard(bytes(event[0]))

        line.ignore_types(sysex=True, timing=False, active_sense=True)
        line.set_callback(came)
        try:
            line.open_port(index, name="in")
        except Exception:
            line.delete()
            raise
        self._ports[label] = _Port(name, place, line, heard)

    def _close(self, label: str) -> None:
        try:
            self._shut(label)
        finally:
            self._gone(label)

    def _shut(self, label: str) -> None:
        line = self._ports.pop(label).line
        with suppress(Exception):  # the system may have closed it already
            line.cancel_callback()
            line.close_port()
        with suppress(Exception):
            line.delete()
