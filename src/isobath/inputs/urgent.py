"""A thread that must not wait long for its turn."""

import os
import sys
import threading
from contextlib import suppress

NICENESS = -10


def hurry() -> None:
    """Put the thread that calls this before ordinary ones, where the system lets us."""
    if sys.platform == "linux":  # elsewhere niceness belongs to a whole process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
