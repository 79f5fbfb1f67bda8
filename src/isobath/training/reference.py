"""A model file played by PyTorch, exactly as docs/model-format.md says.

Slow, clear, whole: what the kernel is compared with. Tones start at sample 0 and noise is
the format's hash, so two decodes with one seed are equal to the sample.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from isobath.errors import ModelDamaged
from isobath.types import Audio, Latent

from .coder import Coder


@dataclass(frozen=True)
class Reference:
    """A loaded model: its description and its two coders."""

    description: dict[str, Any]
    tensors: dict[str, NDArray[Any]]
    encoder: Coder | None
    decoder: Coder

    @torch.no_grad()
    def encode(self, audio: Audio) -> Latent:
        """(channels, samples) -> posterior means (dims, frames); a last partial hop is dropped."""
        if self.encoder is None:
            raise ModelDamaged(f"{self.description['name']} has no encoder; it can only decode.")
        hop = int(self.description["hop"])
        whole = audio[:, : audio.shape[1] // hop * hop]
        reg = self.encoder({"audio": torch.from_numpy(np.ascontiguousarray(whole))[None]})
        mean: NDArray[np.float32] = reg["mean"][0].numpy()
        return mean

    def decode(self, latent: Latent, seed: int = 0) -> Audio:
        """(dims, frames) -> (channels, frames * hop), noise and tones from their first sample."""
        audio: NDArray[np.float32] = self.decode_batch(latent[None], seed)[0]
        return audio

    @torch.no_grad()
    def decode_batch(self, latents: NDArray[np.float32], seed: int = 0) -> NDArray[np.float32]:
        """(batch, dims, frames) -> (batch, channels, samples); all of one seed."""
        z = torch.from_numpy(np.ascontiguousarray(latents, dtype=np.float32))
        return np.asarray(self.decoder({"latent": z}, seed=seed)["audio"].numpy(), dtype=np.float32)


def _coder(operations: list[dict[str, Any]], tensors: dict[str, NDArray[Any]], rate: int, hop: int) -> Coder:
    fixed = {"filters", "frequencies", "lengths", "increments", "offsets"}
    trained = ("weight", "bias", "alpha", "codes")
    weights, constants = {}, {}
    for o in operations:
        for key in trained:
            if o.get(key):
                weights[o[key]] = torch.from_numpy(tensors[o[key]].astype(np.float32))
        for key in fixed & set(o):
            constants[o[key]] = tensors[o[key]]
    return Coder(operations, weights, constants, rate, hop)


def load(path: Path) -> Reference:
    """Read a model file."""
    try:
        with safe_open(path, framework="numpy") as file:
            description = json.loads((file.metadata() or {})["isobath"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        rate, hop = int(description["sample_rate"]), int(description["hop"])
        listens = description.get("encoder")
        encoder = _coder(listens, tensors, rate, hop) if listens else None
        decoder = _coder(description["decoder"], tensors, rate, hop)
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise ModelDamaged(
            f"{path} is not a whole model ({error!r}). Export it again from its checkpoint."
        ) from error
    return Reference(description, tensors, encoder, decoder)
