"""Writing so that a kill or a full disk leaves the old file or the new one, never half of one."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from isobath.errors import SaveError


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` once it is written and on the disk.

    Raises:
        SaveError: the disk refuses; what was at `path` is still there.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        try:
            with partial.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise refused(path, error.strerror or str(error)) from error
    except RuntimeError as error:  # torch's writer tells a full disk like this
        if not any(word in str(error) for word in ("write", "PytorchStreamWriter", "unexpected pos")):
            raise
        raise refused(path, "is the disk full?") from error


def refused(path: Path, why: str) -> SaveError:
    """The sentence for what a disk does not take."""
    return SaveError(
        f"{path.name} could not be written to {path.parent} ({why}). What was saved before is still there; "
        "make room on the disk and start the training again."
    )


FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG))
"""What a disk that takes no more answers."""


def write(path: Path, data: bytes | str) -> None:
    """Replace `path` by this."""
    with whole(path) as file:
        file.write(data.encode() if isinstance(data, str) else data)
