"""The archive written anew, with nothing in it but what was read here.

Zip readers differ in what they make of an odd file. So torch never sees the file: it sees an archive
made from the parts that passed, in one plain form, without debugging tables and stray entries.
"""

from __future__ import annotations

import io
import zipfile

from .archive import Archive

_EPOCH = (1980, 1, 1, 0, 0, 0)


def repacked(archive: Archive) -> bytes:
    """The archive's bytes for torch: the same model gives the same bytes."""
    container = archive.container
    names = ["data.pkl", "constants.pkl", *(f"code/{name}" for name in archive.code)]
    names += [n for n in container.names() if _is_memory(n)]
    names += [n for n in ("byteorder",) if n in container]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name in names:
            file.writestr(zipfile.ZipInfo(f"model/{name}", _EPOCH), bytes(container.read(name)))
        file.writestr(zipfile.ZipInfo("model/version", _EPOCH), f"{archive.version}\n")
    return buffer.getvalue()


def _is_memory(name: str) -> bool:
    folder, _, number = name.partition("/")
    return folder in ("data", "constants") and number.isdigit()
