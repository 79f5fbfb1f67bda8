"""Files that Wekinator's messages name, in the one folder that was given for them.

What a message names comes from whoever can reach the port: it is taken only where it lies in that folder
once links are followed, is an ordinary file, and is not too large; and nothing is written over a file that
was not written by these messages. Wekinator keeps models as Java objects, which are never read: a model
kept here is JSON of our own (`KeptModel`).
"""

import math
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from isobath.errors import MappingError
from isobath.mapping import Mapping
from isobath.mapping.exchange.wekinator import Project, read_project, read_zip
from isobath.mapping.terms import Floats

MODEL_BYTES = 16 * 2**20
ROWS_BYTES = 32 * 2**20
PROJECT_BYTES = 64 * 2**20
"""Each file of a project, or the zip of one."""
MOST_ROWS = 100_000
MOST_FILES = 1000
"""In a folder, before one more is made in it."""

Write = Callable[[Path, bytes], None]
"""Replaces a file whole, or raises SaveError."""

_Number = Annotated[float, Meta(ge=-1e300, le=1e300)]
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


class KeptModel(msgspec.Struct, frozen=True, kw_only=True):
    """One output: what it has learned, and the examples that were recorded for it."""

    wekinator_model: Literal[1] = 1
    """The format of the file."""
    inputs: Annotated[tuple[str, ...], Meta(min_length=1, max_length=1024)]
    output: str
    kind: Literal["number", "classes"]
    classes: int = 0
    axes: tuple[int, ...] | None = None
    """The inputs it listens to, from 0; None: all."""
    map: dict[str, Any] | None = None
    """As docs/mapping-format.md has it; None: nothing was learned yet."""
    index: Annotated[int, Meta(ge=0)] = 0
    """Which output of `map` it is, from 0."""
    points: tuple[tuple[_Number, ...], ...] = ()
    targets: tuple[_Number, ...] = ()
    rounds: tuple[Annotated[int, Meta(ge=0)], ...] = ()

    @property
    def learned(self) -> Mapping | None:
        """What `map` holds. Raises MappingError where it is no map of these inputs."""
        if self.map is None:
            return None
        mapping = Mapping.from_plain(self.map)
        if mapping.axes != len(self.inputs) or self.index >= mapping.dims:
            raise MappingError("The map in this model is not one of its inputs and its output.")
        return mapping


def map_of(mapping: Mapping, index: int) -> dict[str, Any]:
    """A map with only the parts that one output needs."""
    parts = tuple(part for part in mapping.parts if index in part.outputs)
    return replace(mapping, parts=parts, errors=(), warnings=()).to_plain()


def read_model(name: str, data: bytes) -> KeptModel:
    """Raises MappingError where it is none."""
    try:
        found = msgspec.json.decode(data, type=KeptModel)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MappingError(
            f"{name} is no model that Isobath kept ({str(error)[:120]}). Wekinator's own are Java objects, "
            "which are not read: open its project."
        ) from error
    count = len(found.inputs)
    fits = len(found.points) == len(found.targets) == len(found.rounds)
    if not fits or any(len(point) != count for point in found.points):
        raise MappingError(f"{name} has examples that do not fit together.")
    if found.axes is not None and not (found.axes and all(0 <= one < count for one in found.axes)):
        raise MappingError(f"{name} listens to inputs that it does not have.")
    return found


def _is_model(data: bytes) -> bool:
    try:
        read_model("", data)
    except MappingError:
        return False
    return True


def read_rows(name: str, data: bytes, inputs: int) -> Floats:
    """Rows of inputs (n, inputs) from CSV: one row a line, numbers only. Raises MappingError."""
    rows: list[list[float]] = []
    for at, line in enumerate(data.decode("utf-8-sig", "replace").splitlines()):
        if not line.strip():
            continue
        try:
            row = [float(word) for word in line.split(",", inputs)]
        except ValueError:
            row = []
        if len(row) != inputs or not all(map(math.isfinite, row)):
            raise MappingError(f"Line {at + 1} of {name} is not {inputs} numbers with commas between them.")
        if len(rows) >= MOST_ROWS:
            raise MappingError(f"{name} has more than {MOST_ROWS} rows. Send it in parts.")
        rows.append(row)
    if not rows:
        raise MappingError(f"{name} has no rows.")
    return np.array(rows)


