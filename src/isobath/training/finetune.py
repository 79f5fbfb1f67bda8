"""Going on from a model that is there already, with other sounds."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from isobath.errors import ModelUnknown, UsageError

from .trainer import Trainer, read_checkpoint


def begin_from(trainer: Trainer, start: str) -> str:
    """Give a new trainer the weights of a run; returns what was done, as a sentence."""
    path = Path(start)
    if path.is_dir():
        path = path / ("best.pt" if (path / "best.pt").exists() else "checkpoint.pt")
    if not path.exists():
        raise ModelUnknown(f"There is no {start} to go on from. Give a run's folder or a checkpoint.")
    state = read_checkpoint(path)
    taken = 0
    for model in (trainer.model, trainer.average):
        taken = take(model, state["average"])
    if not taken:
        raise UsageError(
            f"{start} has nothing in common with this configuration. Choose its own with --config."
        )
    return f"Begins with {taken} tensors of {start}."


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
