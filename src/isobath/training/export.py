"""A trained model becomes one .safetensors file (docs/model-format.md).

Weights in float16, filters and statistics in full; the description as JSON in the file's
metadata. Written beside its destination and renamed, so a reader never sees half a file.
"""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from . import reference, statistics
from .autoencoder import Model
from .coder import Coder
from .corpus import Recording
from .settings import Course, Shape, shape_from

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


@dataclass(frozen=True)
class Words:
    """What a person must say about a model; the rest is measured.

    remarks: anything about the training that its settings do not show.
    """

    name: str
    title: str
    about: str
    licence: str
    credit: str
    remarks: str = ""


def finish(
    checkpoint: Path, recordings: list[Recording], held_out: list[str], words: Words, path: Path,
    course: Course, axes: int | None = None,
) -> None:  # fmt: skip
    """Export a checkpoint's averaged weights with statistics, loudness and provenance.

    recordings: the training set, for the latent's statistics. axes: how many principal axes
    to keep, the largest first; all by default. Quality is added by
    `evaluate.measure` and `add_quality`.
    """
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    shape = shape_from(state["shape"])
    model = Model(shape, course.seed)  # the seed also gives the tones their phases
    model.load_state_dict(state["average"])
    encoder, decoder = model.encoder, model.decoder
    listens, explained, labels = _turn(encoder, decoder, recordings, shape, axes)
    shape = replace(shape, dims=len(labels))
    description = bare_description(shape, listens, decoder)
    z = np.concatenate([statistics.means(listens, r) for r in recordings])
    description["latent"] = statistics.summary(z, explained, labels)
    points = statistics.representatives(z, 288, course.seed)
    wide = np.random.default_rng(course.seed).standard_normal((96, shape.dims)) * 1.5
    points = np.concatenate((points, wide)).astype(np.float32)
    db, light = statistics.held_loudness(decoder, points, shape.hop, shape.sample_rate)
    tensors = tensors_of(listens, decoder)
    tensors["loudness_points"] = points
    tensors["loudness_db"] = db.astype(np.float32)
    tensors["loudness_brightness"] = light.astype(np.float32)
    said = asdict(words)
    made = provenance(shape, course, int(state["step"]), recordings, held_out)
    made["remarks"] = said.pop("remarks")
    description.update(
        said, quality={},
        loudness={"points": "loudness_points", "db": "loudness_db",
                  "brightness": "loudness_brightness"},
        training=made,
    )  # fmt: skip
    write(path, description, tensors)


def _turn(
    encoder: Coder, decoder: Coder, recordings: list[Recording], shape: Shape, axes: int | None
) -> tuple[Coder, statistics.Floats, list[str]]:
    """Principal axes, signed and named, folded into the weights; the encoder loses `deviation`."""
    z = np.concatenate([statistics.means(encoder, r) for r in recordings])
    notes = [statistics.heard(r, shape.hop, shape.sample_rate, shape.delay) for r in recordings]
    level, light, midi = (np.concatenate(x) for x in zip(*notes, strict=True))
    mean, whitening, explained = statistics.principal(z)
    whitening, explained = whitening[:axes], explained[:axes]
    signs, labels = statistics.name_axes((z - mean) @ whitening.T, level, light, midi)
    statistics.fold(encoder, decoder, mean, signs[:, None] * whitening)
    operations = [o for o in encoder.operations if o["out"] != "deviation"]
    used = {o[key] for o in operations for key in ("weight", "bias") if key in o}
    weights = {name: w.detach() for name, w in encoder.named_parameters() if name in used}
    bare = Coder(operations, weights, encoder.constants, shape.sample_rate, shape.hop)
    round_weights(bare, decoder)
    return bare, explained, labels


def provenance(
    shape: Shape, course: Course, steps: int, recordings: list[Recording], held_out: list[str]
) -> dict[str, Any]:
    """How the weights came to be."""
    here = Path(__file__).parent
    git = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False)
    return {
        "steps": steps, "seed": course.seed, "shape": asdict(shape), "course": asdict(course),
        "commit": git.stdout.strip() or "unknown",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}",
        "files": [r.name for r in recordings], "held_out": held_out,
        "minutes": round(sum(r.audio.shape[1] for r in recordings) / shape.sample_rate / 60, 2),
    }  # fmt: skip


def add_quality(path: Path, figures: dict[str, dict[str, Any]]) -> None:
    """Write measured figures into a model file's description."""
    model = reference.load(path)
    write(path, {**model.description, "quality": figures}, model.tensors)
