"""One preparation of a set at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isobath.corpora.index import refused
from isobath.errors import SetError

LOCK = ".preparing"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the set; the system lets go of it also when this process is killed.

    Raises:
        SetError: another preparation holds it.
    """
    try:
        file = (folder / LOCK).open("a+b")
    except OSError as error:
        raise refused(folder, error) from error
    with file:
        if not _try(file.fileno()):
            raise SetError(f"{folder} is being prepared by another process. Wait until it is done.")
        yield


def _try(handle: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
