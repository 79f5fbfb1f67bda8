"""What the engine does with processes that may not answer: hear a line in time, part, end."""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from contextlib import suppress
from typing import BinaryIO, cast

import msgspec

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
