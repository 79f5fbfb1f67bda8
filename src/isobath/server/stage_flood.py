"""The stage under a flood of OSC: the same measurements as `isobath.outputs.stage.bench`, with every gesture
coming in as a packet, through the receiver and the hub, among as many others as are wanted.

    python -m isobath.server.stage_flood PORT RATE      sends RATE packets a second, until it is ended

The sender is a process of its own and first in line where the system allows it, as another machine would be;
it hands the kernel 50 packets at a time (sendmmsg), for one at a time was all that it could do at 35,000.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import POINTER, Structure, c_int, c_size_t, c_uint, c_uint32, c_void_p, pointer
from dataclasses import dataclass

from isobath.errors import UsageError
from isobath.inputs.hub import Hub
from isobath.inputs.osc.receiver import OscReceiver
from isobath.outputs.osc import encode_message
from isobath.outputs.stage.area import now
from isobath.outputs.stage.engine import StageEngine
from isobath.outputs.stage.priority import hurry
from isobath.protocol.piece import Piece

BATCH = 50
_PRIORITY = 30
"""Below whoever sounds."""


@dataclass(frozen=True)
class Flood:
    """What came in while something else was measured."""

    wanted: float
    """Packets a second."""
    taken: float
    """Of them; 50 come at a time, so a little less or more."""
    processor: float
    """Share of one processor that reading them took: the whole tending process."""


class Door:
    """OSC for an engine, and what reaches it."""

    def __init__(self, engine: StageEngine, piece: Piece) -> None:
        self._hub = Hub()
        self._hub.show(piece)
        self._hub.tell(lambda *_: engine.gesture(self._hub.values(piece.id)), lambda *_: None)
        self._receiver = OscReceiver("127.0.0.1", 0, self._hub.osc)
        self._hub.start()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(self._receiver.address)
        self.port = self._receiver.address[1]

    def say(self, value: float) -> int:
        """Send the first axis somewhere; when (monotonic nanoseconds)."""
        stamp = now()
        self._socket.send(encode_message("/isobath/axis/1", (value,)))
        return stamp

    @property
    def packets(self) -> int:
        """Taken so far."""
        return self._receiver.counts.packets

    def close(self) -> None:
        """Nothing comes in any more."""
        self._receiver.close()
        self._hub.stop()
        self._socket.close()


@contextmanager
def flooded(door: Door, rate: float) -> Iterator[Callable[[], Flood]]:
    """So many packets a second to the second axis; how it stands, whenever asked. 0: none.

    Raises UsageError on systems without sendmmsg.
    """
    began, before, spent = time.monotonic(), door.packets, time.process_time()
    sender = None
    if rate > 0:
        if not sys.platform.startswith("linux"):
            raise UsageError("A flood of OSC can be made on Linux only.")
        sender = subprocess.Popen(
            [sys.executable, "-m", "isobath.server.stage_flood", str(door.port), str(rate)],
            stdout=subprocess.PIPE,
        )
        assert sender.stdout is not None
        sender.stdout.readline()
        began, before, spent = time.monotonic(), door.packets, time.process_time()

    def stands() -> Flood:
        past = time.monotonic() - began
        taken = door.packets - before
        return Flood(rate, taken / past, (time.process_time() - spent) / past)

    try:
        yield stands
    finally:
        if sender is not None:
            sender.kill()
            sender.wait()
            sender.stdout.close()  # type: ignore[union-attr]


# ------------------------------------------------------------------------------- the sender


class _Part(Structure):
    _fields_ = [("base", c_void_p), ("size", c_size_t)]


class _Header(Structure):
    _fields_ = [
        ("name", c_void_p),
        ("name_size", c_uint32),
        ("parts", POINTER(_Part)),
        ("part_count", c_size_t),
        ("control", c_void_p),
        ("control_size", c_size_t),
        ("flags", c_int),
    ]


class _Message(Structure):
    _fields_ = [("header", _Header), ("sent", c_uint)]


def send(port: int, rate: float) -> None:
    """For ever."""
    library = ctypes.CDLL(None)
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.connect(("127.0.0.1", port))
    packets = [encode_message("/isobath/axis/2", (k / BATCH,)) for k in range(BATCH)]
    kept = [ctypes.create_string_buffer(packet, len(packet)) for packet in packets]
    parts, messages = (_Part * BATCH)(), (_Message * BATCH)()
    for part, message, text in zip(parts, messages, kept, strict=True):
        part.base, part.size = ctypes.addressof(text), len(text)
        message.header.parts, message.header.part_count = pointer(part), 1
    hurry(_PRIORITY)
    sys.stdout.write("sends\n")
    sys.stdout.flush()
    began, sent = time.perf_counter(), 0
    while True:
        if sent < rate * (time.perf_counter() - began):
            sent += max(0, library.sendmmsg(out.fileno(), messages, BATCH, 0))
        else:
            time.sleep(0.0005)


if __name__ == "__main__":
    if os.name != "nt":
        send(int(sys.argv[1]), float(sys.argv[2]))
