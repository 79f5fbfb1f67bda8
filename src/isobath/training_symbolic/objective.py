"""What is minimised: error + β · distance to the prior + flatness + what the attributes say.

The error C is the mean over steps and values: for drums the cross-entropy of the nine hits and the
squares of velocity and offset, over 27; for melodies the cross-entropy of a step. Its sum over a
window is in nats, and so are the weights of the other terms.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from . import bound, distances, flat, head
from .networks import HierarchicalPrior, Network
from .settings import Course

_C2_FLOOR = 0.3
"""Of the running mean of c²: a batch that says less is not believed."""
_FOLLOWERS = 32
REACH_OF_ATTRIBUTES = 1.2


@dataclass(frozen=True)
class Scales:
    """Mean and deviation of each attribute over the training side."""

    mean: Tensor
    deviation: Tensor

    def __call__(self, attributes: Tensor) -> Tensor:
        return (attributes - self.mean) / self.deviation


def errors(kind: str, logits: Tensor, x: Tensor) -> Tensor:
    """C of each window, (n,)."""
    if kind == "melody":
        return (
            F.cross_entropy(logits.flatten(0, 1), x.argmax(-1).flatten(), reduction="none")
            .reshape(len(x), -1)
            .mean(1)
        )
    hits = F.binary_cross_entropy_with_logits(logits[..., :9], x[..., :9], reduction="none").sum((1, 2))
    velocity = (logits[..., 9:18].sigmoid() - x[..., 9:18]).square().sum((1, 2))
    offset = (logits[..., 18:].tanh() - x[..., 18:]).square().sum((1, 2))
    return (hits + velocity + offset) / (x.shape[1] * x.shape[2])


def units(kind: str, steps: int, values: int) -> int:
    """How many of C make a window's error in nats."""
    return steps if kind == "melody" else steps * values


@dataclass
class Running:
    """c² over the last batches."""

    c2: float = 0.0

    def hear(self, c2: float) -> float:
        """The mean with this batch."""
        self.c2 = c2 if self.c2 == 0 else 0.95 * self.c2 + 0.05 * c2
        return max(self.c2, 1e-6)


class Objective:
    """All terms of one step."""

    def __init__(self, network: Network, prior: HierarchicalPrior, course: Course, scales: Scales) -> None:
        self.network, self.prior, self.course, self.scales = network, prior, course, scales
        self.running = Running()

    def __call__(
        self, x: Tensor, attributes: Tensor, beta: float, step: int
    ) -> tuple[Tensor, dict[str, float]]:
        """The loss of a batch and its figures. x: (n, steps, values); attributes: (n, attributes)."""
        course, network = self.course, self.network
        kind = network.shape.kind
        mean, log_sigma = network.encode(self._noisy(x))
        z = mean + log_sigma.exp() * torch.randn_like(mean)
        logits = network.logits(z, x if network.shape.feedback == "autoregressive" else None)
        error = errors(kind, logits, x).mean()
        distance = self.distance(z, mean, log_sigma).mean().clamp(min=course.free_nats)
        loss = units(kind, x.shape[1], x.shape[2]) * error + beta * distance
        figures = {"error": float(error.detach()), "distance": float(distance.detach())}
        if course.flat or course.condition:
            loss = loss + self._rise(step) * self._geometry(z.detach(), beta, figures)
        if course.stress or course.even:
            loss = loss + self._rise(step) * self._distances(mean, z.detach(), figures)
        if course.attributes:
            loss = loss + course.attributes * self._attributes(mean, z.detach(), attributes, figures)
        return loss, figures

    def _rise(self, step: int) -> float:
        """How much of the weights of geometry counts already."""
        course = self.course
        return min(1.0, max(0.0, (step - course.flat_from) / max(1, course.flat_rise)))

    def _points(self, z: Tensor, count: int) -> Tensor:
        """Mixed-up latents, where the decoder is to be flat."""
        order = torch.randperm(len(z), device=z.device)
        return flat.mixed(z, self.course.reach, order, torch.rand(len(z), device=z.device))[:count]

    def _noisy(self, x: Tensor) -> Tensor:
        if not self.course.noise:
            return x
        kept = torch.rand(x.shape[:2], device=x.device) >= self.course.noise
        return x * kept[..., None]

    def distance(self, z: Tensor, mean: Tensor, log_sigma: Tensor) -> Tensor:
        """Nats between posterior and prior, (n,)."""
        if self.course.prior == "normal":
            return bound.kl_to_standard(mean, log_sigma)
        noise = torch.randn(self.course.samples, *z.shape, device=z.device)
        return bound.distance(self.prior, z, mean, log_sigma, noise)

    def _geometry(self, z: Tensor, beta: float, figures: dict[str, float]) -> Tensor:
        course, decode, dims = self.course, self.network.decode, z.shape[1]
        held = not course.flat_scaled
        if course.condition:
            metric = flat.metric(decode, self._points(z, course.exact_batch), course.step)
            raw, c2 = flat.of_metric(metric, held=held)
            turned = course.condition * flat.condition(metric).mean()
            figures["turned"] = float(turned.detach())
        else:
            raw, c2 = self._estimated(self._points(z, course.flat_batch), held=held)
            turned = raw.new_zeros(())
        least = _C2_FLOOR * self.running.hear(float(c2.detach()))
        flatness = flat.scaled(raw, c2, dims, least) if course.flat_scaled else beta * raw.mean()
        figures["flat"], figures["c2"] = float(flatness.detach()), float(c2.detach())
        return course.flat * flatness + turned

    def _estimated(self, points: Tensor, *, held: bool) -> tuple[Tensor, Tensor]:
        course, decode = self.course, self.network.decode
        if course.estimator == "taylor":
            return flat.taylor(decode, points, course.step, held=held)
        directions = torch.randn(course.directions, *points.shape, device=points.device)
        estimate = flat.pairwise if course.estimator == "pairwise" else flat.nesterov
        return estimate(decode, points, directions, course.step, held=held)

    def _distances(self, mean: Tensor, z: Tensor, figures: dict[str, float]) -> Tensor:
        course, network = self.course, self.network
        total = z.new_zeros(())
        if course.stress:
            some = mean[: course.stress_batch]
            stress = distances.stress(some, network.decode(some))
            figures["stress"] = float(stress.detach())
            total = total + course.stress * stress
        if course.even:
            even = distances.unevenness(network.shape.kind, network.logits, z[: 2 * course.lines])
            figures["even"] = float(even.detach())
            total = total + course.even * even
        return total

    def _attributes(self, mean: Tensor, z: Tensor, attributes: Tensor, figures: dict[str, float]) -> Tensor:
        network, scales = self.network, self.scales
        truth = scales(attributes)
        network.moments.hear(mean.detach(), truth)
        network.moments.solve(network.head)
        learned = head.told(network.head(mean), truth)
        base = z[:_FOLLOWERS]
        share = (2 * torch.rand(len(base), device=z.device) - 1) * REACH_OF_ATTRIBUTES
        which = torch.randint(truth.shape[1], (len(base),), device=z.device)
        away = share[:, None] * head.vectors(z, truth)[which]
        logits = network.logits(torch.cat((base, base + away)))
        done = scales(head.soft_attributes(network.shape.kind, logits, network.activated(logits)))
        before, after = done.chunk(2)
        followed = head.told(after - before, away @ network.head.weight.T)
        figures["learned"], figures["followed"] = float(learned.detach()), float(followed.detach())
        return learned + followed
