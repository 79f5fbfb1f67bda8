"""Other programs' models in the library: the file as it came, and beside it what was measured of it.

The file is named by its content (`<hash>.ts`), the measurements are `<hash>.json`, written last: a
model without them is not listed, and importing it again completes it. The file is checked again each
time that it is opened (docs/guide/foreign-models.md).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from isobath.errors import IsobathError, ModelUnknown, SaveError
from isobath.foreign import facts
from isobath.foreign.facts import Description
from isobath.foreign.torchscript import ForeignModel, open_model
from isobath.library.files import keep_by_content, write_whole
from isobath.library.home import Home
from isobath.library.models import Models, name_for
from isobath.protocol.messages import ModelSummary

SUFFIX = ".ts"


@dataclass(frozen=True)
class FoundForeign:
    """A foreign model's file and what is known of it, under the name it has in this library."""

    path: Path
    description: Description

    @property
    def name(self) -> str:
        """Its name in the library."""
        return self.description.name


class ForeignModels:
    """The foreign models of one library."""

    def __init__(self, home: Home, models: Models | None = None) -> None:
        """models: ours, where they are known already; reading them anew takes a while."""
        self._home, self._models = home, models or Models(home)

    def all(self) -> tuple[FoundForeign, ...]:
        """Every foreign model, each under a name that no other model has."""
        folder = self._home.models
        if not any(folder.glob(f"*{SUFFIX}")):
            return ()
        taken = {summary.name for summary in self._models.all()}
        found: list[FoundForeign] = []
        for path in sorted(folder.glob(f"*{SUFFIX}"), key=_arrival):
            try:
                described = facts.read(path.with_suffix(".json"))
            except IsobathError:
                continue
            name = name_for(described.name)
            if name in taken:
                name = f"{name}-{described.sha256[:8]}"
            taken.add(name)
            found.append(FoundForeign(path, msgspec.structs.replace(described, name=name)))
        return tuple(found)

    def find(self, name: str) -> FoundForeign | None:
        """The foreign model of this name, or None."""
        return next((found for found in self.all() if found.name == name), None)

    def open(self, name: str) -> ForeignModel:
        """A model of this library, running.

        Raises:
            ModelUnknown: there is none of this name.
            ModelError: its file is damaged, refused or does not run.
        """
        found = self.find(name)
        if found is None:
            names = ", ".join(each.name for each in self.all()) or "none yet"
            raise ModelUnknown(
                f"There is no model {name!r} of another program in the library. There is: {names}."
            )
        return open_model(found.path, found.description)

    def take_in(
        self, path: Path, name: str = "", *, told: Callable[[str], None] = lambda _: None
    ) -> FoundForeign:
        """Check, try and keep a file. What is tried is a copy, so that nobody changes it meanwhile.

        Raises:
            ModelDamaged, ModelRefused, ModelFailed: it cannot be used; nothing is kept.
            SaveError: the disk refuses.
            UsageError: PyTorch is not installed.
        """
        try:
            folder = Path(tempfile.mkdtemp(prefix="foreign-", dir=self._home.incoming))
            part = folder / path.name
            shutil.copyfile(path, part)
        except OSError as error:
            raise SaveError(
                f"{path.name} could not be copied into the library ({error.strerror or error}). "
                "Make room and try again."
            ) from error
        try:
            with open_model(part, told=told) as model:
                described = model.description
            target = keep_by_content(part, self._home.models, SUFFIX)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        described = msgspec.structs.replace(
            described, name=name_for(name or described.name), sha256=target.stem
        )
        write_whole(target.with_suffix(".json"), [facts.write(described)])
        return next(found for found in self.all() if found.path == target)


def is_voice(described: Description) -> bool:
    """Whether it can be a voice: it plays latents, in one or two channels."""
    return described.dims > 0 and bool(described.decode) and described.channels in (1, 2)


def summary_of(described: Description) -> ModelSummary:
    """A foreign model's line in the list."""
    methods = ", ".join(tried.method.name for tried in described.methods if tried.works)
    return ModelSummary(
        name=described.name,
        title=described.name,
        about=f"A model of another program, run in PyTorch. Methods: {methods}.",
        sample_rate=described.sample_rate,
        channels=described.channels,
        hop=described.hop,
        dims=described.dims,
        delay=described.delay,
        encodes=bool(described.encode),
        bundled=False,
        bytes=described.bytes,
        sha256=described.sha256,
        foreign=True,
    )


def _arrival(path: Path) -> tuple[int, str]:
    """Who was here first keeps the name that both would like."""
    try:
        return os.stat(path).st_ctime_ns, path.name  # noqa: PTH116
    except OSError:
        return 0, path.name
