"""A thread that must not wait long for its turn."""

import os
import sys
import threading
import time
from contextlib import suppress

NICENESS = -10
PRIORITY = 10
"""Below whatever makes sound (isobath.outputs.stage.priority)."""
MOST = 0.6
"""Share of a processor; a thread that takes more waits its turn like all others for a while."""
_LOOK_SECONDS = 1.0


def hurry() -> None:
    """Put the thread that calls this before ordinary ones, where the system lets us."""
    if sys.platform != "linux":  # elsewhere niceness belongs to a whole process
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))


def calm() -> None:
    """The thread that calls this waits its turn like all others."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class Urgency:
    """Keeps a thread first in line as long as it leaves the processor to others most of the time: what comes
    over a network may be anything, a storm too."""

    def __init__(self) -> None:
        """For the thread that calls this."""
        self._looked, self._spent = time.monotonic(), time.thread_time()
        self._first = True
        hurry()

    def watch(self) -> None:
        """To be called often; costs next to nothing."""
        now = time.monotonic()
        past = now - self._looked
        if past < _LOOK_SECONDS:
            return
        spent = time.thread_time()
        first = spent - self._spent < MOST * past
        if first != self._first:
            (hurry if first else calm)()
        self._first, self._looked, self._spent = first, now, spent