def write_rows(rows: Floats) -> bytes:
    """CSV of outputs (n, outputs), as exact as the 32-bit floats that leave by OSC."""
    return b"".join((",".join(f"{value:.9g}" for value in row) + "\n").encode() for row in rows.tolist())


class Folder:
    """The only place where a message makes Isobath read or write."""

    def __init__(self, root: Path, write: Write) -> None:
        self.root = root.resolve()
        self._write = write

    def inside(self, name: str) -> Path:
        """Where a name leads, a whole path or one from the folder on. Raises MappingError if out of it."""
        try:
            path = (self.root / name).resolve()
            leads_in = bool(name.strip()) and path.is_relative_to(self.root)
            path.exists()  # a name that no disk can have fails here
        except (OSError, RuntimeError, ValueError):
            leads_in = False
        if not leads_in:
            raise MappingError(f'"{name[:80]}" is not in the folder of --files. Name something in it.')
        return path

    def project(self, name: str) -> Project:
        """The project of that name: its folder, its `.wekproj`, or a zip. Raises MappingError."""
        path = self.inside(name)
        if path.suffix.lower() == ".wekproj":
            self._found(path, PROJECT_BYTES)
            return read_project(path.stem, self._reader(path.parent), path.name)
        if path.is_dir():
            return read_project(path.name, self._reader(path))
        return read_zip(path.stem, self._found(path, PROJECT_BYTES))

    def model(self, name: str) -> KeptModel:
        """The model kept under that name. Raises MappingError."""
        path = self.inside(name)
        return read_model(path.name, self._found(path, MODEL_BYTES))

    def keep_model(self, name: str, model: KeptModel) -> Path:
        """Keep it, over an older model of that name. Raises MappingError or SaveError."""
        path = self.inside(name)
        self._keep(path, msgspec.json.encode(model), MODEL_BYTES, _is_model)
        return path

    def rows(self, name: str, inputs: int) -> Floats:
        """Rows (n, inputs) of a CSV. Raises MappingError."""
        path = self.inside(name)
        return read_rows(path.name, self._found(path, ROWS_BYTES), inputs)

    def answer(self, name: str, rows: Floats) -> Path:
        """Write the outputs beside the inputs they are for: `a.csv` is answered by `a.outputs.csv`."""
        path = self.inside(name)
        path = path.with_name(f"{path.stem}.outputs.csv")
        self._keep(path, write_rows(rows), 8 * ROWS_BYTES, lambda _: True)
        return path

    def _reader(self, root: Path) -> Callable[[str], bytes | None]:
        def read(inside: str) -> bytes | None:
            return self._content(self.inside(str(root / inside)), PROJECT_BYTES)

        return read

    def _found(self, path: Path, most: int) -> bytes:
        content = self._content(path, most)
        if content is None:
            raise MappingError(f"There is no {path.name[:80]} in the folder of --files.")
        return content

    def _content(self, path: Path, most: int) -> bytes | None:
        """What an ordinary file holds; None: there is none. `path` has no links left to follow."""
        try:
            handle = os.open(path, _FLAGS)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise MappingError(f"{path.name[:80]} cannot be read ({error.strerror}).") from error
        try:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                raise MappingError(f"{path.name[:80]} is no file.")
            content = b""
            if about.st_size <= most:
                with os.fdopen(os.dup(handle), "rb") as file:
                    content = file.read(most + 1)
        except OSError as error:
            raise MappingError(f"{path.name[:80]} cannot be read ({error.strerror}).") from error
        finally:
            os.close(handle)
        if max(about.st_size, len(content)) > most:
            raise MappingError(f"{path.name[:80]} is larger than {most // 2**20} MB.")
        return content

    def _keep(self, path: Path, data: bytes, most: int, ours: Callable[[bytes], bool]) -> None:
        if len(data) > most:
            raise MappingError(f"{path.name[:80]} would be larger than {most // 2**20} MB.")
        if not path.parent.is_dir():
            raise MappingError(f"There is no folder {path.parent.name[:80]} in the folder of --files.")
        old = self._content(path, most)
        if old is not None and not ours(old):
            raise MappingError(f"{path.name[:80]} is something else. Choose another name.")
        if old is None and sum(1 for _ in path.parent.iterdir()) >= MOST_FILES:
            raise MappingError(f"There are {MOST_FILES} files already. Delete some.")
        self._write(path, data)


def texts(values: Sequence[object]) -> tuple[str, ...]:
    """The words of a message, as far as they are."""
    return tuple(one for one in values if isinstance(one, str))
