"""Controllers on every MIDI port of this machine, as they come and go.

A port that is gone leaves its axes to hold and then to rest.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from isobath.inputs.keys import Key
from isobath.inputs.midi.clock import TICK, Beat, Follower
from isobath.inputs.midi.reading import Reader, Said
from isobath.inputs.midi.watching import LOOK_SECONDS, Api, Heard, MidiWatch

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
        self._say, self._let, self._beat = say, let, beat
        self._known: dict[str, tuple[Reader, dict[Key, None]]] = {}
        self._watch = MidiWatch(
            self._listen, self._gone, way_out="leave --midi away", api=api, name=name, seconds=seconds
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Ports that are listened to."""
        return self._watch.names

    @property
    def garbage(self) -> int:
        """Bytes that belonged to nothing."""
        return sum(reader.garbage for reader, _ in list(self._known.values()))

    def close(self) -> None:
        """Listen no more."""
        self._watch.close()

    def _listen(self, name: str) -> Heard:
        reader, known, follower = Reader(), dict[Key, None](), Follower(self._beat)
        self._known[name] = (reader, known)

        def heard(data: bytes) -> None:
            if data and data[0] >= TICK:
                follower.feed(data[0], time.monotonic())
                return
            for said in reader.feed(data):
                self._tell(name, said, known)

        return heard

    def _tell(self, name: str, said: Said, known: dict[Key, None]) -> None:
        key: Key = ("midi", name, said.channel, said.message, said.number)
        if said.gone:
            self._let([key])
        else:
            known[key] = None
            self._say(key, said.value)

    def _gone(self, name: str) -> None:
        _, known = self._known.pop(name)
        if known:
            self._let(list(known))
