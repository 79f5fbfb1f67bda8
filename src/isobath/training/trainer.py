"""One step of training, in either phase, and everything that must survive an interruption.

Phase 1 learns encoder and decoder from spectral distances. Phase 2 freezes the encoder
(so latents keep their meaning) and lets critics refine the decoder's detail. Every random
choice depends on the seed, the step's number and the crop's number in the batch, so a run
that was interrupted continues exactly as if it had not been, and several processes that
share a batch learn what one would have.

Losses are taken crop by crop: each is weighted once, by its part in the whole batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isobath.errors import ModelMismatch, ModelNewer, SaveError

from . import losses, parallel
from .autoencoder import Model
from .corpus import Recording, Recordings, Source, crop_frames
from .critics import Critics
from .saving import whole
from .settings import AnyShape, Course, Family, shape_from

CHECKPOINT = 2
"""Layout of a checkpoint; 1 had no such number."""
FIGURES = (
    "loss", "spectral", "bands", "held", "wave", "divergence", "discrepancy", "commitment", "movement",
    "adversarial", "matching", "critic",
)  # fmt: skip
"""What a step may tell of itself."""
_SETTLE = 20
"""Frames after which a held latent's sound is steady: the decoder's memory, and a little."""


def rate(course: Course, step: int) -> float:
    """Learning rate: a short rise, a cosine or linear fall over phase 1, then level."""
    if step < course.warmup:
        return course.learning_rate * (step + 1) / course.warmup
    through = min(step / max(course.steps, 1), 1.0)
    left = 1.0 - through if course.fall == "linear" else 0.5 * (1 + math.cos(math.pi * through))
    return course.final_learning_rate + (course.learning_rate - course.final_learning_rate) * left


def beta(course: Course, step: int) -> float:
    """Weight of the bottleneck's price: risen after the warm-up, in even steps or even ratios."""
    through = min(1.0, (step + 1) / max(course.beta_warmup, 1))
    if course.beta_start > 0:
        return float(course.beta_start * (course.beta / course.beta_start) ** through)
    return course.beta * through


def context(model: Model, course: Course) -> int:
    """Frames at the beginning of a crop that are heard and not measured."""
    return min(model.warm, course.context) if course.context else model.warm


class Chance:
    """Random tensors of one step, crop by crop: the same numbers whoever hears the crop."""

    def __init__(self, course: Course, step: int, crops: range) -> None:
        self.generators = []
        for crop in crops:
            g = torch.Generator()
            g.manual_seed(((course.seed * 1_000_003 + step) * 65_537 + crop) % 2**63)
            self.generators.append(g)

    def normal(self, shape: torch.Size, device: torch.device) -> Tensor:
        """Standard normal, (crops, ...)."""
        return torch.stack([torch.randn(shape[1:], generator=g) for g in self.generators]).to(device)

    def uniform(self, shape: torch.Size, device: torch.device) -> Tensor:
        """0 to 1, (crops, ...)."""
        return torch.stack([torch.rand(shape[1:], generator=g) for g in self.generators]).to(device)


