"""One step of training, in either phase, and everything that must survive an interruption.

Phase 1 learns encoder and decoder from spectral distances. Phase 2 freezes the encoder
(so latents keep their meaning) and lets a discriminator refine the decoder's detail.
Every random choice depends on the seed and the step's number, so a run that was
interrupted continues exactly as if it had not been.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isobath.errors import ModelMismatch

from . import losses
from .autoencoder import Model
from .corpus import Batch, Recording, batch
from .discriminator import Discriminator
from .settings import Course, Shape, shape_from

_SETTLE = 20
"""Frames after which a held latent's sound is steady: the decoder's memory, and a little."""


def rate(course: Course, step: int) -> float:
    """Learning rate: a short rise, a cosine fall over phase 1, then level."""
    if step < course.warmup:
        return course.learning_rate * (step + 1) / course.warmup
    through = min(step / max(course.steps, 1), 1.0)
    swing = 0.5 * (1 + torch.cos(torch.tensor(torch.pi * through)).item())
    return course.final_learning_rate + (course.learning_rate - course.final_learning_rate) * swing


class Trainer:
    """A model in training, everything that must survive an interruption, and one step."""

    def __init__(self, shape: Shape, course: Course) -> None:
        self.shape, self.course, self.step = shape, course, 0
        self.device = torch.device(course.device)
        self.model = Model(shape, course.seed).to(self.device)
        self.average = Model(shape, course.seed).to(self.device)
        self.discriminator = Discriminator(
            shape.channels, course.discriminator_width, course.discriminator_scales, course.seed
        ).to(self.device)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), course.learning_rate, betas=course.betas, weight_decay=0.0
        )
        self.critic_optimiser = torch.optim.AdamW(
            self.discriminator.parameters(), course.discriminator_learning_rate,
            betas=course.betas, weight_decay=0.0,
        )  # fmt: skip

    @property
    def adversarial(self) -> bool:
        """Whether the next step belongs to phase 2."""
        return self.step >= self.course.steps

    def _scales(self) -> tuple[int, ...]:
        turns = min(self.course.alternate, len(self.course.scales))
        return self.course.scales[self.step % turns :: turns]

    def _heard(self, audio: Tensor) -> Tensor:
        return audio[..., self.model.warm * self.shape.hop :]

    def _hold(self) -> tuple[int, int]:
        """How many of this step's crops are held, and from which frame on."""
        room = self.course.frames - 2 * _SETTLE
        if room < 1 or self.course.held_share <= 0:
            return 0, 0
        count = round(self.course.batch * self.course.held_share)
        return count, self.model.warm + self.step * 7919 % room

    def _through(self, heard: Batch, held: int, at: int) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Latent statistics and the decoder's registers for a batch, the first `held` of it held."""
        half = self.course.half
        front = heard.front.to(self.device)
        if self.adversarial:
            with torch.no_grad():
                mean, std = self.model.posterior(front, half)
        else:
            mean, std = self.model.posterior(front, half)
        latent = mean + std * torch.randn_like(mean)
        if held:
            still = latent[:held, :, at : at + 1].expand(-1, -1, latent.shape[2] - at)
            resting = torch.cat((latent[:held, :, :at], still), dim=2)
            latent = torch.cat((resting, latent[held:]))
        clock = int(torch.randint(0, 2**31, (1,)).item())
        return mean, std, self.model.decode(latent, clock, half)

    def train_step(self, recordings: list[Recording]) -> dict[str, float]:
        """One step; returns the figures of this step."""
        torch.manual_seed(self.course.seed * 1_000_003 + self.step)
        heard = batch(recordings, self.shape, self.course, self.model.warm, self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate(self.course, self.step)
        held, at = self._hold()
        mean, std, reg = self._through(heard, held, at)
        aim = heard.target.to(self.device)
        out, target = self._heard(reg["audio"][held:]), self._heard(aim[held:])
        figures: dict[str, Tensor] = {}
        figures["spectral"] = losses.spectral_distance(out, target, self._scales())
        figures["wave"] = reg["wave"].abs().mean()
        loss = figures["spectral"] + self.course.wave_weight * figures["wave"]
        if held:
            figures["held"] = self._stillness(reg["audio"][:held], aim[:held], at)
            loss = loss + held / self.course.batch * figures["held"]
        if self.adversarial:
            loss = loss + self._against(out, target, figures)
        else:
            loss = loss + self._bottleneck(mean, std, figures)
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        figures["gradient"] = nn.utils.clip_grad_norm_(self.model.parameters(), self.course.clip)
        if torch.isfinite(figures["gradient"]):
            self.optimiser.step()
        if self.adversarial and self.step % self.course.discriminator_every == 0:
            figures["critic"] = self._teach_critic(out.detach(), target)
        self._follow()
        self.step += 1
        return {k: float(v.detach()) for k, v in figures.items()}

    def _stillness(self, out: Tensor, aim: Tensor, at: int) -> Tensor:
        hop = self.shape.hop
        middle, settled = at * hop + hop // 2, (at + _SETTLE) * hop
        return losses.held_distance(out, aim, middle, settled, self.shape.sample_rate)

    def _bottleneck(self, mean: Tensor, std: Tensor, figures: dict[str, Tensor]) -> Tensor:
        c = self.course
        figures["divergence"] = losses.divergence(mean, std)
        figures["movement"] = (mean[..., 1:] - mean[..., :-1]).square().mean()
        beta = c.beta * min(1.0, (self.step + 1) / max(c.beta_warmup, 1))
        return beta * figures["divergence"] + c.slowness * figures["movement"]

    def _against(self, out: Tensor, target: Tensor, figures: dict[str, Tensor]) -> Tensor:
        """The decoder's side of the adversarial game: be taken for real, feature by feature."""
        self.discriminator.requires_grad_(False)
        fakes, fake_features = self.discriminator(out)
        with torch.no_grad():
            _, features = self.discriminator(target)
        self.discriminator.requires_grad_(True)
        figures["adversarial"] = torch.stack([-f.mean() for f in fakes]).mean()
        pairs = zip(fake_features, features, strict=True)
        each = [(a - b).abs().mean() / (b.abs().mean() + 1e-5) for a, b in pairs]
        figures["matching"] = torch.stack(each).mean()
        c = self.course
        return c.adversarial_weight * figures["adversarial"] + c.matching_weight * figures["matching"]

    def _teach_critic(self, out: Tensor, target: Tensor) -> Tensor:
        """The discriminator's side: hinge (Lim & Ye 2017)."""
        reals, _ = self.discriminator(target)
        fakes, _ = self.discriminator(out)
        pairs = zip(reals, fakes, strict=True)
        loss = torch.stack([F.relu(1 - r).mean() + F.relu(1 + f).mean() for r, f in pairs]).mean()
        self.critic_optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.critic_optimiser.step()
        return loss.detach()

    @torch.no_grad()
    def _follow(self) -> None:
        """The averaged weights follow the trained ones, faster at the start."""
        decay = min(self.course.average, (1 + self.step) / (10 + self.step))
        pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
        for slow, fast in pairs:
            slow.lerp_(fast, 1 - decay)

    def save(self, path: Path) -> None:
        """Everything, atomically: a crash leaves the previous checkpoint whole."""
        state: dict[str, Any] = {
            "shape": asdict(self.shape), "course": asdict(self.course), "step": self.step,
            "model": self.model.state_dict(), "average": self.average.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "critic_optimiser": self.critic_optimiser.state_dict(),
        }  # fmt: skip
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint of the same shape."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        if shape_from(state["shape"]) != self.shape:
            raise ModelMismatch(
                f"{path} holds a model of another shape. Train with its shape, or choose an empty folder."
            )
        self.step = int(state["step"])
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.critic_optimiser.load_state_dict(state["critic_optimiser"])
