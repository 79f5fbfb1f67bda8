"""MIDI's clock for other machines: 24 ticks a beat, start, stop, continue.

    python -m isobath.outputs.midi_clock PORT

It beats in a process of its own, first in line where the system allows it, because an interpreter that also
serves pages is late by many milliseconds at times. It is told what to do in lines of JSON, and ends, with a
stop, when whoever started it does. Ticks are due at moments of the system's clock, so that lateness never
adds up; a change of tempo holds from the next tick on.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from isobath.errors import UsageError

TICK, START, CONTINUE, STOP = 0xF8, 0xFA, 0xFB, 0xFC
TICKS = 24
"""In a beat."""
LEAST_BPM, MOST_BPM = 20.0, 300.0
PRIORITY = 60
_AHEAD = 0.001
"""From a start or continue to the tick that it means, in seconds, as the MIDI specification asks for."""
_STOOD_STILL = 0.5
"""Ticks that are later than this are left out: the machine slept."""
_OPEN_SECONDS = 10.0
_REMEMBERED = 100_000
_SLEEPS = 16
"""Of so many it is remembered how late they were."""
_FINE = 0.0005
"""Sleeps that are late by no more are fine enough, in seconds."""
_MOST_LOOKED = 0.016 if os.name == "nt" else 0.001
"""Longest time that the clock is looked at instead of sleeping. Where sleeps are fine, a late one comes from
a busy machine, which looking would keep busier."""
_SLICE = 0.01
"""Longest sleep where nothing wakes it, in seconds."""

Order = Literal["start", "stop", "continue", "tempo", "late"]


class Told(msgspec.Struct, frozen=True):
    """What the process is asked for. `late`: how late ticks were, as a line of JSON."""

    do: Order
    bpm: float = 120.0


@dataclass
class Beating:
    """When what is sent. Knows no port and no clock: `now` is given, in seconds."""

    send: Callable[[Sequence[int]], None]
    due: float
    """Of the next tick."""
    bpm: float = 120.0
    late: list[float] = field(default_factory=list)
    """Of each tick, in seconds."""

    def obey(self, told: Told, now: float) -> None:
        """Do what is asked."""
        if told.do in ("start", "continue"):
            self.send((START if told.do == "start" else CONTINUE,))
            self.due = now + _AHEAD
        elif told.do == "stop":
            self.send((STOP,))
        elif told.do == "tempo":
            bpm = min(max(told.bpm, LEAST_BPM), MOST_BPM)
            sooner = min(0.0, 60.0 / bpm / TICKS - 60.0 / self.bpm / TICKS)
            self.due = max(now, self.due + sooner)
            self.bpm = bpm

    def beat(self, now: float) -> None:
        """Send the tick that is due."""
        self.send((TICK,))
        if len(self.late) < _REMEMBERED:
            self.late.append(now - self.due)
        self.due += 60.0 / self.bpm / TICKS
        if now - self.due > _STOOD_STILL:
            self.due = now + 60.0 / self.bpm / TICKS


class MidiClock:
    """The process, from outside. Methods never wait, and do nothing once it has ended."""

    def __init__(self, port: str, bpm: float = 120.0) -> None:
        """port: part of a port's name, or the name of a new one. Raises UsageError where there is none."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "isobath.outputs.midi_clock", port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        said = self._hear(_OPEN_SECONDS)
        if said != b"ready\n":
            self.close()
            raise UsageError(
                said.decode().strip() or f"The MIDI clock did not open the port {port!r} in time."
            )
        self._bpm = 0.0
        self.tempo(bpm)

    def tempo(self, bpm: float) -> None:
        """So many beats a minute from now on, 20 to 300."""
        if bpm != self._bpm:
            self._bpm = bpm
            self._say(Told("tempo", bpm))

    def start(self) -> None:
        """From the beginning."""
        self._say(Told("start"))

    def stop(self) -> None:
        """Machines that follow stop; ticks go on."""
        self._say(Told("stop"))

    def go_on(self) -> None:
        """From where they stopped."""
        self._say(Told("continue"))

    def late(self) -> list[float]:
        """How late each tick left, in seconds, since last asked."""
        self._say(Told("late"))
        said = self._hear(2.0)
        return msgspec.json.decode(said, type=list[float]) if said else []

    def close(self) -> None:
        """Stop, and end."""
        with suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _say(self, told: Told) -> None:
        with suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.write(msgspec.json.encode(told) + b"\n")
            self._process.stdin.flush()

    def _hear(self, seconds: float) -> bytes:
        out = self._process.stdout
        assert out is not None
        text = b""
        end = time.monotonic() + seconds
        while not text.endswith(b"\n"):
            if os.name != "nt" and not select.select([out], [], [], max(0.0, end - time.monotonic()))[0]:
                return b""
            part = os.read(out.fileno(), 65536)
            if not part:
                return text
            text += part
        return text


