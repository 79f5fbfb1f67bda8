"""One training of a model of bars: steps, checks, checkpoints; it may be stopped at any time.

Everything drawn is a function of the seed and the step, so that a training that is gone on with
takes the steps it would have taken.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from isobath.errors import UsageError
from isobath.symbolic.attributes import OF_KIND
from isobath.training import saving

from . import objective
from .material import Material
from .multiplier import Multiplier
from .networks import HierarchicalPrior, Network, network_of
from .objective import Objective, Scales
from .settings import Configuration

LOG_EVERY = 50
CHECKED = 512
"""Windows of the validation side that are looked at."""


@dataclass(frozen=True)
class Told:
    """How far a training is. figures: means since the last time."""

    step: int
    steps: int
    figures: dict[str, float]
    seconds_a_step: float

    @property
    def seconds_left(self) -> float:
        """At this pace."""
        return (self.steps - self.step) * self.seconds_a_step


class Trainer:
    """The state of a training, all of which a checkpoint holds."""

    def __init__(self, configuration: Configuration, material: Material, device: str = "cpu") -> None:
        shape, course = configuration.shape, configuration.course
        if shape.kind != material.scores.kind:
            raise UsageError(
                f"{configuration.name} learns {shape.kind}, this set holds {material.scores.kind}."
            )
        torch.manual_seed(course.seed)
        self.configuration, self.material, self.device = configuration, material, torch.device(device)
        self.network: Network = network_of(shape, len(OF_KIND[shape.kind])).to(self.device)
        self.prior = HierarchicalPrior(shape.dims, shape.prior_width).to(self.device)
        scales = material.scales()
        self.scales = Scales(scales.mean.to(self.device), scales.deviation.to(self.device))
        self.objective = Objective(self.network, self.prior, course, self.scales)
        self.multiplier = Multiplier(course.constraint, course.bound, course.gain, course.beta)
        self.optimiser = torch.optim.Adam(
            [*self.network.parameters(), *self.prior.parameters()], course.learning_rate, fused=True
        )
        self.averaged = copy.deepcopy(nn.ModuleList([self.network, self.prior]))
        self.step, self.spent = 0, 0.0

    def advance(self) -> dict[str, float]:
        """One step; its figures."""
        course = self.configuration.course
        torch.manual_seed(course.seed * 1_000_003 + self.step)
        x, attributes = self.material.batch(course.batch, course.seed, self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        loss, figures = self.objective(
            x.to(self.device), attributes.to(self.device), self.multiplier.beta, self.step
        )
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        if self.multiplier.prior_rests:
            for weight in self.prior.parameters():
                weight.grad = None
        nn.utils.clip_grad_norm_(self.network.parameters(), course.clip * _USUAL_NORM)
        if all(math.isfinite(v) for v in figures.values()):
            self.optimiser.step()
            self.multiplier.hear(figures["error"])
        self.step += 1
        self._average()
        return {**figures, "beta": self.multiplier.beta, "loss": float(loss.detach())}

    def _rate(self) -> float:
        course = self.configuration.course
        rise = min(1.0, (self.step + 1) / course.warmup)
        fall = 0.5 * (1 + math.cos(math.pi * self.step / course.steps))
        return rise * (course.lowest_rate + (course.learning_rate - course.lowest_rate) * fall)

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(self.configuration.course.average, self.step / (self.step + 10))
        live = nn.ModuleList([self.network, self.prior]).parameters()
        for kept, weight in zip(self.averaged.parameters(), live, strict=True):
            kept.lerp_(weight, 1 - keep)

    @property
    def best(self) -> tuple[Network, HierarchicalPrior]:
        """The averaged networks: those that are measured and kept."""
        network, prior = self.averaged
        assert isinstance(network, Network)
        assert isinstance(prior, HierarchicalPrior)
        return network, prior

    @torch.no_grad()
    def check(self) -> dict[str, float]:
        """Error and wrong hits (or steps) of the validation side, at the posterior's mean."""
        network, _ = self.best
        x = torch.from_numpy(
            self.material.sampled(self.material.validation or self.material.train, CHECKED)
        ).to(self.device)
        logits = network.logits(network.encode(x)[0])
        kind = network.shape.kind
        error = float(objective.errors(kind, logits, x).mean())
        return {"error": error, "wrong": float(wrong(kind, network.activated(logits), x).mean())}

    def save(self, path: Path) -> None:
        """A checkpoint, whole or not at all."""
        state = {
            "configuration": asdict(self.configuration), "network": self.network.state_dict(),
            "prior": self.prior.state_dict(), "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(), "multiplier": asdict(self.multiplier),
            "c2": self.objective.running.c2, "step": self.step, "spent": self.spent,
        }  # fmt: skip
        with saving.whole(path) as file:
            torch.save(state, file)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint of the same configuration.

        Raises:
            UsageError: it is of another.
        """
        state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        if state["configuration"] != asdict(self.configuration):
            raise UsageError(f"{path.parent} was begun with other settings. Take another folder with -o.")
        self.network.load_state_dict(state["network"])
        self.prior.load_state_dict(state["prior"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.multiplier = Multiplier(**state["multiplier"])
        self.objective.running.c2 = state["c2"]
        self.step, self.spent = state["step"], state["spent"]


_USUAL_NORM = 100.0
"""Gradients of a window's nats are about so long; a course's clip is in these."""


def wrong(kind: str, activated: Tensor, x: Tensor) -> Tensor:
    """Share of wrong hits, or of wrong steps, of each window, (n,)."""
    if kind == "drums":
        return ((activated[..., :9] > 0.5) != (x[..., :9] > 0.5)).float().mean((1, 2))
    return (activated.argmax(-1) != x.argmax(-1)).float().mean(1)


def run(
    trainer: Trainer,
    folder: Path,
    stop: Callable[[], bool],
    board: Callable[[str, float, int], None] | None = None,
) -> Iterator[Told]:
    """Train to the end of the course, or until `stop`; go on from the folder's checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, course = folder / "checkpoint.pt", trainer.configuration.course
    if checkpoint.is_file():
        trainer.resume(checkpoint)
    saving.write(
        folder / "configuration.json", msgspec.json.format(msgspec.json.encode(asdict(trainer.configuration)))
    )
    began, saved, heard = time.monotonic() - trainer.spent, time.monotonic(), []
    pace_from, pace_step = time.monotonic(), trainer.step
    while trainer.step < course.steps and not stop():
        heard.append(trainer.advance())
        trainer.spent = time.monotonic() - began
        if trainer.step % LOG_EVERY == 0 or trainer.step == course.steps:
            figures = _means(heard)
            pace = (time.monotonic() - pace_from) / max(1, trainer.step - pace_step)
            heard, pace_from, pace_step = [], time.monotonic(), trainer.step
            _keep(folder / "metrics.jsonl", trainer.step, {"seconds": pace, **figures})
            for name, value in figures.items():
                if board:
                    board(f"train/{name}", value, trainer.step)
            yield Told(trainer.step, course.steps, figures, pace)
        if trainer.step % course.check_every == 0 or trainer.step == course.steps:
            found = trainer.check()
            _keep(folder / "validation.jsonl", trainer.step, found)
            for name, value in found.items():
                if board:
                    board(f"validation/{name}", value, trainer.step)
        if time.monotonic() - saved > course.save_seconds:
            trainer.save(checkpoint)
            saved = time.monotonic()
    trainer.save(checkpoint)


def _means(heard: list[dict[str, float]]) -> dict[str, float]:
    return {k: float(np.mean([h[k] for h in heard if k in h])) for k in heard[-1]}


def _keep(path: Path, step: int, figures: dict[str, float]) -> None:
    with path.open("a") as log:
        log.write(json.dumps({"step": step, **figures}) + "\n")
