"""The models on this machine: those that came with Isobath and the person's own.

A person's model is any `.safetensors` file in the library's `models` folder, put there by hand
or imported; imported ones are named by their content. A file is read again only when it has changed.
"""

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import msgspec

from isobath.errors import IsobathError, ModelError, ModelUnknown, SaveError
from isobath.library.files import keep_by_content, sha256_of
from isobath.library.home import Home
from isobath.models.description import describe, read
from isobath.models.pack import pack
from isobath.models.prior import prior_path
from isobath.protocol.messages import ModelSummary

FIRST = "guitar"
"""The bundled model that a new piece plays: the guide and the guided start speak of it."""


@dataclass(frozen=True)
class Found:
    """A model file and its line in the list."""

    path: Path
    summary: ModelSummary


@dataclass(frozen=True)
class _Seen:
    """What a file was when it was last read."""

    size: int
    modified: int
    found: Found | None


class Models:
    """All models of one library. Methods may be called from any thread."""

    def __init__(self, home: Home, bundled: Path | None = None) -> None:
        self._home = home
        self._bundled = bundled or Path(str(resources.files("isobath.models") / "bundled"))
        self._seen: dict[Path, _Seen] = {}
        self._lock = threading.Lock()

    @property
    def home(self) -> Home:
        """Whose models these are."""
        return self._home

    def all(self) -> tuple[ModelSummary, ...]:
        """One line per model, the bundled ones first. Files that are no models are left out."""
        return tuple(found.summary for found in self._all())

    def find(self, name: str) -> Found | None:
        """The model of this name, or None. A name with the beginning of the content behind it is
        understood even where the name alone would do."""
        models = self._all()
        exact = (found for found in models if found.summary.name == name)
        longer = (found for found in models if _with_content(found.summary) == name)
        return next(exact, None) or next(longer, None)

    def with_content(self, sha256: str) -> Found | None:
        """The model with this content, or None."""
        return next((found for found in self._all() if sha256 and found.summary.sha256 == sha256), None)

    def get(self, name: str) -> Found:
        """The model of this name.

        Raises:
            ModelUnknown: there is none.
        """
        found = self.find(name)
        if found is None:
            names = ", ".join(each.name for each in self.all()) or "none yet"
            raise ModelUnknown(f"There is no model {name!r} in the library. There is: {names}.")
        return found

    def prior(self, name: str) -> Path | None:
        """Where the prior of a model lies: one of the person's own, or the one that came with it."""
        found = self.get(name)
        places = (self._home.models / f"{name}.prior", *self._priors(found))
        return next((place for place in places if place.is_file()), None)

    def _priors(self, found: Found) -> tuple[Path, ...]:
        return self._home.models / f"{found.summary.name}.prior", prior_path(found.path)

    def add(self, data: bytes) -> ModelSummary:
        """Take in a model file's bytes.

        Raises:
            ModelDamaged, ModelNewer: not a model this Isobath can play.
            SaveError: the disk refuses.
        """
        try:
            handle, name = tempfile.mkstemp(suffix=".part", dir=self._home.incoming)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
        except OSError as error:
            raise SaveError(
                f"The model could not be written ({error.strerror}). Make room and try again."
            ) from error
        return self.adopt(Path(name))

    def adopt(self, part: Path) -> ModelSummary:
        """Take in an uploaded file, which is moved or deleted.

        Raises:
            ModelDamaged, ModelNewer: not a model this Isobath can play.
            SaveError: the disk refuses.
        """
        try:
            described, tensors = read(part)
            pack(described, tensors, encoder=bool(described.encoder))  # its parts fit together
            target = keep_by_content(part, self._home.models, ".safetensors")
        except ModelError as error:  # the sentence names a file of ours that nobody has seen
            raise type(error)(str(error).replace(part.name, "This file")) from error
        finally:
            part.unlink(missing_ok=True)
        return next(
            found.summary
            for found in self._all()
            if found.path == target or found.summary.sha256 == target.stem
        )

    def _files(self) -> Iterator[tuple[Path, bool]]:
        for folder, bundled in ((self._bundled, True), (self._home.models, False)):
            if folder.is_dir():
                order = _rank if bundled else _arrival
                yield from ((path, bundled) for path in sorted(folder.glob("*.safetensors"), key=order))

    def _all(self) -> tuple[Found, ...]:
        """Every model, each content once, each name once."""
        with self._lock:
            found: list[Found] = []
            names: set[str] = set()
            contents: set[str] = set()
            for path, bundled in self._files():
                each = self._look(path, bundled)
                if each is None or each.summary.sha256 in contents:
                    continue
                if each.summary.name in names:
                    other = _with_content(each.summary)
                    each = Found(path, msgspec.structs.replace(each.summary, name=other))
                if any(place.is_file() for place in self._priors(each)):
                    each = Found(path, msgspec.structs.replace(each.summary, dreams=True))
                names.add(each.summary.name)
                contents.add(each.summary.sha256)
                found.append(each)
            return tuple(found)

    def _look(self, path: Path, bundled: bool) -> Found | None:
        """A file's line, read again only if the file has changed."""
        try:
            state = path.stat()
            seen = self._seen.get(path)
            if seen is None or (seen.size, seen.modified) != (state.st_size, state.st_mtime_ns):
                found: Found | None
                try:
                    found = Found(path, read_summary(path, bundled=bundled))
                except IsobathError:
                    found = None
                seen = _Seen(state.st_size, state.st_mtime_ns, found)
                self._seen[path] = seen
            return seen.found
        except OSError:
            return None


def _rank(path: Path) -> tuple[bool, str]:
    """Bundled models stand in one order on every machine, whenever their files were unpacked."""
    return path.stem != FIRST, path.stem


def _arrival(path: Path) -> tuple[int, str]:
    """When a file came to its folder: who was here first keeps the name that both would like."""
    try:
        return path.stat().st_ctime_ns, path.name
    except OSError:
        return 0, path.name


def _with_content(summary: ModelSummary) -> str:
    return f"{summary.name}-{summary.sha256[:8]}"


def name_for(name: str) -> str:
    """A model's own name made fit for an address: letters, digits, `.`, `_` and `-`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:48] or "model"


def read_summary(path: Path, *, bundled: bool) -> ModelSummary:
    """A model file's line in the list.

    Raises:
        ModelDamaged, ModelNewer: the file is not a model this Isobath can play.
    """
    described = describe(path)
    return ModelSummary(
        name=name_for(described.name),
        title=described.title or described.name,
        about=described.about,
        sample_rate=described.sample_rate,
        channels=described.channels,
        hop=described.hop,
        dims=described.dims,
        delay=described.delay,
        encodes=bool(described.encoder),
        bundled=bundled,
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
        licence=described.licence,
        credit=described.credit,
    )
