"""Figures for TensorBoard, in the run's own folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def board(folder: Path) -> Callable[[str, float, int], None]:
    """A function that keeps a figure: name, value, step. Where TensorBoard is not installed it keeps none."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return lambda name, value, step: None  # noqa: ARG005

    writer = SummaryWriter(str(folder / "tensorboard"))

    def keep(name: str, value: float, step: int) -> None:
        writer.add_scalar(name, value, step)

    return keep
