"""A model file that somebody brings, of whatever kind: ours, a family that is read as data, or another
program's, which is checked, tried and runs confined."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from isobath.errors import ModelError, SaveError
from isobath.foreign.archive import read
from isobath.foreign.importing import Wishes, import_rave
from isobath.foreign.layers import Unfamiliar
from isobath.library.foreign import ForeignModels, summary_of
from isobath.library.home import Home
from isobath.library.models import Models, name_for
from isobath.models.description import write
from isobath.protocol.messages import ModelSummary

ZIP = b"PK\x03\x04"
"""How a TorchScript file begins."""

Told = Callable[[str], None]


@dataclass(frozen=True)
class Arrived:
    """A model that is in the library now, and what became of its file in one sentence."""

    summary: ModelSummary
    sentence: str


def is_torchscript(path: Path) -> bool:
    """Whether a file begins as another program's models do."""
    with path.open("rb") as file:
        return file.read(len(ZIP)) == ZIP


def from_data(path: Path, wishes: Wishes, folder: Path) -> Path | None:
    """A file of a family that we know, as a model of ours in `folder`; None for any other."""
    part = folder / f"{path.stem}.import.part"
    try:
        write(part, *import_rave(read(path), wishes))
    except Unfamiliar:
        part.unlink(missing_ok=True)
        return None
    return part


def take_in(
    home: Home, models: Models, upload: Path, called: str = "", told: Told = lambda _: None
) -> Arrived:
    """Take in an uploaded file, which is moved, copied or left to be deleted.

    called: the name it had where it came from.

    Raises:
        ModelError: it is no model, or not one that can be used; nothing is kept.
        SaveError: the disk refuses.
        UsageError: it needs PyTorch, which is not installed.
    """
    if not is_torchscript(upload):
        summary = models.adopt(upload)
        return Arrived(summary, f"“{summary.title}” is among the models now.")
    try:
        folder = Path(tempfile.mkdtemp(prefix="arriving-", dir=home.incoming))
        path = folder / f"{name_for(Path(called).stem)}.ts"
        upload.rename(path)
    except OSError as error:
        raise SaveError(
            f"The model could not be taken in ({error.strerror}). Make room and try again."
        ) from error
    try:
        return _from_torchscript(home, models, path, told)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _from_torchscript(home: Home, models: Models, path: Path, told: Told) -> Arrived:
    told("reading it as data")
    try:
        part = from_data(path, Wishes(), path.parent)
    except ModelError:
        part = None  # whatever is wrong with it, the gate says it better
    if part is not None:
        summary = models.adopt(part)
        return Arrived(
            summary,
            f"“{summary.title}” was read as data and is a model like any other now: {summary.about}",
        )
    found = ForeignModels(home, models).take_in(path, told=told)
    summary = summary_of(found.description)
    made = found.description
    works = sum(tried.works for tried in made.methods)
    fence = "confined" if made.confined else "not confined on this system"
    sentence = (
        f"“{summary.title}” is kept as it is and runs apart in PyTorch, {fence}; "
        f"{works} of its {len(made.methods)} methods work."
    )
    if not made.decode:
        sentence += " None of them plays latents, so it cannot be a voice; isobath transfer can use it."
    return Arrived(summary, sentence)
