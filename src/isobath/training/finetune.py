"""Going on from a model that is there already, with other sounds.

From another training, or from any model file, imported ones included (adoption.py).
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from isobath.errors import ModelMismatch, ModelUnknown, SaveError

from . import parallel
from .adoption import adopt
from .settings import AnyShape, shape_from
from .trainer import Trainer, read_checkpoint

FILE = "start.safetensors"
"""The model that a run began with, in its folder."""


@dataclass(frozen=True)
class Start:
    """What a training begins with: a shape, and weights where they are no file's.

    config: the configuration it was trained by, where that is known.
    """

    shape: AnyShape
    words: str
    config: str | None = None
    tensors: dict[str, Tensor] | None = None


def find(start: str, out: Path, dims: int | None) -> Start:
    """A run's folder, a checkpoint or a model file."""
    path = Path(start)
    if path.is_dir():
        path = path / ("best.pt" if (path / "best.pt").exists() else "checkpoint.pt")
    if not path.exists():
        raise ModelUnknown(
            f"There is no {start} to go on from. Give a model, a model file or the folder of a training."
        )
    words = f"Begins with {start}."
    if path.suffix == ".pt":
        state = read_checkpoint(path)
        shape = shape_from(state["shape"])
        return Start(replace(shape, dims=dims or shape.dims), words, _config(path), state["average"])
    if path.suffix.lower() == ".ts":
        raise ModelMismatch(
            f"{path} is a file of another program. Take it in first, then go on from its name: isobath "
            f"import {path}"
        )
    adopt(path, dims)  # whatever is wrong is told of the file that was given
    if parallel.rank() == 0:
        _copy(path, out)
    parallel.wait()
    return Start(adopt(out / FILE, dims), words)


def _copy(path: Path, out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, out / FILE)
    except OSError as error:
        raise SaveError(
            f"{path} could not be copied to {out} ({error.strerror}). Make room there."
        ) from error


def _config(checkpoint: Path) -> str | None:
    try:
        told: dict[str, Any] = json.loads((checkpoint.parent / "run.json").read_text())
    except (OSError, ValueError):
        return None
    return told.get("config")


def begin(trainer: Trainer, start: Start) -> None:
    """Give a new trainer the weights it begins with."""
    if start.tensors is not None:
        for model in (trainer.model, trainer.average):
            take(model, start.tensors)


def take(model: nn.Module, tensors: dict[str, Tensor]) -> int:
    """Copy what has the same name; of another size, as much as both have. How many were taken."""
    taken = 0
    for name, own in model.state_dict().items():
        other = tensors.get(name)
        if other is None or other.dim() != own.dim():
            continue
        both = tuple(slice(0, min(a, b)) for a, b in zip(own.shape, other.shape, strict=True))
        own[both].copy_(other[both])
        taken += 1
    return taken
