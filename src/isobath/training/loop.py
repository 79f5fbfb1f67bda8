"""The training loop: from a folder's last checkpoint to the end of the course.

Prints a line with the time left, keeps the figures as JSON lines, saves every so often
and when Ctrl-C is pressed.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from .corpus import Recording
from .settings import Course, Shape
from .trainer import Trainer


def _line(trainer: Trainer, figures: dict[str, float], seconds_a_step: float, until: int) -> str:
    left = (until - trainer.step) * seconds_a_step / 60
    values = " ".join(f"{k} {v:.4g}" for k, v in figures.items())
    pace = f"{seconds_a_step * 1000:.0f} ms a step, {left:.0f} min left"
    return f"step {trainer.step}/{until} {values} | {pace}"


@contextmanager
def _patient() -> Iterator[Callable[[], bool]]:
    """Ctrl-C asks to stop after the step in hand, so that what is saved is whole."""
    asked: list[int] = []
    try:
        before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    except ValueError:  # not the main thread: whoever runs us listens for Ctrl-C
        yield lambda: False
        return
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)


class _Log:
    """Means of the figures since the last line, printed and kept as JSON lines."""

    def __init__(self, path: Path) -> None:
        self.path, self.total = path, dict[str, float]()
        self.since, self.counted = time.monotonic(), 0

    def add(self, figures: dict[str, float]) -> None:
        for k, v in figures.items():
            self.total[k] = self.total.get(k, 0.0) + v
        self.counted += 1

    def write(self, trainer: Trainer, until: int) -> None:
        pace = (time.monotonic() - self.since) / self.counted
        figures = {k: v / self.counted for k, v in self.total.items()}
        print(_line(trainer, figures, pace, until), flush=True)
        with self.path.open("a") as log:
            log.write(json.dumps({"step": trainer.step, "seconds": pace, **figures}) + "\n")
        self.total, self.since, self.counted = {}, time.monotonic(), 0


def train(shape: Shape, course: Course, recordings: list[Recording], out: Path) -> Trainer:
    """Train to the end of the course, or until Ctrl-C; `out` holds checkpoint and log.

    A checkpoint found in `out` is continued. Ctrl-C finishes the step, saves, then raises
    KeyboardInterrupt; a second training in `out` goes on from there.
    """
    torch.set_num_threads(course.threads)
    out.mkdir(parents=True, exist_ok=True)
    trainer, log = Trainer(shape, course), _Log(out / "metrics.jsonl")
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
    until = course.steps + course.adversarial_steps
    with _patient() as interrupted:
        while trainer.step < until and not interrupted():
            log.add(trainer.train_step(recordings))
            if trainer.step % course.log_every == 0:
                log.write(trainer, until)
            if trainer.step % course.checkpoint_every == 0:
                trainer.save(checkpoint)
        trainer.save(checkpoint)
        if interrupted():
            raise KeyboardInterrupt
    return trainer
