"""A TorchScript file (`.ts`) as data: its objects, its tensors and its program as text.

    archive = read(Path("model.ts"))
    archive.root.at("encoder.net.0.weight")     # ndarray
    archive.finals(archive.root.at("encoder.net.0"))["dilation"]

Nothing of the file is run, and torch is not needed. Tensors are read-only views of the mapped file
wherever numpy knows their type (bfloat16 becomes float32). The layout is the zip archive that
`torch.jit.save` writes since PyTorch 1.4: `data.pkl`, `data/N`, `constants.pkl`, `constants/N`,
`code/**/*.py`, `version`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .code import CodeRefused, classes, final_values
from .container import EXPORT_IT, Container, damaged
from .pickles import Machine, Node, PickleRefused, Storage

__all__ = ["Archive", "Node", "read"]

MOST_LIST_BYTES = 64 << 20
"""Largest list of objects (`data.pkl`)."""

MOST_CODE_BYTES = 16 << 20
"""All program text together. A RAVE file has about 0.3 MB."""

MOST_NUMBERS = 1 << 29
"""Numbers in one tensor, and strides may not make more of a storage than it holds, 64 times over."""

_DTYPES = {
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "HalfStorage": "f2",
    "BFloat16Storage": "u2",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
    "ComplexFloatStorage": "c8",
    "ComplexDoubleStorage": "c16",
}


@dataclass(frozen=True, eq=False)
class Archive:
    """What is in a TorchScript file."""

    path: Path
    root: Node
    """The module itself, with everything below it."""

    constants: tuple[Any, ...]
    """What the program calls `CONSTANTS.c0`, `CONSTANTS.c1`, …"""

    code: dict[str, str]
    """Program texts by their path under `code/`, as `__torch__/torch/nn/modules/conv.py`."""

    version: int
    """TorchScript's file format: 3 and more."""

    container: Container = field(repr=False)

    @cached_property
    def _finals(self) -> dict[str, dict[str, Any]]:
        try:
            return {
                name: final_values(found)
                for path, text in self.code.items()
                for name, found in classes(path, text).items()
            }
        except CodeRefused as error:
            raise damaged(self.path, str(error), "Do not use it.") from error

    def finals(self, node: Node | str) -> dict[str, Any]:
        """The fixed values of a node's class: strides, dilations, sizes; numbers, words, tuples.

        TorchScript writes what cannot change (`stride : Final[Tuple[int]] = (2,)`) into the
        program's text and not into the list of objects.
        """
        name = node if isinstance(node, str) else node.type_name
        return self._finals.get(name, {})


def read(path: str | Path) -> Archive:
    """A TorchScript file as data.

    Raises:
        ModelDamaged: it is not one, not a whole one, or not made like one; the sentence says why.
    """
    path = Path(path)
    container = Container(path)
    _check_kind(container)
    big = "byteorder" in container and bytes(container.read("byteorder")) == b"big"
    code = _program(container)
    return Archive(
        path,
        _root(container, big),
        _constants(container, big),
        code,
        _version(container),
        container,
    )


def _check_kind(container: Container) -> None:
    names = container.names()
    if "data.pkl" in container and "constants.pkl" in container and any(n.startswith("code/") for n in names):
        return
    if "data.pkl" in container:
        raise damaged(
            container.path, "it is a training checkpoint with a pickle inside, and no program", EXPORT_IT
        )
    if "model.json" in container:
        raise damaged(
            container.path, "it was written by PyTorch 1.3 or older", "Export it again with a newer one."
        )
    raise damaged(container.path, "it is a zip archive of something else", EXPORT_IT)


def _version(container: Container) -> int:
    name = "version" if "version" in container else ".data/version"
    text = bytes(container.read(name)).strip() if container.size(name) < 32 else b""
    if not text.isdigit():
        raise damaged(container.path, "its version is not a number")
    return int(text)


def _program(container: Container) -> dict[str, str]:
    names = [n for n in container.names() if n.startswith("code/") and n.endswith(".py")]
    if sum(container.size(name) for name in names) > MOST_CODE_BYTES:
        raise damaged(container.path, "its program text is larger than any model's", "Do not use it.")
    try:
        return {name.removeprefix("code/"): str(container.read(name), "utf-8") for name in names}
    except UnicodeDecodeError as error:
        raise damaged(container.path, "its program text is damaged") from error


def _objects(container: Container, name: str, make: Callable[..., Any]) -> Any:
    if container.size(name) > MOST_LIST_BYTES:
        raise damaged(container.path, f"its {name} is larger than any model's", "Do not use it.")
    try:
        return Machine(container.read(name), make).run()
    except PickleRefused as error:
        raise damaged(container.path, str(error)) from error


def _root(container: Container, big: bool) -> Node:
    root = _objects(container, "data.pkl", _Tensors(container, "data", big))
    if not isinstance(root, Node):
        raise damaged(container.path, "its list of objects describes no module")
    return root


def _constants(container: Container, big: bool) -> tuple[Any, ...]:
    found = _objects(container, "constants.pkl", _Tensors(container, "constants", big))
    if type(found) is not tuple:
        raise damaged(container.path, "its constants are damaged")
    return found


class _Tensors:
    """Makes arrays from the storages in one folder of the archive."""

    def __init__(self, container: Container, folder: str, big: bool) -> None:
        self._container, self._folder, self._order = container, folder, ">" if big else "<"
        self._storages: dict[tuple[str, str], NDArray[Any]] = {}

    def __call__(
        self, storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> NDArray[Any]:
        values = self._values(storage)
        sizes = (offset, *shape, *strides)
        if any(type(n) is not int or not 0 <= n < 1 << 40 for n in sizes):
            raise PickleRefused("a tensor in it has impossible sizes")
        if len(shape) != len(strides) or len(shape) > 12:
            raise PickleRefused("a tensor in it has impossible sizes")
        count = _product(shape)
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        if count and (last >= len(values) or count > min(MOST_NUMBERS, 64 * len(values))):
            raise PickleRefused(f"a tensor in it reaches beyond its memory {storage.key}")
        if not count:
            return np.zeros(shape, values.dtype)
        steps = tuple(step * values.itemsize for step in strides)
        return np.lib.stride_tricks.as_strided(values[offset:], shape, steps, writeable=False)

    def _values(self, storage: Storage) -> NDArray[Any]:
        known = self._storages.get((storage.type_name, storage.key))
        if known is not None:
            return known
        code = _DTYPES.get(storage.type_name)
        if code is None:
            raise PickleRefused(f"a tensor in it has the type {storage.type_name[:40]}, which is not read")
        name = f"{self._folder}/{storage.key}"
        if name not in self._container:
            raise PickleRefused(f"the memory {name} of a tensor is missing")
        data = self._container.read(name)
        dtype = np.dtype(code if code == "?" else self._order + code)
        if len(data) < storage.count * dtype.itemsize:
            raise PickleRefused(f"the memory {name} of a tensor is not whole")
        values: NDArray[Any] = np.frombuffer(data, dtype, storage.count)
        if storage.type_name == "BFloat16Storage":  # the upper half of a float32
            values = (values.astype("<u4") << 16).view("<f4")
        self._storages[storage.type_name, storage.key] = values
        return values


def _product(shape: tuple[int, ...]) -> int:
    count = 1
    for n in shape:
        count *= n
    return count
