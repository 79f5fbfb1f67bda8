"""How long a step takes here, in both phases, on noise: what `isobath bench train` tells."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from .configurations import configuration
from .corpus import Batch, crop_frames, look_back
from .device import pick
from .settings import AnyShape, Course
from .trainer import Trainer


@dataclass(frozen=True)
class Pace:
    """One configuration in one phase: medians of steps. cpu: seconds of processor time a step."""

    config: str
    phase: int
    batch: int
    crop: int
    half: bool
    milliseconds: float
    cpu: float
    steps_a_second: float


class _Noise:
    """The same crops of noise at every step, so that what is measured is learning."""

    def __init__(self) -> None:
        self.made: Batch | None = None

    def batch(self, shape: AnyShape, course: Course, warm: int, _step: int, share: range) -> Batch:
        """Made at the first step."""
        if self.made is None:
            length, lead = crop_frames(shape, course, warm) * shape.hop, look_back(shape)
            sound = 0.1 * torch.randn(len(share), shape.channels, lead + length)
            self.made = Batch(None, sound[..., lead:], sound, lead)
        return self.made


def paces(
    name: str, batch: int = 8, steps: int = 5, threads: int = 1, half: bool = True, device: str = "auto"
) -> Iterator[Pace]:
    """Both phases, each after a step that is not counted."""
    chosen = configuration(name)
    torch.set_num_threads(threads)
    course = replace(chosen.course, batch=batch, half=half, device=pick(device), threads=threads)
    trainer, source = Trainer(chosen.shape, course), _Noise()
    for phase in (1, 2):
        trainer.switch = course.steps if phase == 1 else 0
        walls, works = [], []
        for _ in range(steps + 1):
            wall, work = time.perf_counter(), time.process_time()
            trainer.train_step(source)
            walls.append(time.perf_counter() - wall)
            works.append(time.process_time() - work)
        wall = statistics.median(walls[1:])
        crop = crop_frames(chosen.shape, course, trainer.warm) * chosen.shape.hop
        yield Pace(name, phase, batch, crop, half, 1000 * wall, statistics.median(works[1:]), 1 / wall)
