"""The training loop: from a folder's last checkpoint to the end of the course.

What is told on the way (lines, figures, clips) is a `Witness`'s matter; the loop saves every
so often, in steps and in minutes, and when Ctrl-C is pressed.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from isobath.errors import UsageError

from . import parallel
from .corpus import Recording, Source
from .settings import AnyShape, Course
from .trainer import Trainer

LONGEST_SILENCE = 10.0
"""Seconds after which something is told, however few steps were taken."""
LONGEST_UNSAVED = 300.0
"""Seconds after which a checkpoint is saved between two planned ones."""


class Witness:
    """Who is told how it goes. This one prints a line and keeps the figures as JSON lines."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def told(self, trainer: Trainer, figures: dict[str, float], pace: float) -> None:
        """Means of the figures since the last time; pace in seconds a step."""
        print(line(trainer, figures, pace), flush=True)
        self.keep("metrics.jsonl", trainer, {"seconds": pace, "time": time.time(), **figures})

    def keep(self, name: str, trainer: Trainer, figures: dict[str, float]) -> None:
        """One JSON line in a file of the folder."""
        with (self.out / name).open("a") as log:
            log.write(json.dumps({"step": trainer.step, "phase": trainer.phase, **figures}) + "\n")

    def checkpoint(self, trainer: Trainer) -> None:
        """A planned checkpoint is about to be saved."""


def line(trainer: Trainer, figures: dict[str, float], pace: float) -> str:
    """How it goes, and the time left."""
    left = (trainer.until - trainer.step) * pace
    shown = {k: v for k, v in figures.items() if k not in ("gradient", "movement")}
    values = " ".join(f"{k} {v:.4g}" for k, v in shown.items())
    pace_words = f"{pace * 1000:.0f} ms a step, {duration(left)} left"
    return f"step {trainer.step}/{trainer.until} {values} | {pace_words}"


def duration(seconds: float) -> str:
    """A length of time as a person says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172800 else f"{seconds / 86400:.0f} days"


@contextmanager
def patient() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and a polite kill ask to stop after the step in hand, so that what is saved is whole."""
    asked: list[int] = []
    before = {}
    try:
        for kind in (signal.SIGINT, signal.SIGTERM):
            before[kind] = signal.signal(kind, lambda number, _: asked.append(number))
    except ValueError:  # not the main thread: whoever runs us listens for Ctrl-C
        yield lambda: False
        return
    try:
        yield lambda: bool(asked)
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


class _Means:
    """Means of the figures since the last line."""

    def __init__(self) -> None:
        self.total, self.counts = dict[str, float](), dict[str, int]()
        self.since, self.steps = time.monotonic(), 0

    def add(self, figures: dict[str, float]) -> None:
        for k, v in figures.items():
            self.total[k] = self.total.get(k, 0.0) + v
            self.counts[k] = self.counts.get(k, 0) + 1
        self.steps += 1

    def due(self, step: int, every: int) -> bool:
        return step % every == 0 or time.monotonic() - self.since > LONGEST_SILENCE

    def taken(self) -> tuple[dict[str, float], float]:
        pace = (time.monotonic() - self.since) / max(self.steps, 1)
        figures = {k: v / self.counts[k] for k, v in self.total.items()}
        self.total, self.counts, self.steps = {}, {}, 0
        self.since = time.monotonic()
        return figures, pace


def train(
    shape: AnyShape, course: Course, source: Source | list[Recording], out: Path,
    witness: Witness | None = None, prepared: Trainer | None = None,
) -> Trainer:  # fmt: skip
    """Train to the end of the course, or until Ctrl-C; `out` holds checkpoint and log.

    A checkpoint found in `out` is continued. Ctrl-C finishes the step, saves, then raises
    KeyboardInterrupt; a second training in `out` goes on from there. prepared: a trainer to
    begin with where there is no checkpoint yet.
    """
    torch.set_num_threads(course.threads)
    out.mkdir(parents=True, exist_ok=True)
    trainer = prepared or Trainer(shape, course)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
    if not parallel.alike(trainer.step, trainer.device):
        raise UsageError(
            f"Not every process finds the checkpoint in {out}. Give a folder that all machines share."
        )
    first = parallel.rank() == 0
    watching = (witness or Witness(out)) if first else None
    with patient() as interrupted:
        stopped = _walk(trainer, source, checkpoint, watching, interrupted)
    if stopped:
        raise KeyboardInterrupt
    return trainer


def _walk(
    trainer: Trainer, source: Source | list[Recording], checkpoint: Path, witness: Witness | None,
    interrupted: Callable[[], bool],
) -> bool:  # fmt: skip
    """Step after step; whether it was stopped before the end."""
    course, means, saved = trainer.course, _Means(), time.monotonic()
    stop = False
    while trainer.step < trainer.until and not stop:
        means.add(trainer.train_step(source))
        planned = trainer.step % course.checkpoint_every == 0
        if witness and means.due(trainer.step, course.log_every):
            witness.told(trainer, *means.taken())
        if planned or time.monotonic() - saved > LONGEST_UNSAVED:
            if witness:
                if planned:
                    witness.checkpoint(trainer)
                trainer.save(checkpoint)
            saved = time.monotonic()
            means.since += 0.0 if means.steps else time.monotonic() - means.since
        if planned:  # by the step, which all count alike, and not by each one's clock
            trainer.share_switch()
        stop = parallel.agreed(interrupted(), trainer.device)
    if witness:
        if means.steps:
            witness.told(trainer, *means.taken())
        trainer.save(checkpoint)
    return stop and trainer.step < trainer.until
