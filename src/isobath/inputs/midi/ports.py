"""Every MIDI port of this machine, as they come and go.

python-rtmidi calls us in a thread of its own for each port. Ports are asked for once a second, because
no system tells all of its news; one that is gone leaves its axes to hold and then to rest.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from isobath.errors import UsageError
from isobath.inputs.keys import Key
from isobath.inputs.midi.clock import TICK, Beat, Follower
from isobath.inputs.midi.reading import Reader, Said

LOOK_SECONDS = 1.0

MISSING = "MIDI needs python-rtmidi: pip install 'isobath[stage]', or leave --midi away."

Api = Literal["auto", "alsa", "jack", "core", "windows"]

Say = Callable[[Key, float], None]
Let = Callable[[list[Key]], None]


def is_here(api: Api = "auto") -> bool:
    """Whether MIDI could be opened without asking anybody for anything."""
    try:
        import rtmidi  # noqa: F401
    except ImportError:
        return False
    return api != "auto" or not sys.platform.startswith("linux") or Path("/dev/snd/seq").exists()


class MidiPorts:
    """Listens to all of them until it is closed."""

    def __init__(
        self,
        say: Say,
        let: Let,
        api: Api = "auto",
        name: str = "isobath",
        seconds: float = LOOK_SECONDS,
        beat: Callable[[Beat], None] = lambda _: None,
    ) -> None:
        """say: called with each value; let: with the keys that were let go or whose port is gone; beat: with
        each beat of a clock; all in threads of the ports. api: of the system; seconds: between two looks
        for ports.

        Raises:
            UsageError: python-rtmidi is missing, or this system has no such MIDI.
        """
        try:
            import rtmidi
        except ImportError as error:
            raise UsageError(MISSING) from error
        self._rtmidi: Any = rtmidi
        self._api = {
            "auto": rtmidi.API_UNSPECIFIED,
            "alsa": rtmidi.API_LINUX_ALSA,
            "jack": rtmidi.API_UNIX_JACK,
            "core": rtmidi.API_MACOSX_CORE,
            "windows": rtmidi.API_WINDOWS_MM,
        }[api]
        self._say, self._let, self._name = say, let, name
        self._seconds, self._beat = seconds, beat
        try:
            self._probe: Any = rtmidi.MidiIn(self._api, name=f"{name}-look")
            self._probe.get_ports()
        except Exception as error:  # rtmidi has errors of its own for each system
            raise UsageError(f"There is no MIDI here ({error}). Leave --midi away to play.") from error
        self._ports: dict[str, tuple[Any, Reader, dict[Key, None]]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="isobath-midi", daemon=True)
        self._thread.start()

    @property
    def names(self) -> tuple[str, ...]:
        """Ports that are listened to."""
        return tuple(self._ports)

    @property
    def garbage(self) -> int:
        """Bytes that belonged to nothing."""
        return sum(reader.garbage for _, reader, _ in list(self._ports.values()))

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
        own = [name for name in there if self._name not in name]
        for name in [name for name in self._ports if name not in own]:
            self._close(name)
        for name in own:
            if name not in self._ports:
                self._open(name, there.index(name))

    def _open(self, name: str, index: int) -> None:
        port = self._rtmidi.MidiIn(self._api, name=self._name)
        reader, known, follower = Reader(), dict[Key, None](), Follower(self._beat)

        def came(event: tuple[list[int], float], _: object = None) -> None:
            if event[0] and event[0][0] >= TICK:
                follower.feed(event[0][0], time.monotonic())
                return
            for said in reader.feed(bytes(event[0])):
                self._tell(name, said, known)

        port.ignore_types(sysex=True, timing=False, active_sense=True)
        port.set_callback(came)
        port.open_port(index, name="in")
        self._ports[name] = (port, reader, known)

    def _tell(self, name: str, said: Said, known: dict[Key, None]) -> None:
        key: Key = ("midi", name, said.channel, said.message, said.number)
        if said.gone:
            self._let([key])
        else:
            known[key] = None
            self._say(key, said.value)

    def _close(self, name: str) -> None:
        port, _, known = self._ports.pop(name)
        port.cancel_callback()
        port.close_port()
        port.delete()
        if known:
            self._let(list(known))
