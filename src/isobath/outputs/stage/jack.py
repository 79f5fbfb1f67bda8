"""JACK without a sound card, for measuring: a server whose clock is the machine's, and a client that records.

The recorder is an audio host like the stage's own, in a process of its own: its callback is the kernel's, so
nothing that happens here is missed, as long as it is fetched within some seconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from isobath.errors import AudioError
from isobath.outputs.stage import portaudio
from isobath.outputs.stage.area import RING, Area
from isobath.outputs.stage.devices import Asked
from isobath.outputs.stage.hosting import HOST_COMMAND
from isobath.types import Audio

TOOLS = ("jackd", "jack_lsp", "jack_connect", "jack_disconnect")
MISSING = "JACK and PortAudio are needed to measure the stage: apt install jackd2 libportaudio2"


def is_there() -> bool:
    """Whether everything is installed."""
    return all(shutil.which(tool) for tool in TOOLS) and portaudio.find_library() is not None


class DummyServer:
    """`jackd` with its dummy driver, found by what this process starts from then on."""

    def __init__(self, name: str, rate: int, block: int) -> None:
        self.name, self.rate, self.block = name, rate, block
        self._process: subprocess.Popen[bytes] | None = None
        self._log: Path | None = None

    def start(self, log: Path) -> None:
        """Start it and wait until it answers. Raises AudioError."""
        os.environ["JACK_DEFAULT_SERVER"] = self.name
        os.environ["JACK_NO_START_SERVER"] = "1"
        first = ["-R", "-P", "80"] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["-r"]
        driver = ["-d", "dummy", "-r", str(self.rate), "-p", str(self.block), "-P", "2", "-C", "2"]
        self._log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*_ending_with_us(), "jackd", *first, "-n", self.name, *driver],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"},
                start_new_session=True,
            )
        end = time.monotonic() + 10.0
        while not ports():
            if time.monotonic() > end or self._process.poll() is not None:
                self.stop()
                raise AudioError(f"jackd did not start: {log.read_text(errors='replace')[-300:]}")
            time.sleep(0.05)

    def restart(self) -> None:
        """Start it again, after it was ended. Raises AudioError."""
        if self._log is not None:
            self.start(self._log)

    def xruns(self) -> tuple[int, int]:
        """Of a client that was late, and of the driver itself, as its log tells."""
        text = "" if self._log is None else self._log.read_text(errors="replace")
        return text.count("was not finished"), text.count("XRun") - text.count("was not finished")

    def stop(self) -> None:
        """End it properly: JACK counts servers that were ended otherwise, and allows eight."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(3.0)
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _ending_with_us() -> list[str]:
    """In front of a command: it is ended when this process is, however that happens. JACK allows eight
    servers, and those that nobody ended count."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


def ports() -> list[str]:
    """All ports of the server, none where it does not answer."""
    try:
        told = subprocess.run(["jack_lsp"], capture_output=True, text=True, timeout=5.0, check=False)
    except subprocess.TimeoutExpired:
        return []
    return told.stdout.split() if told.returncode == 0 else []


def connect(source: str, target: str) -> None:
    """Lead one port into another."""
    subprocess.run(["jack_connect", source, target], capture_output=True, timeout=5.0, check=False)


class Recorder:
    """Records what a client plays, from when it is made."""

    def __init__(self, rate: int, block: int, of: str = "isobath") -> None:
        """of: the client. Raises AudioError where it cannot be opened."""
        self.area = Area.new(rate, 0, block)
        before = set(ports())
        self._host = _opened(self.area, Asked(device="JACK", block=block, inputs=2), "recorder")
        self._of = of
        new = sorted(set(ports()) - before)
        self._inputs = [port for port in new if ":in_" in port]
        for side, port in enumerate(self._inputs):
            subprocess.run(
                ["jack_disconnect", f"system:capture_{side + 1}", port], capture_output=True, check=False
            )
        self._blocks: list[Audio] = []
        self._first = self._fetched = int(self.area.board.captured)
        self.lost = 0
        """Frames that were not fetched in time."""
        self.connect()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._fetch_on, daemon=True)
        self._thread.start()

    def connect(self) -> None:
        """Listen to the client (again, after it was opened anew)."""
        for side, port in enumerate(self._inputs):
            connect(f"{self._of}:out_{side}", port)

    def _fetch_on(self) -> None:
        while not self._ends.wait(0.05):
            self._fetch()

    def _fetch(self) -> None:
        until = int(self.area.board.captured)
        if until > self._fetched:
            block, there = self.area.came(self._fetched, until - self._fetched)
            self.lost += block.shape[1] - there
            self._blocks.append(block)
            self._fetched = until

    def moment(self) -> tuple[int, int]:
        """Frames recorded, and the clock (nanoseconds) when they were."""
        while True:
            before, clock = int(self.area.board.captured), int(self.area.board.clock)
            if before == int(self.area.board.captured) and clock == int(self.area.board.clock):
                return before - self._first, clock

    @property
    def xruns(self) -> int:
        """That it was told of."""
        return int(self.area.board.xruns)

    def sound(self) -> Audio:
        """Everything so far, (2, frames)."""
        return np.concatenate([np.zeros((2, 0), np.float32), *list(self._blocks)], axis=1)

    def close(self) -> None:
        """Record no more."""
        self._ends.set()
        self._thread.join()
        self._fetch()
        with suppress(OSError, subprocess.TimeoutExpired):
            if self._host.stdin is not None:
                self._host.stdin.close()
            self._host.wait(1.0)
        self._host.kill()
        self._host.wait()


class Source:
    """Plays into a client's inputs: another program, or a line, for one that listens."""

    def __init__(self, rate: int, block: int, into: str = "isobath") -> None:
        """into: the client. Raises AudioError where it cannot be opened."""
        self.area = Area.new(rate, 1024, block)
        self.area.board.workers[0].pid, self.area.board.wish = 1, 0
        before = set(ports())
        self._host = _opened(self.area, Asked(device="JACK", block=block), "source")
        new = sorted(port for port in set(ports()) - before if ":out_" in port)
        for side, port in enumerate(new):  # as PortAudio connected them by itself
            _quietly("jack_disconnect", port, f"system:playback_{side + 1}")
            _quietly("jack_disconnect", f"system:capture_{side + 1}", f"{into}:in_{side}")
            connect(port, f"{into}:in_{side}")

    def play(self, sound: Audio) -> None:
        """(2, frames), after what was given before; returns when the last of it is on its way."""
        for start in range(0, sound.shape[1], 1024):
            while self.area.fill(0) > RING // 2:
                time.sleep(0.005)
            self.area.write(0, sound[:, start : start + 1024])

    def close(self) -> None:
        """Play no more."""
        self._host.kill()
        self._host.wait()


