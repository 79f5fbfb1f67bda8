"""Encoder and decoder together, as they are trained.

An autoencoder of the RAVE family (Caillon & Esling 2021): the encoder says where each frame
is in the latent space, the bottleneck (bottleneck.py) makes a latent of it, the decoder plays
that.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import adoption, bottleneck, family, plan, spectrum
from .bottleneck import Between
from .coder import Coder
from .corpus import Batch, front_operation
from .settings import Adopted, AnyShape, Family

_OPENING = 4096
"""Samples of a crop that a model of the RAVE family is not judged by."""


class Model(nn.Module):
    """Encoder and decoder, with the bottleneck between them."""

    def __init__(self, shape: AnyShape, seed: int) -> None:
        super().__init__()
        plan.check(shape)
        self.shape = shape
        random = torch.Generator().manual_seed(seed)
        if isinstance(shape, Adopted):
            ears, voice = adoption.coders(shape)
        elif isinstance(shape, Family):
            ears, voice = family.encoder(shape, random), family.decoder(shape, random)
        else:
            ears, voice = plan.encoder(shape, random), plan.decoder(shape, random)
        self.encoder = Coder.built(ears, shape.sample_rate, shape.hop)
        self.decoder = Coder.built(voice, shape.sample_rate, shape.hop)
        self.kind = shape.bottleneck if isinstance(shape, Family) else "variational"
        if all(o["out"] != "deviation" for o in ears.operations) and self.kind == "variational":
            self.kind = "plain"
        self.quantiser: bottleneck.Quantiser | None = None
        if isinstance(shape, Family) and shape.bottleneck == "discrete":
            self.quantiser = bottleneck.Quantiser(shape.codebooks, shape.codes, shape.dims)
        self.warm = plan.receptive_frames(ears.operations, shape, ears.weights) + plan.receptive_frames(
            voice.operations, shape, voice.weights
        )
        if isinstance(shape, Family):
            # These hear up to a second and a half: of a published crop half would be lost. Silence
            # before a crop is no strange past for a causal model, it is how every stream begins.
            self.warm = min(self.warm, math.ceil(_OPENING / shape.hop))

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return next(self.parameters()).device

    def hear(self, batch: Batch) -> Tensor:
        """The encoder's input on the model's device: a spectrum, or the sound itself."""
        if batch.front is not None:
            return batch.front.to(self.device)
        assert batch.audio is not None
        audio = batch.audio.to(self.device)
        operation = front_operation(self.encoder)
        if operation is None:
            return audio
        groups = self.encoder.spectrum_groups(operation)
        with torch.no_grad():
            power = groups.power(audio.flatten(0, 1), operation["step"])
            rows = power[..., batch.lead // operation["step"] :]
            return spectrum.compress(rows).reshape(len(audio), -1, rows.shape[-1])

    def registers(self, front: Tensor, half: bool = False) -> dict[str, Tensor]:
        """All registers of the encoder."""
        spectral = self.shape.front == "spectrum"
        key = "front" if spectral else "audio"
        found: dict[str, Tensor] = self.encoder({key: front}, skip_front=spectral, half=half)
        return found

    def posterior(self, front: Tensor, half: bool = False) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the latent, (batch, dims, frames); no deviation is 0."""
        return self.read(self.registers(front, half))

    def read(self, reg: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation from the encoder's registers."""
        mean = reg["mean"].float()
        if "deviation" not in reg:
            return mean, torch.zeros_like(mean)
        return mean, F.softplus(reg["deviation"].float()) + 1e-4

    def between(
        self, mean: Tensor, std: Tensor, chance: Tensor, random: torch.Generator | None = None
    ) -> Between:
        """What the decoder is told, and its price. chance: standard normal, of mean's shape."""
        if self.kind == "variational":
            return bottleneck.variational(mean, std, chance)
        if self.kind == "wasserstein":
            return bottleneck.wasserstein(mean, chance)
        free = mean.new_zeros(len(mean))
        if self.kind == "plain":
            return Between(mean, free)
        if self.kind == "spherical":
            return Between(bottleneck.unit(mean), free)
        assert self.quantiser is not None
        latent, commitment = self.quantiser(mean, random)
        return Between(latent, commitment)

    def settled(self, mean: Tensor) -> Tensor:
        """The latent without chance: what an exported model's encoder says."""
        return self.between(mean, torch.zeros_like(mean), torch.zeros_like(mean)).latent

    def decode(self, latent: Tensor, clock: int, half: bool = False) -> dict[str, Tensor]:
        """All registers; `audio` among them. Noise from torch's generator."""
        found: dict[str, Tensor] = self.decoder({"latent": latent}, clock=clock, half=half)
        return found
