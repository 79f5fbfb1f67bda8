"""Writing so that a kill or a full disk leaves the old file or the new one, never half of one."""

from __future__ import annotations

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
        raise SaveError(
            f"{path.name} could not be written to {path.parent} ({error.strerror or error}). What was saved "
            "before is still there; make room on the disk and start the training again."
        ) from error
    except RuntimeError as error:  # torch's writer tells a full disk like this
        if "write" not in str(error) and "PytorchStreamWriter" not in str(error):
            raise
        raise SaveError(
            f"{path.name} could not be written to {path.parent} (is the disk full?). What was saved "
            "before is still there; make room on the disk and start the training again."
        ) from error


def write(path: Path, data: bytes | str) -> None:
    """Replace `path` by this."""
    with whole(path) as file:
        file.write(data.encode() if isinstance(data, str) else data)
