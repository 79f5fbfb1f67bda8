"""MIDI ports as they come and go, whoever listens.

python-rtmidi calls in a thread of its own for each port. Ports are asked for once a second, because no
system tells all of its news.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from isobath.errors import UsageError

LOOK_SECONDS = 1.0

Api = Literal["auto", "alsa", "jack", "core", "windows"]
Heard = Callable[[bytes], None]


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
        self._ports: dict[str, Any] = {}
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
        others = [name for name in there if ours not in name.casefold() and self._wanted in name.casefold()]
        for name in [name for name in self._ports if name not in others]:
            self._close(name)
        for name in others:
            if name not in self._ports:
                with suppress(Exception):  # another program may have it for itself; the others are heard
                    self._open(name, there.index(name))

    def _open(self, name: str, index: int) -> None:
        port = self._rtmidi.MidiIn(self._api, name=self._name)
        heard = self._listen(name)

        def came(event: tuple[list[int], float], _: object = None) -> None:
            heard(bytes(event[0]))

        port.ignore_types(sysex=True, timing=False, active_sense=True)
        port.set_callback(came)
        try:
            port.open_port(index, name="in")
        except Exception:
            port.delete()
            raise
        self._ports[name] = port

    def _close(self, name: str) -> None:
        port = self._ports.pop(name)
        try:
            with suppress(Exception):  # the system may have closed it already
                port.cancel_callback()
                port.close_port()
            port.delete()
        finally:
            self._gone(name)
