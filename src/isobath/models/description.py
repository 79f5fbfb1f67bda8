"""What a model says about itself: the JSON text inside its file (docs/model-format.md).

A model file is tensors and this description; reading one never runs code. Everything read
here comes from a stranger, so every size is checked before it is believed, and every refusal
is a sentence for the musician.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save

from isobath.errors import ModelDamaged, ModelNewer, ModelUnknown, SaveError

from .stored import StoredTensors

FORMAT = 2
"""The newest format this reads. A file is written in the lowest that fits it."""
OLDEST = 1
MOST_DIMS = 128
MOST_OPERATIONS = 512
MOST_BYTES = 1 << 30
MOST_HEADER = 1 << 24
LARGEST = 1e15
"""Of a latent's mean, deviation or variance; its square still fits the kernel's float32."""

Tensors = Mapping[str, NDArray[Any]]


class Operation(msgspec.Struct, frozen=True, omit_defaults=True, rename={"source": "in", "kind": "op"}):
    """One step of a coder: what it reads, what it writes, and its tensors by name."""

    kind: str
    source: str
    out: str
    weight: str | None = None
    bias: str | None = None
    stride: int = 1
    dilation: int = 1
    groups: int = 1
    act: str | None = None
    add: str | None = None
    noise: bool = False
    filters: str | None = None
    increments: str | None = None
    offsets: str | None = None
    frequencies: str | None = None
    lengths: str | None = None
    attack: int = 0
    step: int = 0
    late: int = 0
    add_late: int = 0
    by: str | None = None
    by_late: int = 0
    alpha: str | None = None
    codes: str | None = None
    outputs: int = 0
    alternate: bool = False

    @property
    def newer(self) -> bool:
        """Whether it needs format 2."""
        return bool(self.kind in NEWER or self.late or self.add_late or self.alternate)


NEWER = frozenset({"activate", "multiply", "noise", "normal", "quantize", "lookup", "sphere", "angles"})
"""Operations that came with format 2."""


class Percentiles(msgspec.Struct, frozen=True):
    """Where the latents of the training audio lie: `values[d][i]` is percentile `at[i]`."""

    at: list[float]
    values: list[list[float]]


class LatentStatistics(msgspec.Struct, frozen=True):
    """The latents of the training audio, per dimension, in the model's units."""

    mean: list[float]
    std: list[float]
    covariance: list[list[float]]
    percentiles: Percentiles
    explained: list[float]
    labels: list[str]
    known_radius: float


class LoudnessTensors(msgspec.Struct, frozen=True):
    """Names of the tensors that say how loud and bright held latents are."""

    points: str
    db: str
    brightness: str


class TrainingLoudness(msgspec.Struct, frozen=True):
    """How loud the training sounds are: LUFS, K-weighted, the mean over channels (docs/engine.md)."""

    integrated: float
    """Gated, over all of them (ITU-R BS.1770)."""
    at: list[float] = []
    momentary: list[float] = []
    """Percentiles `at` of the momentary loudness above silence."""


class Description(msgspec.Struct, frozen=True):
    """Everything about a model but its weights.

    Units: `sample_rate` Hz; `hop` samples a latent frame; `delay` samples by which
    decode(encode(x)) lags x.
    """

    format: int
    name: str
    sample_rate: int
    channels: int
    hop: int
    dims: int
    delay: int
    decoder: list[Operation]
    latent: LatentStatistics
    encoder: list[Operation] | None = None
    title: str = ""
    about: str = ""
    loudness: LoudnessTensors | None = None
    training_loudness: TrainingLoudness | None = None
    licence: str = ""
    credit: str = ""
    training: dict[str, Any] = {}
    quality: dict[str, Any] = {}


def _damaged(path: Path, why: str) -> ModelDamaged:
    return ModelDamaged(
        f"{path.name} cannot be used as a model: {why}. Get the file again, or export it anew."
    )


