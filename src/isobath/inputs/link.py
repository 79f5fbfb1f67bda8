"""The beat of an Ableton Link session, by way of Carabiner, a program of its own that is asked over TCP.

Link itself is GPL, and so nothing of it is in here (docs/decisions/0015-controllers.md). Carabiner says tempo
and beat at the moment it is asked; when the next whole beat falls is worked out from the answers that came
back quickest.
"""

from __future__ import annotations

import math
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from isobath.inputs.midi.clock import Beat

PORT = 17000
ASK_SECONDS = 0.25
PATIENCE_SECONDS = 2.0
AGAIN_SECONDS = 2.0
SLOWEST, FASTEST = 20.0, 300.0
_REMEMBERED = 16
_MOST_BYTES = 65536

STATUS = re.compile(r"status \{[^}\n]*:bpm (\d{1,3}\.\d+)[^}\n]*:beat (-?\d{1,12}\.\d+)[^}\n]*\}")


class Reading(NamedTuple):
    """What was said: at `moment` (seconds of time.monotonic, give or take `doubt`) it was `beat`."""

    bpm: float
    beat: float
    moment: float
    doubt: float


class Timeline:
    """When beats fall."""

    def __init__(self) -> None:
        self._readings: deque[Reading] = deque(maxlen=_REMEMBERED)

    def add(self, bpm: float, beat: float, asked: float, answered: float) -> None:
        """An answer; what cannot be a tempo is left out, another tempo makes the older ones void."""
        if not (SLOWEST <= bpm <= FASTEST and math.isfinite(beat) and answered >= asked):
            return
        if self._readings and abs(self._readings[-1].bpm - bpm) > 1e-4:
            self._readings.clear()
        reading = Reading(bpm, beat, (asked + answered) / 2, (answered - asked) / 2)
        if self._readings and abs(self._at(reading.moment) - beat) > 0.5:
            self._readings.clear()  # somebody put the beat elsewhere
        self._readings.append(reading)

    @property
    def bpm(self) -> float:
        """0: nothing was heard yet."""
        return self._readings[-1].bpm if self._readings else 0.0

    def _at(self, moment: float) -> float:
        best = min(self._readings, key=lambda each: each.doubt)
        return best.beat + (moment - best.moment) * best.bpm / 60.0

    def after(self, moment: float) -> tuple[float, int]:
        """When the next whole beat falls after a moment, and its number. Something must have been heard."""
        number = math.floor(self._at(moment) + 1e-6) + 1
        best = min(self._readings, key=lambda each: each.doubt)
        return best.moment + (number - best.beat) * 60.0 / best.bpm, number


class LinkWatch:
    """Asks Carabiner and says beats, in threads of its own, until it is closed; where it is not there, it is
    looked for again."""

    def __init__(self, say: Callable[[Beat], None], host: str = "127.0.0.1", port: int = PORT) -> None:
        self._say, self._place = say, (host, port)
        self._timeline, self._lock = Timeline(), threading.Lock()
        self._ended = threading.Event()
        self.connected = False
        self._threads = [
            threading.Thread(target=each, name="isobath-link", daemon=True)
            for each in (self._ask, self._beat)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ask no more."""
        self._ended.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS + 1.0)

    def _ask(self) -> None:
        while not self._ended.is_set():
            with suppress(OSError), socket.create_connection(self._place, PATIENCE_SECONDS) as line:
                self._talk(line)
            self.connected = False
            with self._lock:
                self._timeline = Timeline()
            self._ended.wait(AGAIN_SECONDS)

    def _talk(self, line: socket.socket) -> None:
        line.settimeout(PATIENCE_SECONDS)
        while not self._ended.is_set():
            asked = time.monotonic()
            line.sendall(b"status\n")
            said, found = "", None
            while found is None and len(said) < _MOST_BYTES:
                part = line.recv(4096)
                if not part:
                    return
                answered = time.monotonic()
                said += part.decode("ascii", "replace")
                found = STATUS.search(said)
            if found is None:
                return
            self.connected = True
            with self._lock:
                self._timeline.add(float(found[1]), float(found[2]), asked, answered)
            self._ended.wait(ASK_SECONDS)

    def _beat(self) -> None:
        last = None
        while not self._ended.is_set():
            with self._lock:
                bpm = self._timeline.bpm
                due, number = self._timeline.after(time.monotonic()) if bpm else (math.inf, 0)
            wait = due - time.monotonic()
            if wait > ASK_SECONDS / 5:  # what is said meanwhile may move it
                self._ended.wait(min(wait / 2, ASK_SECONDS))
                continue
            if self._ended.wait(max(0.0, wait)):
                return
            if last is None or number > last or number < last - 1:  # a better answer may put it a little back
                self._say(Beat(bpm, number, starts=last is None))
                last = number
