"""The compiled kernel (kernel/isobath.h) from Python: one library for each level of processor.

Models and states are blocks of plain bytes that we own: nothing in the library allocates. A
state can be copied like any value, which is how takes are rewound and tests cut sound in two.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import c_char_p, c_int, c_int32, c_int64, c_uint32, c_void_p
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isobath.errors import KernelError

ENCODER: Final = 0
DECODER: Final = 1
ALIGN: Final = 64
NATIVE: Final = Path(__file__).parent / "native"
_REASONS = {
    -1: "the model's data is damaged",
    -2: "the model's data is of another version",
    -3: "a block of memory is too small",
    -4: "an argument is out of range",
    -5: "the model has no such coder",
}


class Info(ctypes.Structure):
    """ib_info."""

    _fields_ = [
        (n, c_int32)
        for n in ("sample_rate", "channels", "hop", "dims", "delay", "has_encoder", "has_decoder")
    ]


def levels() -> list[int]:
    """Levels of processor there is a library for, lowest first."""
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    return sorted(int(path.stem.rsplit("-", 1)[1]) for path in NATIVE.glob(f"isobath-kernel-*{suffix}"))


def _open(level: int) -> ctypes.CDLL:
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    path = NATIVE / f"isobath-kernel-{level}{suffix}"
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise KernelError(
            f"The sound kernel {path.name} does not load ({error}). Install Isobath again."
        ) from error


def _declare(library: ctypes.CDLL) -> None:
    p, i, i64 = c_void_p, c_int, c_int64
    for name, result, arguments in (
        ("ib_model_bytes", i64, [c_char_p, i64]),
        ("ib_model_init", i, [p, i64, c_char_p, i64]),
        ("ib_model_info", None, [p, ctypes.POINTER(Info)]),
        ("ib_state_bytes", i64, [p, i, i, i]),
        ("ib_state_init", i, [p, i, i, i, p, i64]),
        ("ib_state_reset", i, [p, p, i, c_uint32]),
        ("ib_decode", i, [p, p, p, i, p]),
        ("ib_encode", i, [p, p, p, i, p, p]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


@cache
def library(level: int | None = None) -> ctypes.CDLL:
    """The kernel's library: of one level, or the best this processor can run."""
    built = levels()
    if not built:
        raise KernelError(
            f"The sound kernel has not been built ({NATIVE} is empty). "
            "Build it with: python kernel/build.py native, or install Isobath with pip."
        )
    if level is None:
        able = _open(built[0]).ib_level()
        level = max([each for each in built if each <= able], default=built[0])
    elif level not in built:
        raise KernelError(f"There is no kernel of level {level}; built are {built}.")
    loaded = _open(level)
    _declare(loaded)
    return loaded


def block(size: int) -> NDArray[np.uint8]:
    """So many bytes of zeroed memory, aligned as the kernel wants them."""
    room = np.zeros(size + ALIGN, dtype=np.uint8)
    start = -room.ctypes.data % ALIGN
    return room[start : start + size]


def checked(code: int) -> int:
    """A result of the kernel, or the error it stands for."""
    if code < 0:
        raise KernelError(f"The sound kernel refuses: {_REASONS.get(code, code)}.")
    return code


class KernelModel:
    """A model unpacked into memory; read-only, shared by any number of states."""

    def __init__(self, blob: bytes, level: int | None = None) -> None:
        self.library = library(level)
        size = checked(self.library.ib_model_bytes(blob, len(blob)))
        self.memory = block(size)
        self.address = self.memory.ctypes.data
        checked(self.library.ib_model_init(self.address, size, blob, len(blob)))
        self.info = Info()
        self.library.ib_model_info(self.address, ctypes.byref(self.info))

    @property
    def bytes(self) -> int:
        """Memory held by the model."""
        return int(self.memory.size)


class State:
    """The memory of one coder for a batch of voices: a value that can be copied."""

    def __init__(
        self, model: KernelModel, coder: int, batch: int, frames: int, memory: NDArray[np.uint8] | None = None
    ) -> None:
        self.model, self.coder, self.batch, self.frames = model, coder, batch, frames
        if memory is None:
            size = checked(model.library.ib_state_bytes(model.address, coder, batch, frames))
            memory = block(size)
            checked(
                model.library.ib_state_init(model.address, coder, batch, frames, memory.ctypes.data, size)
            )
            self.memory, self.address = memory, memory.ctypes.data
            self._rehearse()
        self.memory = memory
        self.address = memory.ctypes.data

    def _rehearse(self) -> None:
        """Make a call of no frames, so that the way into the library is trodden before it matters."""
        info = self.model.info
        if self.coder == DECODER:
            self.decode(np.zeros((self.batch, 0, info.dims), np.float32))
        else:
            self.encode(np.zeros((self.batch, info.channels, 0), np.float32))

    def copy(self) -> State:
        """The same past, from here on its own."""
        memory = block(self.memory.size)
        memory[:] = self.memory
        return State(self.model, self.coder, self.batch, self.frames, memory)

    def reset(self, voice: int = -1, seed: int = 0) -> None:
        """Forget the past of one voice (all: -1) and start its noise from `seed`."""
        checked(self.model.library.ib_state_reset(self.model.address, self.address, voice, seed & 0xFFFFFFFF))

    def decode(self, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """(batch, frames, dims) -> (batch, channels, frames * hop)."""
        info = self.model.info
        latents = np.ascontiguousarray(latents, dtype=np.float32)
        frames = latents.shape[1]
        audio = np.empty((self.batch, info.channels, frames * info.hop), dtype=np.float32)
        checked(
            self.model.library.ib_decode(
                self.model.address, self.address, latents.ctypes.data, frames, audio.ctypes.data
            )
        )
        return audio

    def encode(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """(batch, channels, frames * hop) -> means (batch, frames, dims)."""
        info = self.model.info
        audio = np.ascontiguousarray(audio, dtype=np.float32)
        frames = audio.shape[2] // info.hop
        mean = np.empty((self.batch, frames, info.dims), dtype=np.float32)
        checked(
            self.model.library.ib_encode(
                self.model.address, self.address, audio.ctypes.data, frames, mean.ctypes.data, None
            )
        )
        return mean
