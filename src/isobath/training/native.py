"""What training takes from the compiled kernel (kernel/learn/), if it is there."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ctypes import POINTER, c_double, c_float, c_int32, c_int64, c_void_p
from functools import cache, lru_cache

import torch

from isobath.errors import KernelError
from isobath.models import kernel


@cache
def library(level: int | None = None) -> ctypes.CDLL | None:
    """The kernel's library, or None: not built, or built before it knew this."""
    try:
        loaded = kernel.library(level)
    except KernelError:
        return None
    if not hasattr(loaded, "ib_weights_play"):
        return None
    p, i64 = c_void_p, c_int64
    for name, result, arguments in (
        ("ib_spectra_bytes", i64, [c_int32]),
        ("ib_spectra_apart", None, [p, p, p, i64, c_float, POINTER(c_double), p, p, p]),
        ("ib_weights_play", None, [p, i64, i64, p, p]),
        ("ib_weights_learn", None, [p, i64, i64, p, p, p, p]),
    ):
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


@lru_cache(maxsize=1)
def _hands(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count)


def spread(work: Callable[[range], None], count: int, alone: bool = False) -> None:
    """`work` over range(count), in as many parts as PyTorch has threads; alone: in one."""
    hands = 1 if alone else min(count, torch.get_num_threads())
    if hands <= 1:
        work(range(count))
        return
    bounds = [count * hand // hands for hand in range(hands + 1)]
    parts = [range(a, b) for a, b in itertools.pairwise(bounds)]
    list(_hands(torch.get_num_threads()).map(work, parts))
