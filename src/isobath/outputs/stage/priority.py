"""First in line for the processor, where the system lets us: without it everything works, less surely."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from contextlib import suppress

WORKER_PRIORITY = 40
"""Of a worker's thread, below any audio server's (JACK's clients have 75 and more)."""
HOST_PRIORITY = 70
"""Of the null device's clock."""
_WHAT_IS_THERE = 1  # what comes later could fail where only so much may be kept


def hurry(priority: int) -> bool:
    """Let the calling thread run before all ordinary ones; whether it was allowed. Its children do not."""
    if not hasattr(os, "sched_setscheduler"):
        return False
    try:
        kind = os.SCHED_FIFO | getattr(os, "SCHED_RESET_ON_FORK", 0)
        os.sched_setscheduler(0, kind, os.sched_param(priority))
    except (OSError, PermissionError):
        return False
    return True


def calm() -> None:
    """The calling thread waits its turn like all others again."""
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def stay_in_memory() -> bool:
    """Keep what the process has in memory; whether it was allowed."""
    if sys.platform == "win32":
        return False
    try:
        return bool(ctypes.CDLL(None).mlockall(_WHAT_IS_THERE) == 0)
    except (OSError, AttributeError):
        return False


def settle() -> None:
    """After everything is loaded: what is there now is never looked at by the garbage collector again."""
    gc.collect()
    gc.freeze()


def bound_runaway(seconds: float = 2.0) -> None:
    """A thread that is first in line and never rests is ended by the system."""
    with suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        limit = int(seconds * 1e6)
        resource.setrlimit(resource.RLIMIT_RTTIME, (limit, limit))
