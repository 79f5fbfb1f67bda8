"""What the engine does with processes that may not answer: hear a line in time, tell, part, end."""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, cast

import msgspec

from isobath.outputs.stage import wire

FAREWELL_SECONDS = 1.0


def told_by(line: bytes | None) -> str:
    """Why a host did not open its device: what it said, or that it said nothing."""
    if not line:
        return "The sound device did not open in time. Choose another with --device."
    told = msgspec.json.decode(line)
    return str(told["failed"])


def line_of(process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
    """The next line that a process says; None where it says none in time."""
    source = cast(BinaryIO, process.stdout)
    found: list[bytes] = []
    if os.name == "nt":
        reader = threading.Thread(target=lambda: found.append(source.readline()), daemon=True)
        reader.start()
        reader.join(seconds)
        return found[0] if found else None
    end, text = time.monotonic() + seconds, b""
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([source], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return None
        part = os.read(source.fileno(), 1)  # what follows the line is for others to read
        if not part:
            return text or None
        text += part
    return text


def farewell(host: subprocess.Popen[bytes]) -> None:
    """Let the device be closed, if that goes quickly."""
    with suppress(OSError, ValueError, subprocess.TimeoutExpired):
        if host.stdin is not None:
            host.stdin.close()
        host.wait(FAREWELL_SECONDS)


def end_now(process: subprocess.Popen[bytes]) -> None:
    """At once: a lost device could hold it up for long."""
    with suppress(OSError):
        process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(2.0)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.close()


@dataclass(eq=False)
class WorkerProcess:
    """A worker's process, as seen from here."""

    number: int
    process: subprocess.Popen[bytes]
    loaded: int = -1
    """Revision it was asked for."""
    ready: int = -1
    beat: int = -1
    seen: float = field(default_factory=time.monotonic)
    news: threading.Condition = field(default_factory=threading.Condition)
    waiting: deque[wire.ToWorker | None] = field(default_factory=deque)

    def __post_init__(self) -> None:
        threading.Thread(target=self._write, name="isobath-stage-orders", daemon=True).start()

    def say(self, message: wire.ToWorker | None) -> None:
        """Tell it, or nobody where it has ended; None: nothing more. Never waits: a worker that is getting
        ready reads nothing meanwhile, and a piece may be larger than what a pipe holds."""
        with self.news:
            last = self.waiting[-1] if self.waiting else None
            if isinstance(message, wire.Change) and isinstance(last, wire.Change):
                self.waiting.pop()  # of values that follow each other the newest are enough
            self.waiting.append(message)
            self.news.notify()

    def _write(self) -> None:
        with suppress(OSError, ValueError):
            while True:
                with self.news:
                    self.news.wait_for(lambda: self.waiting)
                    message = self.waiting.popleft()
                if message is None:
                    return
                assert self.process.stdin is not None
                self.process.stdin.write(wire.packed(message))
                self.process.stdin.flush()