class Trainer:
    """A model in training, everything that must survive an interruption, and one step."""

    def __init__(self, shape: AnyShape, course: Course) -> None:
        self.shape, self.course, self.step = shape, course, 0
        self.switch = course.steps
        self.device = torch.device(course.device)
        self.model = Model(shape, course.seed).to(self.device)
        self.warm = context(self.model, course)
        self.average = Model(shape, course.seed).to(self.device).requires_grad_(False).eval()
        self.discriminator = Critics(
            course.critics,
            shape.channels,
            course.discriminator_width,
            course.discriminator_scales,
            course.seed,
        ).to(self.device)
        self.optimiser = self._optimiser(self.model, course.learning_rate)
        self.critic_optimiser = self._optimiser(self.discriminator, course.discriminator_learning_rate)
        self.skipped = 0
        self.best: dict[str, float] = {}

    def _optimiser(self, module: nn.Module, learning_rate: float) -> torch.optim.AdamW:
        return torch.optim.AdamW(
            module.parameters(), learning_rate, betas=self.course.betas, weight_decay=0.0, fused=True
        )

    @property
    def adversarial(self) -> bool:
        """Whether the next step belongs to phase 2."""
        return self.step >= self.switch

    @property
    def phase(self) -> int:
        """1 or 2: that of the step taken last."""
        return 2 if self.step > self.switch else 1

    @property
    def until(self) -> int:
        """The step at which the course ends."""
        return self.switch + self.course.adversarial_steps

    def begin_phase_two(self) -> None:
        """Switch now, before the step the course had planned it at."""
        self.switch = min(self.switch, self.step)

    def share_switch(self) -> None:
        """Every process takes the first one's step of the switch."""
        if not parallel.together():
            return
        told = torch.tensor([float(self.switch)], dtype=torch.float64, device=self.device)
        parallel.from_first(told)
        self.switch = int(told.item())

    def _scales(self) -> tuple[int, ...]:
        turns = min(self.course.alternate, len(self.course.scales))
        return self.course.scales[self.step % turns :: turns]

    def _heard(self, audio: Tensor) -> Tensor:
        return audio[..., self.warm * self.shape.hop :]

    def _hold(self) -> tuple[int, int]:
        """How many crops of this step's batch are held, and from which frame on."""
        frames = crop_frames(self.shape, self.course, self.warm) - self.warm
        room = frames - 2 * _SETTLE
        if room < 1 or self.course.held_share <= 0:
            return 0, 0
        count = round(self.course.batch * self.course.held_share)
        return count, self.warm + self.step * 7919 % room

    def _clock(self) -> int:
        """The sample at which the tones of this step begin."""
        drawn = torch.randint(0, 2**31, (1,), generator=torch.Generator().manual_seed(self.step))
        return int(drawn.item())

    def _parts(self) -> Iterator[range]:
        """The crops this process hears, part after part."""
        mine = parallel.share(self.course.batch)
        size = -(-len(mine) // max(1, self.course.accumulate))
        for start in range(mine.start, mine.stop, size):
            yield range(start, min(start + size, mine.stop))

    def train_step(self, source: Source | list[Recording]) -> dict[str, float]:
        """One step; returns the figures of this step."""
        if isinstance(source, list):
            source = Recordings(source)
        torch.manual_seed(self.course.seed * 1_000_003 + self.step)
        self.model.train()
        self.model.encoder.train(not self._frozen())
        self.model.decoder.train(not self.adversarial)
        self.model.decoder.noiseless = getattr(self.shape, "noise_late", False) and not self.adversarial
        for group in self.optimiser.param_groups:
            group["lr"] = rate(self.course, self.step)
        self.optimiser.zero_grad(set_to_none=True)
        self.critic_optimiser.zero_grad(set_to_none=True)
        total: dict[str, Tensor] = {}
        for crops in self._parts():
            for name, value in self.hear(source, crops).items():
                total[name] = total.get(name, torch.zeros((), device=self.device)) + value.detach().sum()
        figures = self._apply(total)
        self._follow()
        self.step += 1
        return figures

    def _frozen(self) -> bool:
        return self.adversarial or self.course.frozen_encoder

    def hear(self, source: Source, crops: range) -> dict[str, Tensor]:
        """Hear some of the batch's crops and gather gradients; each figure's part of the batch's mean."""
        c = self.course
        heard = source.batch(self.shape, c, self.warm, self.step, crops)
        chance = Chance(c, self.step, crops)
        held, at = self._hold()
        still = max(0, min(held - crops.start, len(crops)))  # the first crops of a batch are held
        said, between, reg = self._through(self.model.hear(heard), still, at, chance)
        aim = heard.target.to(self.device)
        out, target = self._heard(reg["audio"][still:]), self._heard(aim[still:])
        figures: dict[str, Tensor] = {}
        loss = torch.zeros((), device=self.device)
        free = c.batch - held
        if still < len(crops):
            figures["spectral"] = self._distances(out, target) / free
            loss = loss + c.spectral_weight * figures["spectral"].sum()
            if c.band_weight > 0 and isinstance(self.shape, Family):
                figures["bands"] = self._between_bands(reg, said, still) / free
                loss = loss + c.band_weight * figures["bands"].sum()
        if "wave" in reg:
            figures["wave"] = reg["wave"].abs().mean(dim=(1, 2)) / c.batch
            loss = loss + c.wave_weight * figures["wave"].sum()
        if still:
            figures["held"] = self._stillness(reg["audio"][:still], aim[:still], at) / held
            loss = loss + held / c.batch * figures["held"].sum()
        if not self._frozen():
            loss = loss + self._bottleneck(said["mean"].float(), between.price, figures)
        if self.adversarial and still < len(crops):
            loss = loss + self._against(out, target, figures, free)
        figures["loss"] = loss
        torch.autograd.backward(loss)
        if self.adversarial and self.step % c.discriminator_every == 0 and still < len(crops):
            figures["critic"] = self._teach_critic(out.detach(), target, free)
        return figures

    def _through(
        self, front: Tensor, held: int, at: int, chance: Chance
    ) -> tuple[dict[str, Tensor], Any, dict[str, Tensor]]:
        """Encoder, bottleneck and decoder for some crops, the first `held` of them held."""
        half = self.course.half
        with torch.set_grad_enabled(not self._frozen()):
            said = self.model.registers(front, half)
            mean, std = self.model.read(said)
            follow = None
            if not self._frozen():
                follow = torch.Generator().manual_seed(self.course.seed + self.step)
            between = self.model.between(mean, std, chance.normal(mean.shape, mean.device), follow)
        latent = between.latent
        if held:
            still = latent[:held, :, at : at + 1].expand(-1, -1, latent.shape[2] - at)
            resting = torch.cat((latent[:held, :, :at], still), dim=2)
            latent = torch.cat((resting, latent[held:]))
        reg = self.model.decoder({"latent": latent}, clock=self._clock(), half=half, chance=chance)
        return said, between, reg

    def _between_bands(self, reg: dict[str, Tensor], said: dict[str, Tensor], still: int) -> Tensor:
        """Spectral distance of the sub-bands, sound by sound: (crops)."""
        made = reg["d_rows" if "d_rows" in reg else "d_wave"][still:]
        source = said["front"].detach()[still:]
        warm = self.warm * (made.shape[-1] // reg["latent"].shape[-1])
        return self._distances(made[..., warm:], source[..., warm:])

    def _distances(self, out: Tensor, target: Tensor) -> Tensor:
        c = self.course
        return losses.spectral_distances(out, target, self._scales(), c.log_floor, c.together)

    def _stillness(self, out: Tensor, aim: Tensor, at: int) -> Tensor:
        hop = self.shape.hop
        middle, settled = at * hop + hop // 2, (at + _SETTLE) * hop
        return losses.held_distances(out, aim, middle, settled, self.shape.sample_rate)

    def _bottleneck(self, mean: Tensor, price: Tensor, figures: dict[str, Tensor]) -> Tensor:
        c = self.course
        name = {"variational": "divergence", "wasserstein": "discrepancy"}.get(self.model.kind, "commitment")
        weight = c.commitment if self.model.kind == "discrete" else beta(c, self.step)
        figures[name] = price / c.batch
        figures["movement"] = (mean[..., 1:] - mean[..., :-1]).square().mean(dim=(1, 2)) / c.batch
        # A price of the whole batch is the same number in every process: each counts its crops.
        return weight * self._whole(figures[name]) + c.slowness * figures["movement"].sum()

    def _whole(self, price: Tensor) -> Tensor:
        if self.model.kind != "wasserstein":
            return price.sum()
        return price.sum() * (self.course.batch / len(price))

    def _against(self, out: Tensor, target: Tensor, figures: dict[str, Tensor], crops: int) -> Tensor:
        """The decoder's side of the adversarial game: be taken for real, feature by feature."""
        self.discriminator.requires_grad_(False)
        fakes, fake_features = self.discriminator(out)
        with torch.no_grad():
            _, features = self.discriminator(target)
        self.discriminator.requires_grad_(True)
        figures["adversarial"] = torch.stack([-_each(f) for f in fakes]).mean(dim=0) / crops
        pairs = zip(fake_features, features, strict=True)
        figures["matching"] = torch.stack([self._unlike(a, b) for a, b in pairs]).mean(dim=0) / crops
        c = self.course
        return (
            c.adversarial_weight * figures["adversarial"].sum()
            + c.matching_weight * figures["matching"].sum()
        )

    def _unlike(self, made: Tensor, real: Tensor) -> Tensor:
        difference = _each((made - real).abs())
        return difference / (_each(real.abs()) + 1e-5) if self.course.relative_matching else difference

    def _teach_critic(self, out: Tensor, target: Tensor, crops: int) -> Tensor:
        """The discriminator's side: hinge (Lim & Ye 2017)."""
        reals, _ = self.discriminator(target)
        fakes, _ = self.discriminator(out)
        pairs = zip(reals, fakes, strict=True)
        loss = (
            torch.stack([_each(F.relu(1 - r)) + _each(F.relu(1 + f)) for r, f in pairs]).mean(dim=0) / crops
        )
        torch.autograd.backward(loss.sum())
        return loss

    def _apply(self, total: dict[str, Tensor]) -> dict[str, float]:
        """Bring the processes' gradients and figures together, and take the step."""
        learning = self.model.decoder if self._frozen() else self.model
        parallel.add_gradients(learning.parameters())
        # Not every process has every figure: each says which it has.
        zero = torch.zeros((), device=self.device)
        had = torch.tensor([float(name in total) for name in FIGURES], device=self.device)
        values = torch.stack([total.get(name, zero) for name in FIGURES])
        parallel.add_up(values, had)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.course.clip)
        if torch.isfinite(norm):
            self.optimiser.step()
        else:
            self.skipped += 1
        if self.adversarial and self.step % self.course.discriminator_every == 0:
            parallel.add_gradients(self.discriminator.parameters())
            critic = nn.utils.clip_grad_norm_(self.discriminator.parameters(), 100.0)
            if torch.isfinite(critic):
                self.critic_optimiser.step()
        there = zip(FIGURES, values.tolist(), had.tolist(), strict=True)
        figures = {name: value for name, value, known in there if known}
        return {**figures, "gradient": float(norm)}

    @torch.no_grad()
    def _follow(self) -> None:
        """The averaged weights follow the trained ones, faster at the start."""
        decay = min(self.course.average, (1 + self.step) / (self.course.average_rise + self.step))
        slow: list[Tensor] = list(self.average.parameters())
        fast: list[Tensor] = list(self.model.parameters())
        torch._foreach_lerp_(slow, fast, 1 - decay)
        for kept, new in zip(self.average.buffers(), self.model.buffers(), strict=True):
            kept.copy_(new)

    def state(self) -> dict[str, Any]:
        """Everything that must survive."""
        return {
            "version": CHECKPOINT, "shape": asdict(self.shape), "course": asdict(self.course),
            "step": self.step, "switch": self.switch, "skipped": self.skipped,
            "best": self.best, "model": self.model.state_dict(), "average": self.average.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "critic_optimiser": self.critic_optimiser.state_dict(),
        }  # fmt: skip

    def save(self, path: Path) -> None:
        """Everything, atomically: a crash leaves the previous checkpoint whole."""
        with whole(path) as file:
            torch.save(self.state(), file)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint of the same shape."""
        state = read_checkpoint(path, self.device)
        if shape_from(state["shape"]) != self.shape:
            raise ModelMismatch(
                f"{path} holds a model of another shape. Train with its shape, or choose an empty folder."
            )
        self.step = int(state["step"])
        # A course may have been lengthened since; a switch made early stays made.
        planned = int(state["course"]["steps"])
        switch = int(state.get("switch", planned))
        self.switch = switch if switch < planned else self.course.steps
        self.skipped = int(state.get("skipped", 0))
        self.best = dict(state.get("best", {}))
        if state["model"].keys() != self.model.state_dict().keys():
            raise ModelMismatch(
                f"{path} was written by an earlier Isobath, which built such models otherwise. Choose an "
                "empty folder; a model exported from it can go on with --from."
            )
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.discriminator.load_state_dict(_current_names(state))
        self.optimiser.load_state_dict(state["optimiser"])
        self.critic_optimiser.load_state_dict(state["critic_optimiser"])


def _each(x: Tensor) -> Tensor:
    """Mean of everything but the crops."""
    return x.flatten(1).mean(dim=1)


def _current_names(state: dict[str, Any]) -> dict[str, Tensor]:
    """The discriminator's tensors; before version 2 it was complex spectra alone."""
    tensors: dict[str, Tensor] = state["discriminator"]
    if "version" in state:
        return tensors
    return {f"each.spectra.{name}": value for name, value in tensors.items()}


def read_checkpoint(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """A checkpoint's tensors and settings; reading one runs no code."""
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise
    except Exception as error:  # torch raises whatever its unpickler met
        raise SaveError(
            f"{path} is not a whole checkpoint ({type(error).__name__}). Remove it to begin again, or put a "
            "copy in its place."
        ) from error
    if int(state.get("version", 1)) > CHECKPOINT:
        raise ModelNewer(
            f"{path} was written by a newer Isobath. Upgrade with: pip install -U 'isobath[train]'"
        )
    return state