def main(arguments: list[str]) -> None:
    """Beat until the input ends."""
    import gc

    from isobath.outputs.midi import open_port
    from isobath.outputs.stage.priority import hurry

    try:
        write, close = open_port(arguments[0])
    except UsageError as error:
        sys.stdout.write(f"{error}\n")
        return
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    gc.disable()
    hurry(PRIORITY)

    def send(message: Sequence[int]) -> None:
        with suppress(Exception):  # the port is gone: rtmidi's own errors; it beats on for when it is back
            write(message)

    beating = Beating(send, time.perf_counter())
    try:
        _beat(beating)
    finally:
        send((STOP,))
        close()


def _beat(beating: Beating) -> None:
    orders = _Orders()
    waiting = Waiting(orders.wait)
    while not orders.ended:
        now = time.perf_counter()
        if now >= beating.due:
            beating.beat(now)
            continue
        waiting.towards(beating.due)
        for told in orders.take():
            if told.do == "late":
                sys.stdout.write(msgspec.json.encode(beating.late).decode() + "\n")
                sys.stdout.flush()
                beating.late.clear()
            else:
                beating.obey(told, time.perf_counter())


class Waiting:
    """Gets to a moment although a sleep may be coarse, 15 ms on some systems: as long before it as sleeps
    have lately been late, it sleeps no more and looks at the clock."""

    def __init__(
        self,
        sleep: Callable[[float], object],
        clock: Callable[[], float] = time.perf_counter,
        most: float = _MOST_LOOKED,
    ) -> None:
        """sleep: may be woken early. most: seconds that are spent looking, at most."""
        self._sleep, self._clock, self._most = sleep, clock, most
        self._late: deque[float] = deque([0.0] * _SLEEPS, maxlen=_SLEEPS)

    def towards(self, due: float) -> None:
        """Sleep once towards a moment, or look at the clock until it has come. It may return before."""
        until = due - self._guard
        left = until - self._clock()
        if left <= 0.0:
            while self._clock() < due:
                self._sleep(0.0)
            return
        self._sleep(left)
        late = self._clock() - until
        if late >= 0.0:  # otherwise something woke it
            self._late.append(late)

    @property
    def _guard(self) -> float:
        """From the second latest of the last sleeps: once may be a busy machine, twice is how sleeps are."""
        late = sorted(self._late)[-2]
        return 0.0 if late < _FINE else min(1.25 * late, self._most)


class _Orders:
    """What is asked for, read by a thread of its own: not every system can wait for a pipe and a moment."""

    def __init__(self) -> None:
        self.ended = False
        self._lines: deque[bytes] = deque()
        self._came = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Until something is asked for, or the time is over."""
        if os.name != "nt":
            self._came.wait(seconds)
        elif not self._came.is_set():  # there a wait is coarser than a sleep
            time.sleep(min(seconds, _SLICE))

    def take(self) -> list[Told]:
        """What was asked for since."""
        self._came.clear()
        found = []
        while self._lines:
            found.append(msgspec.json.decode(self._lines.popleft(), type=Told))
        return found

    def _read(self) -> None:
        words = b""
        while part := os.read(0, 65536):
            *lines, words = (words + part).split(b"\n")
            self._lines.extend(lines)
            self._came.set()
        self.ended = True
        self._came.set()


if __name__ == "__main__":
    main(sys.argv[1:])
