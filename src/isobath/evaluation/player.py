"""What is measured: anything with the face of `isobath.models.coder.Model`."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from isobath.types import Audio, Latent

Floats = NDArray[np.floating[Any]]
_TOGETHER = 64


class Player(Protocol):
    """Encodes and decodes: our own models, imported ones, and those in another process."""

    name: str
    dims: int
    hop: int
    sample_rate: int
    channels: int
    delay: int

    def encode(self, audio: Audio, sample_rate: int | None = None) -> Latent:
        """Sound -> (dims, frames)."""
        ...

    def decode(self, latent: Latent, seed: int = 0) -> Audio:
        """(dims, frames) -> (channels, frames * hop)."""
        ...

    def prepare(self, audio: Audio, sample_rate: int | None = None) -> Audio:
        """Sound at the model's rate and channels, in whole hops."""
        ...


def reconstruct(model: Player, audio: Audio) -> tuple[Audio, Audio, Latent]:
    """(source, reconstruction, latents): the sounds (channels, samples), aligned by the declared delay.

    audio: at the model's rate and channels, in whole hops.
    """
    late = -(-model.delay // model.hop) * model.hop
    latent = model.encode(np.pad(audio, ((0, 0), (0, late))))
    out = model.decode(latent)[:, model.delay : model.delay + audio.shape[1]]
    return audio[:, : out.shape[1]], out, latent[:, : audio.shape[1] // model.hop]


def hold(model: Player, latents: Floats, seconds: float) -> Floats:
    """Latents (n, dims), each held for so long: (n, channels, samples)."""
    frames = max(1, int(seconds * model.sample_rate / model.hop))
    held = [np.repeat(z[:, None], frames, axis=1).astype(np.float32) for z in latents]
    decoder = getattr(model, "decoder", None)
    if decoder is None or not hasattr(model, "kernel"):
        return np.stack([model.decode(z) for z in held])
    blocks = [held[i : i + _TOGETHER] for i in range(0, len(held), _TOGETHER)]
    return np.concatenate([decoder(batch=len(block))(np.stack(block)) for block in blocks])
