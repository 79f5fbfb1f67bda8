"""Spectral distances in the compiled kernel (kernel/learn/spectra.h), for sound on a CPU.

PyTorch makes a dozen passes over every spectrum; here a frame is transformed, judged and its
gradient transformed back while it lies in the caches.
"""

from __future__ import annotations

import ctypes
from ctypes import c_double, c_int32, c_void_p
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from isobath.models import kernel

from . import native

SHORTEST, LONGEST = 64, 1 << 14
"""Frames it is made for."""


@dataclass(frozen=True)
class Apart:
    """How far each row of sound is from its aim, and the way back.

    power, error, logs: (rows), float64: the aim's power, the squared error of magnitudes and the
        sum of absolute differences of logarithms, over all bins and frames.
    to_error, to_logs: (rows, samples), gradients of half the error and of logs; None if not asked for.
    """

    power: Tensor
    error: Tensor
    logs: Tensor
    to_error: Tensor | None
    to_logs: Tensor | None


class _Frames(ctypes.Structure):
    """ib_spectra."""

    _fields_ = [(name, c_void_p) for name in ("window", "turns", "halves", "reversed")] + [("n", c_int32)]


def fits(made: Tensor, n: int) -> bool:
    """Whether the kernel can do this: floats on a CPU, and n a power of two of a usual size."""
    usual = SHORTEST <= n <= LONGEST and n & (n - 1) == 0 and n <= made.shape[-1]
    return (
        usual and made.device.type == "cpu" and made.dtype == torch.float32 and native.library() is not None
    )


@lru_cache(maxsize=32)
def _tables(n: int) -> tuple[_Frames, tuple[np.ndarray[tuple[int, ...], np.dtype[np.generic]], ...]]:
    """What one length of frames needs; the arrays are returned so that they live on."""
    m = n // 2
    # A unit sinusoid reads about 1.
    window = ((4.0 / n) * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n))).astype(np.float32)
    around = 2 * np.pi * np.arange(m) / m
    turns = np.stack((np.cos(around), np.sin(around)), axis=1).astype(np.float32)
    around = 2 * np.pi * np.arange(m // 2 + 1) / n
    halves = np.stack((np.cos(around), np.sin(around)), axis=1).astype(np.float32)
    mirrored = np.zeros(1, np.int32)
    while len(mirrored) < m:
        mirrored = np.concatenate((2 * mirrored, 2 * mirrored + 1))
    arrays = (window, turns, halves, mirrored.astype(np.int32))
    return _Frames(*(a.ctypes.data for a in arrays), n), arrays


def apart(made: Tensor, aim: Tensor, n: int, floor: float, gradient: bool) -> Apart:
    """Rows of sound (rows, samples) against their aims, in Hann windows of n with hop n/4.

    floor: added to a magnitude (a unit sinusoid has about 1) before its logarithm is taken.
    """
    library = native.library()
    assert library is not None
    made, aim = made.detach().contiguous(), aim.detach().contiguous()
    rows, samples = made.shape
    frames, _alive = _tables(n)
    sums = np.zeros((rows, 3))
    to_error, to_logs = (torch.zeros_like(made), torch.zeros_like(made)) if gradient else (None, None)

    def some(share: range) -> None:
        scratch = kernel.block(int(library.ib_spectra_bytes(n)))
        for row in share:
            library.ib_spectra_apart(
                ctypes.byref(frames), _row(made, row), _row(aim, row), samples, floor,
                sums[row].ctypes.data_as(ctypes.POINTER(c_double)),
                _row(to_error, row), _row(to_logs, row), scratch.ctypes.data,
            )  # fmt: skip

    native.spread(some, rows)
    power, error, logs = torch.from_numpy(sums).unbind(dim=1)
    return Apart(power, error, logs, to_error, to_logs)


def _row(x: Tensor | None, row: int) -> int | None:
    return None if x is None else x.data_ptr() + 4 * row * x.shape[1]
