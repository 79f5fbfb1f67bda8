"""Encoder and decoder together, as they are trained.

A variational autoencoder of the RAVE family (Caillon & Esling 2021): the encoder gives a
mean and a deviation per latent dimension and frame, the decoder plays what is drawn.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import plan
from .coder import Coder
from .settings import Shape


class Model(nn.Module):
    """Encoder and decoder, with the bottleneck between them."""

    def __init__(self, shape: Shape, seed: int) -> None:
        super().__init__()
        plan.check(shape)
        self.shape = shape
        random = torch.Generator().manual_seed(seed)
        ears, voice = plan.encoder(shape, random), plan.decoder(shape, random)
        self.encoder = Coder.built(ears, shape.sample_rate, shape.hop)
        self.decoder = Coder.built(voice, shape.sample_rate, shape.hop)
        self.warm = plan.receptive_frames(ears.operations, shape, ears.weights) + plan.receptive_frames(
            voice.operations, shape, voice.weights
        )

    def posterior(self, front: Tensor, half: bool = False) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the latent, (batch, dims, frames)."""
        spectral = self.shape.front == "spectrum"
        key = "front" if spectral else "audio"
        reg = self.encoder({key: front}, skip_front=spectral, half=half)
        return reg["mean"].float(), F.softplus(reg["deviation"].float()) + 1e-4

    def decode(self, latent: Tensor, clock: int, half: bool = False) -> dict[str, Tensor]:
        """All registers; `audio` among them. Noise from torch's generator."""
        registers: dict[str, Tensor] = self.decoder({"latent": latent}, clock=clock, half=half)
        return registers
