"""Coders of the published RAVE family's sizes, with random weights: what the kernel is measured on.

Widths, ratios and dilations follow the published configurations; every convolution is causal and
has a bias, so the sound is nobody's, but the arithmetic, the memory and the shapes are those that
people load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from isobath.models.coder import Model
from isobath.models.description import Description

from . import filterbank
from .plan import Builder


@dataclass(frozen=True)
class Family:
    """One published configuration.

    cap: channels at the highest rate; doubled at every ratio. ratios: of the encoder, from the
    audio inwards. dilations: of the residual units at each ratio, in the same order; each unit is
    a dilated kernel of 3, then one of 1 (`second`).
    """

    cap: int
    ratios: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    second: int = 1
    bands: int = 16
    taps: int = 512
    dims: int = 128
    channels: int = 1
    encoder_dilations: tuple[tuple[int, ...], ...] | None = None

    @property
    def hop(self) -> int:
        """Samples per latent frame."""
        return self.bands * math.prod(self.ratios)


_UNITS = ((1, 3, 9), (1, 3, 9), (1, 3, 9), (1, 3))
_V1 = ((1, 3, 5),) * 4
FAMILY = {
    "v2": Family(96, (4, 4, 4, 2), _UNITS),
    "v2 stereo": Family(96, (4, 4, 4, 2), _UNITS, channels=2),
    "v2_small": Family(48, (4, 2, 2, 2), _UNITS),
    "v1": Family(64, (4, 4, 4, 2), _V1, second=3, encoder_dilations=((),) * 4),
    "raspberry": Family(16, (4, 4, 4, 2), _V1, second=3, encoder_dilations=((),) * 4),
    "BRAVE": Family(32, (2, 2, 2, 1), ((3, 9, 27, 36),) * 4, taps=128),
}


def _units(b: Builder, name: str, width: int, dilations: Sequence[int], second: int, top: str) -> str:
    for i, dilation in enumerate(dilations):
        inner = b.conv(top, f"{name}{i}a", width, width, 3, act=True, dilation=dilation)
        top = b.conv(inner, f"{name}{i}", width, width, second, act=True, add=top, gain=0.3)
    return top


def _decoder(family: Family, random: torch.Generator) -> Builder:
    b = Builder("d", random)
    width = family.cap << len(family.ratios)
    top = b.conv("latent", "d_in", family.dims, width, 3)
    stages = list(zip(family.ratios, family.dilations, strict=True))
    for i, (ratio, dilations) in enumerate(reversed(stages)):
        top = b.conv_transpose(top, f"d_up{i}", width, width // 2, ratio)
        width //= 2
        top = _units(b, f"d_u{i}_", width, dilations, family.second, top)
    bands = family.channels * family.bands
    b.conv(top, "d_bands", width, 2 * bands, 7, act=True, gain=0.3)
    b.operations.append({"op": "amplitude", "in": "d_bands", "out": "d_rows", "noise": False})
    filters = b.constant("filters", filterbank.filters(family.bands, family.taps)[1])
    b.operations.append({"op": "synthesis", "in": "d_rows", "out": "audio", "filters": filters})
    return b


def _encoder(family: Family, random: torch.Generator) -> Builder:
    b = Builder("e", random)
    filters = b.constant("filters", filterbank.filters(family.bands, family.taps)[0])
    b.operations.append({"op": "analysis", "in": "audio", "out": "front", "filters": filters})
    width = family.cap
    top = b.conv("front", "e_in", family.channels * family.bands, width, 7)
    for i, (ratio, dilations) in enumerate(
        zip(family.ratios, family.encoder_dilations or family.dilations, strict=True)
    ):
        top = _units(b, f"e_s{i}_", width, dilations, 1, top)
        top = b.conv(top, f"e_down{i}", width, 2 * width, 2 * ratio, act=True, stride=ratio)
        width *= 2
    b.conv(top, "mean", width, family.dims, 3, act=True)
    return b


def family_model(name: str, seed: int = 1, family: Family | None = None) -> Model:
    """A model of one published size, or of one of your own; weights in half precision."""
    family = family or FAMILY[name]
    random = torch.Generator().manual_seed(seed)
    encoder, decoder = _encoder(family, random), _decoder(family, random)
    tensors: dict[str, NDArray[Any]] = {}
    for b in (encoder, decoder):
        tensors.update({n: w.numpy().astype(np.float16) for n, w in b.weights.items()})
        tensors.update(b.constants)
    d = family.dims
    latent = {
        "mean": [0.0] * d, "std": [1.0] * d, "covariance": np.eye(d).tolist(), "explained": [1 / d] * d,
        "percentiles": {"at": [0, 50, 100], "values": [[-4.0, 0.0, 4.0]] * d},
        "labels": [""] * d, "known_radius": math.sqrt(d) + 2.3,
    }  # fmt: skip
    description = msgspec.convert(
        {
            "format": 1, "name": name, "title": name, "about": "Random weights.", "sample_rate": 44100,
            "channels": family.channels, "hop": family.hop, "dims": d, "delay": 0,
            "encoder": encoder.operations, "decoder": decoder.operations, "latent": latent,
            "licence": "none", "credit": "none",
        },
        Description,
    )  # fmt: skip
    return Model(description, tensors)
