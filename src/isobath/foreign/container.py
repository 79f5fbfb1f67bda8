"""The zip container of a TorchScript file, opened as if by an enemy.

A file is refused, in one sentence, when two readers could see different things in it (entries that
overlap, names that occur twice or lead elsewhere, headers that disagree) or when it would grow
beyond reason. What is read is checked against its checksum. Entries that are stored plainly are
views of the mapped file; the others are unpacked within limits.

The layout is PKWARE's APPNOTE 6.3, sections 4.3 and 4.4.
"""

from __future__ import annotations

import mmap
import struct
import zipfile
import zlib
from pathlib import Path

from isobath.errors import IsobathError, ModelDamaged

MOST_BYTES = 2 << 30
"""Largest file that is looked at, and the most that all entries together may unpack to."""

MOST_ENTRIES = 50_000

MOST_EXPANSION = 100
"""Times that one packed entry may grow. Program text shrinks to a tenth; a bomb grows a thousandfold."""

MOST_PACKED = 64 << 20
"""Bytes that all packed entries together may unpack to: text is packed, weights are stored plainly."""

_LOCAL = struct.Struct("<4s5H3L2H")
_LONGEST_NAME = 512


def damaged(path: Path, why: str, way_out: str = "Fetch or export it again.") -> ModelDamaged:
    """The error for a file that is no whole TorchScript model."""
    return ModelDamaged(f"{path.name} cannot be read as a TorchScript model: {why}. {way_out}")


class Container:
    """The entries of one file, by their name without the archive's own top folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes = _mapped(path)
        self._entries = self._listed()
        self._check_overlap()

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def names(self) -> list[str]:
        """All names, as the file orders them."""
        return list(self._entries)

    def size(self, name: str) -> int:
        """Bytes of an entry when unpacked."""
        return self._entries[name].file_size

    def read(self, name: str) -> memoryview:
        """An entry's bytes, checked.

        Raises:
            ModelDamaged: there is no such entry, or it is not what its checksum says.
        """
        if name not in self._entries:
            raise damaged(self.path, f"its part {name} is missing")
        info = self._entries[name]
        start = self._start(info)
        held = memoryview(self.bytes)[start : start + info.compress_size]
        data = held if info.compress_type == zipfile.ZIP_STORED else self._unpacked(info, held)
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise damaged(self.path, f"its part {name} does not match its checksum")
        return data

    def _listed(self) -> dict[str, zipfile.ZipInfo]:
        try:
            with zipfile.ZipFile(self.path) as file:
                infos = file.infolist()
        except (zipfile.BadZipFile, zipfile.LargeZipFile, struct.error, ValueError, OverflowError) as error:
            raise damaged(
                self.path, "its table of contents is missing or broken: the file is not whole"
            ) from error
        except (NotImplementedError, EOFError, OSError, RuntimeError) as error:
            raise damaged(self.path, f"its table of contents cannot be read ({error})") from error
        if len(infos) > MOST_ENTRIES:
            raise damaged(self.path, f"it has {len(infos)} parts; the most is {MOST_ENTRIES}")
        tops = {info.filename.partition("/")[0] for info in infos}
        if len(tops) != 1:
            raise damaged(self.path, "its parts do not lie in one folder")
        entries: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            name = info.filename.partition("/")[2]
            self._check_entry(info, name)
            if name in entries:
                raise damaged(self.path, f"it has two parts named {name}")
            entries[name] = info
        self._check_growth(infos)
        return entries

    def _check_entry(self, info: zipfile.ZipInfo, name: str) -> None:
        plain = name.isascii() and name.isprintable() and len(name) <= _LONGEST_NAME
        steps = name.split("/")
        if not plain or "\\" in name or ":" in name or any(step in ("", ".", "..") for step in steps):
            raise damaged(self.path, f"a part has the name {info.filename[:80]!r}, which leads elsewhere")
        if info.flag_bits & 0x1:
            raise damaged(self.path, f"its part {name} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged(self.path, f"its part {name} is packed in a way TorchScript does not use")
        if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
            raise damaged(self.path, f"its part {name} has two sizes")

    def _check_growth(self, infos: list[zipfile.ZipInfo]) -> None:
        whole = sum(info.file_size for info in infos)
        packed = [info for info in infos if info.compress_type == zipfile.ZIP_DEFLATED]
        grown = sum(info.file_size for info in packed)
        steep = any(info.file_size > 4096 + MOST_EXPANSION * info.compress_size for info in packed)
        if whole > MOST_BYTES or grown > MOST_PACKED or steep:
            raise damaged(
                self.path,
                f"its {len(self.bytes) / 1e6:.1f} MB would unpack to {whole / 1e6:.0f} MB, as no model does",
                "Do not use it.",
            )

    def _start(self, info: zipfile.ZipInfo) -> int:
        """Where an entry's bytes begin; its own header must agree with the table of contents."""
        at = info.header_offset
        head = bytes(self.bytes[at : at + _LOCAL.size])
        if len(head) < _LOCAL.size:
            raise damaged(self.path, "it ends too early")
        mark, _, flags, method, _, _, _, _, _, name_bytes, extra_bytes = _LOCAL.unpack(head)
        name = bytes(self.bytes[at + _LOCAL.size : at + _LOCAL.size + name_bytes])
        known = info.orig_filename.encode("utf-8", "replace")
        if mark != b"PK\x03\x04" or name != known or method != info.compress_type or flags & 0x1:
            raise damaged(self.path, "its table of contents does not agree with its parts")
        return at + _LOCAL.size + int(name_bytes) + int(extra_bytes)

    def _check_overlap(self) -> None:
        end = 0
        for info in sorted(self._entries.values(), key=lambda each: each.header_offset):
            if info.header_offset < end:
                raise damaged(self.path, "its parts overlap")
            end = self._start(info) + info.compress_size
        if end > len(self.bytes):
            raise damaged(self.path, "it ends too early")

    def _unpacked(self, info: zipfile.ZipInfo, held: memoryview) -> memoryview:
        unpack = zlib.decompressobj(-15)
        try:
            data = unpack.decompress(held, info.file_size + 1)
        except zlib.error as error:
            raise damaged(self.path, f"its part {info.filename} cannot be unpacked") from error
        return memoryview(data)


def _mapped(path: Path) -> mmap.mmap:
    """The file in memory, read-only; refused with a better word when it is plainly something else."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            head = file.read(16)
            if size > MOST_BYTES:
                raise damaged(path, f"it is {size / 1e9:.1f} GB; the largest that is read is 2 GB")
            told = _something_else(head)
            if told:
                raise damaged(path, *told)
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except IsobathError:
        raise
    except (OSError, ValueError) as error:
        raise damaged(path, f"{getattr(error, 'strerror', None) or error}") from error


def _something_else(head: bytes) -> tuple[str, str] | None:
    """What a file is that does not begin as a zip archive does, and the way out."""
    if head.startswith(b"PK\x03\x04"):
        return None
    if not head:
        return "it is empty", "Fetch or export it again."
    if head[:1] == b"\x80" or head[:4] == b"\x8a\x0al\xfc":
        return "it is a pickle, and opening a pickle can run any program", EXPORT_IT
    if head[8:9] == b"{":
        return "it looks like a .safetensors file", "Give it that ending and import it again."
    return "it is no zip archive, as every TorchScript file is", EXPORT_IT


EXPORT_IT = "Export the model as TorchScript with the program that trained it, and import the .ts file."
