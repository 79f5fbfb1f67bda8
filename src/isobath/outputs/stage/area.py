"""The memory that the processes of a stage share (kernel/stage.h), from Python.

On Linux it is a nameless file that children inherit, so nothing is left behind whoever dies; elsewhere a
file in the folder for temporary ones. A child is told where it is in one word, `Area.word`.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import tempfile
from contextlib import suppress
from ctypes import (
    POINTER,
    Structure,
    c_double,
    c_float,
    c_int,
    c_int32,
    c_int64,
    c_uint32,
    c_uint64,
    c_void_p,
)
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isobath.errors import AudioError, KernelError, UsageError
from isobath.models import kernel
from isobath.outputs.stage import incoming, rows, showing
from isobath.types import Audio

WORKERS = showing.WORKERS
NOBODY = -1
RING = 16384
AXES = 128
LATENTS = 1024
HEARD = 131072
"""Frames of what was heard that are kept."""
READY = 2
EVENTS = 512
KINDS = {1: "underrun", 2: "xrun", 3: "takeover"}
"""What can go wrong, as the callback notes it."""


class WorkerBoard(Structure):
    """ib_stage_worker."""

    _fields_ = [
        ("pid", c_int32),
        ("state", c_int32),
        ("written", c_uint64),
        ("read", c_uint64),
        ("beat", c_uint64),
        ("position", c_uint64),
        ("revision", c_int64),
        ("peak", c_float * 2),
        ("rms", c_float * 2),
        ("limiter_db", c_float),
        ("guard_db", c_float),
        ("clamped", c_float),
        ("load", c_float),
        ("scrubbed", c_uint32),
        ("voices", c_uint32),
        ("latent_sequence", c_uint32),
        ("input_missing", c_uint32),
        ("latents", c_float * LATENTS),
    ]


class Board(Structure):
    """ib_stage, as far as Python looks at it."""

    _fields_ = [
        ("magic", c_uint32),
        ("version", c_uint32),
        ("rate", c_int32),
        ("ahead", c_int32),
        ("device_rate", c_int32),
        ("block", c_int32),
        ("inputs", c_int32),
        ("outputs", c_int32),
        ("active", c_int32),
        ("wish", c_int32),
        ("alarm", c_uint32),
        ("tick", c_uint32),
        ("callbacks", c_uint64),
        ("frames", c_uint64),
        ("underruns", c_uint64),
        ("missing", c_uint64),
        ("switches", c_uint64),
        ("takeovers", c_uint64),
        ("xruns", c_uint64),
        ("scrubbed", c_uint64),
        ("clipped", c_uint64),
        ("captured", c_uint64),
        ("heard", c_uint64),
        ("peak", c_float * 2),
        ("input_peak", c_float * 2),
        ("clock", c_uint64),
        ("gesture_sequence", c_uint32),
        ("axes", c_int32),
        ("gesture_revision", c_int64),
        ("gesture_stamp", c_uint64),
        ("gesture", c_double * AXES),
        ("events", c_uint64),
        ("event_clock", c_uint64 * EVENTS),
        ("event_kind", c_uint32 * EVENTS),
        ("workers", WorkerBoard * WORKERS),
    ]


@cache
def library() -> ctypes.CDLL:
    """The kernel's library with the stage's functions declared."""
    found = kernel.library()
    p, i, u32, u64, i64 = c_void_p, c_int, c_uint32, c_uint64, c_int64
    declared: tuple[tuple[str, Any, list[Any]], ...] = (
        ("bytes", i64, []),
        ("init", i, [p, i64, i, i, i]),
        ("check", i, [p, i64]),
        ("run", None, [p, p, p, i]),
        ("for_miniaudio", None, [p]),
        ("open_bytes", i64, [p, i]),
        ("open", i, [p, i, i, i, p, i64]),
        ("delay", i, [p]),
        ("wanted", i, [p, i]),
        ("fill", i, [p, i]),
        ("clear", None, [p, i]),
        ("write", i, [p, i, p, i]),
        ("wait", u32, [p, u32, i]),
        ("wake", None, [p]),
        ("alarm", None, [p, i]),
        ("came", i, [p, u64, i, p]),
        ("heard", i, [p, u64, i, p]),
        ("gesture", None, [p, p, i, i64, u64]),
        ("held", i, [p, p, POINTER(c_int64), POINTER(c_uint64)]),
        ("now", u64, []),
        ("canary", i, [p, i, p, i, i]),
    )
    for name, result, arguments in declared:
        function = getattr(found, f"ib_stage_{name}")
        function.restype, function.argtypes = result, arguments
    return found


def now() -> int:
    """Monotonic nanoseconds, on the clock of the callback."""
    return int(library().ib_stage_now())


def callback_address(name: str) -> int:
    """Where `ib_stage_portaudio` or `ib_stage_miniaudio` lies."""
    address = ctypes.cast(getattr(library(), f"ib_stage_{name}"), c_void_p).value
    assert address is not None
    return address


_BESIDE = rows.BYTES + showing.BYTES + incoming.BYTES
"""What Python keeps there, behind what the kernel does."""


def _gap(size: int) -> int:
    """Bytes up to the next 64."""
    return -size % 64


class Area:
    """The shared memory, mapped here."""

    def __init__(self, handle: int, path: Path | None = None) -> None:
        self._handle, self._path = handle, path
        self.library = library()
        self.size = int(self.library.ib_stage_bytes())
        begins = self.size + _gap(self.size)
        self._map = mmap.mmap(handle, begins + _BESIDE)
        view: NDArray[np.uint8] = np.frombuffer(self._map, np.uint8)
        self._view, self.at = view, int(view.ctypes.data)
        self.rows = rows.RowLog(view[begins : begins + rows.BYTES])
        begins += rows.BYTES
        self.showing = showing.Showing(view[begins : begins + showing.BYTES])
        self.incoming = incoming.IncomingLog(view[begins + showing.BYTES :])
        self.board = Board.from_address(self.at)
        self._resampling: NDArray[np.uint8] = np.zeros(0, np.uint8)

    @classmethod
    def new(cls, rate: int, ahead: int, block: int) -> Area:
        """A fresh one: workers' rate in Hz; frames that they are ahead of the next block of the device."""
        size, path = int(library().ib_stage_bytes()), None
        if hasattr(os, "memfd_create"):
            handle = os.memfd_create("isobath-stage")
        else:
            handle, name = tempfile.mkstemp(prefix="isobath-stage-")
            path = Path(name)
        os.truncate(handle, size + _gap(size) + _BESIDE)
        area = cls(handle, path)
        if area.library.ib_stage_init(area.at, size, rate, ahead, block) < 0:
            area.close()
            raise UsageError(
                f"The stage cannot run at {rate} Hz with blocks of {block} and {ahead} frames ahead. "
                f"Rates go from 8000 to 192000 Hz; blocks, and frames ahead, to {RING // 4}."
            )
        return area

    @classmethod
    def of(cls, word: str) -> Area:
        """The one that a parent told of. Raises KernelError where it is another version's."""
        kind, _, value = word.partition(":")
        handle = int(value) if kind == "fd" else os.open(value, os.O_RDWR)
        area = cls(handle)
        if area.library.ib_stage_check(area.at, area.size) < 0:
            raise KernelError("The stage was started by another version of Isobath. Start it again.")
        return area

    @property
    def word(self) -> str:
        """What a child is told; it inherits `handles`."""
        return f"file:{self._path}" if self._path is not None else f"fd:{self._handle}"

    @property
    def handles(self) -> tuple[int, ...]:
        """File descriptors that a child has to inherit."""
        held = self._path is None and self._handle >= 0 and sys.platform != "win32"
        return (self._handle,) if held else ()

    def end(self) -> None:
        """The stage is over: whoever listens to it stops."""
        self.board.magic = 0

    @property
    def ended(self) -> bool:
        """Whether the stage is over."""
        return bool(self.board.magic == 0)

    def close(self) -> None:
        """No further process can have it. Whoever has it mapped may read on; it goes with the last one."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            with suppress(OSError):
                os.close(handle)
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def open(self, device_rate: int, inputs: int, outputs: int) -> float:
        """A device begins, from this process; seconds that resampling takes. Raises AudioError."""
        size = int(self.library.ib_stage_open_bytes(self.at, device_rate))
        if size >= 0:
            self._resampling = kernel.block(size)
            at = self._resampling.ctypes.data
            size = int(self.library.ib_stage_open(self.at, device_rate, inputs, outputs, at, size))
        if size < 0:
            raise AudioError(
                f"A device at {device_rate} Hz cannot be played; rates go from 8000 to 192000 Hz."
            )
        return int(self.library.ib_stage_delay(self.at)) / device_rate

    # ------------------------------------------------------------------------------- rings

    def wanted(self, worker: int) -> int:
        """Frames that a worker lacks; -1 where it has enough, 0 where nobody asks it."""
        return int(self.library.ib_stage_wanted(self.at, worker))

    def fill(self, worker: int) -> int:
        """Frames written by a worker and not heard yet."""
        return int(self.library.ib_stage_fill(self.at, worker))

    def clear(self, worker: int) -> None:
        """Forget what a worker that is not heard has written."""
        self.library.ib_stage_clear(self.at, worker)

    def write(self, worker: int, sound: Audio) -> bool:
        """Append (2, frames); False where there is no room."""
        block = np.ascontiguousarray(sound, dtype=np.float32)
        return bool(self.library.ib_stage_write(self.at, worker, block.ctypes.data, block.shape[1]))

    def came(self, start: int, frames: int) -> tuple[Audio, int]:
        """What came in from frame `start` on, (2, frames), and how many of them were there; else silence."""
        out = np.zeros((2, frames), np.float32)
        if start < 0:
            return out, 0
        there = self.library.ib_stage_came(self.at, start, frames, out.ctypes.data)
        return out, int(there)

    def heard(self, start: int, frames: int) -> tuple[Audio, int]:
        """What was heard from frame `start` on, likewise; the last `HEARD` frames are kept."""
        out = np.zeros((2, frames), np.float32)
        there = self.library.ib_stage_heard(self.at, start, frames, out.ctypes.data)
        return out, int(there)

    def run(self, frames: int, came: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """One block of the device by hand: (frames, outputs), given (frames, inputs)."""
        out = np.zeros((frames, self.board.outputs), np.float32)
        block = None if came is None else np.ascontiguousarray(came, dtype=np.float32)
        self.library.ib_stage_run(
            self.at, None if block is None else block.ctypes.data, out.ctypes.data, frames
        )
        return out

    def events(self) -> list[tuple[str, int]]:
        """What went wrong and when (monotonic nanoseconds); the last `EVENTS` of it."""
        board = self.board
        count = int(board.events)
        first = max(0, count - EVENTS)
        return [
            (KINDS.get(board.event_kind[at % EVENTS], ""), int(board.event_clock[at % EVENTS]))
            for at in range(first, count)
        ]

    # ------------------------------------------------------------------------------ signals

    def wait(self, seen: int, seconds: float) -> int:
        """Until the callback has run again since tick `seen`, at most so long; the tick."""
        return int(self.library.ib_stage_wait(self.at, seen, int(seconds * 1e6)))

    def wake(self) -> None:
        """End everybody's waiting."""
        self.library.ib_stage_wake(self.at)

    def alarm(self, gone: int) -> None:
        """A worker has ended."""
        self.library.ib_stage_alarm(self.at, gone)

    # ----------------------------------------------------------------------------- gestures

    def gesture(self, values: NDArray[np.float64], revision: int, stamp: int) -> None:
        """Hold these axes (128 at most) from now on. One writer at a time."""
        block = np.ascontiguousarray(values[:AXES], dtype=np.float64)
        self.library.ib_stage_gesture(self.at, block.ctypes.data, len(block), revision, stamp)

    def held(self) -> tuple[NDArray[np.float64], int, int] | None:
        """The newest gesture, its revision and stamp; None while it is being written."""
        values = np.empty(AXES)
        revision, stamp = c_int64(), c_uint64()
        count = self.library.ib_stage_held(
            self.at, values.ctypes.data, ctypes.byref(revision), ctypes.byref(stamp)
        )
        return None if count < 0 else (values[:count], revision.value, stamp.value)