def _opened(area: Area, asked: Asked, name: str) -> subprocess.Popen[bytes]:
    """An audio host of its own on an area. Raises AudioError where it cannot be opened."""
    host = subprocess.Popen(
        [*HOST_COMMAND, area.word, msgspec.json.encode(asked).decode()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=area.handles,
        start_new_session=True,
    )
    assert host.stdout is not None
    said = host.stdout.readline()
    if b'"failed"' in said[:12]:
        raise AudioError(f"The {name} could not be opened: {said.decode()}")
    return host


def _quietly(*command: str) -> None:
    subprocess.run(command, capture_output=True, timeout=5.0, check=False)


@dataclass(frozen=True)
class Heard:
    """What was captured of a reference."""

    whole: int
    """Samples of the reference."""
    same: int
    """Of them, those that were captured to the last bit."""
    breaks: int
    """Times that the captured sound was something else for a while: silence, fades, what was lost."""


_LANDMARK = 64
"""Samples in a row by which a place is known again."""
_FADES = 512
"""Samples after a break that may be fading in."""


def compared(captured: Audio, reference: Audio) -> Heard:
    """How much of a reference was captured. Both begin with their first sample that is not silence; the last
    10 ms may be missing."""
    one, other = (each[:, int(np.argmax(np.abs(each).max(axis=0) > 0)) :] for each in (captured, reference))
    whole = max(0, other.shape[1] - 480)
    at = there = same = breaks = 0
    while at < whole:
        both = min(one.shape[1] - there, whole - at)
        differs = np.flatnonzero(np.any(one[:, there : there + both] != other[:, at : at + both], axis=0))
        run = int(differs[0]) if len(differs) else both
        at, there, same = at + run, there + run, same + run
        if at >= whole:
            break
        breaks += 1
        found = _again(one, other, at, there, whole)
        if found is None:
            break
        at, there = found
    return Heard(whole, same, breaks)


def _again(one: Audio, other: Audio, at: int, there: int, whole: int) -> tuple[int, int] | None:
    """Where both are the same again, after they were not at `at` of the reference."""
    for later in range(at + _FADES, whole - _LANDMARK, _LANDMARK):
        mark = other[0, later : later + _LANDMARK]
        if not np.any(mark):
            continue
        for place in np.flatnonzero(one[0, there : one.shape[1] - _LANDMARK] == mark[0]) + there:
            if np.array_equal(one[0, place : place + _LANDMARK], mark):
                return later, int(place)
    return None


def first_break(captured: Audio, reference: Audio) -> int | None:
    """Sample of the reference from which on the captured one is not the same; None where it is to the end.
    Both begin with their first sample that is not silence; the last 10 ms may be missing."""
    starts = [int(np.argmax(np.abs(each).max(axis=0) > 0)) for each in (captured, reference)]
    both = int(min(captured.shape[1] - starts[0], reference.shape[1] - starts[1]))
    if both < reference.shape[1] - starts[1] - 480:
        return both
    one, other = captured[:, starts[0] :][:, :both], reference[:, starts[1] :][:, :both]
    differs = np.flatnonzero(np.any(one != other, axis=0))
    return int(differs[0]) if len(differs) else None
