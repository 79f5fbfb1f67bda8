"""A trained model becomes one .safetensors file (docs/model-format.md).

Weights in float16 on a grid, filters and statistics in full; the description as JSON in the file's
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

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from isobath.evaluation import Figures
from isobath.models.description import Operation
from isobath.models.grid import on_grid

from . import reference, saving, statistics
from .autoencoder import Model
from .coder import Coder
from .corpus import Recording
from .folding import playable
from .settings import AnyShape, Course, Family, shape_from
from .trainer import read_checkpoint


def tensors_of(*coders: Coder) -> dict[str, NDArray[Any]]:
    """Weights in float16 and constants as they are."""
    found: dict[str, NDArray[Any]] = {}
    for coder in coders:
        for name, weight in coder.named_parameters():
            found[name] = weight.detach().cpu().numpy().astype(np.float16)
        found.update(coder.constants)
    return found


def round_weights(*coders: Coder) -> None:
    """Round in place to what the file holds, so that statistics are those of the shipped weights."""
    for coder in coders:
        for weight in coder.parameters():
            rounded = on_grid(weight.detach().cpu().numpy()).astype(np.float32)
            weight.data = torch.from_numpy(rounded).to(weight.device)


def _format(*coders: Coder | None) -> int:
    """The oldest format that has everything these coders use."""
    operations = [o for coder in coders if coder for o in coder.operations]
    return 2 if any(msgspec.convert(o, Operation).newer for o in operations) else 1


def bare_description(shape: AnyShape, encoder: Coder | None, decoder: Coder) -> dict[str, Any]:
    """What the weights alone determine, with the statistics of a standard normal latent."""
    d = shape.dims
    levels = [0, 1, 5, 25, 50, 75, 95, 99, 100]
    normal = [-4.0, -2.326, -1.645, -0.674, 0.0, 0.674, 1.645, 2.326, 4.0]
    # 99th percentile of the chi distribution (Wilson & Hilferty 1931).
    radius = math.sqrt(d * (1 - 2 / (9 * d) + 2.326 * math.sqrt(2 / (9 * d))) ** 3)
    return {
        "format": _format(encoder, decoder), "sample_rate": shape.sample_rate, "channels": shape.channels,
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
    saving.write(path, save(
        {name: np.ascontiguousarray(value) for name, value in sorted(tensors.items())},
        metadata={"isobath": json.dumps(description, separators=(",", ":"))},
    ))  # fmt: skip


def random_model(path: Path, shape: AnyShape, seed: int) -> None:
    """A model that was never trained, of sensible level: for tests of whatever plays models.

    Every operation of the shape is present and every one is heard: the gates of tones and
    noise sit near -40 dB a voice, the wave near -20 dB.
    """
    model = Model(shape, seed)
    encoder, decoder = model.encoder, model.decoder
    if isinstance(shape, Family):
        encoder, decoder = playable(model)
        shape = replace(shape, dims=shape.dims - (shape.bottleneck == "spherical"))
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
    course: Course, axes: int | None = None, fidelity: float = 1.0, heard: list[str] | None = None,
    minutes: float | None = None,
) -> None:  # fmt: skip
    """Export a checkpoint's averaged weights with statistics, loudness and provenance.

    recordings: the training set, for the latent's statistics. heard, minutes: files and length of
    all of it, where the recordings are some of it. axes: how many principal axes
    to keep, the largest first; else as many as explain `fidelity` of the variance. Quality is
    added by `isobath.evaluation.measure` and `add_quality`.
    """
    state = read_checkpoint(checkpoint)
    shape = shape_from(state["shape"])
    model = Model(shape, course.seed)  # the seed also gives the tones their phases
    model.load_state_dict(state["average"])
    listens, decoder = playable(model.eval())
    turned = _turn if _turns(listens, decoder) else _named
    explained, labels = turned(listens, decoder, recordings, shape, axes, fidelity)
    round_weights(listens, decoder)
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
    loud = statistics.training_loudness(recordings, shape.sample_rate)
    said = asdict(words)
    made = provenance(shape, course, int(state["step"]), recordings, held_out)
    made["remarks"] = said.pop("remarks")
    if heard is not None:
        made["files"] = heard
    if minutes is not None:
        made["minutes"] = round(minutes, 2)
    description.update(
        said, quality={},
        loudness={"points": "loudness_points", "db": "loudness_db",
                  "brightness": "loudness_brightness"},
        training_loudness=loud,
        training=made,
    )  # fmt: skip
    write(path, description, tensors)


def _heard(
    encoder: Coder, recordings: list[Recording], shape: AnyShape
) -> tuple[statistics.Floats, tuple[statistics.Floats, ...]]:
    """Latents of the recordings, and level, brightness and pitch beside them."""
    z = np.concatenate([statistics.means(encoder, r) for r in recordings])
    notes = [statistics.heard(r, shape.hop, shape.sample_rate, shape.delay) for r in recordings]
    return z, tuple(np.concatenate(x) for x in zip(*notes, strict=True))


def _turns(encoder: Coder, decoder: Coder) -> bool:
    """Whether the latent comes from a convolution and goes into convolutions, which can be turned."""
    last = next(o for o in encoder.operations if o["out"] == "mean")
    readers = [o["op"] for o in decoder.operations if o["in"] == "latent" and o["op"] != "normal"]
    plain = not any(o.get("add") == "latent" for o in decoder.operations) and last.get("groups", 1) == 1
    return plain and last["op"] == "conv" and set(readers) == {"conv"}


def _turn(
    encoder: Coder, decoder: Coder, recordings: list[Recording], shape: AnyShape, axes: int | None,
    fidelity: float,
) -> tuple[statistics.Floats, list[str]]:  # fmt: skip
    """Principal axes, signed and named, folded into the weights."""
    z, (level, light, midi) = _heard(encoder, recordings, shape)
    mean, whitening, explained = statistics.principal(z)
    if axes is None and fidelity < 1.0:
        axes = int(np.searchsorted(np.cumsum(explained), fidelity)) + 1
    whitening, explained = whitening[:axes], explained[:axes]
    signs, labels = statistics.name_axes((z - mean) @ whitening.T, level, light, midi)
    statistics.fold(encoder, decoder, mean, signs[:, None] * whitening)
    return explained, labels


def _named(
    encoder: Coder, _decoder: Coder, recordings: list[Recording], shape: AnyShape, _axes: int | None,
    _fidelity: float,
) -> tuple[statistics.Floats, list[str]]:  # fmt: skip
    """Angles are left as they are, and named."""
    z, (level, light, midi) = _heard(encoder, recordings, shape)
    signs, labels = statistics.name_axes(z, level, light, midi)
    flipped = {1.0: {}, -1.0: str.maketrans("+-", "-+")}
    variance = z.var(axis=0)
    return variance / max(variance.sum(), 1e-12), [
        label.translate(flipped[float(sign)]) for sign, label in zip(signs, labels, strict=True)
    ]


def provenance(
    shape: AnyShape, course: Course, steps: int, recordings: list[Recording], held_out: list[str]
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


def add_quality(path: Path, figures: Figures) -> None:
    """Write measured figures into a model file's description."""
    model = reference.load(path)
    write(path, {**model.description, "quality": figures}, model.tensors)