def _in_range(path: Path, what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise _damaged(path, f"its {what} is {value}, outside {low} to {high}")


def _check_statistics(path: Path, latent: LatentStatistics, dims: int) -> None:
    shapes = {
        "mean": (np.shape(latent.mean), (dims,)),
        "std": (np.shape(latent.std), (dims,)),
        "covariance": (np.shape(latent.covariance), (dims, dims)),
        "percentiles": (np.shape(latent.percentiles.values), (dims, len(latent.percentiles.at))),
        "explained": (np.shape(latent.explained), (dims,)),
        "labels": (np.shape(latent.labels), (dims,)),
    }
    for what, (found, wanted) in shapes.items():
        if found != wanted:
            raise _damaged(path, f"its latent {what} has shape {found} instead of {wanted}")
    numbers = np.concatenate(
        [latent.mean, latent.std, np.ravel(latent.covariance), np.ravel(latent.percentiles.values)]
    )
    if not np.all(np.abs(numbers) <= LARGEST):
        raise _damaged(path, "its latent statistics contain values that are not numbers, or far too large")
    if min(latent.std) < 0:
        raise _damaged(path, f"its latent standard deviation is {min(latent.std)}, less than 0")
    if not (math.isfinite(latent.known_radius) and 0 < latent.known_radius < 1e6):
        raise _damaged(path, f"its known radius is {latent.known_radius}")


def check(path: Path, description: Description) -> None:
    """Refuse sizes that no playable model has."""
    _in_range(path, "sample rate", description.sample_rate, 4000, 400_000)
    _in_range(path, "number of channels", description.channels, 1, 64)
    _in_range(path, "hop", description.hop, 1, 65536)
    _in_range(path, "number of latent dimensions", description.dims, 1, MOST_DIMS)
    _in_range(path, "delay", description.delay, 0, 1 << 24)
    for coder in (description.encoder or [], description.decoder):
        _in_range(path, "number of operations", len(coder), 0, MOST_OPERATIONS)
    _check_statistics(path, description.latent, description.dims)
    told = description.training_loudness
    if told is not None and not -200 <= told.integrated <= 100:
        raise _damaged(path, f"its training loudness is {told.integrated} LUFS")


def read_text(path: Path) -> str:
    """The description's JSON text, read from the head of the file alone."""
    try:
        with path.open("rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            if length > MOST_HEADER:
                raise _damaged(path, f"its header claims {length} bytes")
            header = json.loads(file.read(length))
        text = header["__metadata__"]["isobath"]
    except FileNotFoundError as error:
        raise ModelUnknown(f"There is no model file at {path}.") from error
    except (OSError, struct.error, ValueError, RecursionError) as error:
        raise _damaged(path, "it is not a whole .safetensors file") from error
    except (KeyError, TypeError) as error:
        raise _damaged(path, "it holds tensors, but no Isobath description") from error
    if not isinstance(text, str):
        raise _damaged(path, "its description is not text")
    return text


def parse(path: Path, text: str) -> Description:
    """Description from its JSON text, checked."""
    try:
        version = msgspec.json.decode(text, type=dict[str, Any]).get("format")
    except (msgspec.DecodeError, RecursionError) as error:
        raise _damaged(path, "its description is not JSON") from error
    if isinstance(version, int) and version > FORMAT:
        raise ModelNewer(
            f"{path.name} is written in format {version}; this Isobath reads up to {FORMAT}. "
            "Update Isobath (pip install --upgrade isobath) to play it."
        )
    if not isinstance(version, int) or version < OLDEST:
        raise _damaged(path, f"its format is {version!r}, not {OLDEST} to {FORMAT}")
    try:
        description = msgspec.json.decode(text, type=Description)
    except msgspec.ValidationError as error:
        raise _damaged(path, f"its description is wrong: {error}") from error
    check(path, description)
    return description


def describe(path: Path) -> Description:
    """The description alone, without reading the weights."""
    return parse(path, read_text(path))


def read(path: Path) -> tuple[Description, Tensors]:
    """Description and tensors of a model file; all numbers finite."""
    description = describe(path)
    if path.stat().st_size > MOST_BYTES:
        raise _damaged(path, f"it is {path.stat().st_size / 1e9:.1f} GB; the largest model is 1 GB")
    try:
        tensors = StoredTensors(path)
        for name, value in tensors.items():
            if value.dtype.kind == "f" and not np.all(np.isfinite(value)):
                raise _damaged(path, f"tensor {name} contains values that are not numbers")
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path, f"its tensors cannot be read ({error})") from error
    tensors.forget()
    return description, tensors


def lowest_format(description: Description) -> int:
    """The oldest format that has everything this model uses."""
    operations = [*(description.encoder or []), *description.decoder]
    return FORMAT if any(o.newer for o in operations) else OLDEST


def write(path: Path, description: Description, tensors: Tensors) -> None:
    """Write a model file, whole or not at all, in the oldest format that fits it."""
    description = msgspec.structs.replace(description, format=lowest_format(description))
    check(path, description)
    text = msgspec.json.encode(description).decode()
    data = save(
        {name: np.ascontiguousarray(value) for name, value in sorted(tensors.items())}, {"isobath": text}
    )
    write_whole(path, data)


def write_whole(path: Path, data: bytes) -> None:
    """A file, whole or not at all. Raises SaveError."""
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise SaveError(
            f"{path} could not be written ({error.strerror}). Make room, or choose another place."
        ) from error
