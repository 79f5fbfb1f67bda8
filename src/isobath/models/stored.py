"""Tensors that stay in their file: read when asked for, so that a large model is in memory once.

Once a model is unpacked for the kernel, its weights are hardly ever wanted again. Those of small
files are kept, and whatever is small; of the others only the place is remembered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from isobath.errors import ModelDamaged

SMALL_FILE, SMALL_TENSOR = 8 << 20, 1 << 16
"""Bytes up to which all tensors of a file, and any single one, are kept once they were read."""


class StoredTensors(Mapping[str, "NDArray[Any]"]):
    """The tensors of a .safetensors file by name. Of the large ones only the last read is in memory."""

    def __init__(self, path: Path) -> None:
        self.path, self._stamp = path, self._now(path)
        with safe_open(path, framework="numpy") as file:
            self._names = tuple(file.keys())
        self._limit = SMALL_TENSOR if self._stamp[0] > SMALL_FILE else SMALL_FILE
        self._kept: dict[str, NDArray[Any]] = {}
        self._last: tuple[str, NDArray[Any]] | None = None

    @staticmethod
    def _now(path: Path) -> tuple[int, int, int]:
        found = path.stat()
        return found.st_size, found.st_mtime_ns, found.st_ino

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name in self._kept:
            return self._kept[name]
        if name not in self._names:
            raise KeyError(name)
        last = self._last
        if last is not None and last[0] == name:
            return last[1]
        try:
            if self._now(self.path) != self._stamp:
                raise ModelDamaged(f"{self.path.name} has changed since it was opened. Open it again.")
            with safe_open(self.path, framework="numpy") as file:
                value: NDArray[Any] = file.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise ModelDamaged(f"{self.path.name} can no longer be read ({error}). Open it again.") from error
        if value.nbytes <= self._limit:
            self._kept[name] = value
        else:
            self._last = (name, value)
        return value

    def forget(self) -> None:
        """Let go of the last large tensor."""
        self._last = None

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
