"""Sound from nothing: a prior dreams latents, a model plays them (models/prior.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from isobath.engine.sources import Dream, DreamOf
from isobath.errors import ModelMismatch
from isobath.models.coder import Model
from isobath.models.prior import Prior
from isobath.protocol.piece import Source
from isobath.types import Audio

LoadPrior = Callable[[str], Prior]
"""The prior of a model, by the model's name."""
_FRAMES = 64
_SETTLE_SECONDS = 0.05


def dreams(load_prior: LoadPrior) -> DreamOf:
    """What the voices of a piece dream: each from its source's seed and temperature."""

    def dream_of(model: str, source: Source) -> Dream:
        return load_prior(model).dream(source.seed, source.temperature)

    return dream_of


def generated(
    model: Model,
    prior: Prior,
    samples: int,
    *,
    seed: int = 1,
    temperature: float = 1.0,
    after: NDArray[np.floating] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Iterator[Audio]:
    """`samples` of sound, block by block in constant memory; faded in over 50 ms.

    after: latents (dims, frames) of a recording to go on from. progress: is told samples.

    Raises:
        ModelMismatch: the prior dreams for another model.
    """
    if (prior.about.dims, prior.about.hop) != (model.dims, model.hop):
        raise ModelMismatch(
            f"This prior dreams {prior.about.dims} dimensions at hop {prior.about.hop} for "
            f"{prior.about.model}; {model.name} has {model.dims} at hop {model.hop}. "
            f"Train one with: isobath prior {model.name} SET"
        )
    dream = prior.dream(seed, temperature, after)
    decoder = model.decoder(seed=seed)
    fade = max(1, int(_SETTLE_SECONDS * model.sample_rate))
    done = 0
    while done < samples:
        latent = np.stack([next(dream) for _ in range(_FRAMES)], axis=1)
        block = decoder(latent)[:, : samples - done]
        if done < fade:
            block = block * np.minimum(1.0, (done + np.arange(block.shape[1])) / fade).astype(np.float32)
        done += block.shape[1]
        yield np.clip(block, -1.0, 1.0)
        if progress is not None:
            progress(done)
