"""A trained model becomes one .safetensors file (docs/model-format.md).

Weights in float16, filters and statistics in full; the description as JSON in the file's
metadata. Written beside its destination and renamed, so a reader never sees half a file.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from .coder import Coder
from .loop import Model
from .settings import Shape

FORMAT = 1


def tensors_of(*coders: Coder) -> dict[str, NDArray[Any]]:
    """Weights in float16 and constants as they are."""
    found: dict[str, NDArray[Any]] = {}
    for coder in coders:
        for name, weight in coder.named_parameters():
            found[name] = weight.detach().cpu().numpy().astype(np.float16)
        found.update(coder.constants)
    return found


def round_weights(*coders: Coder) -> None:
    """Round to float16 in place, so that statistics are those of the shipped weights."""
    for coder in coders:
        for weight in coder.parameters():
            weight.data = weight.data.half().float()


def bare_description(shape: Shape, encoder: Coder | None, decoder: Coder) -> dict[str, Any]:
    """What the weights alone determine, with the statistics of a standard normal latent."""
    d = shape.dims
    levels = [0, 1, 5, 25, 50, 75, 95, 99, 100]
    normal = [-4.0, -2.326, -1.645, -0.674, 0.0, 0.674, 1.645, 2.326, 4.0]
    # 99th percentile of the chi distribution (Wilson & Hilferty 1931).
    radius = math.sqrt(d * (1 - 2 / (9 * d) + 2.326 * math.sqrt(2 / (9 * d))) ** 3)
    return {
        "format": FORMAT, "sample_rate": shape.sample_rate, "channels": shape.channels,
        "hop": shape.hop, "dims": d, "delay": shape.delay,
        "encoder": encoder.operations if encoder else None, "decoder": decoder.operations,
        "latent": {
            "mean": [0.0] * d, "std": [1.0] * d, "covariance": np.eye(d).tolist(),
            "percentiles": {"at": levels, "values": [normal] * d},
            "explained": [1.0 / d] * d, "labels": [""] * d, "known_radius": radius,
        },
    }  # fmt: skip


def write(path: Path, description: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> None:
    """Write a model file, whole or not at all."""
    data = save(
        {name: np.ascontiguousarray(value) for name, value in sorted(tensors.items())},
        metadata={"isobath": json.dumps(description, separators=(",", ":"))},
    )
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def random_model(path: Path, shape: Shape, seed: int) -> None:
    """A model that was never trained, of sensible level: for tests of whatever plays models.

    Every operation of the shape is present and every one is heard: the gates of tones and
    noise sit near -40 dB a voice, the wave near -20 dB.
    """
    model = Model(shape, seed)
    encoder, decoder = model.encoder, model.decoder
    round_weights(encoder, decoder)
    description = bare_description(shape, encoder, decoder)
    tensors = tensors_of(encoder, decoder)
    rng = np.random.default_rng(seed)
    tensors["loudness_points"] = rng.standard_normal((32, shape.dims)).astype(np.float32)
    tensors["loudness_db"] = np.full(32, -30.0, np.float32)
    tensors["loudness_brightness"] = np.full(32, 1000.0, np.float32)
    description.update(
        name=path.stem, title="Random weights", about="Never trained; for tests.",
        loudness={"points": "loudness_points", "db": "loudness_db",
                  "brightness": "loudness_brightness"},
        licence="none", credit="none", training={"steps": 0, "seed": seed}, quality={},
    )  # fmt: skip
    write(path, description, tensors)
